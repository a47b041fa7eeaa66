// Everything at once against whole configurations: SIP by UDP, TCP and WebSocket, HTTP, documents of presence, descriptions, answers of
// media relays, commands as BINRPC and JSON-RPC, all mutated. The proxy goes on answering, and keeps nothing for good.

import { describe, expect, test } from "vitest";
import { type Server, start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource, renderAll } from "../../src/control/configuration.ts";
import type { TcpConnection, UdpSocket } from "../../src/host/host.ts";
import { createSimulation, type SimHost, type Simulation } from "../../src/host/simulated.ts";
import { encode } from "../../src/modules/rtpengine/bencode.ts";
import { requestFrame } from "../../src/registry/rpc/binrpc.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { Level } from "../../src/util/log.ts";
import { NgPeer } from "../support/ng-peer.ts";
import { RtpProxyPeer } from "../support/rtpproxy-peer.ts";
import { writeSip } from "../support/sip-text.ts";
import { frame, handshake } from "../support/ws-agent.ts";
import { STOCK, type Target, targets } from "./everything.ts";
import { corpus, isLong, mutate, type Random, randomFrom, SEED } from "./mutate.ts";
import { megabytes, openCallee, PROXY } from "./world.ts";

const ROUNDS = isLong ? 200_000 : 2_000;
/** Addresses strangers send from: more than what is done about one of them. */
const STRANGERS = 64;

const SDP =
  "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n";
const PIDF =
  '<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:bob@192.0.2.1"><tuple id="t1"><status><basic>open</basic></status><note>here</note></tuple></presence>';
const PARTS = `--b\r\nContent-Type: application/sdp\r\n\r\n${SDP}\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n`;

function sipTexts(): string[] {
  const to = "sip:bob@192.0.2.1";
  const make = (method: string, lines: readonly string[], body = ""): string =>
    writeSip(
      [
        `${method} ${to} SIP/2.0`,
        "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKall;rport",
        "Max-Forwards: 70",
        "From: <sip:alice@192.0.2.1>;tag=a",
        `To: <${to}>`,
        "Call-ID: all",
        `CSeq: 1 ${method}`,
        "Contact: <sip:alice@192.0.2.10>",
        ...lines,
      ],
      body,
    );
  return [
    make("INVITE", ["Content-Type: application/sdp", "Supported: outbound,path"], SDP),
    make("INVITE", ["Content-Type: multipart/mixed;boundary=b", "P-Charging-Vector: icid-value=1;orig-ioi=a"], PARTS),
    make("PUBLISH", ["Event: presence", "Expires: 60", "Content-Type: application/pidf+xml"], PIDF),
    make("SUBSCRIBE", ["Event: presence;id=4", "Expires: 60", "Record-Route: <sip:192.0.2.10;lr>"]),
    make("SUBSCRIBE", ["Event: presence.winfo", "Expires: 60"]),
    make("REGISTER", ["Expires: 60", "Path: <sip:192.0.2.10;lr;ob>", "Supported: path,outbound,gruu"]).replace(
      /^Contact: .*$/m,
      'Contact: <sip:bob@192.0.2.20;transport=udp>;q=0.5;+sip.instance="<urn:uuid:1>";reg-id=1',
    ),
    make("MESSAGE", ["X: a=1;b=2;__proto__=3", "Supported: a, b", "Content-Type: multipart/mixed;boundary=b"], PARTS),
    make("OPTIONS", ['Authorization: Digest username="a", realm="192.0.2.1", nonce="x", uri="sip:x", response="y"']),
    make("INFO", ["X: a"]),
    make("NOTIFY", ["Event: presence", "Subscription-State: active"], PIDF),
  ];
}

const HTTP = [
  "GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n",
  "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  'POST /RPC HTTP/1.1\r\nHost: a\r\nContent-Length: 58\r\n\r\n{"jsonrpc": "2.0", "method": "core.version", "id": 1, "a":1}',
  handshake(),
];

/** Commands that strangers' data goes through; those that end the program or wait for long are left out. */
const COMMANDS =
  "core.version core.uptime tm.stats tm.list ul.dump ul.lookup dlg.list dlg.stats_active htable.dump htable.get htable.sets stats.get_statistics cfg.list cfg.get presence.presentity_list ws.dump rtpengine.show pike.top dns.view system.listMethods".split(
    " ",
  );

