// Selects, @from.uri.user: read-only parts of the message, named as in Kamailio's list of selects. One is made into a chain of readers
// when the script is compiled: where the text comes from, then what is taken out of it.

import type { ParameterGroups } from "../proxy/groups.ts";
import { transportName } from "../sip/transports.ts";
import { textOf } from "../util/bytes.ts";
import { own } from "../util/own.ts";
import { contactRoot } from "./select-contact.ts";
import { partOf, type Segment, type SelectReader, type SelectRoot } from "./select-parts.ts";
import { branchRoot, parameterRoot, SERVER } from "./select-server.ts";
import { tlsRoot } from "./select-tls.ts";
import { header, headerNumber, messageHeader, nth, valueRoot, values } from "./select-values.ts";

export type { SelectReader };

/**
 * The reader of a select as written ("@from.uri.user", with or without the sign), or what is wrong with it. With `groups` names of
 * parameters (@cfg_get) are looked up too.
 */
export function selectReader(written: string, groups: ParameterGroups | null = null): SelectReader | string {
  const segments = split(written.replace(/^@/, ""));
  if (segments === null) return `cannot read ${written}`;
  const used = { count: 1 };
  const root = rootOf(segments, used, groups);
  if (root === null) return `unknown select ${written}`;
  if (typeof root === "string") return `${written}: ${root}`;
  let { read, is } = root;
  if (root.parts !== undefined && used.count < segments.length) read = root.parts;
  for (let i = used.count; i < segments.length; i++) {
    const name = segments[i]!;
    const next = segments[i + 1];
    const isNamed = /^(params|param|p)$/i.test(name.text) && next !== undefined;
    const argument = (next?.isIndex === true || isNamed) && !name.isIndex ? next!.text : null;
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
const whole: SelectReader = ({ message }) => textOf(message.buf, message.start, message.end);
const head: SelectReader = ({ message }) =>
  textOf(message.buf, message.start, message.bodyStart)
    .replace(/^[^\n]*\n/, "")
    .replace(/\r?\n$/, "");
const sdp: SelectReader = (ctx) =>
  /^\s*application\/sdp\s*(;|$)/i.test(header("content-type")(ctx) ?? "") ? body(ctx) : null;
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
  msg: whole,
  "msg.header": head,
  "msg.h": head,
  "msg.request": ofRequest(whole),
  "msg.response": ofReply(whole),
  "msg.body.sdp": sdp,
  "msg.content.sdp": sdp,
  ...SERVER,
};
const URIS: Readonly<Record<string, SelectReader>> = {
  ruri,
  dst_uri: ({ message }) => message.dstUri,
  next_hop: (ctx) => ctx.message.dstUri ?? ruri(ctx),
  "msg.request.uri": ofRequest(({ message }) => message.requestUri()),
};

/** What a select begins with; `used` is how many segments of it that takes. */
function rootOf(
  segments: readonly Segment[],
  used: { count: number },
  groups: ParameterGroups | null,
): SelectRoot | string | null {
  const first = segments[0]!.text.toLowerCase();
  const name = first === "message" ? "msg" : first;
  const index = segments[1]?.isIndex === true ? segments[1].text : null;
  if (Object.hasOwn(ADDRESSES, name)) return { read: header(ADDRESSES[name]!), is: "address" };
  if (Object.hasOwn(LISTS, name)) return { read: nth(values(LISTS[name]!), 1), is: "address" };
  if (HEADERS.has(name)) {
    const whole = header(name === "call_id" ? "call-id" : name.replaceAll("_", "-"));
    return { read: name === "event" ? (ctx) => beforeParams(whole(ctx)) : whole, is: "text" };
  }
  if (name === "cseq") return { read: header("cseq"), is: "cseq" };
  if (name === "via" || name === "v") {
    if (index !== null) used.count = 2;
    return { read: nth(values("via"), index === null ? 1 : Number(index)), is: "via" };
  }
  if (name === "authorization" || name === "proxy_authorization") {
    if (index === null) return null;
    used.count = 2;
    return { read: credentials(name.replace("_", "-"), index), is: "credentials" };
  }
  if (name === "tls") return tlsRoot(segments, used);
  if (name === "nathelper") {
    used.count = segments[3]?.text.toLowerCase() === "nameaddr" ? 4 : 3; // which it is itself
    return contactRoot(segments);
  }
  const other =
    name === "cfg_get" ? parameterRoot(segments, groups) : (branchOf(name, segments) ?? valueRoot(name, segments));
  if (other === null) return dotted(name, segments, used) ?? elsewhere(name);
  if (typeof other !== "string") used.count = other.used;
  return other;
}

const branchOf = (name: string, segments: readonly Segment[]) => (name === "branch" ? branchRoot(segments) : null);

// Selects of modules that give none here yet.
const OWNERS: Readonly<Record<string, string>> = {
  db: "db_ops",
  eval: "eval",
  timer: "timer",
  xmlrpc: "xmlrpc",
};

/** The module of Kamailio's that a select comes with, when none here gives it. */
export function selectOwner(written: string): string | null {
  return own(OWNERS, /^@?(\w*)/.exec(written)![1]!.toLowerCase()) ?? null;
}

function elsewhere(name: string): string | null {
  const owner = selectOwner(name);
  return owner === null ? null : `it comes with module ${owner}`;
}

function beforeParams(header: string | null): string | null {
  const at = header?.indexOf(";") ?? -1;
  return header === null || at < 0 ? header : header.slice(0, at).trimEnd();
}

const followers = (segments: readonly Segment[]): string =>
  segments
    .slice(1)
    .map((s) => s.text.toLowerCase())
    .join(".");

// Names of one to three segments.
function dotted(name: string, segments: readonly Segment[], used: { count: number }): SelectRoot | null {
  const second = segments[1]?.text.toLowerCase() ?? "";
  if (name === "msg" && (second === "header" || second === "h") && segments[2] !== undefined) {
    const index = segments[3]?.isIndex === true ? Number(segments[3].text) : null;
    used.count = index === null ? 3 : 4;
    return messageHeader(segments[2].text.toLowerCase().replaceAll("_", "-"), index);
  }
  if (name === "msg" && /^(body|content)\.sdp\.line\.[a-z]$/.test(followers(segments))) {
    used.count = 5;
    const letter = segments[4]!.text.toLowerCase();
    return { read: (ctx) => new RegExp(`^${letter}=([^\\r\\n]*)`, "m").exec(sdp(ctx) ?? "")?.[1] ?? null, is: "text" };
  }
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
