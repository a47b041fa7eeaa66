// `portico db`: tables made, compared, repaired, written out and read in; the same tables as Debian's scripts make where those are installed.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { run } from "../../src/control/cli/db.ts";
import type { SqliteDatabase } from "../../src/host/host.ts";
import { createSimulation, type SimHost } from "../../src/host/simulated.ts";
import { openRuntimeSqlite } from "../../src/host/sqlite-runtime.ts";

const PATH = "/data/k.sqlite";

/** A host, and a way to run the command on it: its exit code and what it wrote. */
function bed(): { host: SimHost; db: (...args: string[]) => Promise<[number, string]>; file: () => SqliteDatabase } {
  const host = createSimulation({ seed: 1 }).host({ addresses: ["192.0.2.1"] });
  return {
    host,
    db: async (...args) => {
      let text = "";
      const spy = {
        ...host,
        process: { ...host.process, write: (_fd: number, piece: string) => void (text += piece) },
      };
      const code = await run(spy, args, `sqlite://${PATH}`);
      return [code, text];
    },
    file: () => host.openSqlite(PATH),
  };
}

/** Columns, indexes and version of each table, in a form that can be compared. */
function described(db: SqliteDatabase): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  const rows = (sql: string) => db.prepare(sql).all();
  for (const { name } of rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")) {
    const columns = rows(`PRAGMA table_info(${name})`).map((c) =>
      Object.values(c)
        .map((v) => String(v ?? "NULL"))
        .join(" "),
    );
    const indexes = rows(`PRAGMA index_list(${name})`).map((i) => {
      const on = rows(`PRAGMA index_info("${i["name"]}")`).map((c) => c["name"]);
      return `${i["unique"]} ${i["origin"]} ${i["origin"] === "c" ? i["name"] : ""} ${on.join()}`;
    });
    const version = rows(`SELECT table_version FROM version WHERE table_name = '${name}'`)[0]?.["table_version"];
    all[String(name)] = { version: Number(version), columns, indexes: indexes.sort() };
  }
  return all;
}

test("create makes all tables once; check finds nothing", async () => {
  const { db, file } = bed();
  expect(await db("create")).toEqual([0, `made ${PATH} with 71 tables\n`]);
  expect(await db("check")).toEqual([0, "71 tables are as they should be\n"]);
  expect((await db("create"))[0]).toBe(1);
  const rows = file().prepare("SELECT table_version FROM version WHERE table_name = 'subscriber'").all();
  expect(Number(rows[0]!["table_version"])).toBe(7);
});

const SCRIPTS = "/usr/share/kamailio/db_sqlite";

test.runIf(existsSync(SCRIPTS))("the tables are those that Debian's scripts make", async () => {
  const { db, file } = bed();
  await db("create");
  const theirs = openRuntimeSqlite(":memory:");
  const scripts = readdirSync(SCRIPTS).filter((name) => name.endsWith("-create.sql"));
  for (const name of ["standard-create.sql", ...scripts.filter((n) => n !== "standard-create.sql")])
    theirs.exec(readFileSync(`${SCRIPTS}/${name}`, "utf8"));
  const [ours, owed] = [described(file()), described(theirs)];
  expect(Object.keys(owed).filter((name) => ours[name] === undefined)).toEqual([]);
  for (const name of Object.keys(owed)) expect({ [name]: ours[name] }).toEqual({ [name]: owed[name] });
});

