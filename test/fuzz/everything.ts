// Configurations under which strangers reach nearly all of the code: one of our own in the native language, the same in Lua, and Debian's with
// every feature switched on where it is installed.

import { existsSync, readFileSync } from "node:fs";

const LOADED =
  "kex corex tm tmx sl rr pv maxfwd usrloc registrar textops textopsx siputils xlog sanity ctl cfg_rpc acc counters auth permissions outbound path dialog nathelper rtpengine rtpproxy htable pike debugger xhttp websocket jsonrpcs presence presence_xml db_sqlite";

const PARAMS = `
enable_tls = no
tcp_accept_no_cl = yes
modparam("ctl", "binrpc", "udp:127.0.0.1:2049")
modparam("ctl", "binrpc", "tcp:127.0.0.1:2048")
modparam("jsonrpcs", "dgram_socket", "udp:127.0.0.1:8080")
modparam("jsonrpcs", "transport", 4)
modparam("usrloc", "db_mode", 1)
modparam("usrloc", "db_url", "sqlite:///data/f.sqlite")
modparam("presence|presence_xml", "db_url", "sqlite:///data/f.sqlite")
modparam("presence_xml", "force_active", 1)
modparam("acc", "db_url", "sqlite:///data/f.sqlite")
modparam("acc", "db_flag", 1)
modparam("acc", "cdr_enable", 1)
modparam("dialog", "default_timeout", 300)
modparam("registrar", "use_path", 1)
modparam("registrar", "gruu_enabled", 1)
modparam("registrar", "outbound_mode", 1)
modparam("registrar", "method_filtering", 1)
modparam("tm", "fr_timer", 3000)
modparam("tm", "fr_inv_timer", 9000)
modparam("htable", "htable", "h=>size=8;autoexpire=60;")
modparam("rtpengine", "rtpengine_sock", "udp:127.0.0.1:2223")
modparam("rtpengine", "rtpengine_tout_ms", 100)
modparam("rtpproxy", "rtpproxy_sock", "udp:127.0.0.1:7722")
modparam("rtpproxy", "rtpproxy_tout", 1)
modparam("pike", "reqs_density_per_unit", 10000)
modparam("nathelper", "received_avp", "$avp(rcv)")
modparam("registrar", "received_avp", "$avp(rcv)")
`;

const EVENTS = `
event_route[xhttp:request] {
  if ($hdr(Upgrade) =~ "websocket") { ws_handle_handshake(); exit; }
  if ($hu =~ "^/RPC") { jsonrpc_dispatch(); exit; }
  xhttp_reply("200", "OK", "text/plain", "$si $hu $rb");
}
event_route[websocket:closed] { $var(x) = $ws_conid; }
event_route[htable:expired:h] { $var(x) = $shtrecord(key); }
event_route[presence:notify-reply] { $var(x) = $subs(uri); }
event_route[tm:local-request] { $var(x) = $rm; }
`;

const NATIVE = `
request_route {
  force_rport();
  pike_check_req();
  sanity_check("17895", "7");
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  $sht(h=>$ci) = $fU;
  $var(x) = $hdr(X) + $(hdr(Via)[-1]) + $rb + $(ct{nameaddr.uri}) + $(hdr(Event){param.value,id}) + $(ru{uri.param,x}) + @from.params.x;
  if (nat_uac_test("63")) { if (is_method("REGISTER")) fix_nated_register(); else add_contact_alias(); }
  if (is_method("OPTIONS")) { pv_www_authenticate("$fd", "secret", "0"); sl_send_reply("200", "OK"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  handle_ruri_alias();
  if (is_method("INVITE")) { dlg_manage(); setflag(1); sip_p_charging_vector("g"); }
  if (is_method("PUBLISH")) { handle_publish(); exit; }
  if (is_method("SUBSCRIBE") && !has_totag()) { handle_subscribe(); exit; }
  if (is_method("REGISTER")) { add_path_received("x"); save("location"); exit; }
  if (is_method("MESSAGE")) {
    subst_hf("Contact", "/sip:([^@]+)@/sip:x\\1@/", "a");
    include_hf_value("Supported", "x");
    remove_hf_value("Route[1]");
    get_body_part("text/plain", "$avp(part)");
    xavp_params_explode("$hdr(X)", "p");
    dbg_pv_dump();
    msg_apply_changes();
    t_newtran();
    t_reply("202", "Fine");
    exit;
  }
  if (has_totag()) {
    if (loose_route()) { if (has_body("application/sdp")) rtpengine_manage("replace-origin"); t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not here"); exit;
  }
  t_check_trans();
  record_route();
  if (has_body("application/sdp")) { if ($rU =~ "^b") rtpproxy_manage("co"); else rtpengine_manage("replace-origin"); }
  t_on_branch("B"); t_on_reply("R"); t_on_failure("F");
  if (uri == myself && !lookup("location")) { send_reply("404", "Not Found"); exit; }
  if (!t_relay()) sl_reply_error();
}
branch_route[B] { append_hf("X-B: $T_branch_idx\\r\\n"); }
onreply_route[R] { $var(x) = $rs + $rr + $hdr(X); if (has_body("application/sdp")) rtpengine_manage("replace-origin"); fix_nated_contact(); }
failure_route[F] { if (t_check_status("3..|486") && t_branch_timeout() < 0) { append_branch("sip:vm@192.0.2.20"); t_relay(); } }
reply_route { sanity_check(); return 1; }
`;

