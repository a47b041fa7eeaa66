// Transactions without a server side (test/support/tm-bed.ts): what is told to whoever made the request, once and for certain.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bed, destination } from "../../test/support/tm-bed.ts";
import { H } from "../sip/headers.ts";
import { SipMessage } from "../sip/message.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import { type Branch, forward, type LocalSide, NOBODY, type Transaction } from "./index.ts";

/** What was told, as words. */
class Side implements LocalSide {
  readonly told: string[] = [];
  provisional(_tx: Transaction, reply: SipMessage): void {
    this.told.push(String(reply.status));
  }
  final(_tx: Transaction, status: number, reason: string, reply: SipMessage | null): void {
    this.told.push(`final ${status} ${reply === null ? `made here: ${reason}` : reason}`);
  }
  accepted(_tx: Transaction, branch: Branch, reply: SipMessage): void {
    this.told.push(`accepted ${branch.number} ${reply.header(H.TO) ?? ""}`.trim().replace(/.*tag=/, "accepted "));
  }
  released(): void {
    this.told.push("released");
  }
}

class Lab {
  time = 1000;
  readonly sent: { to: string; text: string; at: number }[] = [];
  readonly side = new Side();
  readonly bed: Bed;
  private seed = 1;
  constructor() {
    this.bed = new Bed({
      now: () => this.time,
      random: () => (this.seed = (Math.imul(this.seed, 1103515245) + 12345) >>> 0),
      put: (to, buf, start, end) => {
        if (to === "refuses") return false;
        this.sent.push({ to, text: textOf(buf, start, end), at: this.time });
        return true;
      },
    });
  }
  /** Sends a request of our own to the hosts. */
  start(method: string, ...hosts: string[]): Transaction {
    const msg = new SipMessage();
    const bytes = bytesOf(
      `${method} sip:x@${hosts[0]} SIP/2.0\r\nTo: <sip:b@d>\r\nFrom: <sip:a@c>;tag=f\r\nCSeq: 1 ${method}\r\nCall-ID: local\r\nContent-Length: 0\r\n\r\n`,
    );
    msg.parse(bytes, 0, bytes.length);
    msg.owned = true;
    const tx = this.bed.tm.create(msg, NOBODY, this.bed.peer("self"), this.side)!;
    const sent = forward(
      this.bed.tm,
      tx,
      msg,
      hosts.map((host) => destination(`sip:x@${host}`)),
      false,
    );
    if (typeof sent === "number" && sent < 0) this.bed.tm.discard(tx);
    return tx;
  }
  reply(from: string, code: number, tag = "u"): void {
    const request = this.sent.find((s) => s.to === from && !/^(ACK|CANCEL)/.test(s.text))!.text;
    const lines = request.split("\r\n").filter((l) => /^(Via|From|Call-ID|CSeq):/.test(l));
    const bytes = bytesOf(
      `SIP/2.0 ${code} R${code}\r\n${lines.join("\r\n")}\r\nTo: <sip:b@d>;tag=${tag}\r\nContent-Length: 0\r\n\r\n`,
    );
    this.bed.receive(bytes, 0, bytes.length, from);
  }
  run(ms: number): void {
    const end = this.time + ms;
    for (; this.time < end; this.time += 10) this.bed.wheel.advance(this.time);
  }
  take(): string[] {
    return this.sent.splice(0).map(({ to, text }) => `${to}: ${text.split(" ")[0]}`);
  }
}

describe("a request made here", () => {
  test("is repeated, and its final reply is told; nothing is left", () => {
    const lab = new Lab();
    lab.start("OPTIONS", "b1");
    lab.run(1600);
    lab.reply("b1", 100);
    lab.reply("b1", 183);
    lab.reply("b1", 200);
    lab.reply("b1", 200);
    expect(lab.side.told).toEqual(["183", "final 200 R200"]);
    expect(lab.take()).toEqual(["b1: OPTIONS", "b1: OPTIONS", "b1: OPTIONS"]);
    lab.run(5020);
    expect(lab.side.told.at(-1)).toBe("released");
    expect([lab.bed.tm.table.count, lab.bed.wheel.count, lab.bed.tm.table.bytes]).toEqual([0, 0, 0]);
    expect(lab.bed.tm.table.counters).toMatchObject({ local: 1, created: 1, repliesSent: 0 });
    expect(lab.bed.tm.table.counters.ended[2]).toBe(1);
  });

  test.each(["OPTIONS", "INVITE"])("%s in silence ends in 408 made here", (method) => {
    const lab = new Lab();
    lab.start(method, "b1");
    lab.run(30_020);
    expect(lab.side.told).toEqual(["final 408 made here: Request Timeout"]);
    lab.run(6000);
    expect([lab.bed.tm.table.count, lab.bed.wheel.count]).toEqual([0, 0]);
  });

  test("cannot be sent: nothing is told but that it is forgotten", () => {
    const lab = new Lab();
    lab.start("OPTIONS", "refuses");
    expect(lab.side.told).toEqual(["released"]);
    expect([lab.bed.tm.table.count, lab.bed.wheel.count]).toEqual([0, 0]);
  });

  test("a request from outside that looks alike is another transaction", () => {
    const lab = new Lab();
    lab.start("OPTIONS", "b1");
    const text = lab.sent[0]!.text;
    lab.sent.length = 0;
    const bytes = bytesOf(text);
    lab.bed.receive(bytes, 0, bytes.length, "b2");
    expect(lab.take()).toEqual(["b1: OPTIONS"]);
    expect(lab.bed.tm.table.count).toBe(2);
  });
});

