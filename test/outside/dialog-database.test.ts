// Dialogs in a database: what survives a restart and a sudden death, by mode.

import { afterEach, describe, expect, test } from "vitest";
import { start } from "../../src/boot.ts";
import { parseOptions } from "../../src/control/cli/options.ts";
import { check, readSource } from "../../src/control/configuration.ts";
import type { RpcValue } from "../../src/registry/define.ts";
import { type CallGroup, note } from "../parity/dialog-call.ts";
import { configHere, openCalls } from "../parity/dialog-ours.ts";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const END = `event_route[dialog:end] { xlog("L_ALERT", "@$dlg(callid) end v=$dlg_var(x)\\n"); }
event_route[dialog:failed] { xlog("L_ALERT", "@$dlg(callid) failed\\n"); }\n`;

let bed: ProxyBed | null = null;

afterEach(async () => {
  await bed?.close();
  bed = null;
});

async function open(group: Omit<CallGroup, "name" | "cases">): Promise<Awaited<ReturnType<typeof openCalls>>> {
  bed = await openProxy(configHere({ name: "", cases: [], ...group }));
  return openCalls(bed);
}

const count = async (): Promise<number> => ((await bed!.rpc("dlg.list")) as RpcValue[]).length;
const noted = (seen: readonly string[], start: string): string[] => seen.filter((l) => l.startsWith(start));

describe("in a database", () => {
  const group = (mode: number, more = ""): Omit<CallGroup, "name" | "cases"> => ({
    modules: ["db_sqlite"],
    params: `modparam("dialog","db_mode",${mode})\nmodparam("dialog","db_url","{DB}")\nmodparam("dialog","db_update_period",30)\nmodparam("dialog","profiles_with_value","caller")\n${more}`,
    initial: 'dlg_manage(); $dlg_var(x)="kept"; set_dlg_profile("caller","$fU"); dlg_setflag("4");',
    within: note("within $rm st=$dlg(state) x=$dlg_var(x) sf=$dlg(sflags)"),
    routes: END,
  });

  const rows = (b: ProxyBed, table: string): readonly unknown[] =>
    b.host.openSqlite("/data/dialog.sqlite").prepare(`SELECT * FROM ${table}`).all();

  /** Starts the server anew; `hard`: as if it had been killed, with what was in the database then. */
  async function again(config: string, hard: boolean, away = 0): Promise<void> {
    const { world, host, server } = bed!;
    const tables = ["dialog", "dialog_vars"];
    const before = tables.map((t) => rows(bed!, t));
    await server.stop();
    if (hard) {
      const db = host.openSqlite("/data/dialog.sqlite");
      for (const [n, table] of tables.entries()) {
        db.exec(`DELETE FROM ${table}`);
        for (const row of before[n]! as Record<string, string | number | null>[]) {
          const names = Object.keys(row);
          db.prepare(`INSERT INTO ${table} (${names.join(",")}) VALUES (${names.map(() => "?").join(",")})`).run(
            ...Object.values(row),
          );
        }
      }
    }
    await world.advance(away);
    const options = parseOptions(["-l", "udp:192.0.2.1:5060", "--data", "/data", "-f", "/portico.cfg"]);
    const checked = check(host, await readSource(host, options.config), options);
    if (!checked.ok) throw new Error(config);
    const { log } = bed!;
    const next = await start(host, checked, { level: -1, sink: (_, line) => void log.push(line) }, null, "/data");
    Object.assign(bed!, { server: next });
  }

  test.each([
    [1, true],
    [1, false],
    [2, false],
    [3, false],
  ])("mode %i survives a restart (killed: %s)", async (mode, hard) => {
    const config = group(mode);
    const calls = await open(config);
    const call = calls.next();
    await call.establish();
    await again("", hard);
    expect(await count()).toBe(1);
    expect(await bed!.rpc("dlg.profile_get_size", "caller", "alice")).toBe(1);
    await call.within("uas", "INFO");
    expect(call.seen).toContain("log within INFO st=4 x=kept sf=16");
    await call.within("uac", "BYE");
    expect(call.seen).toContain("log end v=kept");
    await call.wait(31_000);
    expect(await count()).toBe(0);
    await bed!.server.stop();
    expect(rows(bed!, "dialog")).toEqual([]);
    expect(rows(bed!, "dialog_vars")).toEqual([]);
  });

  test("mode 2 killed: what the last period has written is there", async () => {
    const calls = await open(group(2));
    await calls.next().establish();
    await bed!.world.advance(31_000);
    await calls.next().establish();
    await again("", true);
    expect(await count()).toBe(1);
  });

  test("mode 3 killed: nothing is there", async () => {
    const calls = await open(group(3));
    await calls.next().establish();
    await again("", true);
    expect(await count()).toBe(0);
  });

  test("a call whose time is over while nobody looks ends at the next start, by BYE from the right listener", async () => {
    const calls = await open(group(1, 'modparam("dialog","default_timeout",60)\nmodparam("dialog","send_bye",1)\n'));
    const call = calls.next();
    await call.establish();
    await again("", true, 100_000);
    await call.wait(2500);
    expect(noted(call.seen, "uac < BYE")).toHaveLength(1);
    expect(noted(call.seen, "uas < BYE")).toHaveLength(1);
    expect(await count()).toBe(0);
    expect(rows(bed!, "dialog")).toEqual([]);
  });

  test("calls that ring are not written; ended ones are deleted at once", async () => {
    const calls = await open(group(1));
    const call = calls.next();
    await call.invite();
    await call.answer(180);
    expect(rows(bed!, "dialog")).toHaveLength(0);
    await call.answer(200);
    expect(rows(bed!, "dialog")).toHaveLength(1);
    await call.ack();
    expect(rows(bed!, "dialog")[0]).toMatchObject({ state: 4, from_uri: "sip:alice@x", to_tag: "s0", sflags: 16 });
    expect(rows(bed!, "dialog_vars")).toMatchObject([{ dialog_key: "x", dialog_value: "kept" }]);
    await call.within("uac", "BYE");
    expect(rows(bed!, "dialog")).toHaveLength(0);
    expect(rows(bed!, "dialog_vars")).toHaveLength(0);
  });

  test("dlg_db_load_callid and dlg_db_load_extra bring dialogs of others", async () => {
    const load = 'if (is_method("OPTIONS")) { dlg_db_load_callid("$ci"); sl_send_reply("200", "$rc"); exit; }\n';
    const calls = await open({
      ...group(1, 'modparam("dialog","db_skip_load",1)\n'),
      first: `${load}if (is_method("PUBLISH")) { dlg_db_load_extra(); sl_send_reply("200", "OK"); exit; }\n`,
    });
    const one = calls.next();
    await one.establish();
    const two = calls.next();
    await two.establish();
    await again("", true);
    expect(await count()).toBe(0);
    const phone = await bed!.udp(7000);
    await phone.send(bed!.request("OPTIONS", "sip:x@192.0.2.1", [`Call-ID: ${one.callId}`]));
    expect(await count()).toBe(1);
    await phone.send(bed!.request("PUBLISH", "sip:x@192.0.2.1"));
    expect(await count()).toBe(2);
  });
});
