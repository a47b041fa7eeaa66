// Core keywords in conditions: method, uri, src_ip, proto, af, myself, msg:len … Each comparison with a constant becomes one function
// over the context, made when the script is compiled. Meanings follow the core cookbook; texts compare exactly, patterns ignore case.

import type { RouteContext } from "../proxy/context.ts";
import { transportName } from "../sip/transports.ts";
import { parseUriText } from "../sip/uri-text.ts";
import { toInt, type Value } from "../sip/value.ts";
import { textOf } from "../util/bytes.ts";
import { canonicalIp, ipFamily } from "../util/ip.ts";
import { parseNetwork } from "./network.ts";
import { matches, posixRegex } from "./posix-regex.ts";

type Read = (ctx: RouteContext) => Value;
type Test = (ctx: RouteContext) => boolean;
type Kind = "text" | "uri" | "int" | "ip" | "proto" | "af";

interface Keyword {
  readonly kind: Kind;
  readonly read: Read;
}

const READERS: Readonly<Record<string, Keyword>> = {
  method: { kind: "text", read: (ctx) => ctx.message.methodText() },
  uri: { kind: "uri", read: (ctx) => ctx.message.newUri ?? ctx.message.requestUri() },
  from_uri: { kind: "uri", read: (ctx) => uriIn(ctx, "from") },
  to_uri: { kind: "uri", read: (ctx) => uriIn(ctx, "to") },
  status: { kind: "int", read: (ctx) => (ctx.message.isRequest ? ctx.status : ctx.message.status) },
  retcode: { kind: "int", read: (ctx) => ctx.rc },
  "msg:len": { kind: "int", read: (ctx) => ctx.sending?.length ?? ctx.message.end - ctx.message.start },
  src_ip: { kind: "ip", read: (ctx) => ctx.flow.remote.address },
  dst_ip: { kind: "ip", read: (ctx) => ctx.flow.local.address },
  src_port: { kind: "int", read: (ctx) => ctx.flow.remote.port },
  dst_port: { kind: "int", read: (ctx) => ctx.flow.local.port },
  proto: { kind: "proto", read: (ctx) => transportName(ctx.flow.protocol).toLowerCase() },
  af: { kind: "af", read: (ctx) => (ctx.flow.remote.family === 6 ? "INET6" : "INET") },
  // of the message about to leave: onsend_route only
  snd_ip: { kind: "ip", read: (ctx) => ctx.sending?.flow.local.address ?? null },
  snd_port: { kind: "int", read: (ctx) => ctx.sending?.flow.local.port ?? null },
  snd_proto: {
    kind: "proto",
    read: (ctx) => (ctx.sending === null ? null : transportName(ctx.sending.flow.protocol).toLowerCase()),
  },
  to_proto: {
    kind: "proto",
    read: (ctx) => (ctx.sending === null ? null : transportName(ctx.sending.flow.protocol).toLowerCase()),
  },
  snd_af: {
    kind: "af",
    read: (ctx) => (ctx.sending === null ? null : ctx.sending.flow.remote.family === 6 ? "INET6" : "INET"),
  },
  to_ip: { kind: "ip", read: (ctx) => ctx.sending?.flow.remote.address ?? null },
  to_port: { kind: "int", read: (ctx) => ctx.sending?.flow.remote.port ?? null },
};

/** The URI in From or To; empty when there is none. */
function uriIn(ctx: RouteContext, side: "from" | "to"): string {
  const range = side === "from" ? ctx.message.from() : ctx.message.to();
  return range === null ? "" : textOf(ctx.message.buf, range.uriStart, range.uriEnd);
}

/** The value a keyword stands for outside of comparisons with constants; null when the keyword is not known here. */
export function keywordReader(name: string): Read | null {
  return Object.hasOwn(READERS, name) ? READERS[name]!.read : null;
}

/**
 * The test `keyword op value` for a constant value. Null when the keyword has no meaning here; a string says what is wrong.
 * `value` null: compared with something computed; then only the form is checked.
 */