describe("INVITE made here", () => {
  test("every 2xx is to be acknowledged, the end is told once", () => {
    const lab = new Lab();
    lab.start("INVITE", "b1");
    lab.reply("b1", 180);
    for (const tag of ["u1", "u1", "u2"]) lab.reply("b1", 200, tag);
    expect(lab.side.told).toEqual(["180", "accepted u1", "final 200 R200", "accepted u1", "accepted u2"]);
    expect(lab.take()).toEqual(["b1: INVITE"]);
  });

  test("a failure is acknowledged by the machine", () => {
    const lab = new Lab();
    lab.start("INVITE", "b1");
    lab.reply("b1", 486);
    lab.reply("b1", 486);
    expect(lab.side.told).toEqual(["final 486 R486"]);
    expect(lab.take()).toEqual(["b1: INVITE", "b1: ACK", "b1: ACK"]);
  });

  test("to two hosts: the best failure is told; a 2xx cancels the other", () => {
    const failing = new Lab();
    failing.start("INVITE", "b1", "b2");
    failing.reply("b1", 503);
    failing.reply("b2", 404);
    expect(failing.side.told).toEqual(["final 404 R404"]);

    const lab = new Lab();
    lab.start("INVITE", "b1", "b2");
    lab.reply("b2", 180);
    lab.reply("b1", 200, "u1");
    lab.reply("b2", 200, "u2"); // crosses the CANCEL
    expect(lab.take()).toContain("b2: CANCEL");
    expect(lab.side.told).toEqual(["180", "accepted u1", "final 200 R200", "accepted u2"]);
  });

  test("cancelled: CANCEL after the provisional reply, then 487; without any reply 487 made here", () => {
    const lab = new Lab();
    const tx = lab.start("INVITE", "b1");
    lab.bed.tm.cancel(tx, "");
    expect(lab.take()).toEqual(["b1: INVITE"]);
    lab.run(30_020);
    expect(lab.side.told).toEqual(["final 487 made here: Request Terminated"]);

    const other = new Lab();
    const second = other.start("INVITE", "b1");
    other.reply("b1", 180);
    other.bed.tm.cancel(second, "");
    other.reply("b1", 487);
    expect(other.sent.map((s) => s.text.split(" ")[0])).toEqual(["INVITE", "CANCEL", "ACK"]);
    expect(other.side.told).toEqual(["180", "final 487 R487"]);
  });
});

test("whatever comes in whatever order: one end, and nothing is left", () => {
  const step = fc.oneof(
    fc.record({ from: fc.constantFrom("b1", "b2"), code: fc.constantFrom(100, 180, 200, 302, 404, 486, 503, 603) }),
    fc.record({ wait: fc.integer({ min: 1, max: 9000 }) }),
    fc.constant({ cancel: true as const }),
  );
  const scenario = fc.tuple(fc.constantFrom("INVITE", "OPTIONS"), fc.array(step, { maxLength: 12 }));
  fc.assert(
    fc.property(scenario, ([method, steps]) => {
      const lab = new Lab();
      const tx = lab.start(method, "b1", "b2");
      for (const s of steps) {
        if ("wait" in s) lab.run(s.wait);
        else if ("cancel" in s) lab.bed.tm.cancel(tx, "");
        else lab.reply(s.from, s.code, `u${s.code}`);
      }
      lab.run(400_000);
      expect(lab.side.told.filter((t) => t.startsWith("final"))).toHaveLength(1);
      expect(lab.side.told.filter((t) => t === "released")).toHaveLength(1);
      expect([lab.bed.tm.table.count, lab.bed.tm.table.bytes]).toEqual([0, 0]);
    }),
    { seed: 4711, numRuns: 300 },
  );
});
