// HTTP requests to ask Kamailio and us alike: raw bytes over one connection, what comes back as raw bytes.

/** One case: what is sent, in pieces with a pause in between; `{ME}` is the server's port. */
export interface HttpCase {
  readonly name: string;
  readonly send: readonly string[];
  /** Why the answers differ beyond the headers named below; left out where they are equal byte for byte. */
  readonly differs?: string;
}

/** Header lines that only one of the two sends. Everything else is compared byte for byte. */
export const HEADERS_OF_KAMAILIO = ["Sia"]; // its Via for the way of the reply, with the first letter changed
export const HEADERS_OF_OURS = ["Connection"]; // where HTTP asks for it: a close, or keep-alive in 1.0

export const CONFIG = `tcp_accept_no_cl=yes
server_header="Server: test"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "textopsx.so"
loadmodule "siputils.so"
loadmodule "xhttp.so"
modparam("xhttp", "url_skip", "^/skip")
modparam("xhttp", "url_match", "^/[a-z]+|^http:")
request_route { sl_send_reply("200", "OK"); }
route[SUB] { xhttp_reply("200", "OK", "text/plain", "from a route"); }
event_route[xhttp:request] {
  switch ($hu) {
    case /"^/example": xhttp_reply("200", "OK", "text/html", "<html><body>OK - [$si:$sp]</body></html>"); break;
    case /"^/method": xhttp_reply("200", "OK", "text/plain", "$rm $rmid $rv $mt $mts"); break;
    case /"^/url": xhttp_reply("200", "OK", "text/plain", "$hu $(hu{s.len}) ru=$ru ou=$ou rd=$rd rU=$rU du=$du"); break;
    case /"^/from": xhttp_reply("200", "OK", "text/plain", "$si $sp $proto $pr $prid $Ri $Rp $siz $su $sut $sas"); break;
    case /"^/body": xhttp_reply("200", "OK", "text/plain", "[$rb] $bs cl=$cl ct=$cT"); break;
    case /"^/headers": xhttp_reply("200", "OK", "text/plain", "$hdr(Host) $hdr(x-a) $(hdr(X-A)[1]) $hdrc(X-A) $ua $hdr(None) $hdrc(None)"); break;
    case /"^/sip": xhttp_reply("200", "OK", "text/plain", "fu=$fu tu=$tu ci=$ci cs=$cs ft=$ft ct=$ct rz=$rz mf=$mf"); break;
    case /"^/empty": xhttp_reply("200", "OK", "", ""); break;
    case /"^/notype": xhttp_reply("200", "OK", "", "body"); break;
    case /"^/noreason": xhttp_reply("200", "", "text/plain", "x"); xhttp_reply("200", "OK", "text/plain", "rc $rc"); break;
    case /"^/badcode": xhttp_reply("99", "x", "text/plain", "x"); xhttp_reply("200", "OK", "text/plain", "rc $rc"); break;
    case /"^/twice": xhttp_reply("200", "OK", "text/plain", "one"); xhttp_reply("404", "No", "text/plain", "two"); break;
    case /"^/added": append_to_reply("X-Add: 1\\r\\n"); append_to_reply("X-Add: 2\\r\\n"); xhttp_reply("200", "OK", "text/plain", "x"); break;
    case /"^/moved": append_to_reply("Location: /example\\r\\n"); xhttp_reply("302", "Found", "text/html", "go"); break;
    case /"^/odd": xhttp_reply("600", "Nowhere", "text/plain", "x"); break;
    case /"^/binary": xhttp_reply("200", "OK", "text/plain", "a\\r\\nb\\tc"); break;
    case /"^/route": route(SUB); break;
    case /"^/slreply": sl_send_reply("200", "Fine"); break;
    case /"^/sendreply": send_reply("404", "Nope"); break;
    case /"^/tests": if (method == "GET" && $rm == "GET" && src_ip == 127.0.0.1 && proto == TCP && is_method("GET")) xhttp_reply("200", "OK", "text/plain", "all"); break;
    case /"^/apply": remove_hf("X-A"); append_hf("X-B: 1\\r\\n"); msg_apply_changes(); xhttp_reply("200", "OK", "text/plain", "$hdr(X-A) $hdr(X-B) $hu"); break;
    case /"^/seturi": $ru = "sip:a@b"; xhttp_reply("200", "OK", "text/plain", "$ru $hu"); break;
    case /"^/relay": t_relay(); forward(); xhttp_reply("200", "OK", "text/plain", "no harm"); break;
    case /"^/nothing": break;
    case /"^/drop": drop; break;
    case /"^/minus": return -1; break;
    case /"^/bye": set_reply_close(); xhttp_reply("200", "OK", "text/plain", "bye"); break;
    case /"^/none204": xhttp_reply("204", "No Content", "", ""); break;
    default: xhttp_reply("404", "Not found", "text/html", "<html><body>Page not found</body></html>");
  }
}
`;

const H = "Host: 127.0.0.1:{ME}\r\n";
const get = (path: string, lines = ""): string => `GET ${path} HTTP/1.1\r\n${H}${lines}\r\n`;
const simple = (name: string, path: string, lines = ""): HttpCase => ({ name, send: [get(path, lines)] });
const raw = (name: string, text: string, differs?: string): HttpCase => ({
  name,
  send: [text],
  ...(differs === undefined ? {} : { differs }),
});
const SIP = [
  "OPTIONS sip:a@127.0.0.1 SIP/2.0",
  "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKx",
  "From: <sip:a@b>;tag=1",
  "To: <sip:a@b>;tag=2",
  "Call-ID: 1",
  "CSeq: 1 OPTIONS",
  "Content-Length: 0\r\n\r\n",
].join("\r\n");

const FRAMED = "Kamailio takes it; RFC 9112 asks for a refusal";

