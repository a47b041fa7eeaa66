// Accounting where Kamailio 5.6.3 has a fault of its own, or no answer: acc_request() with a database, lengths of calls to the millisecond, BYEs that
// nobody relays with a transaction, bounds of parameters.

import { expect, test } from "vitest";
import type { SimHost } from "../../src/host/simulated.ts";
import type { CallGroup } from "../parity/dialog-call.ts";
import { configHere, openCalls } from "../parity/dialog-ours.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";

const DB = "/data/dialog.sqlite";

const group = (more: Partial<CallGroup>): CallGroup => ({
  name: "",
  modules: ["db_sqlite", "acc"],
  params: `modparam("acc", "db_url", "{DB}")
modparam("acc", "cdr_enable", 1)
modparam("acc", "cdrs_table", "acc_cdrs")
modparam("acc", "cdr_start_on_confirmed", 1)
`,
  cases: [],
  ...more,
});

test("acc_request() writes to the log and to the table it names", async () => {
  const bed = await openProxy(
    configHere(group({ initial: '    acc_request("404 Not here", "missed_calls"); xlog("L_ALERT", "rc $rc\\n");\n' })),
  );
  const call = (await openCalls(bed)).next();
  await call.invite();
  const rows = bed.host
    .openSqlite(DB)
    .prepare("SELECT method, from_tag, to_tag, sip_code, sip_reason FROM missed_calls");
  expect(rows.all()).toEqual([
    { method: "INVITE", from_tag: "c0", to_tag: "", sip_code: "404", sip_reason: "Not here" },
  ]);
  await bed.close();
});

test("the length of a call is from its answer to its BYE, however late that is answered", async () => {
  const bed = await openProxy(configHere(group({})));
  const call = (await openCalls(bed)).next();
  await call.establish();
  await call.wait(1940);
  call.uas.delay = 300;
  await call.within("uac", "BYE");
  const rows = bed.host.openSqlite(DB).prepare("SELECT duration FROM acc_cdrs");
  expect(rows.all()).toEqual([]);
  await call.wait(400);
  // 60 ms after the 200, as long after the ACK, and 1940 ms
  expect(rows.all()).toEqual([{ duration: 2.06 }]);
  await bed.close();
});

test("a BYE that is passed on without a transaction, or answered here, ends a call too", async () => {
  const within = '    if ($hdr(X-F) == "here") { sl_send_reply("200", "OK"); exit; }\n    forward(); exit;\n';
  const bed = await openProxy(configHere(group({ within })));
  const calls = await openCalls(bed);
  for (const kind of ["here", "on"]) {
    const call = calls.next();
    await call.establish();
    await call.within("uac", "BYE", [`X-F: ${kind}`]);
  }
  expect(bed.host.openSqlite(DB).prepare("SELECT count(*) AS n FROM acc_cdrs").all()).toEqual([{ n: 2 }]);
  await bed.close();
});

test.each([
  ["cdr_extra", '"cdr_extra_size", 1', '"a=$ci;b=$fu"'],
  ["log_extra", '"acc_extra_size", 1', '"a=$ci;b=$fu"'],
  ["db_extra", '"acc_extra_size", 1', '"a=$ci;b=$fu"'],
  ["multi_leg_info", '"acc_extra_size", 1', '"a=$avp(x);b=$avp(y)"'],
])("more values of %s than allowed are refused", async (param, size, value) => {
  const config = `${modules("dialog", "acc")}modparam("acc", ${size})\nmodparam("acc", "${param}", ${value})\nrequest_route { exit; }`;
  await expect(openProxy(config)).rejects.toThrow("the configuration cannot be used");
});

test.each([
  [1, false],
  [0, true],
])("tables of another version: db_version_check %i", async (checked, starts) => {
  const prepare = (host: SimHost): void => {
    host
      .openSqlite(DB)
      .exec(
        "CREATE TABLE version (table_name VARCHAR(32), table_version INTEGER); INSERT INTO version VALUES ('acc', 4), ('missed_calls', 4); CREATE TABLE acc (id INTEGER PRIMARY KEY); CREATE TABLE missed_calls (id INTEGER PRIMARY KEY);",
      );
  };
  const config = `${modules("db_sqlite", "acc")}modparam("acc", "db_url", "sqlite://${DB}")\nmodparam("acc", "db_version_check", ${checked})\nrequest_route { exit; }`;
  const opening = openProxy(config, -1, undefined, undefined, {}, prepare);
  if (!starts) await expect(opening).rejects.toThrow(/version/);
  else await (await opening).close();
});
