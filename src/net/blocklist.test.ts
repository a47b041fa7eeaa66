import { describe, expect, test } from "vitest";
import { Transport } from "../sip/transports.ts";
import { TimerWheel } from "../util/timer-wheel.ts";
import { Blocklist, Failure, ignoreMasks } from "./blocklist.ts";
import { FlowStage } from "./flow.ts";

function bed(options: { on?: boolean; maxBytes?: number; gcInterval?: number; ignore?: readonly number[] } = {}) {
  let now = 0;
  const wheel = new TimerWheel(0);
  const list = new Blocklist(() => now, wheel);
  list.configure({ on: true, expire: 60, maxBytes: 1000, gcInterval: 0, ignore: [], ...options });
  const go = (ms: number): void => {
    now += ms;
    wheel.advance(now);
  };
  return { list, go };
}

const to = (port: number, protocol: number = Transport.UDP, address = "192.0.2.1") => ({
  protocol,
  remote: { family: address.includes(":") ? (6 as const) : (4 as const), address, port },
});

describe("blocklist", () => {
  test("a failure lists a destination for a time, by transport, address and port", () => {
    const { list, go } = bed();
    list.failed(to(5060), Failure.TIMEOUT);
    expect(list.isBlocked(to(5060))).toBe(true);
    expect(list.isBlocked(to(5061))).toBe(false);
    expect(list.isBlocked(to(5060, Transport.TCP))).toBe(false);
    expect(list.isBlocked(to(5060, Transport.UDP, "192.0.2.2"))).toBe(false);
    go(59_999);
    expect(list.isBlocked(to(5060))).toBe(true);
    go(1);
    expect(list.isBlocked(to(5060))).toBe(false);
    expect(list.usedBytes).toBe(0);
  });

  test("another failure adds its reason and begins the time anew; its own time counts", () => {
    const { list, go } = bed();
    list.failed(to(5060), Failure.TIMEOUT);
    go(50_000);
    list.failed(to(5060), Failure.REPLY_503, 0, 5);
    expect([...list.list()]).toEqual([
      { protocol: Transport.UDP, address: "192.0.2.1", port: 5060, flags: 48, seconds: 5 },
    ]);
  });

  test("masks of the transport and of the message keep failures from counting, not what the script lists", () => {
    const { list } = bed({ ignore: ignoreMasks(Failure.TIMEOUT | Failure.ADMIN, Failure.CONNECT, 0, 0) });
    list.failed(to(1), Failure.TIMEOUT);
    list.failed(to(2), Failure.REPLY_503, Failure.REPLY_503);
    list.failed(to(3, Transport.TCP), Failure.CONNECT | Failure.SEND);
    list.add(Transport.UDP, "192.0.2.1", 4, Failure.ADMIN);
    expect([...list.list()].map((e) => [e.port, e.flags])).toEqual([
      [3, Failure.SEND],
      [4, Failure.ADMIN],
    ]);
  });

  test("an entry of any transport, and one without a reason, as a command may add them", () => {
    const { list } = bed();
    list.add(0, "192.0.2.1", 5060, 16);
    list.add(Transport.UDP, "192.0.2.1", 5070, 0);
    expect(list.isBlocked(to(5060, Transport.TLS))).toBe(true);
    expect(list.isBlocked(to(5070))).toBe(false);
    list.remove(0, "192.0.2.1", 5060);
    expect(list.isBlocked(to(5060, Transport.TLS))).toBe(false);
  });

  test("a connection opened for a message with a mask, before and after it has failed", () => {
    const { list } = bed();
    const young = { ...to(1, Transport.TCP), reliable: true, stage: FlowStage.CONNECTING };
    const flow = { ...young, open: true };
    list.excuse(flow, Failure.CONNECT);
    list.connectFailed(flow);
    expect([...list.list()].map((e) => e.flags)).toEqual([Failure.SEND]);
    list.clear();
    const gone = { ...young, open: false };
    list.connectFailed(gone);
    list.excuse(gone, Failure.CONNECT);
    expect([...list.list()].map((e) => e.flags)).toEqual([Failure.SEND]);
    list.excuse(gone, 0xff);
    expect([...list.list()]).toEqual([]);
  });

  test("it keeps within its memory: what nobody asked for longest makes room", () => {
    const { list } = bed({ maxBytes: 24 * 3 + 12 });
    for (const port of [1, 2, 3]) list.failed(to(port), Failure.SEND);
    list.isBlocked(to(1));
    list.failed(to(4), Failure.SEND);
    expect([...list.list()].map((e) => e.port)).toEqual([3, 1, 4]);
    list.failed(to(5, Transport.UDP, "2001:db8::1"), Failure.SEND);
    expect([...list.list()].map((e) => e.port)).toEqual([1, 4, 5]);
    expect(list.usedBytes).toBe(24 + 24 + 36);
    expect([...list.list()].at(-1)!.flags).toBe(Failure.SEND | 1);
  });

  test("without memory, switched off or switched off later it lists nothing", () => {
    const none = bed({ maxBytes: 0 }).list;
    none.failed(to(1), Failure.SEND);
    expect(none.isBlocked(to(1))).toBe(false);
    const off = bed({ on: false }).list;
    off.failed(to(1), Failure.SEND);
    off.add(Transport.UDP, "192.0.2.1", 1, 64);
    expect([...off.list()]).toEqual([]);
    const { list } = bed();
    list.failed(to(1), Failure.SEND);
    list.configure({ on: false, expire: 60, maxBytes: 1000, gcInterval: 0, ignore: [] });
    expect(list.isBlocked(to(1))).toBe(false);
    expect(list.usedBytes).toBe(0);
  });

  test("what has expired is collected, and the timer ends with the last entry", () => {
    const { list, go } = bed({ gcInterval: 10 });
    list.failed(to(1), Failure.SEND, 0, 5);
    list.failed(to(2), Failure.SEND, 0, 15);
    expect(list.usedBytes).toBe(48);
    go(10_010);
    expect(list.usedBytes).toBe(24);
    go(10_010);
    expect(list.usedBytes).toBe(0);
    list.failed(to(3), Failure.SEND, 0, 5);
    go(10_010);
    expect(list.usedBytes).toBe(0);
  });
});
