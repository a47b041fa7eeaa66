// What datagrams carry and which groups are joined: the options that the native driver sets, and multicast as it really arrives.
import { describe, expect, test } from "vitest";
import { FlushGate } from "./flush.ts";
import type { UdpMarks } from "./host.ts";
import type { Libc } from "./libc.ts";
import { Poller } from "./poller.ts";
import { rigs } from "./suite-rig.ts";
import { NativeUdp } from "./udp-native.ts";

// Options set on a socket before it is bound, as "level option value"; binding then fails.
function optionsOf(address: string, marks: UdpMarks): string[] {
  const set: string[] = [];
  const libc = {
    socket: () => 5,
    close: () => 0,
    bind: () => -1,
    errno: () => 98,
    pin: (buf: Uint8Array) => buf,
    setsockopt(_fd: number, level: number, option: number, value: Uint8Array) {
      set.push(`${level} ${option} ${new DataView(value.buffer).getInt32(0, true)}`);
      return 0;
    },
  } as unknown as Libc;
  const driver = new NativeUdp(new Poller(libc, new FlushGate(() => {}), () => {}));
  const local = { family: address.includes(":") ? 6 : 4, address, port: 5060 } as const;
  expect(() => driver.bind({ local, onMessage: () => {}, receiveBuffer: 70_000, sendBuffer: 80_000, marks })).toThrow();
  return set;
}

test("buffers and marks become options of the socket", () => {
  const all = { trafficClass: 0xb8, neverCut: true, multicastHops: 7, multicastLoop: true };
  expect(optionsOf("127.0.0.1", all)).toEqual(["1 33 70000", "1 32 80000", "0 1 184", "0 10 2", "0 33 7", "0 34 1"]);
  expect(optionsOf("::1", all)).toEqual([
    "41 26 1",
    "1 33 70000",
    "1 32 80000",
    "41 67 184",
    "41 23 2",
    "41 18 7",
    "41 19 1",
  ]);
  expect(optionsOf("127.0.0.1", { neverCut: false })).toEqual(["1 33 70000", "1 32 80000", "0 10 0"]);
});

const rig = rigs()[0]!;
const { network } = rig.host;

describe.skipIf(!network.nativeUdp)("native UDP (only where the system has it)", () => {
  test("a socket on a multicast address joins its group on the interface asked for", async () => {
    let got = "";
    const group = await network.bindUdp({
      local: { family: 4, address: "239.255.41.7", port: 0 },
      marks: { joinOn: "127.0.0.1" },
      onMessage: (buf, start, end) => {
        got += new TextDecoder().decode(buf.slice(start, end));
      },
    });
    const local = { family: 4, address: "127.0.0.1", port: 0 } as const;
    const sender = await network.bindUdp({ local, onMessage: () => {}, marks: { multicastLoop: true } });
    const peer = sender.peer({ family: 4, address: "239.255.41.7", port: group.local.port })!;
    sender.send(peer, new TextEncoder().encode("hello"), 0, 5);
    await rig.until(() => got === "hello");
    sender.close();
    group.close();
  });

  test("the address to send from is told by the system's routes", () => {
    expect(network.sourceFor("127.0.0.2")).toBe("127.0.0.1");
    expect(network.sourceFor("::1")).toBe("::1");
    expect(network.sourceFor("no address")).toBeNull();
  });
});
