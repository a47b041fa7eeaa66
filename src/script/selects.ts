// Selects, @from.uri.user: read-only parts of the message, named as in Kamailio's list of selects. One is made into a chain of readers
// when the script is compiled: where the text comes from, then what is taken out of it.

import type { RouteContext } from "../proxy/context.ts";
import { H, headerIdOfName } from "../sip/headers.ts";
import { nextValue } from "../sip/list.ts";
import type { SipMessage } from "../sip/message.ts";
import { findHeader, findHeaderByName } from "../sip/scan.ts";
import { transportName } from "../sip/transports.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import { partOf, type SelectClass } from "./select-parts.ts";

/** Reads a select; null when what it names is not there. */
export type SelectReader = (ctx: RouteContext) => string | null;

interface Root {
  readonly read: SelectReader;
  readonly is: SelectClass;
}

/** A segment: a name, or what stood in brackets. */
interface Segment {
  readonly text: string;
  readonly isIndex: boolean;
}

/** The reader of a select as written ("@from.uri.user", with or without the sign), or what is wrong with it. */
export function selectReader(written: string): SelectReader | string {
  const segments = split(written.replace(/^@/, ""));
  if (segments === null) return `cannot read ${written}`;
  const used = { count: 1 };
  const root = rootOf(segments, used);
  if (root === null) return `unknown select ${written}`;
  let { read, is } = root;
  for (let i = used.count; i < segments.length; i++) {
    const name = segments[i]!;
    const next = segments[i + 1];
    const argument = next?.isIndex === true && !name.isIndex ? next.text : null;
    const part = partOf(is, name.text, argument);
    if (part === null) return `unknown part ${name.text} in ${written}`;
    const before = read;
    read = (ctx) => {
      const text = before(ctx);
      return text === null ? null : part.read(text);
    };
    is = part.is;
    if (argument !== null) i++;
  }
  return read;
}

function split(text: string): Segment[] | null {
  const segments: Segment[] = [];
  const pattern = /\.?([A-Za-z_][A-Za-z0-9_]*)|\[\s*(?:"([^"\]]*)"|(-?\d+))\s*\]/y;
  for (; pattern.lastIndex < text.length; ) {
    const found = pattern.exec(text);
    if (found === null) return null;
    segments.push({ text: found[1] ?? found[2] ?? found[3]!, isIndex: found[1] === undefined });
  }
  return segments.length === 0 || segments[0]!.isIndex ? null : segments;
}

// ---- where the text comes from ----

function headerNumber(msg: SipMessage, name: string, from = 0): number {
  const id = headerIdOfName(name);
  return id === H.OTHER ? findHeaderByName(msg, name, from) : findHeader(msg, id, from);
}

/** The first header of that name, in lower case. */
function header(name: string): SelectReader {
  return (ctx) => {
    const h = headerNumber(ctx.message, name);
    return h < 0 ? null : ctx.message.value(h);
  };
}

/** The value with that number among the comma-separated values of all headers of a name, from 1, from the end when negative. */
function value(name: string, index: number): SelectReader {
  const all = values(name);
  return (ctx) => {
    const found = all(ctx);
    return (index > 0 ? found[index - 1] : index < 0 ? found.at(index) : undefined) ?? null;
  };
}

function values(name: string): (ctx: RouteContext) => string[] {
  return (ctx) => {
    const all: string[] = [];
    for (let h = headerNumber(ctx.message, name); h >= 0; h = headerNumber(ctx.message, name, h + 1)) {
      const bytes = bytesOf(ctx.message.value(h));
      for (let at = 0; at < bytes.length; ) {
        const comma = nextValue(bytes, at, bytes.length);
        const text = textOf(bytes, at, comma).trim();
        if (text !== "") all.push(text);
        at = comma + 1;
      }
    }
    return all;
  };
}

/** The credentials for a realm. */
function credentials(name: string, realm: string): SelectReader {
  const wanted = `realm="${realm}"`;
  return (ctx) => {
    for (let h = headerNumber(ctx.message, name); h >= 0; h = headerNumber(ctx.message, name, h + 1)) {
      const text = ctx.message.value(h);
      if (text.includes(wanted)) return text;
    }
    return null;
  };
}

const ruri: SelectReader = (ctx) => (ctx.message.isRequest ? (ctx.message.newUri ?? ctx.message.requestUri()) : null);
const body: SelectReader = ({ message }) =>
  message.bodyStart < message.end ? textOf(message.buf, message.bodyStart, message.end) : null;
const firstLine: SelectReader = ({ message }) =>
  /^[^\r\n]*/.exec(textOf(message.buf, message.start, Math.min(message.end, message.start + 4096)))![0];
const address = (side: "remote" | "local", what: "ip" | "port" | "ip_port"): SelectReader => {
  return ({ flow }) => {
    const { address: ip, port } = flow[side];
    return what === "ip" ? ip : what === "port" ? String(port) : `${ip.includes(":") ? `[${ip}]` : ip}:${port}`;
  };
};
const protocol: SelectReader = ({ flow }) => transportName(flow.protocol).toLowerCase();
const ofReply =
  (read: SelectReader): SelectReader =>
  (ctx) =>
    ctx.message.isRequest ? null : read(ctx);
const ofRequest =
  (read: SelectReader): SelectReader =>
  (ctx) =>
    ctx.message.isRequest ? read(ctx) : null;
