// Functions of module tm that make requests, and those for requests made here.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { LocalRequest } from "../../proxy/local-request.ts";
import { int, optional, str } from "../../registry/args.ts";
import { type FunctionDef, type FunctionResult, fn } from "../../registry/define.ts";
import { Method } from "../../sip/methods.ts";
import { parseUriText } from "../../sip/uri-text.ts";
import { relayFailure, transactionOf } from "./engine.ts";
import type { TmInstance } from "./settings.ts";
import { BadArguments, requestOf } from "./uac-arguments.ts";

const { REQUEST, FAILURE, ONREPLY, BRANCH_FAILURE, EVENT, ANY } = RouteKind;

/** Under what a context keeps that its request is a repetition. */
const REPEATED = {};

function sent(result: FunctionResult): FunctionResult {
  if (typeof result !== "number") return result.then((n: number) => (n > 0 ? 1 : -1));
  return result > 0 ? 1 : -1;
}

function replicate(self: TmInstance, ctx: RouteContext, uri: string | null): FunctionResult {
  const { message: msg } = ctx;
  if (!msg.isRequest || msg.method === Method.ACK) return -1;
  if (uri !== null && typeof parseUriText(uri) === "number") return -1;
  if (ctx.attachment<boolean>(REPEATED) === true) return 1;
  if (ctx.transaction === null) {
    const known = self.engine.tm.lookup(msg);
    if (known !== null) {
      // of a repetition a copy has gone already; what else the script does with it is not our affair
      ctx.attach(REPEATED, true);
      self.engine.tm.retransmission(known);
      return 1;
    }
    const made = self.engine.newTransaction(ctx);
    if (made <= 0) return made;
  }
  const result = self.engine.local.replicate(ctx, uri);
  if (typeof result === "number") return result > 0 ? 1 : relayFailure(result).rc;
  msg.own();
  return result.then((n) => (n > 0 ? 1 : relayFailure(n).rc));
}

function addressed(host: string, port: string | number | undefined, transport: string): string {
  const suffix = transport === "" ? "" : `;transport=${transport}`;
  return `sip:${host}${port === undefined || port === "" || port === 0 ? "" : `:${port}`}${suffix}`;
}

/** t_replicate_udp and its kin. */
function replicateBy(transport: string): FunctionDef<TmInstance> {
  return fn({
    args: [str("host"), optional(int("port"))],
    routes: REQUEST,
    waits: "maybe",
    doc: `Sends a copy of the request to a host over ${transport} and ignores the replies.`,
    aliases: [`t_replicate_to_${transport}`],
    run: (self: TmInstance, ctx, host, port) => replicate(self, ctx, addressed(host, port, transport)),
  });
}

/** Functions that make requests. */
export const local: Record<string, FunctionDef<TmInstance>> = {
  t_uac_send: fn({
    args: [str("method"), str("ruri"), str("nexthop"), str("socket"), str("headers"), str("body")],
    routes: ANY,
    waits: "maybe",
    doc: "Sends a request of its own; the headers must hold From and To, and Content-Type when there is a body. Next hop and socket may be empty.",
    run: (self: TmInstance, ctx, method, ruri, nextHop, socket, headers, body) => {
      const spec = requestOf(self.engine.proxy, method, ruri, nextHop, socket, headers, body);
      if (!(spec instanceof BadArguments)) return sent(self.engine.request(spec));
      ctx.proxy.limited.error(ctx.proxy.log, `t_uac_send: ${spec.message}`);
      return -1;
    },
  }),
  t_replicate: fn({
    args: [optional(str("uri_or_host")), optional(int("port"))],
    routes: REQUEST | FAILURE | ONREPLY | BRANCH_FAILURE | EVENT,
    waits: "maybe",
    doc: "Sends a copy of the request to a URI, a host and port, or where it leads itself, and ignores the replies.",
    run: (self: TmInstance, ctx, to, port) => {
      if (to === undefined) return replicate(self, ctx, null);
      return replicate(self, ctx, /^sips?:/i.test(to) ? to : addressed(to, port, ""));
    },
  }),
  t_replicate_udp: replicateBy("udp"),
  t_replicate_tcp: replicateBy("tcp"),
  t_replicate_tls: replicateBy("tls"),
  t_replicate_sctp: replicateBy("sctp"),
  t_replicate_to: fn({
    args: [str("proto"), str("hostport")],
    routes: REQUEST,
    waits: "maybe",
    doc: "The same to host:port over the transport named.",
    run: (self: TmInstance, ctx, proto, hostPort) => replicate(self, ctx, addressed(hostPort, "", proto)),
  }),
  t_set_no_auto_ack: fn({
    args: [int("on")],
    routes: ANY,
    doc: "In event_route[tm:local-request]: whether a 2xx to this INVITE is left for t_uac_ack_local to acknowledge.",
    run: (_self: TmInstance, ctx, on) => {
      const side = transactionOf(ctx)?.local;
      if (side instanceof LocalRequest) side.autoAck = on === 0;
      return 1;
    },
  }),
};