class World {
  readonly world: Simulation;
  readonly host: SimHost;
  readonly server: Server;
  readonly bugs: string[];
  readonly sockets: UdpSocket[] = [];
  readonly local: UdpSocket;
  private readonly next: Random;
  private readonly texts = [...corpus(), ...sipTexts()];
  private readonly agents: SimHost[];
  private stream: TcpConnection | null = null;
  /** What the next bytes on the stream are part of. */
  private kind = 0;
  answered = "";
  closed = 0;

  static async open(target: Target, next: Random): Promise<World> {
    const world = createSimulation({ seed: SEED });
    const host = world.host({ addresses: [PROXY.address] });
    host.files.makeDirectory("/data");
    for (const [name, text] of Object.entries({ ...target.files, "/portico.cfg": target.config }))
      host.files.write(name, bytesOf(text));
    const listen = ["-l", "udp:192.0.2.1:5060", "-l", "tcp:192.0.2.1:5060"];
    const args = [...listen, "--data", "/data", "-f", "/portico.cfg", ...target.defines.flatMap((d) => ["-A", d])];
    const options = parseOptions(args);
    const config = check(host, await readSource(host, options.config), options);
    if (!config.ok) throw new Error(renderAll(config.diagnostics));
    const bugs: string[] = [];
    // configurations may have alerts of their own
    const sink = (level: number, line: string): void => {
      if (level === Level.BUG) bugs.push(line);
    };
    const server = await start(host, config, { level: Level.BUG, sink }, null, "/data");
    const loopback = { family: 4, address: "127.0.0.1" } as const;
    const ng = new NgPeer();
    const rtpproxy = new RtpProxyPeer();
    for (const [port, relay] of [
      [2223, ng],
      [7722, rtpproxy],
    ] as const) {
      const socket = await host.network.bindUdp({
        local: { ...loopback, port },
        onMessage: (buf, from, to, peer) => {
          const answer = relay.answer(textOf(buf, from, to));
          relay.asked.length = 0;
          if (answer === null || next() % 16 === 0) return;
          const space = answer.indexOf(" ") + 1;
          const said = next() % 3 === 0 ? answer.slice(0, space) + mutate(answer.slice(space), next) : answer;
          const bytes = bytesOf(said.slice(0, 60_000));
          socket.send(peer, bytes, 0, bytes.length);
        },
      });
    }
    const local = await host.network.bindUdp({ local: { ...loopback, port: 3333 }, onMessage: () => undefined });
    await openCallee(world.host({ addresses: ["192.0.2.20"] }), next);
    const made = new World(world, host, server, bugs, local, next);
    for (const [n, agent] of made.agents.entries())
      made.sockets.push(
        await agent.network.bindUdp({
          local: { family: 4, address: `198.51.100.${n + 1}`, port: 5060 },
          onMessage: (buf, from, to) => {
            const text = textOf(buf, from, to);
            made.answered = /^Call-ID: (probe-\d+)\r$/m.exec(text)?.[1] ?? made.answered;
          },
        }),
      );
    return made;
  }

  private constructor(
    world: Simulation,
    host: SimHost,
    server: Server,
    bugs: string[],
    local: UdpSocket,
    next: Random,
  ) {
    this.world = world;
    this.host = host;
    this.server = server;
    this.bugs = bugs;
    this.local = local;
    this.next = next;
    this.agents = Array.from({ length: STRANGERS }, (_, n) => world.host({ addresses: [`198.51.100.${n + 1}`] }));
  }

  udp(from: number, text: string): void {
    const socket = this.sockets[from]!;
    const bytes = bytesOf(text.slice(0, 65_000));
    socket.send(socket.peer(PROXY)!, bytes, 0, bytes.length);
  }

  sip(round: number): string {
    const text = this.texts[this.next() % this.texts.length]!;
    const own = text.replace(/z9hG4bK/, `z9hG4bK${round.toString(36)}`);
    return this.next() % 2 === 0 ? own.replace(/^Call-ID: .*$/m, `Call-ID: ${round}`) : mutate(own, this.next);
  }

  /** One input of any kind. */
  async attack(round: number): Promise<void> {
    const { next } = this;
    const what = next() % 16;
    if (what < 8) this.udp(next() % STRANGERS, this.sip(round));
    else if (what < 14) await this.overStream(round);
    else this.command();
  }