test("upgrade makes what is missing and keeps rows; what it cannot do it says", async () => {
  const { db, file } = bed();
  await db("create");
  file().exec(`
    INSERT INTO dialplan (dpid, pr, match_op, match_exp, match_len, subst_exp, repl_exp, attrs) VALUES (1, 1, 1, 'a', 0, 'b', 'c', 'd');
    DROP TABLE htable; UPDATE version SET table_version = 3 WHERE table_name = 'trusted';
    DROP INDEX trusted_peer_idx; ALTER TABLE trusted DROP COLUMN priority; ALTER TABLE trusted DROP COLUMN proto;
    DELETE FROM version WHERE table_name = 'speed_dial';
    ALTER TABLE address DROP COLUMN tag; UPDATE version SET table_version = 9 WHERE table_name = 'domain';
    CREATE TABLE mine (a TEXT); INSERT INTO address (grp, ip_addr) VALUES (4, '10.0.0.1');`);
  const [code, text] = await db("check");
  expect(code).toBe(1);
  expect(text.split("\n").sort()).toEqual(
    [
      "",
      "address: column tag is missing",
      "domain: it is of version 9, newer than 2",
      "not there: htable",
      "speed_dial: it has no version number; 2 is needed",
      "trusted: an index over src_ip is missing",
      "trusted: column priority is missing",
      "trusted: column proto is missing",
      "trusted: it is of version 3; 6 is needed",
    ].sort(),
  );
  const [upgraded, said] = await db("upgrade");
  expect(upgraded).toBe(1);
  expect(said).toContain("made table htable\n");
  expect(said).toContain("repaired address: column tag is missing\n");
  expect(said).toContain("repaired trusted: column proto is missing\n");
  expect(said).toContain("repaired trusted: it is of version 3; 6 is needed\n");
  expect(said).toContain("not repaired domain: it is of version 9, newer than 2\n");
  expect(
    file()
      .prepare("SELECT grp, tag FROM address")
      .all()
      .map((r) => [Number(r["grp"]), r["tag"]]),
  ).toEqual([[4, null]]);
  file().exec("UPDATE version SET table_version = 2 WHERE table_name = 'domain'");
  expect((await db("upgrade"))[0]).toBe(0);
  expect(await db("upgrade")).toEqual([0, "nothing to do\n"]);
});

test("upgrade takes tables of Kamailio 3.1 along, whose bindings had no record ids and version numbers above 1000", async () => {
  const { db, file } = bed();
  await db("create");
  file().exec(`
    DROP TABLE location; DROP TABLE subscriber; DROP TABLE active_watchers;
    CREATE TABLE location (id INTEGER PRIMARY KEY NOT NULL, username VARCHAR(64) DEFAULT '' NOT NULL, domain VARCHAR(64), contact VARCHAR(255) DEFAULT '' NOT NULL,
      expires TIMESTAMP DEFAULT '2020-05-28 21:32:15' NOT NULL, callid VARCHAR(255) DEFAULT 'x' NOT NULL, cseq INTEGER DEFAULT 13 NOT NULL, mine TEXT);
    INSERT INTO location (username, contact, mine) VALUES ('a', 'sip:a@h', 'x'), ('b', 'sip:b@h', 'y');
    CREATE TABLE subscriber (id INTEGER PRIMARY KEY NOT NULL, username VARCHAR(64) DEFAULT '' NOT NULL, domain VARCHAR(64) DEFAULT '' NOT NULL, password VARCHAR(25) DEFAULT '' NOT NULL, email_address VARCHAR(64));
    INSERT INTO subscriber (username, domain, password) VALUES ('a', 'x', 'p'), ('a', 'x', 'q');
    CREATE TABLE active_watchers (id INTEGER PRIMARY KEY NOT NULL, presentity_uri VARCHAR(128) NOT NULL, callid VARCHAR(64) NOT NULL, to_tag VARCHAR(64) NOT NULL, from_tag VARCHAR(64) NOT NULL, event VARCHAR(64) NOT NULL, expires INTEGER NOT NULL);
    INSERT INTO active_watchers (presentity_uri, callid, to_tag, from_tag, event, expires) VALUES ('sip:a@h', 'c', 't', 'f', 'presence', 5);
    UPDATE version SET table_version = 1004 WHERE table_name = 'location'; UPDATE version SET table_version = 6 WHERE table_name = 'subscriber';
    UPDATE version SET table_version = 9 WHERE table_name = 'active_watchers';
    CREATE TABLE v (table_name VARCHAR(32) NOT NULL, table_version INTEGER DEFAULT 0 NOT NULL, who TEXT);
    INSERT INTO v SELECT table_name, table_version, 'me' FROM version; DROP TABLE version; ALTER TABLE v RENAME TO version;`);
  const [code, said] = await db("upgrade");
  expect(code).toBe(1);
  expect(said.split("\n").filter((line) => line.startsWith("not"))).toEqual([
    "not repaired subscriber: it is of version 6; 7 is needed",
    "not repaired subscriber: an index over username, domain, unique, is missing",
  ]);
  file().exec("DELETE FROM subscriber WHERE password = 'q'");
  expect((await db("upgrade"))[0]).toBe(0);
  expect(await db("check")).toEqual([0, "71 tables are as they should be\n"]);
  const rows = (sql: string): unknown[] =>
    file()
      .prepare(sql)
      .all()
      .map((row) => Object.values(row).map(String).join());
  expect(rows("SELECT username, ruid, reg_id, mine FROM location")).toEqual(["a,upgraded-1,0,x", "b,upgraded-2,0,y"]);
  expect(rows("SELECT presentity_uri, from_user, updated, version FROM active_watchers")).toEqual(["sip:a@h,,0,0"]);
  expect(rows("SELECT id > 0, table_version, who FROM version WHERE table_name = 'acc'")).toEqual(["1,5,me"]);
  expect(rows("SELECT username, password, ha1b FROM subscriber")).toEqual(["a,p,"]);
});

