// The configuration of tests with WebSockets, and what phones behind the proxy answer.

import { modules } from "./proxy-bed.ts";

/** Modules for SIP over WebSocket. */
export const WEB = `${modules("xhttp", "websocket")}server_header="Server: portico"\n`;
/** Takes handshakes, and tells of ends. */
export const ROUTE = `event_route[xhttp:request] {
  if ($hdr(Upgrade) =~ "websocket") {
    if (ws_handle_handshake()) exit;
  }
  xhttp_reply("404", "Not Found", "", "");
}
event_route[websocket:closed] { xlog("L_ERR", "ended $ws_conid $si:$sp $conid $pr\\n"); }
`;
/** Registrations and calls, and users that have the connection do something. */
export const SIP = `request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  if (is_method("INVITE|MESSAGE|SUBSCRIBE")) record_route();
  if (has_totag()) { if (loose_route()) { t_relay(); exit; } }
  if (is_method("CANCEL")) { t_relay(); exit; }
  if ($rU == "seen") { sl_send_reply("200", "$proto $pr $RAu $su $sas $ws_conid"); exit; }
  if ($rU == "closeme") { $var(r) = ws_close(4000, "Because"); exit; }
  if ($rU == "bad") { ws_close(10, "x"); sl_send_reply("200", "rc $rc"); exit; }
  if ($rU == "other") { ws_close(1000, "x", 7777); sl_send_reply("200", "rc $rc"); exit; }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_relay();
}
`;

/** The name of a client in its Via and Contact. */
export const HOST = "df7jal23ls0d.invalid";

const REPLY_HEADERS = /^(?:via|record-route|from|to|call-id|cseq):/i;
/** A 200 to a request, as a phone would send it. */
export function answer(text: string, contact: string): string {
  const lines = text.split("\r\n").filter((line) => REPLY_HEADERS.test(line));
  const all = lines.map((line) => (/^to:/i.test(line) && !line.includes("tag=") ? `${line};tag=callee` : line));
  return ["SIP/2.0 200 OK", ...all, `Contact: <${contact}>`, "Content-Length: 0", "", ""].join("\r\n");
}
