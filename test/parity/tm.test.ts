// The same requests through module tm of Kamailio and of ours (tm.cfg): what comes back to the client, and what the next hop gets.

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isInstalled } from "../support/programs.ts";
import { root, type Server, startServer } from "../support/server.ts";

const CONFIG = readFileSync(fileURLToPath(new URL("./tm.cfg", import.meta.url)), "utf8");

/** User of the R-URI, ms to listen, ms until a CANCEL follows if one does. */
type Case = readonly [user: string, ms: number, cancelAfter?: number];

const CASES: readonly Case[] = [
  ["200", 300],
  ["486", 300],
  ["503", 300],
  ["mute", 1100],
  ["newtran", 300],
  ["reply", 300],
  ["sendreply", 300],
  ["headers", 300],
  ["redirect", 300],
  ["nowhere", 1500],
  ["nobranch", 300],
  ["onebranch", 300],
  ["failreply", 300],
  ["failrelay", 300],
  ["failtwice", 300],
  ["failtime", 1100],
  ["dropfinal", 300],
  ["both", 300],
  ["challenges", 300],
];

const INVITE_CASES: readonly Case[] = [
  ["ring", 1700],
  ["failring", 1700],
  ["dropreply", 1700],
  ["shorter", 900],
  ["no100", 300],
  ["winner", 400],
  ["global", 400],
  ["ring", 400, 150],
  ["mute", 1100, 150],
  ["200", 300, 150],
  ["failring", 400, 150],
];

/** Where the next hop is meant to get something else from us. */
const OTHER_HOP: Readonly<Record<string, string>> = {
  "INVITE dropreply": "a phone whose 180 the script dropped is cancelled in the end; Kamailio lets it ring on",
};

function lines(text: string, name: RegExp): string[] {
  return text.split("\r\n").filter((l) => name.test(l));
}

function reply(request: string, code: number, extra = ""): string {
  const to = lines(request, /^To:/).map((l) => (l.includes(";tag=") ? l : `${l};tag=u${code}`));
  const head = [...lines(request, /^Via:/), ...lines(request, /^From:/), ...to, ...lines(request, /^(Call-ID|CSeq):/)];
  return `SIP/2.0 ${code} R${code}\r\n${head.join("\r\n")}\r\n${extra}Content-Length: 0\r\n\r\n`;
}

async function open(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** A server with a next hop that answers as the user of the R-URI says. */
class Side {
  readonly server: Server;
  private readonly hop: Socket;
  private readonly invites = new Map<string, string>();
  private readonly got: string[] = [];
  private count = 0;

  constructor(server: Server, hop: Socket) {
    this.server = server;
    this.hop = hop;
    hop.on("message", (data, from) => this.asked(data.toString("latin1"), from.port));
  }

  private asked(text: string, port: number): void {
    const [method, uri] = text.split(" ") as [string, string];
    const user = uri.slice(4, uri.indexOf("@"));
    const marks = lines(text, /^(X-|Reason)/).join(" ");
    const note = `${method} ${user} ${marks}`.trim();
    if (!this.got.includes(note)) this.got.push(note);
    const send = (message: string): void => this.hop.send(message, port, "127.0.0.1");
    const key = lines(text, /^(Via|Call-ID):/)[0]!;
    if (method === "ACK" || user === "mute") return;
    if (method === "CANCEL") {
      send(reply(text, 200));
      send(reply(this.invites.get(key)!, 487));
      return;
    }
    this.invites.set(key, text);
    if (user === "ring") send(reply(text, 180));
    else if (user === "401") send(reply(text, 401, "WWW-Authenticate: Digest realm=one\r\n"));
    else if (user === "407") send(reply(text, 407, "Proxy-Authenticate: Digest realm=two\r\n"));
    else if (user === "200" || user === "603")
      setTimeout(() => send(reply(text, Number(user))), 60); // after another's 180
    else send(reply(text, Number(user)));
  }

  /** What the client and the next hop got. */
  async run(method: string, [user, ms, cancelAfter]: Case): Promise<{ client: string[]; hop: string[] }> {
    const client = await open();
    const id = `tm${this.count++}x${this.server.port}`;
    const hopPort = this.hop.address().port;
    const send = (kind: string, extra = ""): void => {
      const text =
        `${kind} sip:${user}@127.0.0.1:${hopPort} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${client.address().port};branch=z9hG4bK${id};rport\r\n` +
        `From: <sip:a@x>;tag=f\r\nTo: <sip:b@y>\r\nCall-ID: ${id}\r\nCSeq: 1 ${kind}\r\nMax-Forwards: 70\r\nContact: <sip:a@127.0.0.1>\r\n${extra}Content-Length: 0\r\n\r\n`;
      client.send(text, this.server.port, "127.0.0.1");
    };
    const seen: string[] = [];
    client.on("message", (data) => {
      const text = data.toString("latin1");
      const marks = lines(text, /^(X-|Contact:|WWW-|Proxy-A|Record)/).join(" ");
      const tag = /;tag=(u\d+)/.exec(lines(text, /^To:/)[0]!)?.[1] ?? (/^To:.*;tag=/m.test(text) ? "own" : "none");
      const cseq = lines(text, /^CSeq:/)[0]!.slice(8);
      // who repeats until its ACK has come may do so once more
      const note = `${text.slice(8, text.indexOf("\r\n"))} | ${cseq} ${tag} ${marks}`.trim();
      if (!seen.includes(note)) seen.push(note);
      if (cseq === "INVITE" && Number(text.slice(8, 11)) >= 300) send("ACK");
    });
    this.got.length = 0;
    send(method);
    if (cancelAfter !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, cancelAfter));
      send("CANCEL", 'Reason: SIP;cause=200;text="elsewhere"\r\n');
    }
    await new Promise((resolve) => setTimeout(resolve, ms));
    client.close();
    // what runs by several ways at a time has no order to compare
    return { client: seen.sort(), hop: [...this.got].sort() };
  }

  async close(): Promise<void> {
    this.hop.close();
    await this.server.close();
  }
}

describe.runIf(isInstalled("kamailio"))("module tm does what Kamailio does", () => {
  let sides: Side[] = [];
  beforeAll(async () => {
    const ours = { name: "bun", command: [`${root}/scripts/portico`], env: { PORTICO_RUNTIME: "bun" } };
    const oracle = {
      name: "kamailio",
      command: ["kamailio", "-DD", "-n", "2", "-N", "1", "-m", "32", "-M", "8"],
      env: {},
    };
    sides = [
      new Side(await startServer(oracle, { config: `#!KAMAILIO\n${CONFIG}`, defines: { ORACLE: 1 } }), await open()),
      new Side(await startServer(ours, { config: `#!KAMAILIO\n${CONFIG}` }), await open()),
    ];
  });
  afterAll(async () => {
    for (const side of sides) await side.close();
  });

  const all: (readonly [name: string, method: string, c: Case])[] = [
    ...CASES.flatMap((c) => [[`MESSAGE ${c[0]}`, "MESSAGE", c] as const, [`INVITE ${c[0]}`, "INVITE", c] as const]),
    ...INVITE_CASES.map((c) => [`INVITE ${c[0]}${c[2] === undefined ? "" : " cancelled"}`, "INVITE", c] as const),
  ];
  test.each(all)("%s", async (name, method, c) => {
    const [kamailio, ours] = await Promise.all(sides.map((side) => side.run(method, c)));
    expect(ours!.client).toEqual(kamailio!.client);
    if (OTHER_HOP[name] === undefined) expect(ours!.hop).toEqual(kamailio!.hop);
  });
});