const LUA = `
function ksr_request_route()
  KSR.force_rport()
  KSR.sanity.sanity_check(17895, 7)
  if KSR.maxfwd.process_maxfwd(10) < 0 then KSR.sl.send_reply(483, "Too Many Hops") return 1 end
  local x = (KSR.hdr.get("X") or "") .. (KSR.pv.get("$rb") or "")
  if string.find(x, "(a+)b$") then x = string.upper(x) end
  if KSR.is_OPTIONS() then KSR.sl.send_reply(200, "OK") return 1 end
  if KSR.is_CANCEL() then if KSR.tm.t_check_trans() > 0 then KSR.tm.t_relay() end return 1 end
  if KSR.is_PUBLISH() then KSR.presence.handle_publish() return 1 end
  if KSR.is_SUBSCRIBE() then KSR.presence.handle_subscribe() return 1 end
  if KSR.is_REGISTER() then KSR.registrar.save("location", 0) return 1 end
  if KSR.is_MESSAGE() then error("a script that fails: " .. (KSR.pv.get("$fU") or "")) end
  if KSR.is_INFO() then while true do x = x .. "y" end end
  if KSR.is_INVITE() then KSR.dialog.dlg_manage() KSR.tm.t_on_failure("ksr_failure") KSR.tm.t_on_reply("ksr_onreply") end
  KSR.rr.record_route()
  if KSR.siputils.has_totag() > 0 then KSR.rr.loose_route() end
  if KSR.textops.has_body_type("application/sdp") > 0 then KSR.rtpengine.rtpengine_manage("replace-origin") end
  if KSR.tm.t_relay() < 0 then KSR.sl.sl_reply_error() end
  return 1
end
function ksr_failure() local n = nil; return n.x end
function ksr_onreply() if KSR.pv.get("$rs") == 486 then error("another") end return 1 end
function ksr_reply_route() return 1 end
`;

/** A configuration to be attacked. */
export interface Target {
  readonly name: string;
  readonly config: string;
  readonly files: Readonly<Record<string, string>>;
  readonly defines: readonly string[];
  /** Whether its scripts fail on purpose. */
  readonly fails: boolean;
}

const load = (names: string): string =>
  names
    .split(" ")
    .map((name) => `loadmodule "${name}.so"\n`)
    .join("");

/** Debian's file, where it is installed. */
export const STOCK = "/etc/kamailio/kamailio.cfg";

function stock(): Target {
  const text = readFileSync(STOCK, "latin1").replace(/^enable_tls=yes$/m, "enable_tls=no");
  const switches = [...new Set([...text.matchAll(/^#!if(?:n)?def (WITH_\w+)/gm)].map((m) => m[1]!))];
  // Where nobody is let in, little is reached.
  const defines = switches.filter((name) => !/MYSQL|TLS|DEBUG|AUTH$/.test(name));
  const local = `#!define DBURL "sqlite:///data/f.sqlite"\nloadmodule "db_sqlite.so"\nalias="192.0.2.1"\n`;
  return { name: "Debian's", config: text, files: { "/kamailio-local.cfg": local }, defines, fails: false };
}

/** All there are here. */
export function targets(): Target[] {
  return [
    { name: "native", config: `${load(LOADED)}${PARAMS}${EVENTS}${NATIVE}`, files: {}, defines: [], fails: false },
    {
      name: "Lua",
      config: `${load(`${LOADED} app_lua`)}${PARAMS}cfgengine "lua"\nmodparam("app_lua", "load", "/s.lua")\n${EVENTS}`,
      files: { "/s.lua": LUA },
      defines: [],
      fails: true,
    },
    ...(existsSync(STOCK) ? [stock()] : []),
  ];
}