export const HTTP_CASES: readonly HttpCase[] = [
  simple("the README's example", "/example"),
  simple("an unknown page", "/other"),
  simple("the URL with its query", "/url?a=b&c=%20d"),
  simple("where it came from", "/from"),
  simple("headers", "/headers", "User-Agent: probe/1\r\nX-A: one\r\nx-a: two\r\n"),
  simple("variables of SIP are null", "/sip"),
  simple("no body, no length", "/body"),
  ...["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "INVITE", "BREW"].map((method) =>
    raw(`method ${method}`, `${method} /method HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\n`),
  ),
  raw("POST with a body", `POST /body HTTP/1.1\r\n${H}Content-Type: text/x\r\nContent-Length: 11\r\n\r\nhello world`),
  raw("PUT with a body of line ends", `PUT /body HTTP/1.1\r\n${H}Content-Length: 8\r\n\r\na\r\n\r\nb\r\n`),
  { name: "a body in two segments", send: [`POST /body HTTP/1.1\r\n${H}Content-Length: 6\r\n\r\nabc`, "def"] },
  { name: "a head in two segments", send: ["GET /example HT", `TP/1.1\r\n${H}\r\n`] },
  { name: "keep-alive", send: [get("/example"), get("/method"), get("/other")] },
  raw("pipelined", get("/example") + get("/other") + get("/method")),
  { name: "SIP and HTTP in turn", send: [SIP, get("/example"), SIP, get("/method")] },
  raw(
    "SIP and HTTP in one segment",
    SIP + get("/example") + SIP,
    "Kamailio ends the connection behind the HTTP request",
  ),
  simple("an empty answer", "/empty"),
  simple("no content type", "/notype"),
  simple("an empty reason is refused", "/noreason"),
  simple("a code below 100 is refused", "/badcode"),
  simple("the second answer is refused", "/twice"),
  simple("headers are added", "/added"),
  simple("a redirection", "/moved"),
  simple("a code above 599", "/odd"),
  simple("line ends in the body", "/binary"),
  simple("answered from a called route", "/route"),
  simple("sl_send_reply", "/slreply"),
  simple("send_reply", "/sendreply"),
  simple("keywords and is_method", "/tests"),
  simple("changes applied", "/apply", "X-A: 1\r\n"),
  simple("the R-URI set", "/seturi"),
  simple("functions of SIP do no harm", "/relay"),
  simple("set_reply_close", "/bye"),
  simple("url_match is missed: case counts", "/EXAMPLE"),
  simple("url_match is missed", "/1"),
  simple("url_skip is hit", "/skip"),
  simple("url_skip is missed: case counts", "/sKIP"),
  simple("a route that says nothing", "/nothing"),
  simple("a route that drops", "/drop"),
  simple("a route that returns -1", "/minus"),
  raw("204", get("/none204"), "Kamailio tells a Content-Length, which RFC 9110 8.6 forbids"),
  raw("an absolute URL", `GET http://127.0.0.1:{ME}/example HTTP/1.1\r\n${H}\r\n`),
  raw("HTTP/1.0, keep-alive", `GET /example HTTP/1.0\r\n${H}Connection: keep-alive\r\n\r\n`),
  raw("HTTP/1.0", `GET /example HTTP/1.0\r\n${H}\r\n`, "Kamailio keeps the connection open"),
  raw("HTTP/1.0 without headers", "GET /example HTTP/1.0\r\n\r\n", "Kamailio's parser wants a header"),
  raw("Connection: close", get("/example", "Connection: close\r\n"), "Kamailio keeps the connection open"),
  raw(
    "HEAD",
    `HEAD /example HTTP/1.1\r\n${H}\r\n`,
    "Kamailio sends the body too, which clients take for the next answer",
  ),
  raw("HTTP/1.2", `GET /example HTTP/1.2\r\n${H}\r\n`, "Kamailio repeats the version"),
  raw("HTTP/2.0", `GET /example HTTP/2.0\r\n${H}\r\n`, FRAMED),
  raw("a lower-case version", `GET /example http/1.1\r\n${H}\r\n`, FRAMED),
  raw("no Host", "GET /example HTTP/1.1\r\nX-A: 1\r\n\r\n", FRAMED),
  raw("bare LF", "GET /example HTTP/1.1\nHost: x\n\n", FRAMED),
  raw("a folded header", get("/example", "X-A: 1\r\n 2\r\n"), FRAMED),
  raw("no version", `GET /example\r\n${H}\r\n`),
  raw("two lengths", `POST /body HTTP/1.1\r\n${H}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, FRAMED),
  raw(
    "length and chunks",
    `POST /body HTTP/1.1\r\n${H}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    FRAMED,
  ),
  raw(
    "chunks",
    `POST /body HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n`,
    "Kamailio's route sees the body, but its answer does not leave",
  ),
  {
    name: "Expect: 100-continue",
    send: [`POST /body HTTP/1.1\r\n${H}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`, "ab"],
    differs: "Kamailio's 100 has a Content-Length, which RFC 9110 8.6 forbids",
  },
];

/** Cases in which Kamailio is silent and leaves the connection open, and we answer so that nobody waits. */
export const SILENT: Readonly<Record<string, string>> = {
  "url_match is missed: case counts": "404",
  "url_match is missed": "404",
  "url_skip is hit": "404",
  "a route that says nothing": "404",
  "a route that drops": "closed",
};

/** An answer without what only one of the two sends; ports replaced. */
export function tidy(text: string, drop: readonly string[], me: number, client: number): string {
  const lines = new RegExp(`^(?:${drop.join("|")}): .*\\r\\n`, "gm");
  return text.replace(lines, "").replaceAll(String(client), "{UA}").replaceAll(String(me), "{ME}");
}
