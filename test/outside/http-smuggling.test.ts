// Requests that two readers could frame differently (RFC 9112 sections 2.2, 3, 5, 6, 7 and 11.2), each named: refused with the right status
// and a closed connection, or read in the one way the RFC leaves. What hides behind a refused request is never answered.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

let bed: ProxyBed;

beforeAll(async () => {
  bed = await openProxy(`${modules("xhttp")}server_header=""
request_route { sl_send_reply("200", "SIP"); }
event_route[xhttp:request] { xhttp_reply("200", "OK", "text/plain", "$rm $hu [$rb]"); }\n`);
});
afterAll(() => bed.close());

const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";
const CHUNKED = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

/** What comes back for some bytes with another request behind them: bodies in order, a status instead where it is not 200. */
async function answers(text: string): Promise<{ got: string[]; closed: boolean }> {
  const client = await bed.tcp();
  await client.send(text + HIDDEN);
  await bed.world.advance(50);
  const all = client.received.join("");
  const got: string[] = [];
  let at = 0;
  while (at < all.length) {
    const end = all.indexOf("\r\n\r\n", at) + 4;
    const head = all.slice(at, end);
    const length = Number(/^Content-Length: (\d+)/m.exec(head)?.[1] ?? 0);
    const status = head.slice(9, 12);
    got.push(status === "200" ? all.slice(end, end + length) : status);
    at = end + length;
  }
  return { got, closed: client.isClosed() };
}

const one = (line: string): string => `GET /a HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n`;
const post = (line: string, body = ""): string => `POST /a HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n${body}`;

