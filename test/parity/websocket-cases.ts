// WebSocket handshakes and frames to ask Kamailio and us alike, with the reasons where the answers differ.

import { frame, handshake } from "../support/ws-agent.ts";

export interface WsCase {
  readonly name: string;
  readonly send: readonly string[];
  /** Why the answers differ; left out where they are the same. */
  readonly differs?: string;
}

export const CONFIG = `tcp_accept_no_cl=yes
server_header="Server: test"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xhttp.so"
loadmodule "websocket.so"
modparam("websocket", "cors_mode", 2)
request_route {
  switch ($rU) {
    case "close": ws_close(4000, "Because I say so"); exit;
    case "close0": ws_close(); exit;
    case "closeother": ws_close(1000, "x", 77777); sl_send_reply("200", "rc $rc"); exit;
    case "proto": if (proto == WS) sl_send_reply("200", "is $proto $pr $prid $RAu $su $sas $sp"); exit;
    case "conid": if ($ws_conid == $conid && $ws_conid > 0) sl_send_reply("200", "same"); exit;
    case "rport": force_rport(); sl_send_reply("200", "OK"); exit;
    default: sl_send_reply("200", "OK");
  }
}
event_route[xhttp:request] {
  ws_handle_handshake();
}
`;

const me = { Host: "127.0.0.1:{ME}" };
const shake = (name: string, headers: Readonly<Record<string, string | null>>, differs?: string): WsCase => ({
  name: `handshake: ${name}`,
  send: [handshake({ ...me, ...headers })],
  ...(differs === undefined ? {} : { differs }),
});

const sip = (user = "x", name = "1"): string =>
  [
    `OPTIONS sip:${user}@127.0.0.1:{ME} SIP/2.0`,
    `Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK${name}`,
    "Max-Forwards: 70",
    "From: <sip:a@b>;tag=1",
    "To: <sip:c@d>",
    `Call-ID: ${name}`,
    "CSeq: 1 OPTIONS",
    "Content-Length: 0\r\n\r\n",
  ].join("\r\n");

/** The port has five digits wherever a message is framed. */
const P = "{PORT}";
const message = (user: string, name?: string): string => sip(user, name).replaceAll("{ME}", P);
const frames = (name: string, pieces: readonly string[], differs?: string): WsCase => ({
  name,
  send: [handshake(me), ...pieces],
  ...(differs === undefined ? {} : { differs }),
});
const text = (payload: string): string => frame(1, payload);
const first = (payload: string): string => {
  const bytes = frame(1, payload);
  return String.fromCharCode(bytes.charCodeAt(0) & 0x7f) + bytes.slice(1);
};

const STRICT = "RFC 6455 asks for a refusal, which Kamailio leaves out";
const TOLD = "Kamailio ends the connection without a close frame";
const ECHO = "the code goes back as it came (RFC 6455 5.5.1); Kamailio always says 1000";

