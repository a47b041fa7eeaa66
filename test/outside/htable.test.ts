// Module htable on a whole proxy: items that go by themselves, event routes, the database, and the bound on what strangers can fill.

import { expect, test } from "vitest";
import { createSimulation } from "../../src/host/simulated.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const table = (definition: string): string => `modparam("htable", "htable", "${definition}")\n`;
const script = (text: string, answer: string): string =>
  `request_route {\n${text}\n sl_send_reply("200", "${answer}");\n}\n`;

async function ask(bed: ProxyBed, uri = "sip:x@example.org"): Promise<string> {
  const agent = await bed.udp(7000 + Math.floor(bed.world.now % 50_000));
  const [reply] = await agent.send(bed.request("OPTIONS", uri, [`X-Long: ${"x".repeat(9000)}`]));
  return /^SIP\/2\.0 200 (.*)\r/.exec(reply!)![1]!;
}

test("items go after their time; the event route sees them", async () => {
  const bed = await openProxy(
    `${modules("htable")}${table("a=>size=4;autoexpire=30;")}${table("b=>autoexpire=30")}${table("c=>size=4")}
modparam("htable", "timer_interval", 10)
event_route[htable:mod-init] { $sht(a=>first) = "here"; $sht(c=>first) = 1; }
event_route[htable:expired:a] { xlog("L_ALERT", "gone $shtrecord(key) $shtrecord(value) $sht(a=>$shtrecord(key))\\n"); }
${script("$sht(b=>other) = 1;", "$sht(a=>first) $shtex(a=>first) $sht(c=>first)")}`,
    -1,
  );
  expect(await ask(bed)).toBe("here 30 1");
  await bed.world.advance(29_000);
  expect(await ask(bed)).toBe("here 1 1");
  await bed.world.advance(3000);
  expect(await ask(bed)).toBe("<null> 0 1");
  await bed.world.advance(10_000);
  expect(bed.log.filter((line) => line.includes("gone"))).toEqual([expect.stringMatching(/gone first here <null>/)]);
  expect(await bed.rpc("htable.stats")).toEqual([
    { name: "c", slots: 16, all: 1, min: 0, max: 1 },
    { name: "b", slots: 8, all: 1, min: 0, max: 1 },
    { name: "a", slots: 16, all: 0, min: 0, max: 0 },
  ]);
  await bed.close();
});

test("a table with dbmode=1 is there again after a restart, times included", async () => {
  const world = createSimulation({ seed: 7 });
  const config = `${modules("htable")}modparam("htable", "db_url", "sqlite:///data/h.sqlite")
modparam("htable", "db_expires", 1)
${table("a=>autoexpire=500;dbtable=kept;dbmode=1;")}${table("d=>dbtable=plain;dbmode=1;")}
${script('if ($rU == "set") { $sht(a=>k\xc3\xa9y) = "v"; $sht(d=>n) = 5; $shtex(a=>k\xc3\xa9y) = 100; } $var(x) = $sht(d=>n) + 1;', "$sht(a=>k\xc3\xa9y) $shtex(a=>k\xc3\xa9y) $var(x)")}`;
  const bed = await openProxy(config, -1, undefined, world);
  expect(await ask(bed, "sip:set@example.org")).toBe("v 100 6");
  expect(await bed.rpc("htable.store", "a")).toBe("Ok. Htable successfully stored to DB.");
  await bed.rpc("htable.flush", "a");
  expect(await bed.rpc("htable.reload", "a")).toBe("Ok. Htable reloaded.");
  expect(await ask(bed)).toBe("v 100 6");
  await bed.close();
  const rows = bed.host.openSqlite("/data/h.sqlite").prepare("SELECT key_name, value_type, key_value FROM plain").all();
  expect(rows.map((row) => Object.values(row).map(String))).toEqual([["n", "1", "5"]]);
});

test("functions of other languages are functions here too", async () => {
  const bed = await openProxy(
    `${modules("htable")}${table("a=>size=4")}${table("i=>initval=5")}
${script(
  `sht_inc("a", "n"); sht_inc("a", "n"); sht_dec("i", "n"); $sht(a=>t) = "x"; sht_inc("a", "t"); $var(a) = $rc;
 sht_is_null("a", "n"); $var(b) = $rc; sht_is_null("a", "nope"); $var(c) = $rc; sht_is_null("i", "nope"); $var(d) = $rc;`,
  "$sht(a=>n) $sht(i=>n) $var(a) $var(b) $var(c) $var(d)",
)}`,
  );
  expect(await ask(bed)).toBe("2 4 -1 -1 1 -1");
  await bed.close();
});

test("what strangers can fill is bounded, and what is deleted makes room", async () => {
  const bed = await openProxy(
    `${modules("htable")}${table("a=>size=4")}modparam("htable", "max_memory", 1)
${script(
  `$var(i) = 0; while ($var(i) < 90) { $sht(a=>$rU$var(i)) = $hdr(X-Long); $var(i) = $var(i) + 1; }
 if ($rU == "clear") sht_reset("a");`,
  "$shtcn(a=>**)",
)}`,
    -1,
  );
  await ask(bed, "sip:1000@example.org");
  await ask(bed, "sip:2000@example.org");
  const [stats] = (await bed.rpc("htable.stats")) as { all: number }[];
  expect(stats!.all).toBeGreaterThan(100);
  expect(stats!.all).toBeLessThan(120);
  expect(bed.log.some((line) => line.includes("no room for an item of table a"))).toBe(true);
  await ask(bed, "sip:clear@example.org");
  await ask(bed, "sip:1000@example.org");
  expect(((await bed.rpc("htable.stats")) as { all: number }[])[0]!.all).toBe(90);
  await bed.close();
});

test.each([
  ["a=>size=x", "size of table a must be a number"],
  ["a=>bogus=1", '"bogus=1" is no attribute of a table'],
  ["=>size=3", '"=>size=3" is no table'],
  ["a=>dbtable=x y", '"x y" cannot be the name of a table'],
  ["a=>cols='key'", "cols of table a must name"],
])("a definition that cannot be used is refused: %s", async (definition, message) => {
  await expect(openProxy(`${modules("htable")}${table(definition)}${script("", "ok")}`)).rejects.toMatchObject({
    diagnostics: [{ message: expect.stringContaining(message) }],
  });
});

test("a table defined twice is refused", async () => {
  await expect(
    openProxy(`${modules("htable")}${table("a=>size=3")}${table("a=>size=3")}${script("", "ok")}`),
  ).rejects.toThrow();
});
