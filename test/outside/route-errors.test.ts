// Scripts that fail in the middle of a call: wherever the error is, its own caller gets an answer, everybody else is served, timers go on,
// nothing is left behind. Lua is used because its `error` fails in any kind of route.

import { afterEach, expect, test } from "vitest";
import type { TmEngine } from "../../src/modules/tm/index.ts";
import { type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const SCRIPT = `
function ksr_request_route()
  local user = KSR.pv.get("$rU")
  if KSR.is_OPTIONS() then KSR.sl.send_reply(200, "OK") return 1 end
  if user == "request" then KSR.tm.t_newtran() error("boom") end
  if user == "failure" then KSR.tm.t_on_failure("fails") end
  if user == "branch" then KSR.tm.t_on_branch("fails") end
  if user == "branchfailure" then KSR.tm.t_on_branch_failure("fails") end
  if user == "onreply" then KSR.tm.t_on_reply("fails") end
  KSR.tm.t_relay()
  return 1
end
function fails() error("boom") end
function ksr_reply_route() if KSR.pv.get("$tU") == "reply" then error("boom") end return 1 end
function ksr_onsend_route() if KSR.pv.get("$tU") == "onsend" and KSR.pv.get("$rm") == "INVITE" then error("boom") end return 1 end
`;

const CONFIG = `${modules("tmx", "app_lua")}
cfgengine "lua"
onsend_route_reply = yes
modparam("app_lua", "load", "/s.lua")
modparam("tm", "fr_timer", 2000)
modparam("tm", "fr_inv_timer", 5000)
modparam("tm", "max_inv_lifetime", 20000)
modparam("tm", "wt_timer", 1000)
`;

let bed: ProxyBed;
let caller: BedAgent;
afterEach(() => bed.close());

async function open(): Promise<void> {
  bed = await openProxy(CONFIG, -1, undefined, undefined, { "/s.lua": SCRIPT });
  caller = await bed.udp(7000);
}

const statuses = (texts: readonly string[]): number[] =>
  texts.filter((t) => t.startsWith("SIP/2.0")).map((t) => Number(t.slice(8, 11)));

function invite(user: string): string {
  return bed.request("INVITE", `sip:${user}@192.0.2.10:7001`, [`To: <sip:${user}@example.org>`]);
}

function answerTo(request: string, status: number): string {
  const kept = request.split("\r\n").filter((l) => /^(Via|From|Call-ID|CSeq|To|Record-Route):/.test(l));
  return `SIP/2.0 ${status} Fine\r\n${kept.join("\r\n").replace(/^To:.*$/m, "$&;tag=b")}\r\nContent-Length: 0\r\n\r\n`;
}

/** Nothing is left, timers run, and another call is served as ever. */
async function expectHealthy(): Promise<void> {
  const callee = await bed.udp(7002);
  const seen = caller.received.length;
  await caller.send(bed.request("INVITE", "sip:plain@192.0.2.10:7002"));
  await callee.send(answerTo(callee.received[0]!, 486));
  expect(statuses(caller.received.slice(seen)), "another call").toEqual([100, 486]);
  await caller.send(bed.request("INVITE", "sip:silent@192.0.2.10:7009"));
  await bed.world.advance(3000);
  expect(statuses(caller.received).at(-1), "timers of another call").toBe(408);
  await bed.world.advance(60_000);
  expect(await bed.rpc("tm.stats")).toMatchObject({ current: 0, waiting: 0 });
}

test.each(["failure", "branchfailure"])("in the %s route that a timer has started", async (user) => {
  await open();
  await caller.send(invite(user));
  await bed.world.advance(3000);
  expect([...new Set(statuses(caller.received))]).toEqual([100, 408]);
  expect(bed.log.join("\n")).toContain("boom");
  await expectHealthy();
});

test.each([
  ["failure", 486, [100, 486]],
  ["branchfailure", 486, [100, 486]],
  ["onreply", 486, [100, 486]],
  ["onreply", 200, [100, 200]],
  ["reply", 486, [100, 408]],
])("in the %s route over a %i", async (user, status, expected) => {
  await open();
  const callee = await bed.udp(7001);
  await caller.send(invite(user));
  await callee.send(answerTo(callee.received[0]!, status));
  await bed.world.advance(6000);
  expect([...new Set(statuses(caller.received))]).toEqual(expected);
  expect(bed.log.join("\n")).toContain("boom");
  await expectHealthy();
});

test.each([
  ["branch", [100, 500]],
  ["onsend", [100, 500]],
  ["request", [500]],
])("in the %s route over a request", async (user, expected) => {
  await open();
  const text = invite(user);
  await caller.send(text);
  expect(statuses(caller.received)).toEqual(expected);
  expect(bed.log.join("\n")).toContain("boom");
  const heard = caller.received.length;
  await caller.send(text); // whoever has not heard the answer asks again, and gets the same one
  expect(new Set(statuses(caller.received.slice(heard)))).toEqual(new Set([500]));
  await expectHealthy();
});

test("in a module that looks on at transactions", async () => {
  await open();
  const fail = (): void => {
    throw new Error("boom");
  };
  const { onCreate } = bed.server.proxy.transactions as TmEngine;
  onCreate.push((tx) => tx.watch({ replying: fail, failing: fail, released: fail }));
  const callee = await bed.udp(7001);
  await caller.send(invite("plain"));
  await callee.send(answerTo(callee.received[0]!, 486));
  expect(statuses(caller.received).slice(0, 2)).toEqual([100, 486]);
  expect(bed.log.join("\n")).toContain("boom");
  await expectHealthy();
});
