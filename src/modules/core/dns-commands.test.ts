// The dns.* commands: what Kamailio's answered to the same (measured), and that look-ups use what they add.

import { expect, test } from "vitest";
import { openNameServer, useNameServers } from "../../../test/support/name-server.ts";
import { createSimulation } from "../../host/simulated.ts";
import { DEFAULT_DNS_SETTINGS, Dns } from "../../net/dns/index.ts";
import { RpcError, type RpcValue } from "../../registry/define.ts";
import { dnsCommands } from "./dns-commands.ts";

async function open() {
  const world = createSimulation({ seed: 1 });
  await openNameServer(world, "192.0.2.53", "a.test 3600 A 127.0.0.11\nalias.test 60 CNAME a.test\n");
  const host = world.host({ addresses: ["192.0.2.1"] });
  useNameServers(host, ["192.0.2.53"]);
  const dns = new Dns(host, { speaks: () => true, speaksIpv6: () => true });
  const run = async (line: string): Promise<RpcValue> => {
    const [name = "", ...args] = line.split(" ");
    try {
      const given = args.map((arg) => (/^-?\d+$/.test(arg) ? Number(arg) : arg));
      const result = dnsCommands[`dns.${name}`]!.run({ proxy: { dns, host } }, given);
      if (!(result instanceof Promise)) return result;
      let settled: RpcValue | Error | undefined;
      result.then(
        (value) => (settled = value),
        (error: Error) => (settled = error),
      );
      for (let i = 0; i < 100 && settled === undefined; i++) await world.advance(100);
      if (settled instanceof Error) throw settled;
      return settled ?? null;
    } catch (error) {
      if (error instanceof RpcError) return `${error.code} ${error.message}`;
      throw error;
    }
  };
  return { world, dns, run };
}

test("records are added, shown, found and deleted", async () => {
  const { dns, run } = await open();
  expect(await run("mem_info")).toEqual([0, 512_000]);
  expect(await run("add_a two.test 30 1.2.3.4 0")).toBeNull();
  expect(await run("add_a Two.test 30 1.2.3.5 0")).toBeNull();
  const shown = {
    ...{ name: "two.test", type: "A", size_bytes: 136, reference_counter: 1, permanent: "no", expires: 30 },
    ...{ last_used: 0, negative_entry: "no" },
    records: [
      { rr_idx: 0, rr_ip: "1.2.3.4", rr_permanent: "no", rr_expires: 30 },
      { rr_idx: 1, rr_ip: "1.2.3.5", rr_permanent: "no", rr_expires: 30 },
    ],
  };
  expect(await run("lookup A two.test")).toEqual(shown);
  expect(await run("view")).toEqual([shown]);
  expect(dns.addresses("two.test")).toEqual(["1.2.3.4", "1.2.3.5"]);
  expect(await run("add_srv _sip._udp.s.test 30 10 20 5060 two.test 0")).toBeNull();
  expect(await run("lookup srv _sip._udp.s.test")).toMatchObject({
    records: [{ rr_idx: 0, rr_name: "two.test", rr_port: 5060, rr_priority: 10, rr_weight: 20 }],
  });
  expect(await run("add_aaaa six.test 30 ::5 0")).toBeNull();
  expect(await run("debug")).toEqual([
    "two.test",
    1,
    136,
    1,
    30,
    0,
    0,
    "_sip._udp.s.test",
    33,
    120,
    1,
    30,
    0,
    0,
    "six.test",
    28,
    112,
    1,
    30,
    0,
    0,
  ]);
  expect(await run("debug_all")).toEqual(
    expect.arrayContaining(["ip", "1.2.3.5", 30, "_sip._udp.s.test", 33, 0, 120, 1, "srv", "two.test", "::5"]),
  );
  expect(await run("delete_a two.test")).toBeNull();
  expect(await run("delete_a two.test")).toBe("400 Not found");
  expect(await run("delete_aaaa six.test")).toBeNull();
  expect(await run("delete_srv _sip._udp.s.test")).toBeNull();
  for (const type of ["naptr", "cname", "txt", "ptr"]) expect(await run(`delete_${type} x.test`)).toBe("400 Not found");
  expect(await run("mem_info")).toEqual([0, 512_000]);
});

test("permanent and negative ones", async () => {
  const { run, world } = await open();
  await run("add_a p.test 30 1.2.3.4 2");
  await run("add_a a.test 30 1.2.3.4 1");
  await world.advance(29_000);
  expect(await run("lookup A a.test")).toBe("400 Not found");
  await world.advance(2000);
  expect(await run("lookup A a.test")).toMatchObject({ name: "a.test", expires: 3600 });
  expect(await run("delete_a p.test")).toBe("400 Permanent entries cannot be deleted");
  expect(await run("delete_all")).toEqual({ status: "ok" });
  expect(await run("view")).toMatchObject([{ name: "p.test", permanent: "yes", expires: 0 }]);
  expect(await run("delete_all_force")).toEqual({ status: "ok" });
  expect(await run("view")).toEqual([]);
});

test("look-ups ask name servers; an alias shows where it leads", async () => {
  const { run } = await open();
  expect(await run("lookup A alias.test")).toMatchObject({ name: "a.test", records: [{ rr_ip: "127.0.0.11" }] });
  expect(await run("lookup CNAME alias.test")).toMatchObject({ records: [{ rr_name: "a.test" }] });
  expect(await run("lookup A nosuch.test")).toBe("400 Not found");
  expect(await run("view")).toContainEqual(expect.objectContaining({ name: "nosuch.test", negative_entry: "yes" }));
  expect(await run("lookup FOO x")).toBe("400 Invalid type");
});

test("what is refused", async () => {
  const { dns, run } = await open();
  for (const line of [
    ...["add_a bad 30 1.2.3 0", "add_aaaa z.test 3 1.2.3.4 0", "add_a bad..name 3 1.2.3.4 0", "add_a x -1 1.2.3.4 0"],
    ...["add_srv s.test 3 99999 1 1 x 0", "add_srv s.test 3 1 1 1 .. 0"],
  ])
    expect(await run(line)).toBe("400 Failed to add the entry to the cache");
  dns.settings = { ...DEFAULT_DNS_SETTINGS, memory: 10 };
  expect(await run("add_a x.test 30 1.2.3.4 0")).toBe("400 Failed to add the entry to the cache");
  dns.settings = { ...DEFAULT_DNS_SETTINGS, useCache: false };
  expect(await run("add_a x.test 30 1.2.3.4 0")).toBe("400 Failed to add the entry to the cache");
  for (const name of [
    "view",
    "debug",
    "debug_all",
    "mem_info",
    "lookup A x",
    "delete_all",
    "delete_all_force",
    "delete_a x",
  ])
    expect(await run(name)).toBe("500 dns cache support disabled (see use_dns_cache)");
});
