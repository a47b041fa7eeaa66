// Which request finds which transaction (RFC 3261 17.2.3), by the cookie's rules and by the older ones; requests in flight.

import { describe, expect, test } from "vitest";
import { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import { bytesOf } from "../util/bytes.ts";
import { HELD, InFlight, NEW, REPEATED } from "./in-flight.ts";
import { setKey } from "./key.ts";
import { TransactionTable } from "./table.ts";
import { DEFAULT_TIMERS } from "./timers.ts";
import { Transaction } from "./transaction.ts";

interface Parts {
  readonly method?: string;
  readonly uri?: string;
  readonly via?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: string;
}

const COOKIE = "c:5060;branch=z9hG4bKabc";
const OLD = "c:5060;branch=1";

function message(p: Parts = {}): SipMessage {
  const method = p.method ?? "INVITE";
  const bytes = bytesOf(
    `${method} ${p.uri ?? "sip:b@d"} SIP/2.0\r\nVia: SIP/2.0/UDP ${p.via ?? COOKIE}\r\nFrom: <sip:a@c>;tag=${p.from ?? "f"}\r\n` +
      `To: <sip:b@d>${p.to ?? ""}\r\nCall-ID: ${p.callId ?? "id"}\r\nCSeq: ${p.cseq ?? "1"} ${method}\r\n\r\n`,
  );
  const msg = new SipMessage();
  expect(msg.parse(bytes, 0, bytes.length)).toBe(0);
  return msg;
}

const owner = { branchTimer: () => {}, transactionTimer: () => {}, guarded: () => {} };
const target = { reliable: false, send: () => true };

function add(table: TransactionTable, msg: SipMessage): Transaction {
  const hash = table.hash(msg, msg.method);
  const tx = new Transaction(owner, table.takeSlot(), 99, hash, msg.method, msg.buf, target, {}, DEFAULT_TIMERS, 0);
  setKey(tx, msg, 0);
  table.add(tx);
  return tx;
}

function finds(stored: Parts, p: Parts, method: number): boolean {
  const table = new TransactionTable(7, 10);
  const tx = add(table, message(stored));
  const msg = message(p);
  return table.find(msg, method, table.hash(msg, method)) === tx;
}

describe("keys with the cookie of RFC 3261", () => {
  test("branch, sent-by and method decide; nothing else does", () => {
    const { INVITE } = Method;
    expect(finds({}, { callId: "other", from: "g", cseq: "9", uri: "sip:z@z" }, INVITE)).toBe(true);
    expect(finds({}, { via: "C:5060;rport;branch=z9hG4bKabc" }, INVITE)).toBe(true);
    expect(finds({}, { via: "c:5060;branch=z9hG4bKabd" }, INVITE)).toBe(false);
    expect(finds({}, { via: "d:5060;branch=z9hG4bKabc" }, INVITE)).toBe(false);
    expect(finds({}, { via: "c:5061;branch=z9hG4bKabc" }, INVITE)).toBe(false);
    expect(finds({}, { via: "c;branch=z9hG4bKabc" }, INVITE)).toBe(false);
    expect(finds({}, { method: "BYE" }, Method.BYE)).toBe(false);
    expect(finds({}, { method: "ACK" }, INVITE)).toBe(true);
    expect(finds({}, { method: "CANCEL" }, INVITE)).toBe(true);
    expect(finds({}, { method: "CANCEL" }, Method.CANCEL)).toBe(false);
  });

  test("methods that are not known are told apart by name", () => {
    expect(finds({ method: "FOO" }, { method: "FOO" }, Method.UNKNOWN)).toBe(true);
    expect(finds({ method: "FOO" }, { method: "BAR" }, Method.UNKNOWN)).toBe(false);
  });
});

describe("keys of RFC 2543", () => {
  const find = (p: Parts): boolean => finds({ via: OLD }, { via: OLD, ...p }, Method.INVITE);
  test("R-URI, tags, Call-ID, CSeq and Via are all the same", () => {
    expect(find({})).toBe(true);
    expect(find({ uri: "sip:z@z" })).toBe(false);
    expect(find({ from: "g" })).toBe(false);
    expect(find({ to: ";tag=t" })).toBe(false);
    expect(find({ callId: "other" })).toBe(false);
    expect(find({ cseq: "2" })).toBe(false);
    expect(find({ via: "c:5060;branch=2" })).toBe(false);
    expect(find({ via: "c:5060" })).toBe(false);
    expect(find({ via: COOKIE })).toBe(false);
  });
  test("ACK carries the To tag of the reply", () => {
    expect(find({ method: "ACK", to: ";tag=t" })).toBe(true);
  });
});

describe("TransactionTable", () => {
  test("gives slots back, and a slot only with its label", () => {
    const table = new TransactionTable(7, 2);
    const a = add(table, message());
    const b = add(table, message({ via: "c:5060;branch=z9hG4bKb" }));
    expect([a.slot, b.slot, table.full]).toEqual([0, 1, true]);
    expect(table.at(0, 99)).toBe(a);
    expect(table.at(0, 98)).toBeNull();
    expect(table.at(5, 99)).toBeNull();
    table.remove(a);
    expect([a.slot, table.count, table.full]).toEqual([-1, 1, false]);
    expect(table.at(0, 99)).toBeNull();
    expect(table.takeSlot()).toBe(0);
    expect([...table.all()]).toEqual([b]);
  });

  test("keeps others of the same bucket when one is removed", () => {
    for (let gone = 0; gone < 3; gone++) {
      const table = new TransactionTable(7, 10);
      const msgs = ["FOO", "BAR", "BAZ"].map((method) => message({ method })); // one hash: the same branch and no known method
      const txs = msgs.map((msg) => add(table, msg));
      table.remove(txs[gone]!);
      msgs.forEach((msg, i) => {
        expect(table.find(msg, Method.UNKNOWN, table.hash(msg, Method.UNKNOWN))).toBe(i === gone ? null : txs[i]);
      });
    }
  });
});

describe("InFlight", () => {
  test("absorbs repetitions, holds ACK and CANCEL that overtake, gives them back in order", () => {
    const table = new InFlight<string>(7, 10);
    expect(table.offer(message(), "x")).toBe(NEW);
    const handle = table.enter(message());
    expect(table.offer(message(), "x")).toBe(REPEATED);
    expect(table.offer(message({ via: "c;branch=z9hG4bKother" }), "x")).toBe(NEW);
    expect(table.offer(message({ method: "CANCEL" }), "one")).toBe(HELD);
    expect(table.offer(message({ method: "CANCEL" }), "known", () => true)).toBe(NEW);
    expect(table.offer(message({ method: "ACK" }), "two")).toBe(HELD);
    const held = table.leave(handle);
    expect(held.map((h) => [h.msg.method, h.origin, h.msg.owned])).toEqual([
      [Method.CANCEL, "one", true],
      [Method.ACK, "two", true],
    ]);
    expect(table.leave(handle)).toEqual([]);
    expect([table.size, table.offer(message(), "x")]).toEqual([0, NEW]);
  });

  test("is bounded, in requests and in what is held", () => {
    const table = new InFlight<string>(7, 1);
    expect(table.enter(message())).toBeGreaterThanOrEqual(0);
    expect(table.enter(message({ via: "c;branch=z9hG4bKother" }))).toBe(-1);
    expect(table.leave(-1)).toEqual([]);
    expect(table.offer(message({ method: "CANCEL", uri: `sip:${"b".repeat(9000)}@d` }), "x")).toBe(NEW);
    for (let i = 0; i < 4; i++) expect(table.offer(message({ method: "CANCEL" }), "x")).toBe(HELD);
    expect(table.offer(message({ method: "CANCEL" }), "x")).toBe(REPEATED);
  });
});
