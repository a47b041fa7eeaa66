// Functions of a script in the place of the event routes of modules (event_callback and its kin): each gets the name of its event. What they say
// here Kamailio 5.6.3 says over the same script.

import { expect, test } from "vitest";
import { modules, openProxy } from "../support/proxy-bed.ts";
import { frame, openWs } from "../support/ws-agent.ts";

const SCRIPT = `
local function say(text) KSR.err("[[" .. text .. "]]\\n") end
function ksr_request_route()
  if KSR.is_ACK() then KSR.tm.t_check_trans() return 1 end
  if KSR.pv.get("$rU") == "sl" then KSR.sl.sl_send_reply(404, "No") return 1 end
  KSR.tm.t_newtran()
  KSR.tm.t_reply(403, "Not you")
  KSR.tm.t_uac_send("OPTIONS", "sip:x@192.0.2.10:7001", "", "", "From: <sip:a@x>\\r\\nTo: <sip:b@x>\\r\\n", "")
  return 1
end
function on_tm(event) say("tm " .. event .. " " .. KSR.pv.get("$rm")) return 1 end
function on_tm_reply(event) say("tm reply " .. event .. " " .. KSR.pv.get("$rs")) return 1 end
function on_sl_ack(event) say("sl ack " .. event .. " " .. KSR.pv.get("$rm")) return 1 end
function on_sl_reply(event) say("sl reply " .. event .. " " .. KSR.pv.get("$rm")) return 1 end
`;

const CONFIG = `#!KAMAILIO
${modules()}
loadmodule "app_lua.so"
modparam("app_lua", "load", "/data/events.lua")
modparam("tm", "event_callback", "on_tm")
modparam("tm", "event_callback_lres_sent", "on_tm_reply")
modparam("sl", "event_callback_fl_ack", "on_sl_ack")
modparam("sl", "event_callback_lres_sent", "on_sl_reply")
cfgengine "lua"
`;

test("the callbacks of tm and sl run with the names of their events", async () => {
  const bed = await openProxy(CONFIG, -1, undefined, undefined, { "/data/events.lua": SCRIPT });
  const agent = await bed.udp(7000);
  await bed.udp(7001);
  const said = (from: number): string[] => bed.log.slice(from).flatMap((line) => /\[\[(.*)\]\]/.exec(line)?.[1] ?? []);
  const invite = bed.request("INVITE", "sip:tm@192.0.2.1");
  await agent.send(invite);
  expect(said(0)).toEqual(["tm reply tm:local-response-sent 403", "tm tm:local-request OPTIONS"]);
  const before = bed.log.length;
  const refused = bed.request("INVITE", "sip:sl@192.0.2.1");
  const [reply] = await agent.send(refused);
  expect(said(before)).toEqual(["sl reply sl:local-response INVITE"]);
  const to = /^To: .*/m.exec(reply!)![0];
  await agent.send(refused.replace(/^To: .*\r/m, to).replaceAll("INVITE", "ACK"));
  expect(said(before)[1]).toBe("sl ack sl:filtered-ack ACK");
  await bed.close();
});

test("the callback of registrar runs for a binding that has expired", async () => {
  const script = `
function ksr_request_route()
  KSR.registrar.save("location", 0)
  return 1
end
function on_expired(event) KSR.err("[[" .. event .. " " .. KSR.pv.get("$ulc(exp=>aor)") .. "]]\\n") return 1 end
`;
  const config = `#!KAMAILIO
${modules()}
loadmodule "app_lua.so"
modparam("app_lua", "load", "/data/expired.lua")
modparam("registrar", "event_callback", "on_expired")
modparam("registrar", "min_expires", 1)
modparam("usrloc", "timer_interval", 1)
cfgengine "lua"
`;
  const bed = await openProxy(config, -1, undefined, undefined, { "/data/expired.lua": script });
  const agent = await bed.udp(7000);
  const lines = ["Contact: <sip:bob@192.0.2.10:7000>;expires=2"];
  expect((await agent.send(bed.request("REGISTER", "sip:192.0.2.1", lines)))[0]).toMatch(/^SIP\/2.0 200/);
  await bed.world.advance(10_000);
  expect(bed.log.flatMap((line) => /\[\[(.*)\]\]/.exec(line)?.[1] ?? [])).toEqual(["usrloc:contact-expired bob"]);
  await bed.close();
});

test("the callbacks of xhttp and websocket run for requests and for connections that have ended", async () => {
  const script = `
function ksr_request_route() return 1 end
function on_http(event)
  KSR.err("[[" .. event .. " " .. KSR.pv.get("$rm") .. "]]\\n")
  KSR.websocket.handle_handshake()
  return 1
end
function on_closed(event) KSR.err("[[" .. event .. "]]\\n") return 1 end
`;
  const config = `#!KAMAILIO
${modules("xhttp", "websocket")}
loadmodule "app_lua.so"
modparam("app_lua", "load", "/data/web.lua")
modparam("xhttp", "event_callback", "on_http")
modparam("websocket", "event_callback", "on_closed")
cfgengine "lua"
`;
  const bed = await openProxy(config, -1, undefined, undefined, { "/data/web.lua": script });
  const ws = await openWs(bed);
  await ws.raw(frame(8, "\x03\xe8"));
  await bed.world.advance(100);
  expect(bed.log.flatMap((line) => /\[\[(.*)\]\]/.exec(line)?.[1] ?? [])).toEqual([
    "xhttp:request GET",
    "websocket:closed",
  ]);
  await bed.close();
});
