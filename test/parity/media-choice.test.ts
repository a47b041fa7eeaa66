// Which of several relays serves a call, by its Call-ID: asked of Kamailio 5.6.3 and recorded in media-choice.json; where it is installed it is
// asked again. PORTICO_RECORD=1 records anew.

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createSimulation } from "../../src/host/simulated.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";
import { runKamailio } from "./media-choice-oracle.ts";
import type { MediaPeer } from "./media-peer.ts";
import { mediaPeer } from "./media-peer.ts";
import { haveOracle } from "./oracle.ts";

/** Relays of one set by their weights; what is recorded is the number of the relay that each call gets. */
interface Choice {
  readonly module: "rtpengine" | "rtpproxy";
  readonly weights: readonly number[];
  readonly params?: string;
  /** The request to a relay. */
  readonly call?: string;
}

const algorithm = (n: number): string => `modparam("rtpengine", "hash_algo", ${n})\n`;
const MANY = Array<number>(37).fill(1);
const CHOICES: Readonly<Record<string, Choice>> = {
  rtpproxy: { module: "rtpproxy", weights: MANY },
  "rtpproxy by weights": { module: "rtpproxy", weights: [3, 1, 2, 5] },
  rtpengine: { module: "rtpengine", weights: MANY },
  "rtpengine by weights": { module: "rtpengine", weights: [3, 1, 0, 5] },
  "rtpengine, hash_algo 1": { module: "rtpengine", weights: MANY, params: algorithm(1) },
  "rtpengine by weights, hash_algo 1": { module: "rtpengine", weights: [7, 250, 90], params: algorithm(1) },
  "rtpengine, hash_algo 2": { module: "rtpengine", weights: MANY, params: algorithm(2) },
  "rtpengine by weights, hash_algo 2": { module: "rtpengine", weights: [4000, 1, 900], params: algorithm(2) },
  "rtpengine, branches": { module: "rtpengine", weights: [3, 1, 2, 5], call: 'rtpengine_query("via-branch=1")' },
  "rtpengine, another call": { module: "rtpengine", weights: MANY, call: 'rtpengine_query("call-id=another one")' },
};
const CALLS = [
  ..."a b z A ~ ab ba abc aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1 11 111 b@c call-1@host".split(" "),
  "3848276298220188511@192.0.2.1",
  "f81d4fae-7dec-11d0-a765-00a0c91e6bf6@foo.bar.com",
  '(w)<o>r:d\\"/[x]?{y}',
];

const FILE = new URL("./media-choice.json", import.meta.url);
const recorded = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, number[]>;

function configOf({ module, params = "", call }: Choice, relays: readonly string[]): string {
  const ask = call ?? (module === "rtpengine" ? "rtpengine_query()" : "start_recording()");
  return `modparam("${module}", "${module}_sock", "${relays.join(" ")}")
${params}request_route { if ($rU != "up") { ${ask}; } sl_send_reply("200", "OK"); }
`;
}

function requestOf(callId: string, user: string, via: string): string {
  return [
    `OPTIONS sip:${user}@192.0.2.1 SIP/2.0`,
    `Via: SIP/2.0/UDP ${via};branch=z9hG4bKchoice;rport`,
    "Max-Forwards: 70",
    "From: <sip:a@x>;tag=ft",
    "To: <sip:b@x>;tag=tt",
    `Call-ID: ${callId}`,
    "CSeq: 1 OPTIONS",
    "Content-Length: 0\r\n\r\n",
  ].join("\r\n");
}

/** Relays that tell which of them was asked. */
class Peers {
  chosen = -1;
  readonly #peers: MediaPeer[];
  constructor({ module, weights }: Choice) {
    this.#peers = weights.map(() => mediaPeer(module));
  }
  answer(n: number, datagram: string): string | null {
    const said = this.#peers[n]!.answer(datagram);
    if (this.#peers[n]!.taken().length > 0) this.chosen = n;
    return said;
  }
}

async function ours(choice: Choice): Promise<number[]> {
  const world = createSimulation({ seed: 7 });
  const peers = new Peers(choice);
  const machine = world.host({ addresses: ["192.0.2.30"] });
  for (const n of choice.weights.keys()) {
    const socket = await machine.network.bindUdp({
      local: { family: 4, address: "192.0.2.30", port: 20_000 + n },
      onMessage: (buf, start, end, from) => {
        const said = peers.answer(n, textOf(buf, start, end));
        if (said !== null) socket.send(from, bytesOf(said), 0, said.length);
      },
    });
  }
  const relays = choice.weights.map((weight, n) => `udp:192.0.2.30:${20_000 + n}=${weight}`);
  const bed = await openProxy(modules(choice.module) + configOf(choice, relays), -3, undefined, world);
  await world.advance(50);
  const near = await bed.udp(7000);
  const chosen: number[] = [];
  for (const callId of CALLS) {
    peers.chosen = -1;
    await near.send(requestOf(callId, "b", "192.0.2.10:7000"));
    await world.advance(50);
    chosen.push(peers.chosen);
  }
  await bed.close();
  return chosen;
}

async function open(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

async function theirs(choice: Choice): Promise<number[]> {
  const peers = new Peers(choice);
  const sockets = await Promise.all(choice.weights.map(open));
  for (const [n, socket] of sockets.entries())
    socket.on("message", (data, from) => {
      const said = peers.answer(n, data.toString("latin1"));
      if (said !== null) socket.send(Buffer.from(said, "latin1"), from.port, from.address);
    });
  const relays = choice.weights.map((weight, n) => `udp:127.0.0.1:${sockets[n]!.address().port}=${weight}`);
  const kamailio = await runKamailio(["kex", "sl", "tm", "pv", "crypto", choice.module], configOf(choice, relays));
  try {
    for (let i = 0; (await kamailio.ask(requestOf("up", "up", kamailio.near), 200)) === ""; i++)
      if (!kamailio.running || i > 60) throw new Error(`kamailio does not run:\n${kamailio.words}`);
    const chosen: number[] = [];
    for (const callId of CALLS) {
      peers.chosen = -1;
      await kamailio.ask(requestOf(callId, "b", kamailio.near), 3000);
      chosen.push(peers.chosen);
    }
    return chosen;
  } finally {
    await kamailio.stop();
    for (const socket of sockets) socket.close();
  }
}

for (const [name, choice] of Object.entries(CHOICES)) {
  test(`${name}: the relay of a call`, async () => {
    expect(await ours(choice)).toEqual(recorded[name]);
  });

  test.skipIf(!haveOracle())(`${name}: Kamailio says so`, { timeout: 60_000 }, async () => {
    const answers = await theirs(choice);
    if (process.env["PORTICO_RECORD"] === "1") {
      recorded[name] = answers;
      writeFileSync(FILE, `${JSON.stringify(recorded, null, 1)}\n`);
    }
    expect(answers).toEqual(recorded[name]);
  });
}
