// The SQLite store on real files of a temporary directory, and the reading of database URLs.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { selectHost } from "../host/index.ts";
import { Log } from "../util/log.ts";
import { Databases, parseDatabaseUrl } from "./connect.ts";
import { StoreError } from "./database.ts";
import { SqliteStore } from "./sqlite.ts";

const directory = mkdtempSync(join(tmpdir(), "portico-store-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const host = await selectHost();
const lines: string[] = [];
const log = new Log({ level: 3, sink: (_, line) => lines.push(line) }, "");
let files = 0;
const file = (): string => join(directory, `f${++files}.sqlite`);
const open = (path: string): SqliteStore => new SqliteStore(host, log, `sqlite://${path}`, path);
const LOCATION = { name: "location", layout: "location", version: 9 };
const codeOf = (fn: () => unknown): string => {
  try {
    fn();
  } catch (error) {
    return error instanceof StoreError ? error.code : String(error);
  }
  return "none";
};

describe("SqliteStore", () => {
  test("rows go in, change, are found and go", () => {
    const db = open(":memory:");
    db.ensureTable({ name: "subscriber", layout: "subscriber", version: 7 });
    db.insert("subscriber", ["username", "domain", "ha1"], ["bob", "x", "1"]);
    db.upsert("subscriber", ["username", "domain"], ["username", "domain", "ha1"], ["bob", "x", "2"]);
    db.upsert("subscriber", ["username", "domain"], ["username", "domain", "ha1"], ["amy", "x", "3"]);
    expect(db.query("subscriber", ["username", "ha1"], [], { order: "username" })).toEqual([
      { username: "amy", ha1: "3" },
      { username: "bob", ha1: "2" },
    ]);
    expect(db.update("subscriber", [{ column: "username", value: "bob" }], ["ha1"], ["9"])).toBe(1);
    expect(db.query("subscriber", ["ha1"], [{ column: "username", op: ">", value: "b" }], { limit: 1 })).toEqual([
      { ha1: "9" },
    ]);
    expect(db.delete("subscriber", [{ column: "domain", value: "x" }])).toBe(2);
    expect(db.raw("SELECT count(*) AS n FROM subscriber", [])).toEqual([{ n: 0 }]);
    db.close();
  });

  test("text is octets outside and Unicode in the file", () => {
    const db = open(":memory:");
    db.ensureTable({ name: "subscriber", layout: "subscriber", version: 7 });
    db.insert("subscriber", ["username"], ["j\xc3\xbcrgen"]);
    expect(db.raw("SELECT length(username) AS n FROM subscriber", [])).toEqual([{ n: 6 }]);
    expect(db.query("subscriber", ["username"], [])).toEqual([{ username: "j\xc3\xbcrgen" }]);
    db.close();
  });

  test("NULL is compared as NULL", () => {
    const db = open(":memory:");
    db.ensureTable(LOCATION);
    db.insert("location", ["ruid", "path"], ["a", null]);
    db.insert("location", ["ruid", "path"], ["b", "p"]);
    expect(db.query("location", ["ruid"], [{ column: "path", value: null }])).toEqual([{ ruid: "a" }]);
    expect(db.query("location", ["ruid"], [{ column: "path", op: "!=", value: null }])).toEqual([{ ruid: "b" }]);
    db.close();
  });

  test("writes of one tick are one transaction, seen by others after it", async () => {
    const path = file();
    const writer = open(path);
    const reader = open(path);
    writer.ensureTable(LOCATION);
    writer.insert("location", ["ruid"], ["a"]);
    writer.insert("location", ["ruid"], ["b"]);
    expect(reader.query("location", ["ruid"], [])).toEqual([]);
    await new Promise<void>((resolve) => host.clock.soon(() => host.clock.soon(resolve)));
    expect(reader.query("location", ["ruid"], []).length).toBe(2);
    writer.close();
    reader.close();
  });

  test("tables are made once, under the name asked for, and versions are compared", () => {
    const path = file();
    const db = open(path);
    db.ensureTable({ ...LOCATION, name: "aliases" });
    db.ensureTable(LOCATION);
    db.ensureTable(LOCATION);
    expect(db.query("version", ["table_name", "table_version"], [], { order: "table_name" })).toEqual([
      { table_name: "aliases", table_version: 9 },
      { table_name: "location", table_version: 9 },
    ]);
    db.update("version", [{ column: "table_name", value: "location" }], ["table_version"], [8]);
    expect(() => db.ensureTable(LOCATION)).toThrow(/location in .* is of version 8, but version 9 is needed/);
    expect(codeOf(() => db.ensureTable(LOCATION, false))).toBe("none");
    db.close();
  });

  test("names that are no names never reach a statement", () => {
    const db = open(":memory:");
    expect(codeOf(() => db.query('x"; DROP TABLE y', ["a"], []))).toBe("ERR_DB_NAME");
    expect(codeOf(() => db.ensureTable({ ...LOCATION, name: "a b" }))).toBe("ERR_DB_NAME");
    expect(codeOf(() => db.insert("location", ["a-b"], [1]))).toBe("ERR_DB_NAME");
    db.close();
    expect(codeOf(() => db.query("location", ["ruid"], []))).toBe("ERR_DB_CLOSED");
  });

  test("a column that is not there is an error, not a text", () => {
    const db = open(":memory:");
    db.ensureTable(LOCATION);
    db.insert("location", ["ruid"], ["a"]);
    expect(codeOf(() => db.query("location", ["ruid", "nope"], []))).toBe("SQLITE_ERROR");
    expect(codeOf(() => db.query("location", ["ruid"], [{ column: "nope", value: "nope" }]))).toBe("SQLITE_ERROR");
    db.close();
  });

  test("a broken rule of the table is an error with SQLite's code", () => {
    const db = open(":memory:");
    db.ensureTable(LOCATION);
    db.insert("location", ["ruid"], ["a"]);
    expect(codeOf(() => db.insert("location", ["ruid"], ["a"]))).toBe("SQLITE_CONSTRAINT_UNIQUE");
    db.close();
  });
});

describe("parseDatabaseUrl", () => {
  const path = (url: string): string => parseDatabaseUrl(url, (p) => (p.startsWith("/") ? p : `/here/${p}`)).path;
  test("Kamailio's forms", () => {
    expect(path("sqlite:///var/db")).toBe("/var/db");
    expect(path("sqlite:////var/db")).toBe("/var/db");
    expect(path("sqlite://db/file")).toBe("/here/db/file");
    expect(path("sqlite://:memory:")).toBe(":memory:");
    expect(path("memory:")).toBe(":memory:");
    expect(parseDatabaseUrl("sqlite:///a?synchronous=full&busy_timeout=10", (p) => p).options).toEqual({
      synchronous: "full",
      busyTimeout: 10,
    });
  });
  test("others are refused, without showing a password", () => {
    for (const url of ["", "foo", "sqlite://", "sqlite:///a?x=1"]) expect(codeOf(() => path(url))).toBe("ERR_DB_URL");
    expect(() => path("mysql://user:secret@host/db")).toThrow(/^mysql\.\.\.: a file is needed/);
  });
  test("one file is opened once", () => {
    const databases = new Databases(host, log);
    const name = join(directory, "new", "deep", "f.sqlite");
    expect(databases.get(`sqlite://${name}`)).toBe(databases.get(`sqlite:///${name}`));
    databases.closeAll();
  });
});

test("latency_limit_db: a query that takes as long is told of, its first 50 characters, as by Kamailio", () => {
  let now = 0;
  const clock = { ...host.clock, mono: () => now++ };
  const slowHost = { ...host, clock };
  const query = `select ${"1".repeat(9)} as a_column_with_a_rather_long_name, 2 as b`;
  const told = (from: number): string[] => {
    const databases = new Databases(slowHost, log);
    databases.slow = { from, level: -1 };
    lines.length = 0;
    databases.get(`sqlite://${file()}`).raw?.(query, []);
    databases.closeAll();
    return lines.filter((line) => line.includes("too long"));
  };
  expect(told(1000)).toEqual([`ERROR: alert - query execution too long [1000 us] for [${query.slice(0, 50)}]`]);
  expect(told(1001)).toEqual([]);
  expect(told(0)).toEqual([]);
});
