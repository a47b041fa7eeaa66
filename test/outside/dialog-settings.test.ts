// Settings of module dialog that no comparison changes: names of tables and columns, numbers of dialogs, keep-alives, bridges, early BYE.

import { afterEach, describe, expect, test } from "vitest";
import type { SimHost } from "../../src/host/simulated.ts";
import type { RpcValue } from "../../src/registry/define.ts";
import type { CallGroup } from "../parity/dialog-call.ts";
import { configHere, openCalls } from "../parity/dialog-ours.ts";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";

type Group = Omit<CallGroup, "name" | "cases">;
type Cells = Record<string, string | number | null>;
type Names = Readonly<Record<string, string>>;

const DB = "/data/dialog.sqlite";
const beds: ProxyBed[] = [];
afterEach(async () => {
  for (const bed of beds.splice(0)) await bed.close();
});

async function open(group: Group, prepare?: (host: SimHost) => void) {
  const config = configHere({ name: "", cases: [], ...group });
  const bed = await openProxy(config, -1, undefined, undefined, {}, prepare);
  beds.push(bed);
  return { bed, calls: await openCalls(bed) };
}

const param = (name: string, value: string | number): string =>
  `modparam("dialog", "${name}", ${JSON.stringify(value)})\n`;
const params = (given: Readonly<Record<string, string | number>>): string =>
  Object.entries(given)
    .map(([name, value]) => param(name, value))
    .join("");
const dialogs = async (bed: ProxyBed): Promise<Record<string, RpcValue>[]> =>
  (await bed.rpc("dlg.list")) as Record<string, RpcValue>[];
const noted = (seen: readonly string[], start: string): string[] => seen.filter((l) => l.startsWith(start));

/** Parameters that name columns, by what these are called usually. */
const COLUMNS: Names = {
  call_id_column: "callid",
  from_uri_column: "from_uri",
  from_tag_column: "from_tag",
  to_uri_column: "to_uri",
  to_tag_column: "to_tag",
  from_cseq_column: "caller_cseq",
  to_cseq_column: "callee_cseq",
  from_route_column: "caller_route_set",
  to_route_column: "callee_route_set",
  from_contact_column: "caller_contact",
  to_contact_column: "callee_contact",
  from_sock_column: "caller_sock",
  to_sock_column: "callee_sock",
  h_id_column: "hash_id",
  h_entry_column: "hash_entry",
  state_column: "state",
  start_time_column: "start_time",
  timeout_column: "timeout",
  sflags_column: "sflags",
  toroute_name_column: "toroute_name",
};
const VARIABLES: Names = {
  vars_h_id_column: "hash_id",
  vars_h_entry_column: "hash_entry",
  vars_key_column: "dialog_key",
  vars_value_column: "dialog_value",
};
/** As release 3.1 and the documentation call some of them. */
const OLDER: Names = {
  callid_column: "callid",
  caller_cseq_column: "caller_cseq",
  callee_cseq_column: "callee_cseq",
  caller_route_column: "caller_route_set",
  callee_route_column: "callee_route_set",
  caller_contact_column: "caller_contact",
  callee_contact_column: "callee_contact",
  caller_sock_column: "caller_sock",
  callee_sock_column: "callee_sock",
  toroute_column: "toroute_name",
};
const MORE = ["iflags", "req_uri", "xdata"];

const renamed = (usual: string): string => `c_${usual}`;
const renaming = (names: Names): string =>
  params(Object.fromEntries(Object.entries(names).map(([name, usual]) => [name, renamed(usual)])));
const columnsOf = (names: Names): string[] => Object.values(names);

/** Tables with those columns under other names and the rest as usual, with rows as they come from a table with the usual ones. */
function tables(host: SimHost, other: ReadonlySet<string>, rows: readonly Cells[], variables: readonly Cells[]): void {
  const db = host.openSqlite(DB);
  const name = (usual: string): string => (other.has(usual) ? renamed(usual) : usual);
  db.exec(`CREATE TABLE version (table_name VARCHAR(32), table_version INTEGER);
INSERT INTO version VALUES ('calls', 7), ('callvars', 1);
CREATE TABLE calls (id INTEGER PRIMARY KEY, ${[...columnsOf(COLUMNS).map(name), ...MORE].join(", ")});
CREATE TABLE callvars (id INTEGER PRIMARY KEY, ${columnsOf(VARIABLES).map(renamed).join(", ")});`);
  const fill = (table: string, row: Cells, called: (usual: string) => string): void => {
    const names = Object.keys(row);
    const marks = names.map(() => "?").join(", ");
    db.prepare(`INSERT INTO ${table} (${names.map(called).join(", ")}) VALUES (${marks})`).run(...Object.values(row));
  };
  for (const row of rows) fill("calls", row, name);
  for (const row of variables) fill("callvars", row, (usual) => (usual === "id" ? usual : renamed(usual)));
}

const read = (bed: ProxyBed, table: string): Cells[] =>
  bed.host.openSqlite(DB).prepare(`SELECT * FROM ${table}`).all() as Cells[];
/** A row under the usual names, without what differs from run to run. */
const usual = (row: Cells | undefined): Cells =>
  Object.fromEntries(
    Object.entries(row ?? {})
      .map(([name, value]) => [name.replace(/^c_/, ""), value] as const)
      .filter(([name]) => !/^(id|hash_id|start_time|timeout)$/.test(name)),
  );

