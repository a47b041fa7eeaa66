// $rtpstat, $rtpestat and $rtppstat ask the relay when they are read, in every language; a call whose streams a second relay took over.

import { afterEach, expect, test } from "vitest";
import { createSimulation, type Simulation } from "../../src/host/simulated.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { openNameServer } from "../support/name-server.ts";
import { NgPeer } from "../support/ng-peer.ts";
import { type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import { RtpProxyPeer } from "../support/rtpproxy-peer.ts";
import { writeSip } from "../support/sip-text.ts";

const TOTALS = "RTP: 1720 bytes, 10 packets, 0 errors; RTCP: 200 bytes, 2 packets, 1 errors";
const COUNTERS = "60 20000 20002 10 20";
const STREAM = "m=audio 4000 RTP/AVP 0\r\n";
const SDP = `v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n${STREAM}`;

let bed: ProxyBed | null = null;
let phone: BedAgent;
afterEach(async () => {
  await bed?.close();
  bed = null;
});

async function listen(world: Simulation, address: string, peer: { answer(d: string): string | null }): Promise<void> {
  const socket = await world.host({ addresses: [address] }).network.bindUdp({
    local: { family: 4, address, port: 2222 },
    onMessage: (buf, start, end, from) => {
      const said = peer.answer(textOf(buf, start, end));
      if (said !== null) socket.send(from, bytesOf(said), 0, said.length);
    },
  });
}

const ENGINE = 'modparam("rtpengine", "rtpengine_sock", "udp:192.0.2.31:2222")\n';

/** A proxy with one rtpengine. */
async function withEngine(config: string, files: Readonly<Record<string, string>> = {}): Promise<NgPeer> {
  const world = createSimulation({ seed: 7 });
  const relay = new NgPeer();
  await listen(world, "192.0.2.31", relay);
  bed = await openProxy(config, -1, undefined, world, files);
  phone = await bed.udp(7000);
  await world.advance(50);
  relay.taken();
  return relay;
}

function replyTo(request: string, status: string): string {
  const kept = request.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line));
  return writeSip([`SIP/2.0 ${status}`, ...kept.map((line) => (line.startsWith("To:") ? `${line};tag=b` : line))]);
}

/** The reason of the answer to a request. */
async function reason(method: string, ms = 50): Promise<string> {
  await phone.send(bed!.request(method, "sip:x@example.org"));
  await bed!.world.advance(ms);
  return /^SIP\/2.0 200 (.*)\r\n/m.exec(phone.received.at(-1) ?? "")?.[1] ?? "";
}

test("each reading asks, only what is read asks, and others do not wait", async () => {
  const relay = await withEngine(`${modules("rtpengine")}${ENGINE}
modparam("rtpengine", "rtpengine_tout_ms", 200)
modparam("rtpengine", "rtpengine_retr", 0)
route[READ] { $var(s) = $rtpestat + $rtpstat; return; }
request_route {
  $var(s) = "nothing";
  if (is_method("MESSAGE") && $rtpstat != $null) { sl_send_reply("200", "$$rtpstat is text"); exit; }
  if (is_method("INFO")) { sl_send_reply("200", "$rtpestat"); exit; }
  if (is_method("NOTIFY")) route(READ);
  if (is_method("PUBLISH")) { $var(i) = 1; $avp(x) = $(rtpstat{s.select,$var(i),:}); $var(s) = $avp(x); }
  sl_send_reply("200", "$var(s)");
}`);
  expect(await reason("OPTIONS")).toBe("nothing");
  expect(relay.taken()).toHaveLength(0);
  expect(await reason("MESSAGE")).toBe("$rtpstat is text");
  expect(relay.taken()).toMatchObject([{ command: "query" }]);
  expect(await reason("INFO")).toBe(TOTALS);
  expect(await reason("PUBLISH")).toBe(" 1720 bytes, 10 packets, 0 errors; RTCP");
  relay.taken();
  expect(await reason("NOTIFY")).toBe(TOTALS + TOTALS);
  expect(relay.taken()).toHaveLength(2);
  relay.silent = true;
  const other = await bed!.udp(7001);
  await other.send(bed!.request("NOTIFY", "sip:x@example.org", [], "UDP 192.0.2.10:7001"));
  expect(other.received).toHaveLength(0);
  expect(await reason("OPTIONS", 0)).toBe("nothing"); // while the other waits
  await bed!.world.advance(1000);
  expect(other.received[0]).toMatch(/^SIP\/2.0 200/);
});

test("within replies; accounting gets them by an AVP", async () => {
  const relay = await withEngine(`${modules("rtpengine", "acc")}${ENGINE}
modparam("acc", "log_level", -1)
modparam("acc", "log_flag", 3)
modparam("acc", "log_extra", "stat=$avp(stat)")
request_route { setflag(3); t_on_reply("BACK"); t_relay(); }
onreply_route[BACK] { $avp(stat) = $rtpestat; append_hf("X-Stat: $avp(stat)\\r\\n"); }`);
  const callee = await bed!.udp(7002);
  await phone.send(bed!.request("INFO", "sip:b@192.0.2.10:7002"));
  await callee.send(replyTo(callee.received[0]!, "200 OK"));
  await bed!.world.advance(50);
  expect(phone.received.at(-1)).toContain(`X-Stat: ${TOTALS}\r\n`);
  expect(relay.taken()).toHaveLength(1);
  expect(bed!.log.join("\n")).toContain(`stat=${TOTALS}`); // the AVP
});

