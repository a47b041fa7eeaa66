// WebSockets: the same handshakes and frames to the installed Kamailio and to us, what comes back compared frame by frame. Kamailio's answers are
// in websocket.json; where it is installed it is asked again. PORTICO_RECORD=1 writes it anew.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { Role, WsReader } from "../../src/net/ws/reader.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { isInstalled } from "../support/programs.ts";
import { haveOracle } from "./oracle.ts";
import { exchange, withKamailio, withOurs } from "./raw-bytes.ts";
import { askedAgain } from "./recorded-groups.ts";
import { CONFIG, casesFor } from "./websocket-cases.ts";

const FILE = new URL("websocket.json", import.meta.url);
const recordAnew = process.env["PORTICO_RECORD"] === "1";
const CASES = casesFor(12_345);
const MODULE = "/usr/lib/x86_64-linux-gnu/kamailio/modules/websocket.so";
const canAsk = haveOracle() && existsSync(MODULE) && isInstalled("kamailio");

type Answers = Record<string, readonly string[]>;

/** The HTTP answer, then each frame, then how it ended. */
function taken(got: string, closed: boolean): string[] {
  const end = got.indexOf("\r\n\r\n") + 4;
  const out = [got.slice(0, end)];
  const note = (what: string) => (buf: Uint8Array, from: number, to: number) =>
    void out.push(what + textOf(buf, from, to));
  const reader = new WsReader(
    {
      onMessage: (buf, from, to, binary) => note(binary ? "binary " : "text ")(buf, from, to),
      onPing: note("ping "),
      onPong: note("pong "),
      onCloseFrame: (code, buf, from, to) => note(`close ${code} `)(buf, from, to),
    },
    Role.CLIENT,
  );
  const bytes = bytesOf(got.slice(end));
  const bad = reader.feed(bytes, 0, bytes.length);
  if (bad !== 0) out.push(`frames that a client refuses with ${bad}`);
  return closed ? [...out, "closed"] : out;
}

const tidy = (text: string, me: number, client: number): string =>
  text
    .replace(/^(?:Sia|Connection: close|Content-Length: 0).*\r\n/gm, (line) => (text.startsWith("HTTP") ? "" : line))
    .replace(/;tag=[0-9a-f]+\.[0-9a-f]+/g, ";tag={TAG}")
    .replaceAll(String(client), "{UA}")
    .replaceAll(String(me), "{ME}");

async function askAll(port: number): Promise<Answers> {
  const left = [...casesFor(port)];
  const out: Answers = {};
  const worker = async (): Promise<void> => {
    for (let c = left.shift(); c !== undefined; c = left.shift()) {
      const { got, closed, client } = await exchange(port, c.send);
      out[c.name] = taken(got, closed).map((part) => tidy(part, port, client));
    }
  };
  await Promise.all([worker(), worker(), worker(), worker(), worker(), worker()]);
  return Object.fromEntries(CASES.map((c) => [c.name, out[c.name]!]));
}

let recorded: Answers = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Answers) : {};
let mine: Answers = {};

beforeAll(async () => {
  if (recordAnew) {
    recorded = await withKamailio(CONFIG, askAll);
    writeFileSync(FILE, `${JSON.stringify(recorded, null, 2)}\n`);
  }
  mine = await withOurs(CONFIG, askAll);
}, 60_000);

describe("WebSockets as Kamailio's", () => {
  test.each(CASES.filter((c) => c.differs === undefined).map((c) => c.name))("%s", (name) => {
    expect(mine[name]).toEqual(recorded[name]);
  });

  test.each(CASES.filter((c) => c.differs !== undefined).map((c) => c.name))("differs with a reason: %s", (name) => {
    expect(mine[name]).not.toEqual(recorded[name]);
  });

  test("differences are these", () => {
    const short = (parts: readonly string[]): string =>
      parts
        .map((part) => /^.*/.exec(part)![0])
        .filter((part) => part !== "HTTP/1.1 101 Switching Protocols")
        .join(", ");
    const differing = CASES.filter((c) => c.differs !== undefined);
    expect(Object.fromEntries(differing.map((c) => [c.name, short(mine[c.name]!)]))).toMatchInlineSnapshot(`
      {
        "CRLF": "",
        "a continuation of nothing": "close 1002 Protocol error, closed",
        "a length that is not the shortest": "close 1002 Protocol error, closed",
        "a ping in fragments": "close 1002 Protocol error, closed",
        "a ping of 126 octets": "close 1002 Protocol error, closed",
        "an empty text": "",
        "close 1005": "close 1002 Protocol error, closed",
        "close 4000 with a reason": "close 4000 , closed",
        "close with one octet": "close 1002 Protocol error, closed",
        "handshake: HTTP/1.0": "HTTP/1.0 400 Bad Request, closed",
        "handshake: POST": "HTTP/1.1 400 Bad Request, closed",
        "handshake: a short key": "HTTP/1.1 400 Bad Request, closed",
        "handshake: a sub-protocol that contains sip": "HTTP/1.1 400 Bad Request, closed",
        "handshake: a version that is no number": "HTTP/1.1 426 Upgrade Required, closed",
        "handshake: an empty key": "HTTP/1.1 400 Bad Request, closed",
        "handshake: version 8": "HTTP/1.1 426 Upgrade Required, closed",
        "no SIP": "",
        "opcode 11": "close 1002 Protocol error, closed",
        "opcode 3": "close 1002 Protocol error, closed",
        "text that is no UTF-8": "close 1007 Invalid UTF-8, closed",
      }
    `);
  });

  test.skipIf(!canAsk)("the record is what the installed Kamailio says", { timeout: 60_000 }, async () => {
    expect(await askedAgain(() => withKamailio(CONFIG, askAll), recorded)).toEqual(recorded);
  });
});
