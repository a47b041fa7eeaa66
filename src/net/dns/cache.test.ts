// The cache of records: lifetimes, room, what stays.

import { describe, expect, test } from "vitest";
import { DnsCache } from "./cache.ts";
import { DEFAULT_DNS_SETTINGS, type DnsSettings } from "./settings.ts";
import { type DnsRecord, RecordType } from "./wire.ts";

const { A } = RecordType;
const record = (name: string, address: string): DnsRecord => ({ type: A, name, ttl: 10, address });

function open(settings: Partial<DnsSettings> = {}) {
  const clock = { now: 1000 };
  const cache = new DnsCache(() => clock.now, { ...DEFAULT_DNS_SETTINGS, ...settings });
  const add = (name: string, ttl = 10, address = "192.0.2.1") => cache.put(name, A, [record(name, address)], ttl);
  return { cache, clock, add };
}

describe("lifetimes", () => {
  test("an entry lives as long as its time to live, within the bounds", () => {
    const { cache, clock, add } = open({ minTtl: 5, maxTtl: 20 });
    add("short", 1);
    add("middle", 10);
    add("long", 1000);
    const alive = () => ["short", "middle", "long"].filter((name) => cache.get(name, A) !== undefined);
    clock.now += 4999;
    expect(alive()).toEqual(["short", "middle", "long"]);
    clock.now += 1;
    expect(alive()).toEqual(["middle", "long"]);
    clock.now += 14_999;
    expect(alive()).toEqual(["long"]);
    clock.now += 1;
    expect(alive()).toEqual([]);
  });

  test("negative answers too; with none of it they are not kept", () => {
    const { cache, clock } = open();
    expect(cache.put("no", A, [], 60, { negative: true }).negative).toBe(true);
    expect(cache.get("no", A)?.negative).toBe(true);
    clock.now += 60_000;
    expect(cache.get("no", A)).toBeUndefined();
    cache.put("none", A, [], 0, { negative: true });
    expect(cache.get("none", A)).toBeUndefined();
  });

  test("permanent ones stay, also when all others are deleted and when servers say otherwise", () => {
    const { cache, clock, add } = open();
    cache.put("fixed", A, [record("fixed", "192.0.2.9")], 1, { permanent: true, byHand: true });
    clock.now += 1e9;
    add("fixed", 10, "192.0.2.1");
    add("other");
    cache.clear(false);
    expect(cache.get("fixed", A)?.records).toMatchObject([{ address: "192.0.2.9" }]);
    expect(cache.get("other", A)).toBeUndefined();
    expect(cache.remove("fixed", A)).toBe(true);
    expect(cache.remove("fixed", A)).toBe(false);
    expect(cache.used).toBe(0);
  });

  test("what has expired goes at the next cleaning", () => {
    const { cache, clock, add } = open({ gcInterval: 30_000 });
    add("a");
    clock.now += 15_000;
    add("b");
    expect(cache.size).toBe(2);
    clock.now += 20_000;
    add("c");
    expect(cache.size).toBe(1);
  });

  test("without the cache nothing is kept", () => {
    const { cache, add } = open({ useCache: false });
    expect(add("a").records.length).toBe(1);
    expect(cache.get("a", A)).toBeUndefined();
    expect(cache.size).toBe(0);
  });
});

describe("old and new records (dns_cache_rec_pref)", () => {
  test.each([
    [0, "2"],
    [1, "1"],
    [2, "2"],
    [3, "1"],
  ])("%i", (recordPreference, kept) => {
    const { cache, add } = open({ recordPreference });
    add("a", 100, "192.0.2.1");
    add("a", 50, "192.0.2.2");
    expect(cache.get("a", A)?.records).toMatchObject([{ address: `192.0.2.${kept}` }]);
  });
});

describe("room", () => {
  test("what does not fit is not kept; live entries stay", () => {
    const { cache, clock, add } = open({ memory: 1000 });
    for (let i = 0; i < 100; i++) expect(add(`name${i}`).records.length).toBe(1);
    expect(cache.used).toBeLessThanOrEqual(1000);
    expect(cache.size).toBeGreaterThan(5);
    expect(cache.get("name0", A)).toBeDefined();
    expect(cache.get("name99", A)).toBeUndefined();
    clock.now += 10_000;
    add("later");
    expect(cache.size).toBe(1);
  });

  test("with dns_cache_del_nonexp the longest unused make room, permanent ones never", () => {
    const { cache, add } = open({ memory: 1000, deleteLive: true });
    cache.put("fixed", A, [record("fixed", "192.0.2.9")], 1, { permanent: true, byHand: true });
    for (let i = 0; i < 100; i++) {
      add(`name${i}`);
      expect(cache.get("name0", A)).toBeDefined();
    }
    expect(cache.used).toBeLessThanOrEqual(1000);
    expect(cache.get("name99", A)).toBeDefined();
    expect(cache.get("name50", A)).toBeUndefined();
    expect(cache.get("fixed", A)).toBeDefined();
  });
});
