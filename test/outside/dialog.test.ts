// Module dialog from outside, in virtual time: what Kamailio cannot be asked quickly (long timers, restarts), and what is ours.

import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Dialogs, dialog } from "../../src/modules/dialog/index.ts";
import type { RpcValue } from "../../src/registry/define.ts";
import { type CallGroup, note } from "../parity/dialog-call.ts";
import { configHere, openCalls } from "../parity/dialog-ours.ts";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const END = `event_route[dialog:end] { xlog("L_ALERT", "@$dlg(callid) end v=$dlg_var(x)\\n"); }
event_route[dialog:failed] { xlog("L_ALERT", "@$dlg(callid) failed\\n"); }\n`;

let bed: ProxyBed | null = null;

afterEach(async () => {
  vi.restoreAllMocks();
  await bed?.close();
  bed = null;
});

async function open(group: Omit<CallGroup, "name" | "cases">): Promise<Awaited<ReturnType<typeof openCalls>>> {
  bed = await openProxy(configHere({ name: "", cases: [], ...group }));
  return openCalls(bed);
}

const count = async (): Promise<number> => ((await bed!.rpc("dlg.list")) as RpcValue[]).length;
const noted = (seen: readonly string[], start: string): string[] => seen.filter((l) => l.startsWith(start));

describe("timers", () => {
  test("a call that nobody answers ends after early_timeout: 480 to the caller, CANCEL to the callee", async () => {
    const calls = await open({
      params: 'modparam("dialog","early_timeout",20)\nmodparam("tm","fr_inv_timer",100000)\n',
      routes: END,
    });
    const call = calls.next();
    await call.invite();
    await call.answer(180);
    await call.wait(19_500);
    expect(noted(call.seen, "uas < CANCEL")).toHaveLength(0);
    await call.wait(1000);
    expect(noted(call.seen, "uac < SIP/2.0 480")).toHaveLength(1);
    expect(noted(call.seen, "uas < CANCEL")).toHaveLength(1);
    expect(noted(call.seen, "log failed")).toHaveLength(1);
    await call.wait(10_000);
    expect(await count()).toBe(0);
  });

  test("an answered call without ACK ends 10 seconds after noack_timeout", async () => {
    const calls = await open({
      params: 'modparam("dialog","noack_timeout",20)\nmodparam("dialog","send_bye",1)\n',
      routes: END,
    });
    const call = calls.next();
    await call.invite();
    await call.answer(200);
    await call.wait(29_500);
    expect(noted(call.seen, "log end")).toHaveLength(0);
    await call.wait(1500);
    expect(noted(call.seen, "log end")).toHaveLength(1);
    expect(noted(call.seen, "uas < BYE")).toHaveLength(1);
    expect(await count()).toBe(0);
  });

  test("timeout_noreset: requests do not prolong a call", async () => {
    const calls = await open({
      params: 'modparam("dialog","default_timeout",5)\nmodparam("dialog","timeout_noreset",1)\n',
      routes: END,
    });
    const call = calls.next();
    await call.establish();
    await call.wait(3000);
    await call.within("uac", "INFO");
    await call.wait(2500);
    expect(noted(call.seen, "log end")).toHaveLength(1);
  });

  test("$dlg_ctx(timeout) and $dlg_ctx(timeout_route) count before and after dlg_manage()", async () => {
    for (const initial of [
      '$dlg_ctx(timeout) = 3; $dlg_ctx(timeout_route) = "TO"; dlg_manage();',
      'dlg_manage(); $dlg_ctx(timeout) = 3; $dlg_ctx(timeout_route) = "TO"; $dlg_ctx(timeout_bye) = 1;',
    ]) {
      const calls = await open({ initial, routes: `${END}route[TO] { ${note("TO")} }\n` });
      const call = calls.next();
      await call.establish();
      await call.wait(4500);
      expect(noted(call.seen, "log ")).toEqual(["log TO", "log end v=<null>"]);
      await bed!.close();
    }
    bed = null;
  });
});