const code = ofReply(({ message }) => String(message.status));
const reason = ofReply((ctx) => firstLine(ctx)!.split(" ").slice(2).join(" "));
const version: SelectReader = () => "SIP/2.0";
const method: SelectReader = ({ message }) => message.methodText();

const ADDRESSES: Readonly<Record<string, string>> = {
  from: "from",
  f: "from",
  to: "to",
  t: "to",
  refer_to: "refer-to",
  rpid: "remote-party-id",
  remote_party_id: "remote-party-id",
};
const LISTS: Readonly<Record<string, string>> = {
  contact: "contact",
  m: "contact",
  record_route: "record-route",
  rr: "record-route",
};
const HEADERS: ReadonlySet<string> = new Set([
  ...["call_id", "expires", "max_forwards", "content_type", "content_length", "subject", "organization", "priority"],
  ...["session_expires", "min_se", "user_agent", "sip_if_match", "date", "identity", "identity_info", "event"],
]);
const PLAIN: Readonly<Record<string, SelectReader>> = {
  method,
  version,
  status: code,
  code,
  reason,
  "src.ip": address("remote", "ip"),
  "src.port": address("remote", "port"),
  "src.ip_port": address("remote", "ip_port"),
  "dst.ip": address("local", "ip"),
  "dst.port": address("local", "port"),
  "dst.ip_port": address("local", "ip_port"),
  "received.ip": address("local", "ip"),
  "received.port": address("local", "port"),
  "received.ip_port": address("local", "ip_port"),
  "received.proto": protocol,
  "received.proto_ip_port": (ctx) => `${protocol(ctx)}:${address("local", "ip_port")(ctx)}`,
  "msg.len": ({ message }) => String(message.end - message.start),
  "msg.type": ({ message }) => (message.isRequest ? "1" : "2"),
  "msg.first_line": firstLine,
  "msg.body": body,
  "msg.content": body,
  "msg.request.method": ofRequest(method),
  "msg.request.version": ofRequest(version),
  "msg.response.version": ofReply(version),
  "msg.response.status": code,
  "msg.response.code": code,
  "msg.response.reason": reason,
  "branch.count": (ctx) => String(ctx.branches.length),
  "sys.server_id": () => "0",
  "sys.now": ({ proxy }) => String(Math.floor(proxy.host.clock.wall() / 1000)),
};
const URIS: Readonly<Record<string, SelectReader>> = {
  ruri,
  dst_uri: ({ message }) => message.dstUri,
  next_hop: (ctx) => ctx.message.dstUri ?? ruri(ctx),
  "msg.request.uri": ofRequest(({ message }) => message.requestUri()),
};

/** What a select begins with; `used` is how many segments of it that takes. */
function rootOf(segments: readonly Segment[], used: { count: number }): Root | null {
  const first = segments[0]!.text.toLowerCase();
  const name = first === "message" ? "msg" : first;
  const index = segments[1]?.isIndex === true ? segments[1].text : null;
  if (Object.hasOwn(ADDRESSES, name)) return { read: header(ADDRESSES[name]!), is: "address" };
  if (Object.hasOwn(LISTS, name)) return { read: value(LISTS[name]!, 1), is: "address" };
  if (HEADERS.has(name)) {
    const whole = header(name === "call_id" ? "call-id" : name.replaceAll("_", "-"));
    return { read: name === "event" ? (ctx) => whole(ctx)?.replace(/\s*;.*$/s, "") ?? null : whole, is: "text" };
  }
  if (name === "cseq") return { read: header("cseq"), is: "cseq" };
  if (name === "via" || name === "v") {
    if (index !== null) used.count = 2;
    return { read: value("via", index === null ? 1 : Number(index)), is: "via" };
  }
  if (name === "authorization" || name === "proxy_authorization") {
    if (index === null) return null;
    used.count = 2;
    return { read: credentials(name.replace("_", "-"), index), is: "credentials" };
  }
  return dotted(name, segments, used);
}

// Names of one to three segments.
function dotted(name: string, segments: readonly Segment[], used: { count: number }): Root | null {
  const second = segments[1]?.text.toLowerCase() ?? "";
  if (name === "msg" && (second === "header" || second === "h")) {
    if (segments[2] === undefined) return null;
    used.count = 3;
    return { read: header(segments[2].text.toLowerCase().replaceAll("_", "-")), is: "header" };
  }
  if (name === "hf_value" && segments[1] !== undefined) return headerValue(segments, used);
  const short: Readonly<Record<string, string>> = { req: "request", res: "response" };
  const names = [name, short[second] ?? second, ...segments.slice(2).map((s) => s.text.toLowerCase())];
  for (let count = Math.min(3, segments.length); count > 0; count--) {
    const key = names.slice(0, count).join(".");
    used.count = count;
    if (Object.hasOwn(URIS, key)) return { read: URIS[key]!, is: "uri" };
    if (Object.hasOwn(PLAIN, key)) return { read: PLAIN[key]!, is: "text" };
  }
  return null;
}

// @hf_value.name[index]: one value of a header, or all of them joined by commas.
function headerValue(segments: readonly Segment[], used: { count: number }): Root {
  const name = segments[1]!.text.toLowerCase().replaceAll("_", "-");
  const index = segments[2]?.isIndex === true ? Number(segments[2].text) : null;
  used.count = index === null ? 2 : 3;
  const all = values(name);
  const whole: SelectReader = (ctx) => all(ctx).join(",") || null;
  return { read: index === null ? whole : value(name, index), is: "values" };
}
