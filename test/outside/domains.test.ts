// Modules alias_db, speeddial and domain on a whole proxy: settings that the comparison with Kamailio has not, reloading, bad tables.

import { expect, test } from "vitest";
import { createSimulation } from "../../src/host/simulated.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const URL = "sqlite:///data/d.sqlite";

async function open(names: string, body: string, answer: string, more = ""): Promise<ProxyBed> {
  const list = names.split(" ");
  const urls = list.map((name) => `modparam("${name}", "db_url", "${URL}")\n`).join("");
  return openProxy(
    `${modules(...list)}${urls}${more}request_route {\n${body}\n$var(rc) = $rc; sl_send_reply("200", "$var(rc) ${answer}");\n}\n`,
  );
}

let port = 20_000;
async function ask(bed: ProxyBed, uri: string, lines: readonly string[] = []): Promise<string> {
  const agent = await bed.udp(port++);
  const [reply] = await agent.send(bed.request("OPTIONS", uri, lines));
  return /^SIP\/2\.0 200 (.*)\r/.exec(reply!)![1]!;
}

const sql = (bed: ProxyBed, text: string): void => bed.host.openSqlite("/data/d.sqlite").exec(text);

test("one user of an alias unless append_branches is set; domains count with use_domain", async () => {
  const rows = `INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES
    ('x', 'a.example', 'one', 'h'), ('x', 'a.example', 'two', 'h'), ('x', 'b.example', 'three', 'h')`;
  const look = 'alias_db_lookup("dbaliases");';
  const bed = await open("alias_db", look, "$ru $(branch(uri)[0])");
  sql(bed, rows);
  expect(await ask(bed, "sip:x@b.example")).toBe("1 sip:one@h <null>");
  await bed.close();
  const strict = await open("alias_db", look, "$ru", 'modparam("alias_db", "use_domain", 1)\n');
  sql(strict, rows);
  expect(await ask(strict, "sip:x@b.example")).toBe("1 sip:three@h");
  expect(await ask(strict, "sip:x@c.example")).toBe("-1 sip:x@c.example");
  expect(strict.log).toEqual([]);
  await strict.close();
});

test("what one alias adds is bounded by max_branches", async () => {
  const bed = await open(
    "alias_db",
    'alias_db_lookup("dbaliases");',
    "$branch(count)",
    'modparam("alias_db", "append_branches", 1)\n',
  );
  for (let i = 0; i < 40; i++)
    sql(bed, `INSERT INTO dbaliases (alias_username, username, domain) VALUES ('x', 'u${i}', 'h')`);
  expect(await ask(bed, "sip:x@b.example")).toBe("1 11");
  await bed.close();
});

test("a table that a script names is not made", async () => {
  const bed = await open("alias_db speeddial", 'alias_db_lookup("t_$rU"); sd_lookup("t_$rU");', "$ru");
  expect(await ask(bed, "sip:x@b.example")).toBe("-1 sip:x@b.example");
  expect(await ask(bed, "sip:a%22b@b.example")).toBe("-1 sip:a%22b@b.example");
  expect(bed.log.some((line) => line.includes("no such table: t_x"))).toBe(true);
  const tables = bed.host
    .openSqlite("/data/d.sqlite")
    .prepare("SELECT name FROM sqlite_master WHERE type='table'")
    .all();
  expect(tables.map((row) => row["name"]).sort()).toEqual(["dbaliases", "speed_dial", "version"]);
  await bed.close();
});

test("short numbers: domains count as use_domain says", async () => {
  const rows = `INSERT INTO speed_dial (username, domain, sd_username, sd_domain, new_uri) VALUES
    ('alice', 'example.org', '11', 'b.example', 'bob@far.example'), ('alice', 'c.example', '12', '', 'tel:+1')`;
  const bed = async (mode: number): Promise<ProxyBed> => {
    const opened = await open(
      "speeddial",
      'sd_lookup("speed_dial");',
      "$ru",
      `modparam("speeddial", "use_domain", ${mode})\n`,
    );
    sql(opened, rows);
    return opened;
  };
  const [none, owner, both] = [await bed(0), await bed(1), await bed(2)];
  expect(await ask(none, "sip:11@b.example")).toBe("1 sip:bob@far.example");
  expect(await ask(none, "sip:12@b.example")).toBe("1 tel:+1");
  expect(await ask(owner, "sip:11@z.example")).toBe("1 sip:bob@far.example");
  expect(await ask(owner, "sip:12@z.example")).toBe("-1 sip:12@z.example");
  expect(await ask(both, "sip:11@b.example")).toBe("1 sip:bob@far.example");
  expect(await ask(both, "sip:11@z.example")).toBe("-1 sip:11@z.example");
  for (const opened of [none, owner, both]) await opened.close();
});

test("domains are read again on demand; they are myself only with register_myself", async () => {
  const test = 'if (uri == myself) $var(m) = "mine"; else $var(m) = "not"; is_uri_host_local();';
  const plain = await open("domain", test, "$var(m)");
  const mine = await open("domain", test, "$var(m)", 'modparam("domain", "register_myself", 1)\n');
  for (const bed of [plain, mine]) {
    expect(await ask(bed, "sip:x@New.example:5099")).toBe("-1 not");
    sql(bed, "INSERT INTO domain (domain, did) VALUES ('new.example', 'n'), ('other.example', NULL)");
    sql(bed, "INSERT INTO domain_attrs (did, name, type, value) VALUES ('n', 'a', 2, 'b'), ('n', 'c', 0, '5')");
    expect(await bed.rpc("domain.reload")).toBe(null);
    expect(await bed.rpc("domain.dump")).toEqual({
      domains: [
        { domain: "new.example", did: "n" },
        { domain: "other.example", did: "other.example" },
      ],
      attributes: [{ did: "n", attrs: ["c", "a"] }],
    });
  }
  expect(await ask(plain, "sip:x@New.example:5099")).toBe("1 not");
  expect(await ask(mine, "sip:x@New.example:5099")).toBe("1 mine");
  sql(mine, "INSERT INTO domain_attrs (did, name, type, value) VALUES ('n', 'd', 0, '5x')");
  await expect(mine.rpc("domain.reload")).rejects.toMatchObject({ code: 500 });
  expect(mine.log.some((line) => line.includes('"5x" is no number'))).toBe(true);
  sql(mine, "UPDATE domain_attrs SET type = 1");
  await expect(mine.rpc("domain.reload")).rejects.toMatchObject({ code: 500 });
  expect(await ask(mine, "sip:x@other.example")).toBe("1 mine");
  await plain.close();
  await mine.close();
});

test.each(["alias_db", "speeddial", "domain"])("%s needs db_url", async (name) => {
  const refused = openProxy(`${modules(name)}request_route { exit; }\n`, -1, undefined, createSimulation({ seed: 1 }));
  await expect(refused).rejects.toMatchObject({
    diagnostics: [{ message: expect.stringContaining("db_url is not set") }],
  });
});
