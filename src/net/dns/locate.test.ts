// Where a SIP host is (RFC 3263): which records are asked for, in which order targets come, how weights share out.

import { describe, expect, test } from "vitest";
import { openNameServer, useNameServers } from "../../../test/support/name-server.ts";
import { createSimulation } from "../../host/simulated.ts";
import { Transport } from "../../sip/transports.ts";
import { Dns } from "./dns.ts";
import { locate, orderSrv, type Place, type Target } from "./locate.ts";
import { DEFAULT_DNS_SETTINGS, type DnsSettings } from "./settings.ts";
import { RecordType, type SrvRecord } from "./wire.ts";

const { UDP, TCP, TLS, SCTP } = Transport;
const ZONE = `
a.example 60 A 192.0.2.11
b.example 60 A 192.0.2.12
b.example 60 A 192.0.2.13
_sip._udp.srv.example 60 SRV 20 0 5083 a.example
_sip._udp.srv.example 60 SRV 10 20 5082 b.example
_sip._udp.srv.example 60 SRV 10 60 5081 a.example
_sip._tcp.srv.example 60 SRV 10 0 5084 b.example
_sips._tcp.srv.example 60 SRV 10 0 5085 a.example
_sip._tcp.tcp.example 60 SRV 10 0 5084 a.example
_sip._udp.none.example 60 SRV 0 0 0 .
none.example 60 A 192.0.2.14
plain.example 60 A 192.0.2.15
nap.example 60 NAPTR 10 10 "S" "SIP+D2T" "" _sip._tcp.srv.example
nap.example 60 NAPTR 20 20 "s" "SIP+D2U" "" _sip._udp.srv.example
nap.example 60 NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.tcp.example
nap.example 60 NAPTR 30 10 "s" "SIPS+D2T" "" _sips._tcp.srv.example
sctp.example 60 NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.srv.example
sctp.example 60 NAPTR 10 10 "s" "SIP+D2S" "" _sip._sctp.sctp.example
_sip._sctp.sctp.example 60 SRV 10 0 5086 a.example
_sip._sctp.only.example 60 SRV 10 0 5087 a.example
nap.example 60 NAPTR 1 1 "u" "E2U+sip" "!^.*$!sip:x@y!" .
`;

async function open(settings: Partial<DnsSettings> = {}, speaks: (protocol: number) => boolean = (p) => p < TLS) {
  const world = createSimulation({ seed: 5 });
  const server = await openNameServer(world, "192.0.2.53", ZONE);
  const host = world.host({ addresses: ["192.0.2.1"] });
  useNameServers(host, ["192.0.2.53"]);
  const dns = new Dns(host, { speaksIpv6: () => false, speaks });
  dns.settings = { ...DEFAULT_DNS_SETTINGS, ...settings };
  const all = async (place: Partial<Place>): Promise<string[]> => {
    let found: string[] | null = null;
    const walk = async () => {
      const targets = await locate(dns, { host: "", port: 0, protocol: -1, secure: false, ...place });
      const out: string[] = [];
      for (let more = true; more; ) {
        more = targets.more;
        const target: Target | null = await targets.next();
        if (target !== null) out.push(`${target.protocol} ${target.address}:${target.port}`);
        else more = false;
      }
      found = out;
    };
    void walk();
    for (let i = 0; i < 50 && found === null; i++) await world.advance(10);
    return found ?? ["never"];
  };
  return { dns, server, all };
}

test("numeric hosts need no look-up", async () => {
  const { dns, server } = await open();
  const place = { port: 0, protocol: -1, secure: false };
  for (const [host, protocol, port] of [
    ["192.0.2.9", -1, 5060],
    ["2001:db8::1", TCP, 5060],
    ["192.0.2.9", TLS, 5061],
  ] as const) {
    const targets = locate(dns, { ...place, host, protocol });
    if (targets instanceof Promise) throw new Error("waits");
    expect(targets.more).toBe(true);
    expect(targets.next()).toEqual({ address: host, port, protocol: protocol < 0 ? UDP : protocol });
    expect(targets.more).toBe(false);
    expect(targets.next()).toBeNull();
  }
  expect(server.asked).toEqual([]);
});

test("with a port: addresses alone", async () => {
  const { server, all } = await open({ tryNaptr: true });
  expect(await all({ host: "b.example", port: 5099 })).toEqual(["1 192.0.2.12:5099", "1 192.0.2.13:5099"]);
  expect(server.asked).toEqual(["A b.example"]);
});

test("SRV by priority, then the heavier first; each target is looked up when it is its turn", async () => {
  const { dns, server, all } = await open();
  const targets = locate(dns, { host: "srv.example", port: 0, protocol: -1, secure: false });
  expect(targets).toBeInstanceOf(Promise);
  expect(await all({ host: "srv.example" })).toEqual([
    ...["1 192.0.2.11:5081", "1 192.0.2.12:5082", "1 192.0.2.13:5082", "1 192.0.2.11:5083"],
  ]);
  expect(server.asked).toEqual(["SRV _sip._udp.srv.example", "A a.example", "A b.example"]);
});

test("the transport asked for, and what secure URIs ask for", async () => {
  const { server, all } = await open({ tryNaptr: true });
  expect(await all({ host: "srv.example", protocol: TCP })).toEqual(["2 192.0.2.12:5084", "2 192.0.2.13:5084"]);
  expect(await all({ host: "srv.example", secure: true })).toEqual(["3 192.0.2.11:5085"]);
  expect(await all({ host: "plain.example", secure: true })).toEqual(["3 192.0.2.15:5061"]);
  expect(await all({ host: "plain.example", protocol: TCP })).toEqual(["2 192.0.2.15:5060"]);
  expect(server.asked).toContain("SRV _sips._tcp.srv.example");
  expect(server.asked.filter((q) => q.startsWith("NAPTR"))).toEqual([]);
});

