import { describe, expect, test } from "vitest";
import type { HostError } from "../host/host.ts";
import type { StreamFlow } from "./flows.ts";
import { Refused, SourceLimits } from "./source-limits.ts";

/** A connection as far as the limits look at it. */
class Connection {
  readonly remote;
  lastActive: number;
  spoke: boolean;
  ended = "";
  constructor(address: string, lastActive = 0, spoke = true) {
    this.remote = { family: 4, address, port: 1 } as const;
    this.lastActive = lastActive;
    this.spoke = spoke;
  }
  fail(error: HostError): void {
    this.ended = error.message;
  }
}

function open(limits: SourceLimits, address: string, at = 0, spoke = true): Connection {
  const connection = new Connection(address, at, spoke);
  limits.add(connection as unknown as StreamFlow);
  return connection;
}

const RULES = { maxConnections: 3, connectRate: 0, connectBurst: 0 };

describe("connections of one source", () => {
  test("at its limit the quietest of its own gives way", () => {
    const limits = new SourceLimits(RULES);
    const flows = [open(limits, "a", 900), open(limits, "a", 100), open(limits, "a", 500)];
    open(limits, "b", 1);
    expect(limits.refuses("a", 20_000)).toBe(null);
    expect(flows.map((f) => f.ended !== "")).toEqual([false, true, false]);
    expect([...limits.counts()]).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
  });

  test("one in use stays as long as there are others, even when it is quieter", () => {
    const limits = new SourceLimits(RULES);
    const flows = [open(limits, "a", 0), open(limits, "a", 15_000), open(limits, "a", 16_000)];
    flows[0]!.lastActive = 12_000;
    expect(limits.refuses("a", 20_000)).toBe(null);
    expect(flows.map((f) => f.ended !== "")).toEqual([false, true, false]);
    const young = open(limits, "a", 19_900);
    flows[2]!.lastActive = 19_900;
    expect(limits.refuses("a", 20_000), "the others have just spoken").toBe(Refused.SHARE);
    young.lastActive = 40_000;
    flows[2]!.lastActive = 40_000;
    expect(limits.refuses("a", 41_000), "now all are in use").toBe(null);
    expect(flows[0]!.ended).not.toBe("");
  });

  test("one that has said nothing goes first", () => {
    const limits = new SourceLimits(RULES);
    const flows = [open(limits, "a", 100), open(limits, "a", 19_999, false), open(limits, "a", 50)];
    expect(limits.refuses("a", 20_000)).toBe(null);
    expect(flows.map((f) => f.ended !== "")).toEqual([false, true, false]);
  });

  test("when none is quiet the newcomer is refused, and others are not", () => {
    const limits = new SourceLimits(RULES);
    for (let i = 0; i < 3; i++) open(limits, "a", 19_500);
    expect(limits.refuses("a", 20_000)).toBe(Refused.SHARE);
    expect(limits.refuses("b", 20_000)).toBe(null);
  });

  test("connections that have gone do not count, and nothing is left of their source", () => {
    const limits = new SourceLimits(RULES);
    const flows = [1, 2, 3].map(() => open(limits, "a", 20_000) as unknown as StreamFlow);
    for (const flow of [...flows, ...flows]) limits.remove(flow);
    expect(limits.refuses("a", 20_000)).toBe(null);
    expect([...limits.counts()]).toEqual([]);
  });

  test("without a limit any number", () => {
    const limits = new SourceLimits();
    for (let i = 0; i < 1000; i++) open(limits, "a", 0);
    expect(limits.refuses("a", 0)).toBe(null);
  });
});

test("new connections beyond burst and rate are refused", () => {
  const limits = new SourceLimits({ maxConnections: 0, connectRate: 10, connectBurst: 3 });
  const refused = (now: number): (string | null)[] => [1, 2, 3, 4].map(() => limits.refuses("a", now));
  expect(refused(0)).toEqual([null, null, null, Refused.RATE]);
  expect(limits.refuses("b", 0)).toBe(null);
  expect(refused(100)).toEqual([null, Refused.RATE, Refused.RATE, Refused.RATE]);
});

describe("with all places taken", () => {
  test("the source with most connections gives one to a smaller one", () => {
    const limits = new SourceLimits();
    const many = [1, 2, 3].map((at) => open(limits, "a", at));
    const few = open(limits, "b", 0);
    expect(limits.makeRoom("c", 20_000)).toBe(true);
    expect(many.map((f) => f.ended !== "")).toEqual([true, false, false]);
    expect(few.ended).toBe("");
  });

  test("but not to itself, nor to one as large", () => {
    const limits = new SourceLimits();
    for (const source of ["a", "b"]) for (let i = 0; i < 3; i++) open(limits, source, 0);
    expect(limits.makeRoom("a", 20_000)).toBe(false);
    expect(limits.makeRoom("c", 20_000)).toBe(true);
  });
});