describe("tables and columns by other names", () => {
  const group = (more: string): Group => ({
    modules: ["db_sqlite"],
    params: `${params({ db_mode: 1, db_url: "{DB}", db_fetch_rows: 1 })}${more}`,
    initial: 'dlg_manage(); $dlg_var(x) = "kept"; dlg_setflag("4"); $dlg_ctx(timeout_route) = "OVER";',
    within: 'xlog("L_ALERT", "@$ci within $rm x=$dlg_var(x) sf=$dlg(sflags)\\n");',
    routes: "route[OVER] { exit; }\n",
  });

  test.each([
    ["columns", { ...COLUMNS }],
    ["columns by their other names", { ...COLUMNS, ...OLDER }],
  ])("%s: the same rows are written, and read at the next start", async (_name, names) => {
    const first = await open(group(""));
    const plain = first.calls.next();
    await plain.establish();
    const [row, variable] = [read(first.bed, "dialog"), read(first.bed, "dialog_vars")];
    expect(row).toHaveLength(1);

    const used = Object.keys(names).length > Object.keys(COLUMNS).length ? OLDER : COLUMNS;
    const other = new Set(columnsOf(used));
    const config = group(
      renaming(used) + renaming(VARIABLES) + params({ table_name: "calls", vars_table_name: "callvars" }),
    );
    const second = await open(config, (host) => tables(host, other, [], []));
    await second.calls.next().establish();
    expect(read(second.bed, "calls").map(usual)).toEqual(row.map(usual));
    expect(read(second.bed, "callvars").map(usual)).toEqual(variable.map(usual));

    // two rows, read one at a time (db_fetch_rows)
    const twice = [row[0]!, { ...row[0]!, id: 100, hash_id: 4711, callid: "another" }];
    const third = await open(config, (host) => tables(host, other, twice, variable));
    expect((await dialogs(third.bed)).map((d) => [d["call-id"], d["state"]]).sort()).toEqual(
      [
        [plain.callId, 4],
        ["another", 4],
      ].sort(),
    );
    expect(await third.bed.rpc("dlg.list")).toMatchObject([{ variables: [{ x: "kept" }] }, {}]);
  });
});

test("hash_size, h_id_start and h_id_step make what dialogs are called by", async () => {
  const { bed, calls } = await open({ params: params({ hash_size: 1, h_id_start: 3, h_id_step: 10 }) });
  for (let i = 0; i < 3; i++) await calls.next().establish();
  const ids = (await dialogs(bed)).map((d) => [d["h_entry"], Number(d["h_id"]) % 10]);
  expect(ids).toEqual([
    [0, 3],
    [0, 3],
    [0, 3],
  ]);
});

test("bye_early_code and bye_early_reason answer a call that rings and is ended here", async () => {
  const { calls } = await open({
    params: params({ early_timeout: 5, bye_early_code: 486, bye_early_reason: "Ended Here" }),
  });
  const call = calls.next();
  await call.invite();
  await call.answer(180);
  await call.wait(6000);
  expect(call.last.uac).toMatch(/^SIP\/2.0 486 Ended Here\r\n/);
});

test("ka_failed_limit: so many keep-alives must fail before a call has 10 seconds left", async () => {
  const left = async (limit: number): Promise<number> => {
    const { bed, calls } = await open({
      params: params({ ka_timer: 1, ka_interval: 30, ka_failed_limit: limit }),
      initial: 'dlg_manage(); dlg_set_property("ka-dst");',
    });
    const call = calls.next();
    call.uas.answers["OPTIONS"] = 481;
    await call.establish();
    await call.wait(50_000);
    return (await dialogs(bed)).length;
  };
  expect(await left(1)).toBe(0);
  expect(await left(2)).toBe(1);
});

test("dlg_filter_mode: calls of other servers, read from the database, are left alone", async () => {
  const config = (mode: number): Group => ({
    modules: ["db_sqlite"],
    params: params({ db_mode: 1, db_url: "{DB}", send_bye: 1, dlg_filter_mode: mode, default_timeout: 60 }),
  });
  const first = await open(config(0));
  const plain = first.calls.next();
  await plain.establish();
  const [row] = read(first.bed, "dialog");
  const foreign = { ...row!, caller_sock: "udp:198.51.100.9:5060", callee_sock: "udp:198.51.100.9:5060" };
  const names = Object.keys(foreign);
  const ended = async (mode: number): Promise<number> => {
    const { calls } = await open(config(mode), (host) => {
      const db = host.openSqlite(DB);
      db.exec(`CREATE TABLE version (table_name VARCHAR(32), table_version INTEGER);
INSERT INTO version VALUES ('dialog', 7), ('dialog_vars', 1);
CREATE TABLE dialog_vars (id INTEGER PRIMARY KEY, hash_entry, hash_id, dialog_key, dialog_value);
CREATE TABLE dialog (${names.map((n) => (n === "id" ? "id INTEGER PRIMARY KEY" : n)).join(", ")});`);
      db.prepare(`INSERT INTO dialog (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`).run(
        ...Object.values(foreign),
      );
    });
    const call = calls.next();
    Object.assign(call, { callId: plain.callId });
    await call.wait(70_000);
    return noted(call.seen, "uas < BYE").length;
  };
  expect(await ended(0)).toBe(1);
  expect(await ended(1)).toBe(0);
});

test("bridge_controller and bridge_contact stand in requests of dlg_bridge()", async () => {
  const { bed, calls } = await open({
    params: params({ bridge_controller: "sip:desk@office.example", bridge_contact: "sip:desk@192.0.2.1:5060" }),
    within: 'if (is_method("INFO")) dlg_bridge("sip:x@192.0.2.10:7100", "sip:y@192.0.2.10:7200", "");\n',
  });
  const phone = await bed.udp(7100);
  const call = calls.next();
  await call.establish();
  await call.within("uac", "INFO");
  expect(phone.received[0]).toMatch(/\r\nFrom: <sip:desk@office\.example>;tag=/);
  expect(phone.received[0]).toContain("\r\nContact: <sip:desk@192.0.2.1:5060>\r\n");
});
