// Functions of the core about how and where messages are sent: forward and its kin, send, and what is set for one message only.

import type { Flow } from "../../net/flow.ts";
import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { forwardStateless } from "../../proxy/forward.ts";
import { type Arg, ArgError, int, optional, parsed, str } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { SendOptions } from "../../sip/send-options.ts";
import { Transport, transportName } from "../../sip/transports.ts";
import { isSip, uriOf } from "./uri-parts.ts";

const SENDING =
  RouteKind.REQUEST | RouteKind.BRANCH | RouteKind.FAILURE | RouteKind.LOCAL | RouteKind.ONSEND | RouteKind.EVENT;
const ANY = RouteKind.ANY;

/** Why the transports that we do not speak cannot be forwarded by. */
const NO_SOCKETS = "there are no sockets of that transport here yet";

/** The options of the message at hand, made when first needed. */
function options(ctx: RouteContext): SendOptions {
  ctx.message.send ??= new SendOptions();
  return ctx.message.send;
}

/** "uri:host" and "uri:port" stand for those of the R-URI, as in SER. */
function fromUri(ctx: RouteContext, text: string): string {
  if (text !== "uri:host" && text !== "uri:port") return text;
  const uri = uriOf(ctx.message.requestUri());
  if (uri === null) return "";
  return text === "uri:host" ? uri.host : uri.port > 0 ? String(uri.port) : "";
}

/** The next hop in the arguments of forward(); null when it is left to the message; "" when it is none. */
function nextHop(
  ctx: RouteContext,
  host: string | undefined,
  port: string | undefined,
  protocol: number,
): string | null {
  const transport = protocol < 0 ? "" : `;transport=${transportName(protocol).toLowerCase()}`;
  if (host === undefined) {
    if (protocol < 0) return null;
    const text = ctx.message.dstUri ?? ctx.message.requestUri();
    const uri = uriOf(text);
    return uri === null || !isSip(uri)
      ? ""
      : `${text.replace(/;transport=[^;?]*/i, "").replace(/\?.*$/, "")}${transport}`;
  }
  if (/^sips?:/i.test(host)) return host;
  const name = fromUri(ctx, host);
  const bare = name.includes(":") && !name.startsWith("[") && /:.*:/.test(name) ? `[${name}]` : name;
  const number = port === undefined ? "" : fromUri(ctx, port);
  if (bare === "" || (number !== "" && !/^\d{1,5}$/.test(number))) return "";
  return `sip:${bare}${number === "" || number === "0" ? "" : `:${number}`}${transport}`;
}

function forwarding(doc: string, protocol: number, fails = ""): FunctionDef<unknown> {
  return fn({
    fails,
    args: [optional(str("host")), optional(str("port"))],
    routes: SENDING,
    waits: "maybe",
    doc,
    gives: "int",
    run: (_i: unknown, ctx, host, port) => {
      const hop = nextHop(ctx, host, port, protocol);
      return hop === "" ? -1 : forwardStateless(ctx.proxy, ctx.message, ctx.flow, hop, ctx.sendFrom, ctx);
    },
  });
}

/** What the script wishes for replies to this message: bit 1 no new connection, bit 2 the connection is closed afterwards. */
export function wishForReply(ctx: RouteContext, mode: number): void {
  const wish = options(ctx);
  if ((mode & 1) !== 0) wish.replyNoConnect = true;
  if ((mode & 2) !== 0) wish.replyClose = true;
}

/** Sends the received bytes as they are, no Via, no edits, to host[:port] by that transport; without a host to $du, else the R-URI. */
export function sendAsIs(
  ctx: RouteContext,
  to: string | undefined,
  protocol: number = Transport.UDP,
): number | Promise<number> {
  const hop = nextHop(ctx, to, undefined, protocol);
  if (hop === "" || hop === null) return -1;
  const { message } = ctx;
  const { sendFrom } = ctx;
  const found = ctx.proxy.resolver.uriFlow(hop, sendFrom ?? ctx.flow.listener, false, sendFrom !== null);
  const { wire } = ctx.proxy.transports;
  const send = (flow: Flow | null): number =>
    flow !== null && wire.sendPast(flow, message.buf, message.start, message.end) ? 1 : -1;
  if (!(found instanceof Promise)) return send(found);
  message.own();
  return found.then(send);
}

