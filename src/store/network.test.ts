// URLs, statements and times of MySQL and PostgreSQL, without a server; with one they are driven by test/scenarios/databases.test.ts.

import { describe, expect, test } from "vitest";
import { StoreError } from "./database.ts";
import { dateCell, localText, secondsOfText } from "./dates.ts";
import { networkTableSql } from "./layout-sql.ts";
import { parseLayouts } from "./layouts.ts";
import { parseNetworkUrl } from "./network-url.ts";
import { SqlText } from "./sql-text.ts";

describe("URLs", () => {
  test("Kamailio's forms; a password may hold anything", () => {
    expect(parseNetworkUrl("mysql://kamailio:kamailiorw@localhost/kamailio")).toMatchObject({
      kind: "mysql",
      user: "kamailio",
      password: "kamailiorw",
      host: "localhost",
      port: 0,
      database: "kamailio",
      name: "mysql database kamailio on localhost:3306",
    });
    expect(parseNetworkUrl("postgres://u:p@s/w:d@[::1]:5433/x")).toMatchObject({
      kind: "postgres",
      password: "p@s/w:d",
      host: "::1",
      port: 5433,
      name: "postgres database x on [::1]:5433",
    });
    expect(parseNetworkUrl("postgres://u@/x")).toMatchObject({ user: "u", password: "", host: "localhost" });
    expect(parseNetworkUrl("sqlite:///x")).toBeNull();
  });

  test("what is none is refused without showing it", () => {
    for (const url of ["mysql://u:secret@h", "mysql://u:secret@h:99999/x", "mysql://u:secret@[group]/x", "mysql://"]) {
      const refused = (): unknown => parseNetworkUrl(url);
      expect(refused).toThrow(StoreError);
      expect(refused).not.toThrow(/secret/);
    }
  });
});

describe("statements", () => {
  const [mysql, postgres] = [new SqlText("mysql"), new SqlText("postgres")];
  const where = [
    { column: "a", value: "x' OR 1=1" },
    { column: "b", op: "!=", value: null },
  ] as const;

  test("values are parameters in each dialect", () => {
    expect(mysql.select("t", ["a"], where, { order: "-a", limit: 3 })).toEqual({
      sql: "SELECT `a` FROM `t` WHERE `a`=? AND `b` IS NOT NULL ORDER BY `a` DESC LIMIT 3",
      values: ["x' OR 1=1"],
    });
    expect(postgres.update("t", where, ["c", "d"], [1, null])).toEqual({
      sql: 'UPDATE "t" SET "c"=$1,"d"=$2 WHERE "a"=$3 AND "b" IS NOT NULL',
      values: [1, null, "x' OR 1=1"],
    });
    expect(postgres.raw("SELECT '?', \"a?\" FROM t WHERE a=? AND b=?", ["x", 2])).toEqual({
      sql: "SELECT '?', \"a?\" FROM t WHERE a=$1 AND b=$2",
      values: ["x", 2],
    });
    expect(postgres.select("Acc", ["CallID"], [], {}).sql).toBe('SELECT "callid" AS "CallID" FROM "acc"');
  });

  test("what is no name never gets into one", () => {
    for (const name of ["a`b", 'a"b', "a b", "", "a;--"])
      expect(() => mysql.insert("t", [name], ["x"])).toThrow(/cannot be the name/);
  });

  test("moments are local time, there and back", () => {
    const at = 1_700_000_000;
    expect(mysql.insert("t", ["a"], [dateCell(at)]).values).toEqual([localText(at)]);
    expect(secondsOfText(localText(at), true)).toBe(at);
    expect(secondsOfText("2023-11-14 22:13:20", false)).toBe(at);
    expect(secondsOfText("never", true)).toBe(0);
  });
});

test("tables of both dialects come from the one list of facts", () => {
  const layout = parseLayouts(
    "t 1\n  id key\n  n v64 = 'x'\n  b blob = '' null\n  at ts\n  unique n_idx n\n  index at_idx at",
  ).get("t")!;
  expect(networkTableSql("mysql", layout, "u")).toEqual([
    "CREATE TABLE IF NOT EXISTS `u` (`id` INT UNSIGNED AUTO_INCREMENT PRIMARY KEY NOT NULL, `n` VARCHAR(64) DEFAULT 'x' NOT NULL, " +
      "`b` MEDIUMBLOB, `at` DATETIME NOT NULL, CONSTRAINT `u_n_idx` UNIQUE (`n`), INDEX `u_at_idx` (`at`))",
  ]);
  expect(networkTableSql("postgres", layout, "u")).toEqual([
    'CREATE TABLE IF NOT EXISTS "u" ("id" SERIAL PRIMARY KEY NOT NULL, "n" VARCHAR(64) DEFAULT \'x\' NOT NULL, ' +
      '"b" BYTEA DEFAULT \'\', "at" TIMESTAMP WITHOUT TIME ZONE NOT NULL, CONSTRAINT "u_n_idx" UNIQUE ("n"))',
    'CREATE INDEX IF NOT EXISTS "u_at_idx" ON "u" ("at")',
  ]);
});