test("without a transport each one we speak is looked for, then the name itself", async () => {
  const { server, all } = await open();
  expect(await all({ host: "tcp.example" })).toEqual(["2 192.0.2.11:5084"]);
  expect(await all({ host: "plain.example" })).toEqual(["1 192.0.2.15:5060"]);
  expect(server.asked.slice(3)).toEqual([
    ...["SRV _sip._udp.plain.example", "SRV _sip._tcp.plain.example", "A plain.example"],
  ]);
});

test("a service that is said not to be there", async () => {
  const { all } = await open();
  expect(await all({ host: "none.example" })).toEqual([]);
});

test("nobody knows the name", async () => {
  const { all } = await open({ tryNaptr: true });
  expect(await all({ host: "nobody.example" })).toEqual([]);
  expect(await all({ host: "bad..name" })).toEqual([]);
});

describe("NAPTR", () => {
  test("our preferences first; records without SRV are passed over", async () => {
    const { server, all } = await open({ tryNaptr: true });
    expect((await all({ host: "nap.example" }))[0]).toBe("1 192.0.2.11:5081");
    expect(server.asked.slice(0, 3)).toEqual([
      ...["NAPTR nap.example", "SRV _sip._udp.tcp.example", "SRV _sip._udp.srv.example"],
    ]);
  });

  test("the order of the records first", async () => {
    const { all } = await open({ tryNaptr: true, naptrIgnoreOrder: false });
    expect((await all({ host: "nap.example" }))[0]).toBe("2 192.0.2.12:5084");
  });

  test("equal preferences leave it to the records", async () => {
    const { all } = await open({ tryNaptr: true, udpPreference: 1, tcpPreference: 1, tlsPreference: 1 });
    expect((await all({ host: "nap.example" }))[0]).toBe("2 192.0.2.12:5084");
  });

  test("a transport that is not wanted or not spoken is never chosen", async () => {
    const noTcp = await open({ tryNaptr: true, naptrIgnoreOrder: false, tcpPreference: -1 });
    expect((await noTcp.all({ host: "nap.example" }))[0]).toBe("1 192.0.2.11:5081");
    const tlsOnly = await open({ tryNaptr: true }, (p) => p === TLS);
    expect((await tlsOnly.all({ host: "nap.example" }))[0]).toBe("3 192.0.2.11:5085");
  });
});

describe("weights", () => {
  const record = (priority: number, weight: number, port: number): SrvRecord => ({
    ...{ type: RecordType.SRV, name: "x", ttl: 1, target: "y" },
    ...{ priority, weight, port },
  });
  const random = createSimulation({ seed: 11 }).host({ addresses: [] }).random;

  test("10,000 selections share out within 2 %", () => {
    const weights = [600, 250, 100, 50];
    const records = weights.map((weight, port) => record(1, weight, port));
    const first = [0, 0, 0, 0];
    const seconds = [0, 0, 0, 0];
    for (let i = 0; i < 10_000; i++) {
      const [a, b] = orderSrv(records, () => random.uint32());
      first[a!.port]!++;
      if (a!.port === 0) seconds[b!.port]!++;
    }
    for (let i = 0; i < 4; i++) expect(Math.abs(first[i]! - weights[i]! * 10)).toBeLessThan(200);
    const total = seconds.reduce((a, b) => a + b);
    for (let i = 1; i < 4; i++) expect(Math.abs(seconds[i]! / total - weights[i]! / 400)).toBeLessThan(0.02);
  });

  test("priorities stand, all records come once, zero weights get their small chance", () => {
    const records = [record(2, 10, 0), record(1, 0, 1), record(1, 10, 2), record(1, 0, 3)];
    const firsts = new Set<number>();
    for (let i = 0; i < 500; i++) {
      const order = orderSrv(records, () => random.uint32()).map((r) => r.port);
      expect([...order].sort()).toEqual([0, 1, 2, 3]);
      expect(order[3]).toBe(0);
      firsts.add(order[0]!);
    }
    expect(firsts.has(2)).toBe(true);
    expect(firsts.has(1) || firsts.has(3)).toBe(true);
    expect(orderSrv(records, null).map((r) => r.port)).toEqual([2, 1, 3, 0]);
  });
});

test("SCTP: by NAPTR and SRV where it is spoken, as dns_sctp_pref ranks it", async () => {
  const speaks = (p: number): boolean => p === UDP || p === SCTP;
  const preferred = await open({ tryNaptr: true, sctpPreference: 50 }, speaks);
  expect(await preferred.all({ host: "sctp.example" })).toEqual([`${SCTP} 192.0.2.11:5086`]);
  const last = await open({ tryNaptr: true, sctpPreference: 1 }, speaks);
  expect((await last.all({ host: "sctp.example" }))[0]).toBe(`${UDP} 192.0.2.11:5081`);
  const never = await open({ tryNaptr: true }, (p) => p === UDP);
  expect((await never.all({ host: "sctp.example" }))[0]).toBe(`${UDP} 192.0.2.11:5081`);
  const bySrv = await open({}, speaks);
  expect(await bySrv.all({ host: "only.example" })).toEqual([`${SCTP} 192.0.2.11:5087`]);
  expect(bySrv.server.asked.slice(0, 2)).toEqual(["SRV _sip._udp.only.example", "SRV _sip._sctp.only.example"]);
  expect(await bySrv.all({ host: "sctp.example", protocol: SCTP })).toEqual([`${SCTP} 192.0.2.11:5086`]);
});
