// event_callback of modules: a function of a script in Lua runs in the place of their event routes, and gets the event's name.

import { afterEach, expect, test } from "vitest";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

let bed: ProxyBed | null = null;
afterEach(async () => {
  await bed?.close();
  bed = null;
});

/** Runs a Lua script whose function `event` logs each event that the module tells it. */
async function open(module: string, request: string, loads: readonly string[] = [], more = ""): Promise<ProxyBed> {
  const script = `function ksr_request_route() ${request} end
function event(name) KSR.err("event " .. name .. " " .. tostring(KSR.pv.get("$rm")) .. "\\n") return 1 end`;
  const config = `${modules("app_lua", ...loads)}cfgengine "lua"
modparam("app_lua", "load", "/r.lua")
modparam("${module}", "event_callback", "event")
${more}`;
  bed = await openProxy(config, -1, undefined, undefined, { "/r.lua": script });
  return bed;
}

const events = (from: ProxyBed): string[] =>
  from.log.flatMap((line) => {
    const found = /event (\S+ \S+)/.exec(line)?.[1];
    return found === undefined ? [] : [found];
  });

test("sl: replies without a transaction", async () => {
  const opened = await open("sl", 'KSR.sl.sl_send_reply(200, "Fine")');
  const udp = await opened.udp(7000);
  expect(await udp.send(opened.request("OPTIONS", "sip:x@192.0.2.1"))).toHaveLength(1);
  expect(events(opened)).toEqual(["sl:local-response OPTIONS"]);
});

test("tm: requests made here", async () => {
  const opened = await open("tm", "return 1");
  await opened.udp(7000);
  const sent = opened.rpc(
    "tm.t_uac_start",
    "OPTIONS",
    "sip:x@192.0.2.10:7000",
    ".",
    ".",
    "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n",
  );
  await opened.world.advance(100);
  await sent;
  expect(events(opened)[0]).toBe("tm:local-request OPTIONS");
});

test("core: before request_route", async () => {
  const opened = await open("core", 'KSR.sl.sl_send_reply(200, "Fine")');
  const udp = await opened.udp(7000);
  expect(await udp.send(opened.request("OPTIONS", "sip:x@192.0.2.1"))).toHaveLength(1);
  expect(events(opened)).toContain("core:pre-routing OPTIONS");
});

test("presence: answers to NOTIFY", async () => {
  const opened = await open(
    "presence",
    "KSR.presence.handle_subscribe()",
    ["presence", "presence_xml"],
    'modparam("presence_xml", "force_active", 1)\n',
  );
  const udp = await opened.udp(7000);
  const lines = ["Event: presence", "Contact: <sip:w@192.0.2.10:7000>"];
  const got = await udp.send(opened.request("SUBSCRIBE", "sip:bob@example.org", lines));
  const notify = got.find((text) => text.startsWith("NOTIFY"))!;
  const kept = notify.split("\r\n").filter((l) => /^(Via|From|Call-ID|CSeq|To):/.test(l));
  await udp.send(["SIP/2.0 200 OK", ...kept, "Content-Length: 0", "", ""].join("\r\n"));
  expect(events(opened)).toEqual(["presence:notify-reply NOTIFY"]);
});
