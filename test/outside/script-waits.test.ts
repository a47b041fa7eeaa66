// Functions that wait, called from Lua and from Python: while the script of one request waits, others are answered, and the script sees a plain
// call: its result, and the message it was called for.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SimHost, Simulation } from "../../src/host/simulated.ts";
import { createSimulation } from "../../src/host/simulated.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { openNameServer, useNameServers } from "../support/name-server.ts";
import { NgPeer } from "../support/ng-peer.ts";
import type { BedAgent, ProxyBed } from "../support/proxy-bed.ts";
import { RtpProxyPeer } from "../support/rtpproxy-peer.ts";
import { type Bodies, letGoOn, linesOf, openScript, SCRIPT_LANGUAGES } from "../support/script-bed.ts";

const SDP = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
/** How late the others answer, ms. */
const LATE = 2000;

const UAC =
  '{"jsonrpc": "2.0", "method": "tm.t_uac_wait", "params": ["OPTIONS", "sip:u@192.0.2.10:7003", ".", ".", "From: <sip:us@example.org>\\\\r\\\\nTo: <sip:far@example.org>\\\\r\\\\n"], "id": 1}';

/** What waits, and what the script gets of it. */
const WAYS: Readonly<Record<string, { readonly call: Bodies[string]; readonly gives: RegExp }>> = {
  command: { call: both('KSR.x.modf("exec", "sleep 2")'), gives: /^1$/ },
  own: {
    call: {
      Lua: 'return os.execute("sleep 2")',
      Python: "time.sleep(2)\nreturn 0",
    },
    gives: /^0$/,
  },
  rtpengine: { call: both("KSR.rtpengine.rtpengine_offer0()"), gives: /^1$/ },
  rtpproxy: { call: both("KSR.rtpproxy.rtpproxy_offer0()"), gives: /^1$/ },
  uac: {
    call: {
      Lua: `KSR.jsonrpcs.exec('${UAC}') return KSR.pv.get("$jsonrpl(code)")`,
      Python: `KSR.jsonrpcs.exec('${UAC}')\nreturn KSR.pv.get("$jsonrpl(code)")`,
    },
    gives: /^200$/,
  },
  // the request goes on to a host whose address has to be asked for first; nothing is replied here
  relay: {
    call: {
      Lua: 'KSR.pv.sets("$du", "sip:far.example.net:7001") return KSR.tm.t_relay()',
      Python: 'KSR.pv.sets("$du", "sip:far.example.net:7001")\nreturn KSR.tm.t_relay()',
    },
    gives: /^1$/,
  },
};

function both(call: string): Readonly<Record<"Lua" | "Python", string>> {
  return { Lua: `return ${call}`, Python: `return ${call}` };
}

const BODIES: Bodies = {
  ksr_request_route: {
    Lua: `
local way, id = KSR.pv.get("$rU"), KSR.pv.get("$ci")
KSR.pv.sets("$avp(id)", id)
local rc = _G[way]()
local same = KSR.pv.get("$rU") == way and KSR.pv.get("$ci") == id and KSR.pv.get("$avp(id)") == id
local text = way .. " " .. tostring(rc) .. " " .. tostring(same) .. " " .. KSR.pv.gete("$rb"):sub(1, 3)
if way == "relay" then KSR.err("[[" .. text .. "]]\\n") else KSR.sl.sl_send_reply(200, text) end
return 1`,
    Python: `
way, id = KSR.pv.get("$rU"), KSR.pv.get("$ci")
KSR.pv.sets("$avp(id)", id)
rc = getattr(self, way)(msg)
same = KSR.pv.get("$rU") == way and KSR.pv.get("$ci") == id and KSR.pv.get("$avp(id)") == id
text = "%s %s %s %s" % (way, rc, str(same).lower(), KSR.pv.gete("$rb")[:3])
if way == "relay": KSR.err("[[%s]]\\n" % text)
else: KSR.sl.sl_send_reply(200, text)
return 1`,
  },
  fast: "return 1",
  ...Object.fromEntries(Object.entries(WAYS).map(([name, { call }]) => [name, call])),
};

