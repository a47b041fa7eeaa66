// Look-ups on the simulated network: servers that are slow, silent, dead, unwilling or lying; search list; aliases; joined questions.

import { expect, test } from "vitest";
import { openNameServer, useNameServers } from "../../../test/support/name-server.ts";
import { createSimulation } from "../../host/simulated.ts";
import { bytesOf } from "../../util/bytes.ts";
import { Dns } from "./dns.ts";
import { DEFAULT_DNS_SETTINGS, type DnsSettings } from "./settings.ts";
import { RecordType } from "./wire.ts";

const ZONE = `
a.example 60 A 192.0.2.11
a.example 60 A 192.0.2.12
six.example 60 AAAA 2001:db8::6
both.example 60 A 192.0.2.13
both.example 60 AAAA 2001:db8::7
alias.example 60 CNAME second.example
second.example 60 CNAME a.example
ring.example 60 CNAME gnir.example
gnir.example 60 CNAME ring.example
host.corp.example 60 A 192.0.2.20
zero.example 0 A 192.0.2.21
_sip._udp.example 60 SRV 10 5 5070 a.example
`;

async function open(settings: Partial<DnsSettings> = {}, more = "", servers = ["192.0.2.53", "192.0.2.54"]) {
  const world = createSimulation({ seed: 3 });
  const first = await openNameServer(world, "192.0.2.53", ZONE);
  const second = await openNameServer(world, "192.0.2.54", ZONE);
  const host = world.host({ addresses: ["192.0.2.1"] });
  useNameServers(host, servers, more);
  const dns = new Dns(host, { speaksIpv6: () => true, speaks: () => true });
  dns.settings = { ...DEFAULT_DNS_SETTINGS, tryIpv6: false, ...settings };
  const took = async <T>(value: T | Promise<T>): Promise<readonly [T, number]> => {
    const start = world.now;
    let end = -1;
    let result: T | undefined;
    void Promise.resolve(value).then((v) => {
      result = v;
      end = world.now;
    });
    await world.advance(0);
    for (let i = 0; i < 400 && end < 0; i++) await world.advance(100);
    return [result as T, end - start];
  };
  return { world, host, dns, first, second, took };
}

test("what is known is there at once", async () => {
  const { dns, first, took } = await open();
  const waits = dns.addresses("A.Example");
  expect(waits).toBeInstanceOf(Promise);
  expect((await took(waits))[0]).toEqual(["192.0.2.11", "192.0.2.12"]);
  expect(dns.addresses("a.example.")).toEqual(["192.0.2.11", "192.0.2.12"]);
  expect(first.asked).toEqual(["A a.example"]);
});

test("no such name is known too, for as long as dns_cache_negative_ttl says", async () => {
  const { dns, world, first, took } = await open({ negativeTtl: 30 });
  expect((await took(dns.addresses("nobody.example")))[0]).toEqual([]);
  expect(dns.addresses("nobody.example")).toEqual([]);
  await world.advance(30_000);
  await took(dns.addresses("nobody.example"));
  expect(first.asked).toEqual(["A nobody.example", "A nobody.example"]);
});

test("records without a lifetime serve those who asked", async () => {
  const { dns, first, took } = await open();
  const both = Promise.all([dns.addresses("zero.example"), dns.addresses("zero.example")]);
  expect((await took(both))[0]).toEqual([["192.0.2.21"], ["192.0.2.21"]]);
  await took(dns.addresses("zero.example"));
  expect(first.asked.length).toBe(2);
});

test("aliases are followed and remembered; rings lead nowhere", async () => {
  const { dns, took } = await open();
  const [entry] = await took(dns.records("alias.example", RecordType.A));
  expect(entry).toMatchObject({ name: "a.example", negative: false });
  expect(dns.records("second.example", RecordType.A)).toMatchObject({ name: "a.example" });
  expect((await took(dns.records("ring.example", RecordType.A)))[0].negative).toBe(true);
  expect((await took(dns.records("gnir.example", RecordType.AAAA)))[0].negative).toBe(true);
});

test("IPv6 as the settings want it", async () => {
  const six = await open({ tryIpv6: true });
  expect((await six.took(six.dns.addresses("six.example")))[0]).toEqual(["2001:db8::6"]);
  expect((await six.took(six.dns.addresses("both.example")))[0]).toEqual(["192.0.2.13"]);
  for (const [settings, found] of [
    [{ tryIpv6: false }, []],
    [{ tryIpv6: true, flags: 1 }, []],
    [{ tryIpv6: true, flags: 2 }, ["2001:db8::6"]],
  ] as const) {
    const { dns, took } = await open(settings);
    expect((await took(dns.addresses("six.example")))[0]).toEqual(found);
  }
  const first = await open({ tryIpv6: true, flags: 4 });
  expect((await first.took(first.dns.addresses("both.example")))[0]).toEqual(["2001:db8::7"]);
});

test("the hosts file comes first", async () => {
  const { dns, host, first } = await open();
  host.files.write("/etc/hosts", bytesOf("192.0.2.99 a.example\n"));
  expect(dns.addresses("a.example")).toEqual(["192.0.2.99"]);
  expect(first.asked).toEqual([]);
});