describe("what does not become a call", () => {
  test("an INVITE that the script answers itself leaves nothing", async () => {
    const calls = await open({ initial: 'dlg_manage(); sl_send_reply("403", "No"); exit;' });
    const call = calls.next();
    await call.invite();
    expect(noted(call.seen, "uac < SIP/2.0 403")).toHaveLength(1);
    expect(await count()).toBe(0);
  });

  test("one answered through its transaction has failed", async () => {
    const calls = await open({ initial: 't_newtran(); dlg_manage(); t_reply("486", "Busy"); exit;', routes: END });
    const call = calls.next();
    await call.invite();
    expect(noted(call.seen, "log failed")).toHaveLength(1);
    await call.wait(1000);
    expect(await count()).toBe(0);
  });

  test("beyond max_dialogs calls go through untracked", async () => {
    const calls = await open({ params: 'modparam("dialog","max_dialogs",2)\n' });
    for (let n = 0; n < 3; n++) {
      const call = calls.next();
      await call.establish();
      expect(noted(call.seen, "uas < ACK")).toHaveLength(1);
    }
    expect(await count()).toBe(2);
  });

  test("an INVITE that comes again after its answer begins no second one", async () => {
    const calls = await open({});
    const call = calls.next();
    await call.establish();
    await call.again();
    expect(await count()).toBe(1);
  });
});

describe("requests made here", () => {
  test("keep_proxy_rr: BYE passes through this server", async () => {
    const calls = await open({ params: 'modparam("dialog","keep_proxy_rr",3)\n', within: note("passes $rm") });
    const call = calls.next();
    await call.establish();
    await call.rpc("dlg.terminate_dlg", "{CALLID}", "{FTAG}", "{TTAG}");
    await call.wait(300);
    expect(noted(call.seen, "log passes BYE")).toHaveLength(2);
    expect(noted(call.seen, "uac < BYE")).toHaveLength(1);
    expect(noted(call.seen, "uas < BYE")).toHaveLength(1);
  });

  test("track_cseq_updates: numbers to the callee stay raised, replies get the caller's back", async () => {
    const calls = await open({
      params: 'modparam("dialog","track_cseq_updates",1)\n',
      initial: 'dlg_manage(); $dlg_var(cseq_diff) = "2";',
    });
    const call = calls.next();
    await call.establish();
    await call.within("uac", "INFO");
    expect(noted(call.seen, "uas < INFO")[0]).toContain("CSeq: 4 INFO");
    expect(noted(call.seen, "uas < ACK")[0]).toContain("CSeq: 3 ACK");
    expect(noted(call.seen, "uac < SIP/2.0 200").at(-1)).toContain("CSeq: 2 INFO");
    await call.rpc("dlg.terminate_dlg", "{CALLID}", "{FTAG}", "{TTAG}");
    await call.wait(100);
    expect(noted(call.seen, "uas < BYE")[0]).toContain("CSeq: 5 BYE");
    expect(noted(call.seen, "uac < BYE")[0]).toContain("CSeq: 1 BYE");
  });

  test("dlg.bridge_dlg: INVITE, ACK, REFER, BYE", async () => {
    await open({});
    const phone = await bed!.udp(7100);
    const answers = ["INVITE", "REFER", "BYE"];
    await bed!.rpc("dlg.bridge_dlg", "sip:x@192.0.2.10:7100", "sip:y@192.0.2.10:7200");
    await bed!.world.advance(50);
    for (const method of answers) {
      const request = phone.received.find((m) => m.startsWith(`${method} `));
      expect(request).toBeDefined();
      const lines = request!.split("\r\n").filter((l) => /^(Via|From|To|Call-ID|CSeq):/.test(l));
      const head = lines.map((l) => (l.startsWith("To:") && !l.includes("tag=") ? `${l};tag=p` : l)).join("\r\n");
      await phone.send(
        `SIP/2.0 ${method === "REFER" ? 202 : 200} OK\r\n${head}\r\nContact: <sip:x@192.0.2.10:7100>\r\nContent-Length: 0\r\n\r\n`,
      );
    }
    expect(phone.received.map((m) => m.slice(0, m.indexOf(" ")))).toEqual(["INVITE", "ACK", "REFER", "BYE"]);
    expect(phone.received[0]).toContain("m=audio 9 RTP/AVP 8 0");
    expect(phone.received[2]).toContain("Refer-To: sip:y@192.0.2.10:7200");
  });
});

