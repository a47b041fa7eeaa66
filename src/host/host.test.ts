// The host of the runtime that runs this: clock, randomness, digests, files, SQLite, names, assets.
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { texts } from "./embedded.ts";
import { HostError } from "./host.ts";
import { selectHost } from "./index.ts";
import { createSimulation } from "./simulated.ts";

const real = await selectHost();
const simulated = createSimulation({ seed: 1 }).host({ addresses: ["10.0.0.1"] });
const folder = mkdtempSync(join(tmpdir(), "portico-host-"));
afterAll(() => rmSync(folder, { recursive: true }));

function codeOf(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    expect(error).toBeInstanceOf(HostError);
    return (error as HostError).code;
  }
  return "none";
}

test("selectHost gives the host of this runtime, always the same", async () => {
  expect(real.name).toBe("Deno" in globalThis ? "deno" : "bun");
  expect(await selectHost()).toBe(real);
  expect(real.network.nativeUdp).toBe(process.platform === "linux" && process.env["PORTICO_UDP"] !== "portable");
});

test("digests agree with RFC 1321, FIPS 180-4 and RFC 4231, over octets above 127 too", () => {
  const { hashing } = real;
  expect(hashing.md5("abc")).toBe("900150983cd24fb0d6963f7d28e17f72");
  expect(hashing.sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(hashing.sha512_256("abc")).toBe("53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
  expect(hashing.md5("\u00e9")).toBe("3406877694691ddd1dfb0aca54681407");
  expect(hashing.hmacSha256(new Uint8Array(20).fill(11), "Hi There")).toBe(
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  );
});

test("the clock goes on, timers fire and can be cancelled", async () => {
  const { clock } = real;
  const begun = clock.mono();
  const order: string[] = [];
  const cancel = clock.after(1, () => order.push("cancelled"));
  await new Promise<void>((resolve) => {
    clock.soon(() => order.push("soon"));
    clock.after(5, () => {
      order.push("after");
      resolve();
    });
    cancel();
  });
  expect(order).toEqual(["soon", "after"]);
  expect(clock.mono() - begun).toBeGreaterThan(4);
  expect(Math.abs(clock.wall() - Date.now())).toBeLessThan(1000);
});

test("random numbers differ and fill their range", () => {
  const seen = new Set<number>();
  let or = 0;
  for (let i = 0; i < 5000; i++) {
    const value = real.random.uint32();
    seen.add(value);
    or |= value;
  }
  expect(seen.size).toBeGreaterThan(4990);
  expect(or).toBe(-1);
  const bytes = new Uint8Array(32);
  real.random.fill(bytes);
  expect(new Set(bytes).size).toBeGreaterThan(10);
});

test("the machine knows its loopback address; numbers and unknown names are looked up without failing", async () => {
  expect(real.network.interfaces()).toContainEqual(["lo", "127.0.0.1"]);
  expect(await real.network.lookup("127.0.0.1", 4)).toEqual(["127.0.0.1"]);
  expect(await real.network.lookup("does-not-exist.invalid", 4)).toEqual([]);
});

test("every file of embed/ is among the texts of the executable, and is found by name", () => {
  const root = new URL("../../embed/", import.meta.url).pathname;
  const all = (path: string): string[] =>
    readdirSync(join(root, path)).flatMap((name) => {
      const below = path === "" ? name : `${path}/${name}`;
      return statSync(join(root, below)).isDirectory() ? all(below) : [below];
    });
  expect(Object.keys(texts).sort()).toEqual(all("").sort());
  for (const [name, text] of Object.entries(texts)) expect(new TextDecoder().decode(real.asset(name))).toBe(text);
  expect(codeOf(() => real.asset("nothing"))).toBe("ENOENT");
});

for (const [name, host, root] of [
  ["real", real, folder],
  ["simulated", simulated, "/data"],
] as const) {
  describe(`${name} files`, () => {
    test("are written, listed, renamed and removed; failures have codes", () => {
      const { files } = host;
      files.makeDirectory(files.resolve(root, "a", "b"));
      const path = files.resolve(root, "a/b", "../b/file");
      expect(path).toBe(`${root}/a/b/file`);
      expect(codeOf(() => files.read(path))).toBe("ENOENT");
      files.write(path, new Uint8Array([1, 2, 3]), 0o600);
      expect([...files.read(path)]).toEqual([1, 2, 3]);
      files.rename(path, `${path}2`);
      expect(files.list(`${root}/a/b`)).toEqual(["file2"]);
      expect(files.list(`${root}/a`)).toEqual(["b"]);
      expect([files.exists(path), files.exists(`${path}2`), files.exists(`${root}/a`)]).toEqual([false, true, true]);
      files.remove(`${path}2`);
      expect(codeOf(() => files.remove(`${path}2`))).toBe("ENOENT");
      expect(codeOf(() => files.list(`${root}/none`))).toBe("ENOENT");
      expect(codeOf(() => files.write(`${root}/none/file`, new Uint8Array(1)))).toBe("ENOENT");
    });
  });

  describe(`${name} SQLite`, () => {
    test("values come back as they went in, integers without loss", () => {
      const database = host.openSqlite(":memory:");
      database.exec("create table t (id integer primary key, v)");
      const insert = database.prepare("insert into t (v) values (?)");
      const values = [
        null,
        0,
        -5,
        1.5,
        "z\u00fcrich \u{1f600}",
        2 ** 53 - 1,
        2n ** 62n,
        -(2n ** 63n),
        new Uint8Array([0, 255]),
      ];
      for (const [i, value] of values.entries()) expect(insert.run(value)).toEqual({ changes: 1, lastId: i + 1 });
      const rows = database.prepare("select v from t order by id").all();
      expect(rows.map(({ v }) => (v instanceof Uint8Array ? new Uint8Array(v) : v))).toEqual(values);
      expect(database.prepare("select v from t where id = ?").all(4)).toEqual([{ v: 1.5 }]);
      expect(database.prepare("select v from t where id = ?")).toBe(database.prepare("select v from t where id = ?"));
      expect(database.prepare("update t set v = 1").run().changes).toBe(values.length);
      database.close();
    });

    test("failures have SQLite's codes", () => {
      const database = host.openSqlite(":memory:");
      database.exec("create table t (id integer primary key, v text unique not null)");
      database.exec("insert into t values (1, 'a'); insert into t values (2, 'b')");
      const insert = database.prepare("insert into t values (?, ?)");
      expect(codeOf(() => insert.run(1, "x"))).toBe("SQLITE_CONSTRAINT_PRIMARYKEY");
      expect(codeOf(() => insert.run(3, "a"))).toBe("SQLITE_CONSTRAINT_UNIQUE");
      expect(codeOf(() => insert.run(3, null))).toBe("SQLITE_CONSTRAINT_NOTNULL");
      expect(codeOf(() => database.prepare("nonsense"))).toBe("SQLITE_ERROR");
      expect(codeOf(() => database.exec("select * from nothing"))).toBe("SQLITE_ERROR");
      database.close();
    });
  });
}

test("a new SQLite file and its journals are for its owner alone; one that exists keeps its mode", () => {
  const path = join(folder, "private", "p.db");
  real.files.makeDirectory(join(folder, "private"), 0o700);
  const database = real.openSqlite(path);
  database.exec("pragma journal_mode=wal; create table t (v); insert into t values (1)");
  const mode = (file: string): number => statSync(file).mode & 0o777;
  expect([mode(join(folder, "private")), mode(path), mode(`${path}-wal`)]).toEqual([0o700, 0o600, 0o600]);
  database.close();
  chmodSync(path, 0o640);
  real.openSqlite(path).close();
  expect(mode(path)).toBe(0o640);
});

test("SQLite files stay, two users of one see each other's locks, and read-only means it", () => {
  const path = join(folder, "x.db");
  const first = real.openSqlite(path);
  first.exec("pragma journal_mode=wal; create table t (v)");
  const second = real.openSqlite(path);
  first.exec("begin immediate; insert into t values (1)");
  expect(codeOf(() => second.exec("begin immediate"))).toBe("SQLITE_BUSY");
  first.exec("commit");
  expect(second.prepare("select count(*) as n from t").all()).toEqual([{ n: 1 }]);
  const reader = real.openSqlite(path, { readOnly: true });
  expect(codeOf(() => reader.exec("insert into t values (2)"))).toBe("SQLITE_READONLY");
  for (const database of [first, second, reader]) database.close();
  expect(codeOf(() => real.openSqlite(join(folder, "none", "x.db")))).toBe("SQLITE_CANTOPEN");
});

test("the process tells its arguments, memory and user", () => {
  const { process } = real;
  expect(process.pid).toBeGreaterThan(0);
  expect(process.memory().rss).toBeGreaterThan(1e6);
  expect(process.env("PORTICO_SURELY_NOT_SET")).toBe(undefined);
  expect(typeof process.isTerminal(1)).toBe("boolean");
});
