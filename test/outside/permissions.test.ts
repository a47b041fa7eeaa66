// Module permissions on a whole proxy: what a comparison with Kamailio cannot show (commands, reloading, bounds, a database that fails).

import { expect, test } from "vitest";
import { createSimulation, type Simulation } from "../../src/host/simulated.ts";
import { bytesOf } from "../../src/util/bytes.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const URL = "sqlite:///data/p.sqlite";
const HEAD = `${modules("permissions")}modparam("permissions", "db_url", "${URL}")\n`;

async function open(
  body: string,
  more = "",
  files: Readonly<Record<string, string>> = {},
  world: Simulation = createSimulation({ seed: 7 }),
): Promise<ProxyBed> {
  const bed = await openProxy(
    `${HEAD}${more}request_route {\n${body}\n$var(rc) = $rc; sl_send_reply("200", "$var(rc) $(avp(t)[*])");\n}\n`,
    -1,
    undefined,
    world,
  );
  for (const [name, text] of Object.entries(files)) bed.host.files.write(name, bytesOf(text));
  return bed;
}

let port = 20_000;
async function ask(bed: ProxyBed, lines: readonly string[] = [], method = "OPTIONS"): Promise<string> {
  const agent = await bed.udp(port++);
  const [reply] = await agent.send(bed.request(method, "sip:x@example.org", lines));
  return /^SIP\/2\.0 200 (.*)\r/.exec(reply!)![1]!;
}

const sql = (bed: ProxyBed, text: string): void => bed.host.openSqlite("/data/p.sqlite").exec(text);

test("addresses are read again on demand, not more often than reload_delta; a failed reading changes nothing", async () => {
  const bed = await open('allow_source_address("1");', 'modparam("permissions", "peer_tag_avp", "$avp(t)")\n');
  expect(await ask(bed)).toBe("-1 <null>");
  sql(
    bed,
    "INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES (1, '192.0.2.0', 24, 0, 'lab'), (1, 'x.example', 0, 0, NULL), (1, '192.0.2.1', 99, 0, NULL), (1, '10.0.0.1', 32, 5060, 'a'), (0, '10.0.0.2', 32, 0, 'b'), (1, '10.0.0.3', 32, 99999, 'b')",
  );
  expect(await ask(bed)).toBe("-1 <null>");
  expect(await bed.rpc("permissions.addressReload")).toBe("Reload OK");
  expect(await ask(bed)).toBe("1 lab");
  expect(bed.log.filter((line) => line.includes("is left out")).length).toBe(3);
  expect(await bed.rpc("permissions.addressDump")).toEqual([
    { table: 0, group: 1, item: { ip: "10.0.0.1", port: 5060, tag: "a" } },
  ]);
  expect(await bed.rpc("permissions.domainDump")).toEqual([
    { table: 0, group: 1, item: { domain_name: "x.example", port: 0, tag: "NULL" } },
  ]);
  await expect(bed.rpc("permissions.addressReload")).rejects.toMatchObject({ code: 500, message: "ongoing reload" });
  await bed.world.advance(5100);
  sql(bed, "DROP TABLE address; CREATE TABLE address (id INTEGER)");
  await expect(bed.rpc("permissions.addressReload")).rejects.toMatchObject({ code: 500, message: "Reload failed" });
  expect(await ask(bed)).toBe("1 lab");
  await bed.close();
});

test("trusted peers: asked of the database each time, or kept until they are read again", async () => {
  const insert = "INSERT INTO trusted (src_ip, proto, tag) VALUES ('192.0.2.10', 'any', 'us')";
  const direct = await open("allow_trusted();");
  expect(await ask(direct)).toBe("-1 <null>");
  sql(direct, insert);
  expect(await ask(direct)).toBe("1 <null>");
  sql(direct, "DROP TABLE trusted");
  expect(await ask(direct)).toBe("-1 <null>");
  expect(direct.log.some((line) => line.includes("no such table: trusted"))).toBe(true);
  await expect(direct.rpc("permissions.trustedReload")).rejects.toMatchObject({ code: 500 });
  await direct.close();

  const cached = await open("allow_trusted();", 'modparam("permissions", "db_mode", 1)\n');
  sql(cached, insert);
  expect(await ask(cached)).toBe("-1 <null>");
  expect(await cached.rpc("permissions.trustedReload")).toBe("Reload OK");
  expect(await ask(cached)).toBe("1 <null>");
  expect(await cached.rpc("permissions.trustedDump")).toEqual([
    {
      table: 0,
      item: { ip: "192.0.2.10", proto: 0, pattern: "NULL", ruri_pattern: "NULL", tag: "us", priority: 0 },
    },
  ]);
  await cached.close();
});