test("between protocols both Record-Routes of ours are left out of the way", async () => {
  bed = await openProxy(configHere({ name: "", cases: [] }).replace("disable_tcp=yes\n", ""));
  const caller = await bed!.tcp();
  const callee = await bed!.udp(7100);
  const invite = bed!.request(
    "INVITE",
    "sip:bob@192.0.2.10:7100",
    ["Contact: <sip:alice@192.0.2.10:7000;transport=tcp>", "Record-Route: <sip:10.1.1.1;lr>"],
    "TCP 192.0.2.10:7000",
  );
  await caller.send(invite.replace(";rport", ";rport;alias"));
  const kept = callee.received[0]!.split("\r\n").filter((l) => /^(Via|Record-Route|From|To|Call-ID|CSeq):/.test(l));
  const answered = kept.map((l) => (l.startsWith("To:") ? `${l};tag=t` : l)).join("\r\n");
  expect(kept.filter((l) => l.startsWith("Record-Route:"))).toHaveLength(3);
  await callee.send(`SIP/2.0 200 OK\r\n${answered}\r\nContact: <sip:bob@192.0.2.10:7100>\r\nContent-Length: 0\r\n\r\n`);
  const [row] = (await bed!.rpc("dlg.list")) as Record<string, RpcValue>[];
  expect(row).toMatchObject({
    caller: { route_set: "<sip:10.1.1.1;lr>", socket: "tcp:192.0.2.1:5060" },
    callee: { route_set: "", socket: "udp:192.0.2.1:5060" },
  });
  await bed!.rpc("dlg.terminate_dlg", row!["call-id"] as string, "a", "t");
  await bed.world.advance(100);
  expect(callee.received.at(-1)).toMatch(/^BYE sip:bob@192.0.2.10:7100 /);
});