const REFUSED: readonly (readonly [string, string, number])[] = [
  // 6.3: lengths
  ["two equal Content-Length", post("Content-Length: 3\r\nContent-Length: 3", "abc"), 400],
  ["two different Content-Length", post("Content-Length: 3\r\nContent-Length: 4", "abcd"), 400],
  ["a list of equal lengths", post("Content-Length: 3, 3", "abc"), 400],
  ["a list of different lengths", post("Content-Length: 3, 4", "abcd"), 400],
  ["Content-Length with a plus sign", post("Content-Length: +3", "abc"), 400],
  ["a negative Content-Length", post("Content-Length: -1"), 400],
  ["a hexadecimal Content-Length", post("Content-Length: 0x3", "abc"), 400],
  ["a Content-Length with a fraction", post("Content-Length: 3.0", "abc"), 400],
  ["an empty Content-Length", post("Content-Length:"), 400],
  ["a Content-Length of words", post("Content-Length: three"), 400],
  ["white space within Content-Length", post("Content-Length: 1 0", "abcdefghij"), 400],
  ["a Content-Length that overflows", post("Content-Length: 18446744073709551619"), 400],
  ["a Content-Length too large", post("Content-Length: 999999999"), 413],
  ["a quoted Content-Length", post('Content-Length: "3"', "abc"), 400],
  ["Content-Length and chunked", post("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400],
  ["chunked and Content-Length", post("Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n"), 400],
  ["chunked and Content-Length 0", post("Transfer-Encoding: chunked\r\nContent-Length: 0", "0\r\n\r\n"), 400],
  // 6.1: codings
  ["another transfer coding", post("Transfer-Encoding: gzip"), 501],
  ["a coding before chunked", post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 501],
  ["chunked before another coding", post("Transfer-Encoding: chunked, gzip"), 501],
  ["chunked, identity", post("Transfer-Encoding: chunked, identity"), 501],
  ["identity", post("Transfer-Encoding: identity"), 501],
  ["chunked twice in one header", post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"), 501],
  ["chunked in two headers", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 501],
  ["a coding that only looks like chunked", post("Transfer-Encoding: xchunked"), 501],
  ["chunked with a parameter", post("Transfer-Encoding: chunked;q=1", "0\r\n\r\n"), 501],
  ["quoted chunked", post('Transfer-Encoding: "chunked"', "0\r\n\r\n"), 501],
  ["chunked behind a vertical tab", post("Transfer-Encoding: \u000bchunked", "0\r\n\r\n"), 400],
  ["an empty Transfer-Encoding", post("Transfer-Encoding:"), 501],
  ["chunked in HTTP/1.0", "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400],
  // 5: header lines
  ["white space before the colon", post("Content-Length : 3", "abc"), 400],
  ["a tab before the colon", post("Transfer-Encoding\t: chunked", "0\r\n\r\n"), 400],
  ["a folded header", one("X-A: 1\r\n 2"), 400],
  ["a header folded by a tab", one("X-A: 1\r\n\tTransfer-Encoding: chunked"), 400],
  ["white space in front of the first header", "GET /a HTTP/1.1\r\n Host: x\r\n\r\n", 400],
  ["a header without colon", one("X-A"), 400],
  ["a header without name", one(": x"), 400],
  ["a name with a space", one("X A: 1"), 400],
  ["a name with a NUL", one("X\u0000A: 1"), 400],
  ["a name in brackets", one("X[A]: 1"), 400],
  ["a NUL in a value", one("X-A: 1\u00002"), 400],
  ["a bare CR in a value", one("X-A: 1\rContent-Length: 5"), 400],
  ["a bare CR at the end of a value", one("X-A: 1\r"), 400],
  ["a DEL in a value", one("X-A: 1\u007f"), 400],
  // 2.2: line ends
  ["a request line that ends with LF", "GET /a HTTP/1.1\nHost: x\r\n\r\n", 400],
  ["a header that ends with LF", "GET /a HTTP/1.1\r\nHost: x\nX-A: 1\r\n\r\n", 400],
  ["an empty line that ends with LF", "GET /a HTTP/1.1\r\nHost: x\r\n\n", 400],
  ["nothing but LF", "GET /a HTTP/1.1\nHost: x\n\n", 400],
  // 3: the request line
  ["two spaces behind the method", "GET  /a HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["two spaces before the version", "GET /a  HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["a tab in the request line", "GET\t/a HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["a space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["a NUL in the target", "GET /a\u0000b HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["a bare CR in the request line", "GET /a\r HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["a method that is no token", "GE(T /a HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["a lower-case version", "GET /a http/1.1\r\nHost: x\r\n\r\n", 400],
  ["a version of three parts", "GET /a HTTP/1.1.1\r\nHost: x\r\n\r\n", 400],
  ["a version of one part", "GET /a HTTP/1\r\nHost: x\r\n\r\n", 400],
  ["a version of two digits", "GET /a HTTP/1.10\r\nHost: x\r\n\r\n", 400],
  ["HTTP/2.0", "GET /a HTTP/2.0\r\nHost: x\r\n\r\n", 505],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["HTTP/0.9 with a version", "GET /a HTTP/0.9\r\nHost: x\r\n\r\n", 505],
  ["a target that is no path", "GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["a SIP URI as target", "INVITE sip:a@b HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["* with another method than OPTIONS", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["an absolute target without host", "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["an absolute target of another scheme", "GET ftp://x/a HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["CONNECT", "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n", 501],
  // 3.2: Host
  ["no Host in HTTP/1.1", "GET /a HTTP/1.1\r\nX-A: 1\r\n\r\n", 400],
  ["no header at all in HTTP/1.1", "GET /a HTTP/1.1\r\n\r\n", 400],
  ["two Host", one("Host: x"), 400],
  ["two different Host", one("Host: y"), 400],
  ["Host with a list", "GET /a HTTP/1.1\r\nHost: x, y\r\n\r\n", 400],
  ["Host with a path", "GET /a HTTP/1.1\r\nHost: x/y\r\n\r\n", 400],
  ["Host with user information", "GET /a HTTP/1.1\r\nHost: u@x\r\n\r\n", 400],
  // 7.1: chunks
  ["a chunk size of words", `${CHUNKED}xyz\r\nabc\r\n0\r\n\r\n`, 400],
  ["an empty chunk size", `${CHUNKED}\r\nabc\r\n0\r\n\r\n`, 400],
  ["a negative chunk size", `${CHUNKED}-3\r\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk size with a plus sign", `${CHUNKED}+3\r\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk size with 0x", `${CHUNKED}0x3\r\nabc\r\n0\r\n\r\n`, 400],
  ["white space before a chunk size", `${CHUNKED} 3\r\nabc\r\n0\r\n\r\n`, 400],
  ["white space behind a chunk size", `${CHUNKED}3 \r\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk size that overflows 32 bits", `${CHUNKED}100000003\r\nabc\r\n0\r\n\r\n`, 413],
  ["a chunk size that overflows 64 bits", `${CHUNKED}10000000000000003\r\nabc\r\n0\r\n\r\n`, 413],
  ["a chunk size with many zeros", `${CHUNKED}000000000003\r\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk too large", `${CHUNKED}fffffff\r\n`, 413],
  ["a chunk size that ends with LF", `${CHUNKED}3\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk size that ends with CR", `${CHUNKED}3\rabc\r\n0\r\n\r\n`, 400],
  ["a chunk longer than it says", `${CHUNKED}3\r\nabcd\r\n0\r\n\r\n`, 400],
  ["a chunk whose data ends with LF", `${CHUNKED}3\r\nabc\n0\r\n\r\n`, 400],
  ["a chunk shorter than it says", `${CHUNKED}5\r\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk extension without name", `${CHUNKED}3;\r\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk extension that ends with LF", `${CHUNKED}3;a=b\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk extension with a bare CR", `${CHUNKED}3;a\rb\r\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk extension without value", `${CHUNKED}3;a=\r\nabc\r\n0\r\n\r\n`, 400],
  ["a chunk extension whose quotes hide a line end", `${CHUNKED}3;a="\r\nabc\r\n0\r\n\r\n"\r\n`, 400],
  ["a chunk extension without end", `${CHUNKED}3;${"a".repeat(2000)}\r\nabc\r\n0\r\n\r\n`, 400],
  ["the last chunk ended by LF", `${CHUNKED}3\r\nabc\r\n0\n\r\n`, 400],
  ["a folded trailer", `${CHUNKED}0\r\nX-A: 1\r\n 2\r\n\r\n`, 400],
  ["a trailer without colon", `${CHUNKED}0\r\nX-A\r\n\r\n`, 400],
  ["a trailer that ends with LF", `${CHUNKED}0\r\nX-A: 1\n\r\n`, 400],
  ["trailers without end", `${CHUNKED}0\r\n${"X-A: 1\r\n".repeat(2000)}\r\n`, 431],
  // limits
  ["a target too long", `GET /${"a".repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
  ["a target without end", `GET /${"a".repeat(70_000)}`, 414],
  ["a header too long", one(`X-A: ${"a".repeat(40_000)}`), 431],
  ["a header without end", `GET /a HTTP/1.1\r\nHost: x\r\nX-A: ${"a".repeat(70_000)}`, 431],
  ["too many headers", one("X-A: 1\r\n".repeat(200).trimEnd()), 431],
  ["an unknown expectation", one("Expect: 200-maybe"), 417],
];

const READ: readonly (readonly [string, string, readonly string[]])[] = [
  ["Content-Length with zeros in front", post("Content-Length: 003", "abc"), ["POST /a [abc]"]],
  ["GET with a body", "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", ["GET /a [abc]"]],
  [
    "a body that looks like a request",
    post("Content-Length: 34", HIDDEN.padEnd(34)),
    [`POST /a [${HIDDEN.padEnd(34)}]`],
  ],
  ["white space around values", post("Content-Length: \t 3 \t", "abc"), ["POST /a [abc]"]],
  ["no white space behind the colon", post("Content-Length:3", "abc"), ["POST /a [abc]"]],
  ["the compact names of SIP mean nothing", post("l: 3"), ["POST /a []"]],
  ["chunked in capitals", post("TRANSFER-ENCODING: CHUNKED", "3\r\nabc\r\n0\r\n\r\n"), ["POST /a [abc]"]],
  ["chunks", `${CHUNKED}3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n`, ["POST /a [abc0123456789]"]],
  ["a chunk that holds a last chunk", `${CHUNKED}7\r\n0\r\n\r\nab\r\n0\r\n\r\n`, ["POST /a [0\r\n\r\nab]"]],
  ["chunk extensions", `${CHUNKED}3;a;b=c;d="e\\"f;"\r\nabc\r\n0;z\r\n\r\n`, ["POST /a [abc]"]],
  ["a last chunk of many zeros", `${CHUNKED}3\r\nabc\r\n00000000\r\n\r\n`, ["POST /a [abc]"]],
  [
    "trailers, which change nothing",
    `${CHUNKED}3\r\nabc\r\n0\r\nContent-Length: 99\r\nHost: evil\r\nTransfer-Encoding: gzip\r\n\r\n`,
    ["POST /a [abc]"],
  ],
  ["an empty line before the request", "\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n", ["GET /a []"]],
  ["HTTP/1.2 is read as 1.1", "GET /a HTTP/1.2\r\nHost: x\r\n\r\n", ["GET /a []"]],
  ["an absolute target", "GET http://other/a HTTP/1.1\r\nHost: x\r\n\r\n", ["GET http://other/a []"]],
  ["OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", ["OPTIONS * []"]],
  ["an empty Host", "GET /a HTTP/1.1\r\nHost:\r\n\r\n", ["GET /a []"]],
  ["octets above ASCII in a value", one("X-A: \u00e4\u00ff"), ["GET /a []"]],
];

describe("refused", () => {
  test.each(REFUSED)("%s", async (_name, text, status) => {
    expect(await answers(text)).toEqual({ got: [String(status)], closed: true });
  });
});

describe("read in one way", () => {
  test.each(READ)("%s", async (_name, text, bodies) => {
    expect(await answers(text)).toEqual({ got: [...bodies, "GET /hidden []"], closed: false });
  });
});
