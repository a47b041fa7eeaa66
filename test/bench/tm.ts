// What a relayed MESSAGE and a whole call cost in the engine (parsing, building and timers included, sockets and routes not), and what
// memory a transaction takes. Run it alone with a runtime, or through ./scripts/bench.

import { bytesOf, copyBytes, textOf } from "../../src/util/bytes.ts";
import { Bed } from "../support/tm-bed.ts";

/** One line of results. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const HEADERS = "Max-Forwards: 70\r\nUser-Agent: bench phone 1.0\r\nContact: <sip:a@c:5060>\r\n";

function requestText(method: string, n: number): string {
  const id = n.toString(16).padStart(8, "0");
  return (
    `${method} sip:bob@b1 SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK${id}\r\nFrom: <sip:alice@example.com>;tag=f${id}\r\n` +
    `To: <sip:bob@example.com>\r\nCall-ID: ${id}@c\r\nCSeq: 1 ${method}\r\n${HEADERS}Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello`
  );
}

/** A client, a proxy and a server joined by memory copies; the server answers from the bytes it got. */
class Rig {
  time = 0;
  readonly bed: Bed;
  readonly last = new Uint8Array(4096);
  lastEnd = 0;
  private seed = 1;
  private readonly reply = new Uint8Array(4096);

  constructor() {
    this.bed = new Bed({
      now: () => this.time,
      random: () => (this.seed = (Math.imul(this.seed, 1103515245) + 12345) >>> 0),
      put: (to, buf, start, end) => {
        if (to !== "b1") return true;
        copyBytes(this.last, 0, buf, start, end);
        this.lastEnd = end - start;
        return true;
      },
      maxTransactions: 10_000_000,
    });
  }

  /** The server answers what it got last: Via to Content-Length copied from the request, as a real one would. */
  answer(code: number): void {
    const { last, reply } = this;
    const status = STATUS[code]!;
    let p = copyBytes(reply, 0, status, 0, status.length);
    let from = 0;
    while (last[from++] !== 10);
    let to = this.lastEnd - 1;
    while (!(last[to] === 10 && last[to - 1] === 13 && last[to - 2] === 10)) to--;
    p = copyBytes(reply, p, last, from, to + 1);
    this.bed.receive(reply, 0, p, "b1");
  }

  step(ms: number): void {
    this.time += ms;
    this.bed.wheel.advance(this.time);
  }
}

const STATUS: Record<number, Uint8Array> = {
  180: bytesOf("SIP/2.0 180 Ringing\r\n"),
  200: bytesOf("SIP/2.0 200 OK\r\n"),
};

function time(fn: () => void): number {
  const start = performance.now();
  fn();
  return performance.now() - start;
}

/** ns for each MESSAGE relayed with its reply, at 50,000 a second of virtual time and the given wait. */
function messages(count: number, wait: number): number {
  const rig = new Rig();
  rig.bed.tm.options = { ...rig.bed.tm.options, timers: { ...rig.bed.tm.options.timers, wait } };
  const texts = Array.from({ length: 4096 }, (_, i) => bytesOf(requestText("MESSAGE", i)));
  const at = textOf(texts[0]!, 0, 200).indexOf("z9hG4bK") + 7;
  const run = (from: number, n: number): void => {
    for (let i = from; i < from + n; i++) {
      const bytes = texts[i & 4095]!;
      // another branch each time, written in place
      let v = i;
      for (let d = 7; d >= 0; d--, v = Math.floor(v / 16)) bytes[at + d] = HEX.charCodeAt(v & 15);
      rig.bed.receive(bytes, 0, bytes.length, "c");
      rig.answer(200);
      if (i % 50 === 0) rig.step(1);
    }
  };
  run(0, count);
  return (time(() => run(count, count)) * 1e6) / count;
}

/** ns for each call: INVITE, 100, 180, 200, ACK, BYE, 200, all relayed. */
function calls(count: number): number {
  const rig = new Rig();
  const run = (from: number, n: number): void => {
    for (let i = from; i < from + n; i++) {
      const invite = bytesOf(requestText("INVITE", i));
      rig.bed.receive(invite, 0, invite.length, "c");
      rig.answer(180);
      rig.answer(200);
      const ack = bytesOf(requestText("ACK", i + 0x4000_0000).replace("CSeq: 1 INVITE", "CSeq: 1 ACK"));
      rig.bed.receive(ack, 0, ack.length, "c");
      const bye = bytesOf(requestText("BYE", i + 0x5000_0000));
      rig.bed.receive(bye, 0, bye.length, "c");
      rig.answer(200);
      if (i % 10 === 0) rig.step(1);
    }
  };
  run(0, count);
  return (time(() => run(count, count)) * 1e6) / count;
}

const HEX = "0123456789abcdef";

function heap(): number {
  const { Bun, gc } = globalThis as { Bun?: { gc(force: boolean): void }; gc?: () => void };
  for (let i = 0; i < 3; i++) {
    Bun?.gc(true);
    gc?.();
  }
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return Bun === undefined ? heapUsed + arrayBuffers : rss;
}

/** Bytes of resident memory for each transaction kept: waiting MESSAGEs, and INVITEs that ring. */
function memory(count: number, method: string, ring: boolean): number {
  const rig = new Rig();
  const before = heap();
  for (let i = 0; i < count; i++) {
    const bytes = bytesOf(requestText(method, i));
    rig.bed.receive(bytes, 0, bytes.length, "c");
    rig.answer(ring ? 180 : 200);
  }
  const after = heap();
  return rig.bed.tm.table.count === count ? (after - before) / count : Number.NaN;
}

/** All figures; `scale` 1 takes about ten seconds. */
export function tmFigures(scale = 1): Figure[] {
  const n = Math.round(100_000 * scale);
  return [
    { name: "MESSAGE transaction relayed, wt_timer 1 s", value: messages(n, 1000), unit: "ns" },
    { name: "MESSAGE transaction relayed, wt_timer 5 s", value: messages(n * 3, 5000), unit: "ns" },
    { name: "call relayed (INVITE 180 200 ACK BYE 200)", value: calls(Math.round(n / 4)), unit: "ns" },
    { name: "memory of a finished MESSAGE transaction", value: memory(n, "MESSAGE", false), unit: "bytes" },
    { name: "memory of a ringing INVITE transaction", value: memory(n, "INVITE", true), unit: "bytes" },
  ];
}

if (import.meta.main) for (const f of tmFigures()) console.log(`${f.name}: ${Math.round(f.value)} ${f.unit}`);