test("what is dumped can be loaded: texts, numbers, octets, nothing", async () => {
  const one = bed();
  await one.db("create");
  one.file().exec(`INSERT INTO dbaliases (alias_username, username) VALUES ('o''neil', 'j\u00fcrgen'), ('line
break', ';--');
    INSERT INTO presentity (username, domain, event, etag, expires, received_time, body, sender) VALUES ('a', 'b', 'c', 'd', 1, 9007199254740993, x'00ff27', 's');
    INSERT INTO location (ruid, expires, last_modified) VALUES ('r', 2460000.5, 2460001.0); CREATE TABLE mine (a TEXT); INSERT INTO mine VALUES (NULL)`);
  expect(await one.db("dump", "/data/out.sql")).toEqual([0, ""]);
  const [, printed] = await one.db("dump");
  const written = one.host.files.read("/data/out.sql");
  expect(new TextDecoder().decode(written)).toBe(printed);
  const two = bed();
  two.host.files.makeDirectory("/data");
  two.host.files.write("/data/in.sql", written);
  expect(await two.db("load", "/data/in.sql")).toEqual([0, ""]);
  expect((await two.db("dump"))[1]).toBe(printed);
  expect(described(two.file())["dbaliases"]).toEqual(described(one.file())["dbaliases"]);
  expect(two.file().prepare("SELECT typeof(body) AS t, received_time AS n FROM presentity").all()[0]).toEqual({
    t: "blob",
    n: 9007199254740993n,
  });
  two.host.files.write("/data/bad.sql", new TextEncoder().encode("BEGIN; DELETE FROM dbaliases; nonsense; COMMIT;"));
  expect((await two.db("load", "/data/bad.sql"))[0]).toBe(1);
  expect((await two.db("dump"))[1]).toBe(printed);
});

test("wrong usage, and databases that are not there", async () => {
  const { db } = bed();
  for (const args of [[], ["make"], ["check", "x"], ["dump", "a", "b"], ["check", "--nope"]])
    expect((await db(...args))[0]).toBe(2);
  expect((await db("--help"))[1]).toContain("portico db create");
  expect(await db("check")).toEqual([1, `portico db: there is no database ${PATH}; "portico db create" makes it\n`]);
  const [code, text] = await db("create", "--db", "mysql://user:secret@host/db");
  expect(code).toBe(1);
  expect(text).not.toContain("secret");
});