describe("functions and commands that the comparison with Kamailio leaves out", () => {
  test("dlg_get_var, dlg_set_var, dlg_set_state, dlg_bridge, $dlg_ctx(dir), $stat", async () => {
    const calls = await open({
      within: `if (is_method("INFO")) { dlg_set_var("$ci", "$ft", "$tt", "v", "7"); dlg_get_var("$ci", "$ft", "$tt", "v", "$var(v)");
${note("v=$var(v)=$dlg_var(v) dir=$dlg_ctx(dir) active=$stat(active_dialogs)")} dlg_get_var("no", "$ft", "$tt", "v", "$var(v)"); ${note("rc=$rc")} }
if (is_method("UPDATE")) { ${note("dir=$dlg_ctx(dir)")} dlg_bridge("sip:x@192.0.2.10:7100", "sip:y@192.0.2.10:7200", ""); ${note("bridge rc=$rc")} dlg_set_state("5"); ${note("st=$dlg(state)")} }\n`,
    });
    const phone = await bed!.udp(7100);
    const call = calls.next();
    await call.establish();
    await call.within("uac", "INFO");
    await call.within("uas", "UPDATE");
    expect(noted(call.seen, "log ")).toEqual([
      "log v=7=7 dir=1 active=1",
      "log rc=-1",
      "log dir=2",
      "log bridge rc=1",
      "log st=5",
    ]);
    expect(phone.received[0]).toMatch(/^INVITE sip:x@/);
  });

  test("profiles change in reply routes, and are gone with the call", async () => {
    const calls = await open({
      params: 'modparam("dialog","profiles_with_value","caller")\nmodparam("dialog","profiles_no_value","ringing")\n',
      initial: 'dlg_manage(); set_dlg_profile("ringing"); t_on_reply("R");',
      routes: `onreply_route[R] { if ($rs == 200) { unset_dlg_profile("ringing"); ${note("unset rc=$rc")} set_dlg_profile("caller", "$fU"); is_in_profile("caller"); ${note("in rc=$rc")} get_profile_size("caller", "$var(n)"); ${note("n=$var(n)")} } }\n`,
    });
    const call = calls.next();
    await call.invite();
    expect(await bed!.rpc("dlg.profile_get_size", "ringing")).toBe(1);
    await call.answer(200);
    expect(noted(call.seen, "log ")).toEqual(["log unset rc=1", "log in rc=1", "log n=1"]);
    expect(await bed!.rpc("dlg.profile_get_size", "ringing")).toBe(0);
    await call.ack();
    await call.within("uac", "BYE");
    expect(await bed!.rpc("dlg.profile_get_size", "caller", "alice")).toBe(0);
  });

  test("dlg.briefing, dlg.list_ctx, dlg.list_match_ctx, dlg.list_match_ex, dlg.set_var, dlg.dump_file", async () => {
    const calls = await open({});
    const call = calls.next();
    await call.establish();
    expect(await bed!.rpc("dlg.briefing")).toMatchObject([
      { from_uri: "sip:alice@x", to_uri: "sip:bob@y", "call-id": call.callId, from_tag: "c0", to_tag: "s0" },
    ]);
    expect(Object.keys(((await bed!.rpc("dlg.briefing", "sISE")) as Record<string, RpcValue>[])[0]!)).toEqual(
      "h_entry h_id init_ts start_ts end_ts state".split(" "),
    );
    const args = [call.callId, "c0", "s0"];
    expect(await bed!.rpc("dlg.set_var", ...args, "name", "value")).toBe("Done");
    const rows = (await bed!.rpc("dlg.list_ctx")) as RpcValue[];
    expect(rows).toMatchObject([{ state: 4, variables: [{ name: "value" }] }]);
    for (const name of ["dlg.list_match_ctx", "dlg.list_match_ex"])
      expect(await bed!.rpc(name, "ruri", "sw", "sip:bob@", 1)).toEqual(rows);
    await bed!.rpc("dlg.dump_file", "/data/calls.json");
    const dumped = JSON.parse(new TextDecoder().decode(bed!.host.files.read("/data/calls.json"))) as object;
    expect(dumped).toMatchObject({ call_id: call.callId, state: 4, variables: { name: "value" } });
  });
});

describe("other modules hear of dialogs", () => {
  async function listening(params: string): Promise<{ heard: string[]; calls: Awaited<ReturnType<typeof openCalls>> }> {
    const heard: string[] = [];
    const make = dialog.state;
    vi.spyOn(dialog, "state").mockImplementation((host) => {
      const dialogs = make(host) as Dialogs;
      dialogs.listeners.push({
        created: (d, ctx) => void heard.push(`created ${dialogs.dialogOf(ctx) === d}`),
        early: () => void heard.push("early"),
        confirmed: (d) => void heard.push(`confirmed ${d.callee.tag}`),
        acknowledged: () => void heard.push("acknowledged"),
        within: (_, ctx, way) => void heard.push(`within ${ctx.message.methodText()} ${way}`),
        failed: (_, __, status) => void heard.push(`failed ${status}`),
        ended: (_, ctx) => void heard.push(`ended ${ctx === null ? "here" : ctx.message.methodText()}`),
        expired: () => void heard.push("expired"),
        removed: () => void heard.push("removed"),
      });
      return dialogs;
    });
    return { heard, calls: await open({ params, initial: "dlg_manage(); t_relay(); exit;" }) };
  }

  test("of a call from beginning to end", async () => {
    const { heard, calls } = await listening("");
    const call = calls.next();
    await call.establish();
    await call.within("uas", "INFO");
    await call.within("uas", "BYE");
    await call.wait(1000);
    expect(heard).toEqual([
      "created true",
      "early",
      "confirmed s0",
      "acknowledged",
      "within INFO 2",
      "ended BYE",
      "removed",
    ]);
  });

  test("of failures and timeouts", async () => {
    const { heard, calls } = await listening(
      'modparam("dialog","default_timeout",3)\nmodparam("dialog","wait_ack",0)\nmodparam("dialog","initial_cbs_inscript",0)\n',
    );
    const one = calls.next();
    await one.invite();
    await one.answer(486);
    const two = calls.next();
    await two.establish();
    await two.wait(4000);
    expect(heard.slice(0, 3)).toEqual(["created true", "failed 486", "removed"]);
    expect(heard.slice(3)).toEqual(["created true", "early", "confirmed s1", "acknowledged", "expired", "removed"]);
  });
});

