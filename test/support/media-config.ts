// A configuration that sends all audio through rtpengine and joins browsers (WebRTC) with telephones that know plain RTP only.

/** With `browsers` set, WebSockets and pages by HTTP on the port of SIP. */
export function mediaConfig(rtpengine: number, browsers: boolean): string {
  return `#!KAMAILIO
debug=0
log_stderror=yes
children=1
${browsers ? "tcp_accept_no_cl=yes" : ""}
${["kex", "tm", "sl", "rr", "pv", "textops", "siputils", "usrloc", "registrar", "nathelper", "rtpengine"].map((m) => `loadmodule "${m}.so"\n`).join("")}
${browsers ? 'loadmodule "xhttp.so"\nloadmodule "websocket.so"' : ""}
modparam("registrar", "gruu_enabled", 0)
modparam("nathelper|registrar", "received_avp", "$avp(RECEIVED)")
modparam("rtpengine", "rtpengine_sock", "udp:127.0.0.1:${rtpengine}")
request_route {
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if ($proto =~ "^ws") setflag(1);
  if (is_method("REGISTER")) {
    if (isflagset(1)) fix_nated_register();
    save("location");
    exit;
  }
  if (is_method("CANCEL")) { rtpengine_manage(); t_relay(); exit; }
  if (isflagset(1)) add_contact_alias();
  if (has_totag()) {
    loose_route();
    handle_ruri_alias();
    if (is_method("INVITE")) { t_on_branch("OUT"); t_on_reply("BACK"); }
    if (is_method("BYE")) rtpengine_manage();
    t_relay();
    exit;
  }
  record_route();
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_on_branch("OUT");
  t_on_reply("BACK");
  t_on_failure("NOT");
  t_relay();
}
branch_route[OUT] {
  if ($ru =~ "transport=ws") setflag(2);
  if (isflagset(2)) rtpengine_manage("RTP/SAVPF replace-session-connection replace-origin ICE=force DTLS=passive rtcp-mux-offer SDES-off");
  else rtpengine_manage("RTP/AVP replace-session-connection replace-origin ICE=remove rtcp-mux-demux");
}
onreply_route[BACK] {
  if ($proto =~ "^ws") add_contact_alias();
  if (isflagset(1)) rtpengine_manage("RTP/SAVPF replace-session-connection replace-origin ICE=force DTLS=passive");
  else rtpengine_manage("RTP/AVP replace-session-connection replace-origin ICE=remove");
}
failure_route[NOT] { rtpengine_manage(); }
${browsers ? PAGES : ""}`;
}

const PAGES = `event_route[xhttp:request] {
  if ($hdr(Upgrade) =~ "websocket" && ws_handle_handshake()) exit;
  xhttp_reply("200", "OK", "text/html", "<!doctype html><title>telephone</title>");
}
`;