test("rules that see ports, a broken line, and what is not loaded", async () => {
  const files = { "/r.deny": 'ALL : "5070"\nno rule\nALL : "("\n"a" : \n: "b"\n' };
  const contact = (uri: string): string[] => [`Contact: <${uri}>`];
  const bed = await open('allow_register_include_port("/r");', "", files);
  expect(await ask(bed, contact("sip:a@h:5070"), "REGISTER")).toBe("-1 <null>");
  expect(await ask(bed, contact("sip:a@h:5071"), "REGISTER")).toBe("1 <null>");
  expect(await ask(bed, contact(Array(65).fill("sip:a@h:5071").join(">, <")), "REGISTER")).toBe("-1 <null>");
  expect(await ask(bed, ["Contact: <"], "REGISTER")).toBe("-1 <null>");
  expect(bed.log.filter((line) => /r\.deny:\d+ is left out/.test(line)).length).toBe(4);
  await bed.close();
  const without = await open(
    'allow_register_include_port("/r");',
    'modparam("permissions", "load_backends", 7)\n',
    files,
  );
  expect(await ask(without, contact("sip:a@h:5070"), "REGISTER")).toBe("1 <null>");
  await without.close();
});

test("names of files are taken from the directory of the configuration", async () => {
  const bed = await open('allow_routing("rules");', "", { "/rules.deny": 'ALL : "^sip:x@"\n' });
  expect(await ask(bed)).toBe("-1 <null>");
  await bed.close();
});

test("a table with more networks than max_subnets is not taken", async () => {
  const bed = await open('allow_address("1", "10.1.2.3", "5060");', 'modparam("permissions", "max_subnets", 2)\n');
  sql(bed, "INSERT INTO address (grp, ip_addr, mask) VALUES (1, '10.1.0.0', 16), (1, '10.2.0.0', 16)");
  expect(await bed.rpc("permissions.addressReload")).toBe("Reload OK");
  sql(bed, "INSERT INTO address (grp, ip_addr, mask) VALUES (1, '10.3.0.0', 16)");
  await bed.world.advance(6000);
  await expect(bed.rpc("permissions.addressReload")).rejects.toMatchObject({ message: "Reload failed" });
  expect(bed.log.some((line) => line.includes("3 networks, more than max_subnets (2)"))).toBe(true);
  expect(await ask(bed)).toBe("1 <null>");
  await bed.close();
});

test("numbers and addresses may be variables; one source alone is enough for allow_trusted()", async () => {
  const bed = await open(
    '$var(g) = 1; $var(p) = 5060; if (allow_address($var(g), $si, $var(p)) && allow_trusted("$si")) { $var(ok) = 1; }',
  );
  sql(
    bed,
    "INSERT INTO address (grp, ip_addr) VALUES (1, '192.0.2.10'); INSERT INTO trusted (src_ip, proto) VALUES ('192.0.2.10', 'any')",
  );
  await bed.rpc("permissions.addressReload");
  expect(await ask(bed)).toBe("1 <null>");
  await bed.close();
});

test("an AVP for tags that is none is refused", async () => {
  await expect(open("exit;", 'modparam("permissions", "peer_tag_avp", "x")\n')).rejects.toMatchObject({
    diagnostics: [{ message: expect.stringContaining('"x" is no AVP') }],
  });
});

test("subnet_match_mode: the first network counts, or the longest prefix", async () => {
  const rows = [
    "(1, '192.0.0.0', 16, 0, 'wide')",
    "(2, '192.0.2.0', 28, 0, 'narrow')",
    "(3, '192.0.2.0', 24, 0, 'middle')",
    "(4, '192.0.2.8', 30, 5999, 'another port')",
  ];
  for (const [mode, answer] of [
    [0, "1 wide"],
    [1, "2 narrow"],
  ] as const) {
    const params = `modparam("permissions", "subnet_match_mode", ${mode})\nmodparam("permissions", "peer_tag_avp", "$avp(t)")\n`;
    const bed = await open("allow_source_address_group();", params);
    sql(bed, `INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES ${rows.join(", ")}`);
    await bed.rpc("permissions.addressReload");
    expect(await ask(bed)).toBe(answer);
    await bed.close();
  }
});