test("in every kind of route", async () => {
  const relay = await withEngine(`${modules("rtpengine", "dialog")}${ENGINE}
route[NOTE] { xlog("L_ALERT", "[$avp(where) $(rtpstat{s.substr,0,3})]\\n"); return; }
request_route {
  if (is_method("CANCEL")) { t_relay_cancel(); exit; }
  if ($rU == "none") { $avp(where) = "local"; sl_send_reply("404", "Not here"); exit; }
  dlg_manage(); t_on_branch("B"); t_on_failure("F"); t_on_reply("R"); t_relay();
}
branch_route[B] { $avp(where) = "branch"; route(NOTE); }
onreply_route[R] { $avp(where) = "reply"; route(NOTE); }
failure_route[F] { $avp(where) = "failure"; route(NOTE); }
onsend_route { xlog("L_ALERT", "[onsend $(rtpstat{s.substr,0,3})]\\n"); }
event_route[dialog:failed] { xlog("L_ALERT", "[dialog $(rtpstat{s.substr,0,3})]\\n"); }
event_route[tm:branch-failure:X] { xlog("L_ALERT", "[branch failure $(rtpstat{s.substr,0,3})]\\n"); }`);
  const callee = await bed!.udp(7002);
  await phone.send(bed!.request("INVITE", "sip:b@192.0.2.10:7002"));
  await callee.send(replyTo(callee.received[0]!, "404 Not Found"));
  await bed!.world.advance(200);
  expect(phone.received.at(-1)).toMatch(/^SIP\/2.0 404/);
  const told = bed!.log.flatMap((line) => /\[(\w+ RTP)\]/.exec(line)?.[1] ?? []);
  expect(told.sort()).toEqual(["branch RTP", "dialog RTP", "failure RTP", "onsend RTP", "reply RTP"]);
  expect(relay.taken().every(({ command }) => command === "query")).toBe(true);
});

test("scripts in Lua wait for them", async () => {
  const script = `function ksr_request_route()
  local one = KSR.pv.get("$rtpestat")
  KSR.x.modf("append_to_reply", "X-Stat: $rtpstat\\r\\n")
  KSR.sl.sl_send_reply(200, one .. KSR.pv.gete("$(rtpstat{s.substr,0,3})"))
end`;
  const relay = await withEngine(
    `${modules("app_lua", "rtpengine")}${ENGINE}modparam("app_lua", "load", "/route.lua")\ncfgengine "lua"\n`,
    { "/route.lua": script },
  );
  expect(await reason("OPTIONS")).toBe(`${TOTALS}RTP`);
  expect(phone.received[0]).toContain(`X-Stat: ${TOTALS}\r\n`);
  expect(relay.taken()).toHaveLength(3);
});

test("rtpproxy: streams behind the first stay with the relay that took it", async () => {
  const world = createSimulation({ seed: 7 });
  const relays = [new RtpProxyPeer(), new RtpProxyPeer()];
  await listen(world, "192.0.2.31", relays[0]!);
  await listen(world, "192.0.2.32", relays[1]!);
  bed = await openProxy(
    `${modules("rtpproxy")}
modparam("rtpproxy", "rtpproxy_sock", "udp:192.0.2.31:2222 udp:192.0.2.32:2222")
modparam("rtpproxy", "rtpproxy_retr", 0)
request_route { rtpproxy_offer(); $var(rc) = $rc; append_hf("RC: $var(rc) $rtppstat\\r\\n"); forward(); }`,
    -1,
    undefined,
    world,
  );
  await world.advance(50);
  const [a, b] = [await bed.udp(7000), await bed.udp(7002)];
  const body = SDP + STREAM + STREAM;
  const first = async (): Promise<string> => {
    b.received.length = 0;
    const invite = bed!.request("INVITE", "sip:b@192.0.2.10:7002", ["Content-Type: application/sdp"], undefined, body);
    await a.send(invite.replace(/^Call-ID: .*$/m, "Call-ID: one"));
    await world.advance(3000);
    return b.received[0] ?? "";
  };
  expect(await first()).toContain(`RC: 1 ${COUNTERS}\r\n`);
  const chosen = relays.findIndex((relay) => relay.taken().length > 0);
  relays[chosen]!.silent = true;
  expect(await first()).toContain(`RC: 1 ${COUNTERS}\r\n`);
  expect(relays[chosen]!.taken()).toHaveLength(1);
  expect(relays[1 - chosen]!.taken().map((command) => command[0])).toEqual(["U", "U", "U", "Q"]);
});

test("a relay with a name is found anew when the name comes to mean another host; a call at start waits for the one test", async () => {
  const world = createSimulation({ seed: 7 });
  const relays = [new NgPeer(), new NgPeer()];
  await listen(world, "192.0.2.31", relays[0]!);
  await listen(world, "192.0.2.32", relays[1]!);
  const zone = (address: string): string => `relay.example 5 A ${address}\n`;
  const names = await openNameServer(world, "192.0.2.53", zone("192.0.2.31"));
  bed = await openProxy(
    `${modules("rtpengine")}modparam("rtpengine", "rtpengine_sock", "udp:relay.example:2222")
request_route { rtpengine_query(); $var(rc) = $rc; sl_send_reply("200", "$var(rc)"); }`,
    -1,
    undefined,
    world,
    { "/etc/resolv.conf": "nameserver 192.0.2.53\n" },
  );
  phone = await bed.udp(7000);
  expect(await reason("OPTIONS", 200)).toBe("1");
  const commands = (n: number): unknown[] => relays[n]!.asked.splice(0).map(({ command }) => command);
  expect([commands(0), commands(1)]).toEqual([["ping", "query"], []]);
  names.setZone(zone("192.0.2.32"));
  await world.advance(10_000);
  expect(await reason("OPTIONS", 200)).toBe("1");
  expect([commands(0), commands(1)]).toEqual([[], ["query"]]);
});
