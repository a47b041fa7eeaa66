// `portico user`: what it says, what it stores, and that auth_db lets in whom it added.

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createSimulation, type SimHost } from "../host/simulated.ts";
import { Databases } from "../store/connect.ts";
import { Log } from "../util/log.ts";
import { run } from "./cli/user.ts";
import { generatePassword, parseUserName, UserError } from "./users.ts";

const URL = "sqlite:///data/portico.sqlite";
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

function newHost(): SimHost {
  return createSimulation({ seed: 1 }).host({ addresses: ["10.0.0.1"] });
}

const rows = (host: SimHost, table: string): unknown[] => {
  const log = new Log({ level: 3, sink: () => undefined }, "");
  return new Databases(host, log).get(URL).query(table, [], [], { order: "username" }) as unknown[];
};
const user = (host: SimHost, ...args: string[]): Promise<number> => run(host, args, URL);

describe("portico user", () => {
  test("add stores hashes and no password", async () => {
    const host = newHost();
    expect(await user(host, "add", "Bob", "--password", "secret")).toBe(0);
    expect(rows(host, "subscriber")).toMatchObject([
      {
        username: "bob",
        domain: "",
        password: "",
        ha1: md5("bob:portico:secret"),
        ha1b: md5("bob@portico:portico:secret"),
      },
    ]);
    const sha = createHash("sha256").update("bob:portico:secret").digest("hex");
    expect(rows(host, "portico_ha1")).toMatchObject([
      { username: "bob", realm: "portico", ha1: md5("bob:portico:secret"), ha1_sha256: sha },
    ]);
  });

  test("a domain is the realm, unless one is given", async () => {
    const host = newHost();
    await user(host, "add", "bob@example.com", "--password", "x");
    await user(host, "add", "amy@example.com", "--password", "x", "--realm", "office");
    expect(rows(host, "subscriber")).toMatchObject([
      { ha1: md5("amy:office:x") },
      { domain: "example.com", ha1: md5("bob:example.com:x") },
    ]);
  });

  test("a realm that the built-in configuration does not challenge with is told", async () => {
    const told: string[] = [];
    const host = newHost();
    const spy = { ...host, process: { ...host.process, write: (_to: 1 | 2, text: string) => void told.push(text) } };
    await run(spy, ["add", "bob@192.0.2.1", "--password", "x"], URL);
    expect(told.join("")).toMatch(/realm "192\.0\.2\.1"[\s\S]*--realm portico/);
    told.length = 0;
    await run(spy, ["add", "amy", "--password", "x"], URL);
    await run(spy, ["add", "eve@192.0.2.1", "--password", "x", "--realm", "portico"], URL);
    expect(told.join("")).not.toContain("realm");
  });

  test.each([["list"], ["rm", "bob"], ["passwd", "bob", "--password", "x"]])(
    "%s makes no database where none is",
    async (...args) => {
      const host = newHost();
      expect(await user(host, ...args)).toBe(1);
      expect(host.files.exists("/data")).toBe(false);
    },
  );

  test("passwd, rm and list", async () => {
    const host = newHost();
    await user(host, "add", "bob", "--password", "1");
    expect(await user(host, "add", "bob", "--password", "2")).toBe(1);
    expect(await user(host, "passwd", "bob", "--password", "3")).toBe(0);
    expect(rows(host, "subscriber")).toMatchObject([{ ha1: md5("bob:portico:3") }]);
    expect(await user(host, "list")).toBe(0);
    expect(await user(host, "rm", "bob")).toBe(0);
    expect(await user(host, "rm", "bob")).toBe(1);
    expect(await user(host, "passwd", "bob", "--password", "3")).toBe(1);
    expect([rows(host, "subscriber"), rows(host, "portico_ha1")]).toEqual([[], []]);
  });

  test.each([
    [],
    ["frobnicate"],
    ["add"],
    ["list", "x"],
    ["add", "a", "b"],
    ["add", "a", "--nope"],
    ["add", "a", "--password", "x", "--generate"],
  ])("wrong usage %j is told with code 2", async (...args) => {
    expect(await user(newHost(), ...args)).toBe(2);
  });

  test("help, bad names and bad passwords", async () => {
    const host = newHost();
    expect(await user(host, "--help")).toBe(0);
    expect(await user(host, "add", "a b", "--password", "x")).toBe(1);
    expect(await user(host, "add", "bob", "--password", "")).toBe(1);
    expect(await run(host, ["list"], "mysql://u:p@h/db")).toBe(1);
  });
});

test("names are checked and put in one form", () => {
  expect(parseUserName("sip:Bob@Example.COM")).toEqual({ name: "bob", domain: "example.com" });
  expect(parseUserName("100")).toEqual({ name: "100", domain: "" });
  for (const bad of ["", "a b", "a:b", "@x", "a@", "a@b c", "a@-x", 'a"b', "a".repeat(65), "j\u00fcrgen"])
    expect(() => parseUserName(bad)).toThrow(UserError);
});

test("generated passwords are long and differ", () => {
  const host = newHost();
  const some = new Set(Array.from({ length: 50 }, () => generatePassword(host)));
  expect(some.size).toBe(50);
  for (const password of some) expect(password).toMatch(/^[a-km-np-z2-9]{20}$/);
});
