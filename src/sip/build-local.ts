// Requests that begin here (RFC 3261 8.1.1), the ACK for the 2xx of such an INVITE (13.2.2.4), and what a 2xx says of the way that
// requests of its dialog take (12.1.2, 12.2.1.1). Texts are byte strings; the order of headers is Kamailio's.

import { bytesOf, textOf, trimmed } from "../util/bytes.ts";
import { H } from "./headers.ts";
import { nextValue } from "./list.ts";
import { SipMessage } from "./message.ts";
import { NameAddrRange, parseNameAddr } from "./name-addr.ts";
import { STRIDE, VALUE_END, VALUE_START } from "./scan.ts";

/** What a request made here consists of, without its Via. */
export interface RequestParts {
  readonly method: string;
  readonly uri: string;
  /** Values of the headers. */
  readonly to: string;
  readonly from: string;
  readonly callId: string;
  readonly cseq: number;
  /** Values of Route in their order. */
  readonly routes: readonly string[];
  /** The whole User-Agent line, or nothing. */
  readonly userAgent: string;
  /** Whole header lines. Max-Forwards is added when it is not among them; Content-Length and Via must not be. */
  readonly headers: string;
  readonly body: string;
}

/** The text of a request, ready to get our Via. */
export function requestText(p: RequestParts): string {
  const lines = [
    `${p.method} ${p.uri} SIP/2.0`,
    `To: ${p.to}`,
    `From: ${p.from}`,
    `CSeq: ${p.cseq} ${p.method}`,
    `Call-ID: ${p.callId}`,
  ];
  if (p.routes.length > 0) lines.push(`Route: ${p.routes.join(", ")}`);
  if (!/^max-forwards[ \t]*:/im.test(p.headers)) lines.push("Max-Forwards: 70");
  lines.push(`Content-Length: ${p.body.length}`);
  return `${lines.join("\r\n")}\r\n${p.userAgent}${p.headers}\r\n${p.body}`;
}

/** What an ACK for a 2xx is made of, beside the INVITE and the reply. */
export interface AckParts {
  readonly way: DialogWay;
  /** Our whole Via line. */
  readonly via: string;
  readonly userAgent: string;
  /** Whole header lines, and the body. */
  readonly headers: string;
  readonly body: string;
}

/** The text of the ACK for a 2xx: From, Call-ID and CSeq number are those of the INVITE (`invite`: as it was sent), To is the reply's. */
export function ackText(invite: Uint8Array, reply: SipMessage, p: AckParts): string {
  if (sent.parse(invite, 0, invite.length) !== 0) return "";
  const lines = [
    `From: ${sent.header(H.FROM) ?? ""}`,
    `Call-ID: ${sent.header(H.CALL_ID) ?? ""}`,
    `To: ${reply.header(H.TO) ?? sent.header(H.TO) ?? ""}`,
    `CSeq: ${sent.cseq()?.number ?? 1} ACK`,
  ];
  if (p.way.routes.length > 0) lines.push(`Route: ${p.way.routes.join(", ")}`);
  lines.push("Max-Forwards: 70");
  const head = `ACK ${p.way.uri} SIP/2.0\r\n${p.via}${lines.join("\r\n")}\r\n`;
  return `${head}${p.userAgent}${p.headers}Content-Length: ${p.body.length}\r\n\r\n${p.body}`;
}

/** The way that requests to a far end take. */
export interface DialogWay {
  /** Their R-URI. */
  readonly uri: string;
  /** The URI they are sent to. */
  readonly nextHop: string;
  /** Values of their Route headers. */
  readonly routes: readonly string[];
}

/** The way to `target` by a route set; a first router without `lr` gets its own URI as R-URI (RFC 3261 12.2.1.1). */
export function wayTo(target: string, routes: readonly string[]): DialogWay {
  const first = routes.length === 0 ? null : uriIn(routes[0]!);
  if (first === null) return { uri: target, nextHop: target, routes: [] };
  if (/;\s*lr\s*(?:[=;]|$)/i.test(first)) return { uri: target, nextHop: first, routes };
  return { uri: first, nextHop: first, routes: [...routes.slice(1), `<${target}>`] };
}

/** The way that the 2xx to a request of ours asks for: its Contact (else `uri`) by its Record-Routes in reverse. */
export function wayFromReply(reply: SipMessage, uri: string): DialogWay {
  return wayTo(contactOf(reply) ?? uri, headerValues(reply, H.RECORD_ROUTE).reverse());
}

/** The URI of the first Contact; null without one. */
export function contactOf(msg: SipMessage): string | null {
  const value = headerValues(msg, H.CONTACT)[0];
  return value === undefined || value === "*" ? null : uriIn(value);
}

/** All values of a header that takes lists, in their order. */
export function headerValues(msg: SipMessage, id: number): string[] {
  const values: string[] = [];
  const { buf, index } = msg;
  for (let h = msg.find(id); h >= 0; h = msg.find(id, h + 1)) {
    const end = index[h * STRIDE + VALUE_END]!;
    for (let at = index[h * STRIDE + VALUE_START]!; at < end; ) {
      const comma = nextValue(buf, at, end);
      const value = trimmed(unfolded(textOf(buf, at, comma)));
      if (value !== "") values.push(value);
      at = comma + 1;
    }
  }
  return values;
}

// The lookbehind has it begin nowhere within white space, of which there may be much.
function unfolded(text: string): string {
  return text.includes("\n") ? text.replace(/(?<![ \t\r\n])[ \t\r\n]*\n[ \t\r\n]*/g, " ") : text;
}

/** The URI in an address as headers have it; null when it is none. */
export function uriIn(value: string): string | null {
  const bytes = bytesOf(value);
  if (parseNameAddr(bytes, 0, bytes.length, address) !== 0 || address.uriStart < 0) return null;
  return textOf(bytes, address.uriStart, address.uriEnd);
}

/** Whether an address as headers have it carries a tag; null when it is none. */
export function hasTag(value: string): boolean | null {
  const bytes = bytesOf(value);
  return parseNameAddr(bytes, 0, bytes.length, address) !== 0 ? null : address.tagStart >= 0;
}

const sent = new SipMessage();
const address = new NameAddrRange();