test("the search list", async () => {
  const { dns, first, took } = await open({}, "search x.example corp.example");
  expect((await took(dns.addresses("host")))[0]).toEqual(["192.0.2.20"]);
  expect(first.asked).toEqual(["A host.x.example", "A host.corp.example"]);
  expect(dns.addresses("host")).toEqual(["192.0.2.20"]); // remembered under the short name
  first.asked.length = 0;
  expect((await took(dns.addresses("host.corp")))[0]).toEqual([]);
  expect(first.asked).toEqual(["A host.corp", "A host.corp.x.example", "A host.corp.corp.example"]);
});

test("without dns_use_search_list it is not looked at", async () => {
  const { dns, first, took } = await open({ useSearchList: false }, "search corp.example");
  expect((await took(dns.addresses("host")))[0]).toEqual([]);
  expect(first.asked).toEqual(["A host"]);
});

test("a silent server costs its time, the next one answers; dns_retr_time and dns_retr_no bound it all", async () => {
  const { dns, first, second, took } = await open({ timeout: 1000 });
  first.manners.silent = true;
  const [found, ms] = await took(dns.addresses("a.example"));
  expect(found.length).toBe(2);
  expect(ms).toBeGreaterThanOrEqual(1000);
  expect(ms).toBeLessThan(1100);
  second.manners.silent = true;
  dns.settings = { ...dns.settings, tries: 3 };
  const [none, all] = await took(dns.addresses("both.example"));
  expect(none).toEqual([]);
  expect(all).toBeGreaterThanOrEqual(6000);
  expect(all).toBeLessThan(6100);
  expect(dns.addresses("both.example")).toEqual([]); // as Kamailio does, for dns_cache_negative_ttl
});

test("dns_servers_no", async () => {
  const { dns, first, second, took } = await open({ timeout: 1000, tries: 1, servers: 1 });
  first.manners.silent = true;
  expect((await took(dns.addresses("a.example")))[0]).toEqual([]);
  expect(second.asked).toEqual([]);
});

test("an unwilling server, one that is not there, one that lies: the next one answers", async () => {
  for (const rcode of [1, 2, 4, 5]) {
    const { dns, first, took } = await open();
    first.manners.rcode = rcode;
    const [found, ms] = await took(dns.addresses("a.example"));
    expect(found.length).toBe(2);
    expect(ms).toBeLessThan(100);
  }
  const gone = await open({}, "", ["192.0.2.1", "192.0.2.54"]); // nobody listens on our own port 53
  gone.world.setIcmp(true);
  const [found, ms] = await gone.took(gone.dns.addresses("a.example"));
  expect(found.length).toBe(2);
  expect(ms).toBeLessThan(100);
  for (const mangle of [
    (b: Uint8Array) => b.map((x, i) => (i < 2 ? x ^ 255 : x)), // another id
    (b: Uint8Array) => b.map((x, i) => (i === 13 ? 122 : x)), // another name
    (b: Uint8Array) => b.slice(0, 20),
  ]) {
    const liar = await open({ timeout: 1000 });
    liar.first.manners.mangle = mangle;
    const [right, time] = await liar.took(liar.dns.addresses("a.example"));
    expect(right.length).toBe(2);
    expect(time).toBeGreaterThanOrEqual(1000);
    expect(liar.dns.client.stats.stray).toBe(1);
  }
});

test("answers from another address are not taken", async () => {
  const { world, dns, took } = await open({ timeout: 1000, tries: 1, servers: 1 });
  const forger = await world.host({ addresses: ["192.0.2.66"] }).network.bindUdp({
    local: { family: 4, address: "192.0.2.66", port: 53 },
    onMessage: () => undefined,
  });
  world.observe((packet) => {
    if (packet.to.port !== 53) return;
    const answer = packet.bytes.slice();
    answer[2] = 0x84;
    const peer = forger.peer(packet.from);
    if (peer !== null) forger.send(peer, answer, 0, answer.length);
  });
  expect((await took(dns.addresses("a.example")))[0].length).toBe(2);
  expect(dns.client.stats.stray).toBe(1);
});

test("what does not fit a datagram comes by TCP", async () => {
  const { dns, first, took } = await open();
  first.manners.truncates = true;
  expect((await took(dns.addresses("a.example")))[0].length).toBe(2);
  expect(first.asked).toEqual(["A a.example", "A a.example"]);
  expect(dns.client.stats.byTcp).toBe(1);
});

test("equal questions are asked once, different ones a bounded number at a time", async () => {
  const { world, dns, first, took } = await open({ timeout: 1000, tries: 1, servers: 1 });
  first.manners.silent = true;
  const same = Promise.all(Array.from({ length: 5000 }, () => dns.addresses("dead.example")));
  const [results] = await took(same);
  expect(results.length).toBe(5000);
  expect(first.asked).toEqual(["A dead.example"]);
  first.asked.length = 0;
  let answered = 0;
  for (let i = 0; i < 3000; i++) void Promise.resolve(dns.addresses(`n${i}.example`)).then(() => void answered++);
  await world.advance(10);
  expect(first.asked.length).toBe(64);
  expect(answered).toBe(3000 - 64 - 1024);
  expect(dns.client.stats.refused).toBe(answered);
  await world.advance(18_000);
  expect(answered).toBe(3000);
  expect(dns.addresses("n1.example")).toEqual([]); // known now
  expect(dns.addresses("n2999.example")).toBeInstanceOf(Promise); // it was not asked: nothing is known of it
});

test("rotate: each query begins with the next server", async () => {
  const { dns, first, second, took } = await open({}, "options rotate");
  for (const name of ["a", "both", "six", "alias"]) await took(dns.addresses(`${name}.example`));
  expect([first.asked.length, second.asked.length]).toEqual([2, 2]);
});
