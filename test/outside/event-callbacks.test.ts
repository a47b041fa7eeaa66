// Functions of scripts in Lua and in Python in the place of the event routes of modules (event_callback and its kin): each gets the name of its
// event, and sees the message or the thing it is about. What they say of tm and sl here Kamailio 5.6.3 says over the same script.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BedAgent, ProxyBed } from "../support/proxy-bed.ts";
import { type Bodies, letGoOn, linesOf, openScript, SCRIPT_LANGUAGES, saidBy } from "../support/script-bed.ts";
import { frame, openWs } from "../support/ws-agent.ts";

/** A function that logs its event and those variables, and then does what both languages write alike. */
function note(variables: readonly string[], then = ""): Bodies[string] {
  const lua = variables.map((name) => ` .. " " .. KSR.pv.gete("${name}")`).join("");
  const python = variables.map((name) => ` + " " + str(KSR.pv.gete("${name}"))`).join("");
  return {
    Lua: `KSR.err("[[" .. event${lua} .. "]]\\n")\n${then}\nreturn 1`,
    Python: `KSR.err("[[" + event${python} + "]]\\n")\n${then}\nreturn 1`,
  };
}

const UAC =
  'KSR.tm.t_uac_send("OPTIONS", "sip:x@192.0.2.10:7001", "", "", "From: <sip:a@x>\\r\\nTo: <sip:b@x>\\r\\n", "")';

const BODIES: Bodies = {
  ksr_request_route: {
    Lua: `
local user = KSR.pv.get("$rU")
if KSR.is_ACK() then KSR.tm.t_check_trans() return 1 end
if KSR.is_REGISTER() then KSR.registrar.save("location", 0) return 1 end
if user == "sl" then KSR.sl.sl_send_reply(404, "No") return 1 end
if user == "table" then KSR.htable.sht_sets("a", "key", "v") KSR.sl.sl_send_reply(200, "OK") return 1 end
if user == "call" then
  KSR.pv.sets("$du", "sip:192.0.2.10:7002")
  KSR.dialog.dlg_manage()
  KSR.tm.t_relay()
  return 1
end
KSR.tm.t_newtran()
KSR.tm.t_reply(403, "Not you")
${UAC}
return 1`,
    Python: `
user = KSR.pv.get("$rU")
if KSR.is_ACK(): KSR.tm.t_check_trans(); return 1
if KSR.is_REGISTER(): KSR.registrar.save("location", 0); return 1
if user == "sl": KSR.sl.sl_send_reply(404, "No"); return 1
if user == "table": KSR.htable.sht_sets("a", "key", "v"); KSR.sl.sl_send_reply(200, "OK"); return 1
if user == "call":
    KSR.pv.sets("$du", "sip:192.0.2.10:7002")
    KSR.dialog.dlg_manage()
    KSR.tm.t_relay()
    return 1
KSR.tm.t_newtran()
KSR.tm.t_reply(403, "Not you")
${UAC}
return 1`,
  },
  "on_tm(event)": note(["$rm"]),
  "on_tm_reply(event)": note(["$rs"]),
  "on_sl_ack(event)": note(["$rm"]),
  "on_sl_reply(event)": note(["$rm"]),
  "on_expired(event)": note(["$ulc(exp=>aor)"]),
  "on_dialog(event)": note(["$rm"]),
  "on_table(event)": note(["$shtrecord(key)", "$shtrecord(value)"]),
  "on_http(event)": note(["$rm", "$hu"], "KSR.websocket.handle_handshake()"),
  "on_closed(event)": note([]),
};

const CONFIG = `
modparam("tm", "event_callback", "on_tm")
modparam("tm", "event_callback_lres_sent", "on_tm_reply")
modparam("sl", "event_callback_fl_ack", "on_sl_ack")
modparam("sl", "event_callback_lres_sent", "on_sl_reply")
modparam("registrar", "event_callback", "on_expired")
modparam("registrar", "min_expires", 1)
modparam("usrloc", "timer_interval", 1)
modparam("dialog", "event_callback", "on_dialog")
modparam("htable", "event_callback", "on_table")
modparam("htable", "timer_interval", 1)
modparam("htable", "htable", "a=>size=4;autoexpire=2;")
modparam("xhttp", "event_callback", "on_http")
modparam("websocket", "event_callback", "on_closed")
`;