  private async overStream(round: number): Promise<void> {
    const { next } = this;
    if (this.stream === null || next() % 8 === 0) {
      this.stream?.close();
      this.stream = await this.connect();
      this.kind = next() % 3;
      if (this.kind === 2) this.write(handshake());
    }
    const maybe = (text: string): string => (next() % 2 === 0 ? text : mutate(text, next));
    if (this.kind === 0) this.write(this.sip(round));
    else if (this.kind === 1) this.write(maybe(HTTP[next() % HTTP.length]!));
    else {
      const opcode = [1, 1, 1, 2, 9, 10, 8, 0][next() % 8]!;
      const payload = opcode < 3 ? this.sip(round) : "x".repeat(next() % 126);
      this.write(maybe(frame(opcode, payload.slice(0, 60_000))));
    }
  }

  private write(text: string): void {
    const bytes = bytesOf(text);
    if (this.stream?.send(bytes, 0, bytes.length) !== true) this.stream = null;
  }

  private async connect(): Promise<TcpConnection> {
    let connection: TcpConnection | undefined;
    const handlers = {
      onData: () => undefined,
      onClose: () => {
        this.closed++;
      },
    };
    const { network } = this.agents[this.next() % STRANGERS]!;
    const promise = network.connectTcp({ remote: PROXY, timeout: 5000, maxQueue: 1 << 24, handlers });
    void promise.then((one) => {
      connection = one;
    });
    for (let i = 0; i < 100 && !connection; i++) await this.world.advance(5);
    return promise;
  }

  // Whoever may give commands may do much, but not break the program.
  private command(): void {
    const { next } = this;
    const name = COMMANDS[next() % COMMANDS.length]!;
    const args = ["h", "x", "1", "__proto__", "a".repeat(next() % 300)].slice(0, next() % 5);
    const json = JSON.stringify({ jsonrpc: "2.0", method: name, params: args, id: 1 });
    const binary = requestFrame(next(), name, args);
    const text = [json, textOf(binary, 0, binary.length), encode({ a: [1, "b"] })][next() % 3]!;
    const bytes = bytesOf(next() % 2 === 0 ? text : mutate(text, next).slice(0, 60_000));
    const port = [2049, 8080][next() % 2]!;
    this.local.send(this.local.peer({ family: 4, address: "127.0.0.1", port })!, bytes, 0, bytes.length);
  }

  /** The proxy still answers somebody else. */
  async probe(round: number): Promise<void> {
    const lines = [
      "OPTIONS sip:192.0.2.1 SIP/2.0",
      `Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKprobe${round};rport`,
      "Max-Forwards: 9",
      `From: <sip:p@x>;tag=p${round}`,
      "To: <sip:192.0.2.1>",
      `Call-ID: probe-${round}`,
      "CSeq: 1 OPTIONS",
    ];
    this.udp(0, writeSip(lines));
    await this.world.advance(100);
    expect(this.answered, `no answer after round ${round}, seed ${SEED}`).toBe(`probe-${round}`);
  }

  /** All that lasts is over: transactions, dialogs, registrations, subscriptions, connections. */
  async settle(): Promise<number> {
    this.stream?.close();
    this.stream = null;
    await this.world.advance(4_000_000);
    return megabytes();
  }
}

async function attack(target: Target): Promise<void> {
  const next = randomFrom(SEED);
  const world = await World.open(target, next);
  const { proxy, commands } = world.server;
  let heap = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await world.attack(round);
    if (round % 16 === 0) await world.world.advance(10);
    if (round % 500 === 0) await world.probe(round);
    if (round === ROUNDS / 4) heap = await world.settle();
  }
  expect((await world.settle()) - heap, "MB of heap more than after a quarter").toBeLessThan(isLong ? 96 : 32);
  await world.probe(ROUNDS);
  expect(world.closed).toBeGreaterThan(ROUNDS / 200);
  expect(world.bugs).toEqual([]);
  if (!target.fails) expect(proxy.counters.routeErrors).toBe(0);
  expect(await commands.run("tm.stats", [])).toMatchObject({ current: 0, waiting: 0 });
  expect(proxy.wheel.count, "timers that are armed for good").toBeLessThan(64);
  await world.server.stop();
}

describe("everything at once", () => {
  test.each(targets().map((target) => [target.name, target] as const))(
    `%s: ${ROUNDS} inputs`,
    { timeout: 3_600_000 },
    async (_, target) => attack(target),
  );
  test.runIf(process.env["CI"] === "true")("Debian's file is there", () =>
    expect(
      targets().map(({ name }) => name),
      STOCK,
    ).toContain("Debian's"),
  );
});