const CONFIG = `
modparam("rtpengine", "rtpengine_sock", "udp:192.0.2.31:2222")
modparam("rtpengine", "rtpengine_tout_ms", 5000)
modparam("rtpproxy", "rtpproxy_sock", "udp:192.0.2.32:2222")
modparam("rtpproxy", "rtpproxy_tout", 5)
`;

/** A relay that answers, late once it is told to. */
async function relay(world: Simulation, address: string, peer: { answer(d: string): string | null }): Promise<Delay> {
  const host: SimHost = world.host({ addresses: [address] });
  const delay: Delay = { ms: 0 };
  const socket = await host.network.bindUdp({
    local: { family: 4, address, port: 2222 },
    onMessage: (buf, start, end, from) => {
      const said = peer.answer(textOf(buf, start, end));
      if (said !== null) host.clock.after(delay.ms, () => socket.send(from, bytesOf(said), 0, said.length));
    },
  });
  return delay;
}

interface Delay {
  ms: number;
}

describe.each(SCRIPT_LANGUAGES)("waiting in %s", (language) => {
  let bed: ProxyBed;
  let phone: BedAgent;
  const engine = new NgPeer();

  beforeAll(async () => {
    const world = createSimulation({ seed: 7 });
    const delays = [await relay(world, "192.0.2.31", engine), await relay(world, "192.0.2.32", new RtpProxyPeer())];
    bed = await openScript(language, BODIES, ["rtpengine", "rtpproxy", "jsonrpcs"], CONFIG, world);
    const { manners } = await openNameServer(world, "192.0.2.53", "far.example.net 60 A 192.0.2.10\n");
    manners.delay = LATE;
    useNameServers(bed.host, ["192.0.2.53"]);
    phone = await bed.udp(7000);
    await letGoOn(bed, 1000);
    for (const delay of delays) delay.ms = LATE;
  }, 60_000);
  afterAll(() => bed.close());

  test.each(Object.entries(WAYS))("%s", async (way, { gives }) => {
    const far = await bed.udp(way === "relay" ? 7001 : way === "uac" ? 7003 : 7009 + Object.keys(WAYS).indexOf(way));
    const logged = bed.log.length;
    const request = (user: string): string =>
      bed.request("MESSAGE", `sip:${user}@example.org`, ["Content-Type: application/sdp"], undefined, SDP);
    const from = phone.received.length;
    const before = bed.host.clock.mono();
    await phone.send(request(way));
    await phone.send(request("fast"));
    await letGoOn(bed, 300);
    expect(linesOf(phone, from)).toEqual(["200 fast 1 true v=0"]);
    if (way === "uac") {
      const asked = far.received[0]!;
      await letGoOn(bed, LATE - 500);
      const kept = asked.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
      await far.send(
        ["SIP/2.0 200 OK", ...kept, "Content-Length: 0", "", ""].join("\r\n").replace(/^(To: .*)$/m, "$1;tag=z"),
      );
    }
    const answers = (): string[] =>
      way === "relay"
        ? bed.log.slice(logged).flatMap((line) => /\[\[(.*)\]\]/.exec(line)?.[1] ?? [])
        : linesOf(phone, from + 1).map((line) => line.replace(/^200 /, ""));
    for (let i = 0; i < 60 && answers().length === 0; i++) await letGoOn(bed, 100);
    expect(bed.host.clock.mono() - before).toBeGreaterThan(LATE - 400);
    const [answer = ""] = answers();
    expect(answer).toMatch(new RegExp(`^${way} .* true v=0$`));
    expect(answer.split(" ")[1]).toMatch(gives);
    if (way === "relay") expect(far.received[0]).toContain(`\r\n\r\n${SDP}`);
    expect(bed.server.proxy.counters.routeErrors).toBe(0);
  });

  test("the relay was asked for each call", () => {
    expect(engine.taken().map(({ command }) => command)).toEqual(["offer"]);
  });
});