describe.each(SCRIPT_LANGUAGES)("event callbacks in %s", (language) => {
  let bed: ProxyBed;
  let phone: BedAgent;
  let far: BedAgent;

  beforeAll(async () => {
    bed = await openScript(language, BODIES, ["dialog", "htable", "xhttp", "websocket"], CONFIG);
    phone = await bed.udp(7000);
    far = await bed.udp(7002);
    await bed.udp(7001);
  }, 60_000);
  afterAll(() => bed.close());

  /** What is said from now on, as far as it is of a module. */
  function heard(module: string): () => string[] {
    const from = bed.log.length;
    return () => saidBy(bed, from).filter((text) => text.startsWith(`${module}:`));
  }

  test("htable: the tables are there", () => {
    expect(saidBy(bed)).toEqual([expect.stringMatching(/^htable:mod-init/)]);
  });

  test("tm: a request made here, a reply made here", async () => {
    const said = heard("tm");
    await phone.send(bed.request("INVITE", "sip:tm@192.0.2.1"));
    expect(said()).toEqual(["tm:local-response-sent 403", "tm:local-request OPTIONS"]);
  });

  test("sl: a reply, and the ACK to it", async () => {
    const said = heard("sl");
    const refused = bed.request("INVITE", "sip:sl@192.0.2.1");
    const [reply] = await phone.send(refused);
    expect(said()).toEqual(["sl:local-response INVITE"]);
    const to = /^To: .*/m.exec(reply!)![0];
    await phone.send(refused.replace(/^To: .*\r/m, to).replaceAll("INVITE", "ACK"));
    expect(said()[1]).toBe("sl:filtered-ack ACK");
  });

  test("registrar: a binding has expired", async () => {
    const said = heard("usrloc");
    await phone.send(bed.request("REGISTER", "sip:192.0.2.1", ["Contact: <sip:bob@192.0.2.10:7000>;expires=2"]));
    expect(linesOf(phone).at(-1)).toBe("200 OK");
    await letGoOn(bed, 10_000, 1000);
    expect(said()).toEqual(["usrloc:contact-expired bob"]);
  });

  test("htable: an entry has expired", async () => {
    const said = heard("htable");
    await phone.send(bed.request("MESSAGE", "sip:table@192.0.2.1"));
    await letGoOn(bed, 6000, 1000);
    expect(said()).toEqual(["htable:expired:a key v"]);
  });

  test("dialog: begin and end", async () => {
    const said = heard("dialog");
    const reply = (request: string, status: string): string => {
      const kept = request.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq|Record-Route):/.test(line));
      const lines = kept.map((line) => (/^To:(?!.*tag=)/.test(line) ? `${line};tag=z` : line));
      return [`SIP/2.0 ${status}`, ...lines, "Contact: <sip:b@192.0.2.10:7002>", "Content-Length: 0", "", ""].join(
        "\r\n",
      );
    };
    const invite = bed.request("INVITE", "sip:call@192.0.2.1", ["Contact: <sip:a@192.0.2.10:7000>"]);
    await phone.send(invite);
    await far.send(reply(far.received.at(-1)!, "200 OK"));
    expect(said()).toEqual(["dialog:start INVITE"]);
    const callId = /^Call-ID: (.*)\r/m.exec(invite)![1]!;
    const again = [`Call-ID: ${callId}`, "To: <sip:bob@example.org>;tag=z", "CSeq: 2 BYE"];
    await phone.send(bed.request("BYE", "sip:call@192.0.2.1", again));
    await far.send(reply(far.received.at(-1)!, "200 OK"));
    await letGoOn(bed, 1000);
    expect(said()).toEqual(["dialog:start INVITE", "dialog:end BYE"]);
  });

  test("xhttp: a request; websocket: a connection has ended", async () => {
    const [web, ended] = [heard("xhttp"), heard("websocket")];
    const ws = await openWs(bed);
    expect(web()).toEqual(["xhttp:request GET /"]);
    await ws.raw(frame(8, "\x03\xe8"));
    await letGoOn(bed, 200);
    expect(ended()).toEqual(["websocket:closed"]);
  });

  test("none has failed", () => expect(bed.server.proxy.counters.routeErrors).toBe(0));
});