/** Made for the port of a server, since frames are masked. */
export const casesFor = (port: number): readonly WsCase[] => {
  const at = (payload: string): string => payload.replaceAll(P, String(port));
  const m = (user = "x", name = "1"): string => at(message(user, name));
  return [
    shake("as it should be", {}),
    shake("Upgrade in other letters", { Upgrade: "WebSocket" }),
    shake("Upgrade as a list", { Upgrade: "foo, websocket" }),
    shake("another Upgrade", { Upgrade: "foo" }),
    shake("no Upgrade", { Upgrade: null }),
    shake("no Connection", { Connection: null }),
    shake("another Connection", { Connection: "close" }),
    shake("Connection as a list", { Connection: "keep-alive, Upgrade" }),
    shake("no key", { "Sec-WebSocket-Key": null }),
    shake("a short key", { "Sec-WebSocket-Key": "abc" }, STRICT),
    shake("an empty key", { "Sec-WebSocket-Key": "" }, STRICT),
    shake("no version", { "Sec-WebSocket-Version": null }),
    shake("version 8", { "Sec-WebSocket-Version": "8" }, "with 426 goes Upgrade (RFC 9110 15.5.22)"),
    shake("a version that is no number", { "Sec-WebSocket-Version": "x" }, "with 426 goes Upgrade (RFC 9110 15.5.22)"),
    shake("no sub-protocol", { "Sec-WebSocket-Protocol": null }),
    shake("another sub-protocol", { "Sec-WebSocket-Protocol": "chat" }),
    shake("sub-protocols as a list", { "Sec-WebSocket-Protocol": "chat, sip" }),
    shake("the sub-protocol in capitals", { "Sec-WebSocket-Protocol": "SIP" }),
    shake(
      "a sub-protocol that contains sip",
      { "Sec-WebSocket-Protocol": "xsipx" },
      "Kamailio looks for the letters only",
    ),
    shake("msrp", { "Sec-WebSocket-Protocol": "msrp" }),
    shake("extensions", { "Sec-WebSocket-Extensions": "permessage-deflate" }),
    shake("an origin", { Origin: "http://o.example" }),
    {
      name: "handshake: POST",
      send: [handshake(me, "POST / HTTP/1.1").replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n")],
      differs: STRICT,
    },
    { name: "handshake: HTTP/1.0", send: [handshake(me, "GET / HTTP/1.0")], differs: STRICT },
    frames("a message as text", [text(m())]),
    frames("a message as binary", [frame(2, m())]),
    frames("two messages in a segment", [text(m("x", "1")) + text(m("x", "2"))]),
    frames("no Content-Length", [text(m().replace("Content-Length: 0\r\n", ""))]),
    frames("fragments", [first(m().slice(0, 50)), frame(0, m().slice(50))]),
    frames("variables", [text(m("proto"))]),
    frames("$ws_conid is $conid", [text(m("conid"))]),
    frames("force_rport", [text(m("rport"))]),
    frames("CRLF CRLF", [text("\r\n\r\n")]),
    frames(
      "CRLF",
      [text("\r\n")],
      "a CRLF alone is the answer to a ping, not one (RFC 5626 4.4.1); Kamailio answers it",
    ),
    frames("ping", [frame(9, "abc")]),
    frames("an empty ping", [frame(9, "")]),
    frames("pong", [frame(10, "abc")]),
    frames("close 1000", [frame(8, "\x03\xe8")]),
    frames("close 4000 with a reason", [frame(8, "\x0f\xa0x")], ECHO),
    frames("close without a code", [frame(8, "")]),
    frames("close with one octet", [frame(8, "\x03")], STRICT),
    frames("close 1005", [frame(8, "\x03\xed")], STRICT),
    frames("a message after close", [frame(8, "\x03\xe8") + text(m())]),
    frames("ws_close with code and reason", [text(m("close"))]),
    frames("ws_close", [text(m("close0"))]),
    frames("ws_close of another", [text(m("closeother"))]),
    frames("no mask", [`\x81\x02hi`]),
    frames("reserved bits", [`\xc1${text("hi").slice(1)}`]),
    frames("opcode 3", [frame(3, "hi")], "1002; Kamailio says 1008"),
    frames("opcode 11", [frame(11, "")], "1002; Kamailio says 1008"),
    frames("a ping in fragments", [`\x09${frame(9, "a").slice(1)}`], TOLD),
    frames("a ping of 126 octets", [frame(9, "a".repeat(126))], STRICT),
    frames("a continuation of nothing", [frame(0, m())], STRICT),
    frames("a length that is not the shortest", ["\x89\xfe\x00\x01\x00\x00\x00\x00a"], STRICT),
    frames("text that is no UTF-8", [text(m().replace("CSeq", "X-A: \xff\xfe\r\nCSeq"))], STRICT),
    frames("no SIP", [text("hello")], "it is dropped; Kamailio ends the connection"),
    frames("an empty text", [text("")], "it is dropped; Kamailio ends the connection"),
  ];
};