export function compileKeywordTest(name: string, op: string, value: string | null): Test | string | null {
  if (!Object.hasOwn(READERS, name)) return null;
  const { kind, read } = READERS[name]!;
  const isEqual = op === "==" || op === "eq";
  if (!isEqual && op !== "!=" && op !== "ne" && kind !== "int" && op !== "=~" && op !== "!~")
    return `${name} cannot be compared with ${op}`;
  if (value === null) return () => false;
  const test = op === "=~" || op === "!~" ? patternTest(read, value) : equalTest(name, kind, read, value, op);
  if (typeof test === "string") return test;
  return isEqual || kind === "int" || op === "=~" ? test : (ctx) => !test(ctx);
}

function patternTest(read: Read, pattern: string): Test | string {
  const regex = posixRegex(pattern, true);
  return typeof regex === "string" ? regex : (ctx) => matches(regex, String(read(ctx) ?? ""));
}

function equalTest(name: string, kind: Kind, read: Read, value: string, op: string): Test | string {
  if (value === "myself") return myselfTest(name, kind, read);
  switch (kind) {
    case "int":
      return intTest(read, op, value, name);
    case "proto": {
      const wanted = value.toLowerCase();
      return /^(udp|tcp|tls|sctp|wss?)$/.test(wanted) ? (ctx) => read(ctx) === wanted : `${value} is not a protocol`;
    }
    case "af": {
      const wanted = value === "2" ? "INET" : value === "10" ? "INET6" : value.toUpperCase();
      return wanted === "INET" || wanted === "INET6" ? (ctx) => read(ctx) === wanted : `${value} is not INET or INET6`;
    }
    case "ip":
      return addressTest(read, value);
    case "text": {
      const wanted = value.toUpperCase(); // methods: case does not count, as measured
      return (ctx) => String(read(ctx) ?? "").toUpperCase() === wanted;
    }
    default:
      return (ctx) => read(ctx) === value;
  }
}

function intTest(read: Read, op: string, value: string, name: string): Test | string {
  if (!/^-?\d+$/.test(value) && value !== "") return `${name} is a number, not ${value}`;
  const wanted = toInt(value);
  switch (op) {
    case "==":
    case "eq":
    case "ieq":
      return (ctx) => read(ctx) === wanted;
    case "!=":
    case "ne":
    case "ine":
      return (ctx) => read(ctx) !== wanted;
    case "<":
      return (ctx) => toInt(read(ctx)) < wanted;
    case "<=":
      return (ctx) => toInt(read(ctx)) <= wanted;
    case ">":
      return (ctx) => toInt(read(ctx)) > wanted;
    case ">=":
      return (ctx) => toInt(read(ctx)) >= wanted;
    default:
      return `${name} cannot be compared with ${op}`;
  }
}

/** An address, a network (10.0.0.0/8, 10.0.0.0/255.0.0.0), or a host name, which is compared as text. */
function addressTest(read: Read, value: string): Test | string {
  const bare = value.replace(/^\[(.*)\]/, "$1");
  if (bare.includes("/")) {
    const network = parseNetwork(bare);
    return network === null ? `${value} is not a network` : (ctx) => network.contains(String(read(ctx) ?? ""));
  }
  if (ipFamily(bare) === 0) return (ctx) => read(ctx) === bare;
  const wanted = canonicalIp(bare);
  return (ctx) => read(ctx) === wanted;
}

function myselfTest(name: string, kind: Kind, read: Read): Test | string {
  if (kind === "ip") return (ctx) => ctx.proxy.identity.isMyself(String(read(ctx) ?? ""), 0);
  if (kind !== "uri") return `${name} cannot be compared with myself`;
  return (ctx) => {
    const uri = parseUriText(String(read(ctx) ?? ""));
    if (typeof uri === "number" || uri.host === "") return false;
    const port = uri.port > 0 ? uri.port : uri.scheme === "sips" ? 5061 : 5060;
    return ctx.proxy.identity.isMyself(uri.host.toLowerCase(), port);
  };
}