test("whatever happens to calls, nothing stays behind and the counts are right", { timeout: 60_000 }, async () => {
  const calls = await open({
    params:
      'modparam("dialog","default_timeout",20)\nmodparam("dialog","early_timeout",15)\nmodparam("dialog","noack_timeout",8)\nmodparam("dialog","end_timeout",5)\nmodparam("dialog","profiles_no_value","all")\nmodparam("dialog","ka_timer",5)\nmodparam("dialog","ka_interval",30)\n',
    initial: 'dlg_manage(); set_dlg_profile("all"); dlg_set_property("ka-dst");',
    within: 'if (is_method("MESSAGE")) { dlg_bye("all"); sl_send_reply("200", "OK"); exit; }\n',
    routes: END,
  });
  type Step = (call: ReturnType<typeof calls.next>) => Promise<unknown>;
  const steps: Step[] = [
    (c) => c.invite(),
    (c) => c.again(),
    (c) => c.cancel(),
    (c) => c.answer(180),
    (c) => c.answer(200),
    (c) => c.answer(200, { tag: "other" }),
    (c) => c.answer(486),
    (c) => c.ack(),
    (c) => c.within("uac", "INFO"),
    (c) => c.within("uas", "UPDATE"),
    (c) => c.within("uac", "BYE"),
    (c) => c.within("uas", "BYE"),
    (c) => c.within("uac", "MESSAGE"),
    (c) => c.ask("dlg.terminate_dlg", "{CALLID}", "{FTAG}", "{TTAG}"),
    (c) => c.ask("dlg.set_state", "{CALLID}", "{FTAG}", "{TTAG}", 5),
    (c) => c.wait(9000),
  ];
  const run = fc.array(fc.integer({ min: 0, max: steps.length - 1 }), { maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(run, fc.boolean(), async (chosen, mute) => {
      const call = calls.next();
      if (mute) call.uas.answers["BYE"] = 0;
      await call.invite();
      for (const n of chosen) await steps[n]!(call);
      const states = (await bed!.rpc("dlg.stats_active")) as Record<string, number>;
      const count = (name: string): number => bed!.server.proxy.statistics.valueOf(name)!;
      expect(count("active_dialogs")).toBe(states["answering"]! + states["ongoing"]!);
      expect(count("early_dialogs")).toBe(states["connecting"]!);
      await call.wait(45_000);
      expect(await bed!.rpc("dlg.list")).toEqual([]);
      expect(count("active_dialogs")).toBe(0);
      expect(count("early_dialogs")).toBe(0);
      expect(await bed!.rpc("dlg.profile_get_size", "all")).toBe(0);
    }),
    { seed: 17, numRuns: 60 },
  );
  expect(bed!.server.proxy.counters.routeErrors).toBe(0);
});