function sending(doc: string, protocol: number): FunctionDef<unknown> {
  return fn({
    args: [optional(str("address"))],
    routes: SENDING,
    waits: "maybe",
    doc,
    run: (_i: unknown, ctx, to) => sendAsIs(ctx, to, protocol),
  });
}

/** A function that sets one of the options. */
function setting(doc: string, set: (o: SendOptions) => void): FunctionDef<unknown> {
  return fn({
    routes: ANY,
    doc,
    run: (_i: unknown, ctx) => {
      set(options(ctx));
      return 1;
    },
  });
}

const PROTOCOLS: Readonly<Record<string, number>> = {
  UDP: Transport.UDP,
  TCP: Transport.TCP,
  TLS: Transport.TLS,
  SCTP: Transport.SCTP,
};

const protocolArg: Arg<number> = parsed(
  "protocol",
  (text) => PROTOCOLS[text.toUpperCase()] ?? new ArgError(`not a protocol: ${text}`, "write UDP, TCP, TLS or SCTP"),
);

/** The functions. */
export const sendingFunctions: Readonly<Record<string, FunctionDef<unknown>>> = {
  forward: forwarding(
    "Forwards the request without a transaction, to the given host or URI, else to $du, else to the R-URI.",
    -1,
  ),
  forward_udp: forwarding("As forward(), over UDP.", Transport.UDP),
  forward_tcp: forwarding("As forward(), over TCP.", Transport.TCP),
  forward_tls: forwarding("As forward(), over TLS.", Transport.TLS, NO_SOCKETS),
  forward_sctp: forwarding("As forward(), over SCTP.", Transport.SCTP, NO_SOCKETS),
  send: sending("Sends the message as it was received, without a Via of ours, over UDP to host[:port].", Transport.UDP),
  send_tcp: sending("As send(), over TCP.", Transport.TCP),
  set_advertised_address: fn({
    args: [str("address")],
    routes: ANY,
    doc: "The host that Via and Record-Route of this message show.",
    gives: "int",
    run: (_i: unknown, ctx, text) => {
      const host = text.replace(/^\[(.*)\]$/, "$1");
      if (!/^[\w.:-]+$/.test(host)) return -1;
      options(ctx).advertisedHost = host;
      return 1;
    },
  }),
  set_advertised_port: fn({
    args: [int("port")],
    routes: ANY,
    doc: "The port that Via and Record-Route of this message show.",
    gives: "int",
    run: (_i: unknown, ctx, port) => {
      if (port < 1 || port > 65535) return -1;
      options(ctx).advertisedPort = port;
      return 1;
    },
  }),
  add_local_rport: setting("Asks for rport in the Via that is added to the request (RFC 3581).", (o) => {
    o.localRport = true;
  }),
  set_forward_no_connect: setting(
    "Forwards only over a connection that is open already; nothing changes for UDP.",
    (o) => {
      o.forwardNoConnect = true;
    },
  ),
  set_forward_close: setting("Closes the connection once the request is forwarded.", (o) => {
    o.forwardClose = true;
  }),
  set_reply_no_connect: setting(
    "Replies only over a connection that is open already; nothing changes for UDP.",
    (o) => {
      o.replyNoConnect = true;
    },
  ),
  set_reply_close: setting("Closes the connection once the reply is sent.", (o) => {
    o.replyClose = true;
  }),
  udp_mtu_try_proto: fn({
    args: [protocolArg],
    routes: ANY,
    doc: "The transport for this request when it is larger than udp_mtu.",
    run: (_i: unknown, ctx, protocol) => {
      options(ctx).mtuProtocol = protocol;
      return 1;
    },
  }),
  force_tcp_alias: fn({
    args: [optional(int("port"))],
    routes: ANY,
    doc: "Lets requests to that port of the sender, else to the one in its Via, use the connection the message came by.",
    aliases: ["add_tcp_alias"],
    gives: "int",
    run: (_i: unknown, ctx, port) => {
      const via = ctx.message.via();
      const wanted = port ?? (via === null ? 0 : via.port > 0 ? via.port : 5060);
      if (wanted < 1 || wanted > 65535) return -1;
      return !ctx.flow.reliable || ctx.proxy.transports.alias(ctx.flow, wanted) ? 1 : -1;
    },
  }),
};
