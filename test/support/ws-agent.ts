// A WebSocket client over a simulated connection: shakes hands, sends SIP messages in frames and takes them from frames.

import { putFrame } from "../../src/net/ws/frames.ts";
import { Role, WsReader } from "../../src/net/ws/reader.ts";
import { Opcode } from "../../src/net/ws/rules.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import type { ProxyBed } from "./proxy-bed.ts";

export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
/** What the key of RFC 6455 1.3 is accepted with. */
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** A handshake; headers given replace or add to the usual ones, null takes one out. */
export function handshake(headers: Readonly<Record<string, string | null>> = {}, line = "GET / HTTP/1.1"): string {
  const all: Record<string, string | null> = {
    Host: "192.0.2.1:5060",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "sip",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\r\n`]));
  return `${line}\r\n${lines.join("")}\r\n`;
}

/** A masked frame as text, one character an octet. */
export function frame(opcode: number, payload: string, key = 0x12345678): string {
  const bytes = bytesOf(payload);
  const out = new Uint8Array(bytes.length + 14);
  return textOf(out, 0, putFrame(out, opcode, bytes, 0, bytes.length, key));
}

/** The client once the handshake is done. */
export interface WsAgent {
  /** Messages, and "ping …", "pong …", "close 1000 …". */
  readonly received: string[];
  /** Sends a message as text and lets 50 ms pass; what came meanwhile is returned. */
  send(text: string): Promise<string[]>;
  /** Sends octets as they are. */
  raw(text: string): Promise<string[]>;
  /** Takes what has come since it was last asked. */
  take(): string[];
  isClosed(): boolean;
}

/** Connects and shakes hands; throws when that is refused. */
export async function openWs(bed: ProxyBed): Promise<WsAgent> {
  const tcp = await bed.tcp();
  const head = (await tcp.send(handshake())).join("");
  const end = head.indexOf("\r\n\r\n") + 4;
  if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`no WebSocket: ${head}`);
  const received: string[] = [];
  const note = (what: string) => (buf: Uint8Array, from: number, to: number) =>
    void received.push(what + textOf(buf, from, to));
  const reader = new WsReader(
    {
      onMessage: note(""),
      onPing: note("ping "),
      onPong: note("pong "),
      onCloseFrame: (code, buf, from, to) => note(`close ${code} `)(buf, from, to),
    },
    Role.CLIENT,
  );
  let seen = 1;
  let told = 0;
  const feed = (text: string): void => {
    const bytes = bytesOf(text);
    if (reader.feed(bytes, 0, bytes.length) !== 0) throw new Error("the server's frames are wrong");
  };
  feed(head.slice(end));
  const take = (): string[] => {
    for (; seen < tcp.received.length; seen++) feed(tcp.received[seen]!);
    const news = received.slice(told);
    told = received.length;
    return news;
  };
  const raw = async (text: string): Promise<string[]> => {
    take();
    await tcp.send(text);
    return take();
  };
  return { received, raw, take, send: (text) => raw(frame(Opcode.TEXT, text)), isClosed: tcp.isClosed };
}
