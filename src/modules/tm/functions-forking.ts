// Functions of module tm around serial forking: which replies and edits later legs see, relaying to a proxy, other transactions' branches.

import type { Flow } from "../../net/flow.ts";
import { RouteContext, RouteKind } from "../../proxy/context.ts";
import { type ScriptState, saveEdits } from "../../proxy/script-state.ts";
import { int, optional, str } from "../../registry/args.ts";
import { type FunctionDef, type FunctionResult, fn } from "../../registry/define.ts";
import { type KemiDef, kemi } from "../../registry/kemi.ts";
import { DropReplies, forward } from "../../tm/index.ts";
import { transactionOf, wishesOf } from "./engine.ts";
import { relay, relayTo } from "./relay.ts";
import type { TmInstance } from "./settings.ts";

const { REQUEST, FAILURE, ONREPLY, BRANCH_FAILURE, EVENT, ANY } = RouteKind;
const RELAYING = REQUEST | FAILURE | BRANCH_FAILURE | EVENT;

const DROP_MODES: Readonly<Record<string, number>> = { a: DropReplies.ALL, l: DropReplies.LAST, n: DropReplies.NONE };

/** Bits of t_relay_to. */
const Flag = { NO_100: 1, NO_ERROR_REPLY: 2, NO_FAILOVER: 4 } as const;

/** "proto:host:port" of which any but the host may be left out. */
const PROXY = /^(?:([a-z]+):)?(\[[^\]]*\]|[^:[\]]+)(?::(\d+))?$/i;

function relayToProxy(self: TmInstance, ctx: RouteContext, one: string, two: string): FunctionResult {
  const isFlags = two === "" && /^(0x[0-9a-f]+|\d+)$/i.test(one);
  const proxy = isFlags ? "" : one;
  const flags = Number(isFlags ? one : two || 0);
  if (!Number.isInteger(flags)) return -1;
  if ((flags & (Flag.NO_ERROR_REPLY | Flag.NO_FAILOVER)) !== 0) {
    const wishes = wishesOf(ctx);
    if ((flags & Flag.NO_ERROR_REPLY) !== 0) wishes.errorReply = false;
    if ((flags & Flag.NO_FAILOVER) !== 0) wishes.noFailover = true;
    const tx = transactionOf(ctx);
    if (tx !== null && wishes.noFailover === true) tx.noFailover = true;
  }
  const quiet100 = (flags & Flag.NO_100) !== 0;
  if (proxy === "") return relay(self.engine, self.settings, ctx, quiet100);
  const parts = PROXY.exec(proxy);
  if (parts === null) return -1;
  const [, transport, host, port] = parts;
  return relayTo(self.engine, self.settings, ctx, host!, Number(port ?? 0), (transport ?? "").toLowerCase(), quiet100);
}

/** Ways of relaying that scripts in other languages name otherwise. */
export const relayScripting: Readonly<Record<string, KemiDef<TmInstance>>> = {
  t_relay_to_flags: kemi({
    args: [int("flags")],
    waits: "maybe",
    doc: "Relays to where the R-URI leads; flags as those of t_relay_to().",
    run: (self: TmInstance, ctx, flags) => relayToProxy(self, ctx, String(flags), ""),
  }),
  t_relay_to_proto: kemi({
    args: [str("proto")],
    waits: "maybe",
    doc: "Relays over that transport (udp, tcp, tls, sctp) to where the R-URI leads.",
    run: (self: TmInstance, ctx, proto) => relayTo(self.engine, self.settings, ctx, "", 0, proto.toLowerCase(), false),
  }),
  t_relay_to_proto_addr: kemi({
    args: [str("proto"), str("host"), int("port")],
    waits: "maybe",
    doc: "Relays over that transport to a host and port.",
    run: (self: TmInstance, ctx, proto, host, port) =>
      relayTo(self.engine, self.settings, ctx, host, port, proto.toLowerCase(), false),
  }),
};

// Adds the destination set to another transaction's branches.
function appendBranches(self: TmInstance, ctx: RouteContext, index: number, label: number): FunctionResult {
  const { tm, proxy } = self.engine;
  const tx = tm.table.at(index, label >>> 0);
  const { branches } = ctx;
  if (tx === null || tx.final || branches.length === 0) return -1;
  const state = tx.attachment as ScriptState | null;
  const other = new RouteContext(proxy, state?.routes ?? ctx.routes, tx.ownRequest(), tx.origin as Flow, FAILURE);
  other.transaction = tx;
  other.avpsOrNull = state?.avps ?? null;
  ctx.clearBranches();
  if (tx.busy) {
    tm.whenIdle(tx, () => void forward(tm, tx, other, branches, false));
    return 1;
  }
  const sent = forward(tm, tx, other, branches, false);
  return typeof sent === "number" ? (sent > 0 ? 1 : -1) : sent.then((n) => (n > 0 ? 1 : -1));
}

/** A wish for the transaction: at once when there is one, else for the one to come. */
function wish(name: "noCancelReason" | "noFailover", doc: string): FunctionDef<TmInstance> {
  return fn({
    args: [int("on")],
    routes: ANY,
    doc,
    run: (_self: TmInstance, ctx, on) => {
      const tx = transactionOf(ctx);
      if (tx !== null) tx[name] = on !== 0;
      else wishesOf(ctx)[name] = on !== 0;
      return 1;
    },
  });
}

/** The declarations. */
export const forking: Record<string, FunctionDef<TmInstance>> = {
  t_drop_replies: fn({
    args: [optional(str("mode"))],
    routes: FAILURE,
    doc: 'Forgets replies that came before: all ("a", also when left out), of the last leg ("l"), none ("n").',
    run: (_self: TmInstance, ctx, mode) => {
      const tx = transactionOf(ctx);
      const drop = DROP_MODES[(mode ?? "a").slice(0, 1)];
      if (tx === null || drop === undefined) return -1;
      tx.dropReplies = drop;
      return 1;
    },
  }),
  t_save_lumps: fn({
    routes: REQUEST,
    doc: "Legs that a failure_route starts begin with the request as it is now; later edits are for the first leg alone.",
    run: (_self: TmInstance, ctx) => {
      const tx = transactionOf(ctx);
      if (tx === null) return -1;
      saveEdits(tx, ctx);
      return 1;
    },
  }),
  t_relay_to: fn({
    args: [optional(str("proxy")), optional(str("flags"))],
    routes: RELAYING,
    waits: "maybe",
    doc: 'Relays to a proxy ("proto:host:port") or to where the R-URI leads; flags: 1 no 100, 2 no reply to errors, 4 no failover.',
    aliases: ["t_relay_to_proxy"],
    run: (self: TmInstance, ctx, proxy, flags) => relayToProxy(self, ctx, proxy ?? "", flags ?? ""),
  }),
  t_reply_error: fn({
    routes: REQUEST | FAILURE | ONREPLY | BRANCH_FAILURE | EVENT,
    doc: "Replies through the transaction what fits the last error of relaying, 500 when there was none.",
    run: (self: TmInstance, ctx) => {
      const { code, reason } = ctx.failure ?? { code: 500, reason: "I'm terribly sorry, server error occurred (1/SL)" };
      return self.engine.sendReply(ctx, code, reason.replace("/SL)", "/TM)"), "") ?? -1;
    },
  }),
  t_exists: fn({
    routes: ANY,
    doc: "Whether the message has a transaction, which does not become the context's by that.",
    run: ({ engine: { tm } }: TmInstance, ctx) => {
      const msg = ctx.message;
      const found = msg.isRequest ? (ctx.transaction ?? tm.lookup(msg)) : tm.findBranch(msg);
      return found === null ? -1 : 1;
    },
  }),
  t_clean: fn({
    routes: ANY,
    doc: "Lets go of transactions that are much too old, of which there should be none.",
    run: (self: TmInstance) => {
      self.engine.tm.clean();
      return 1;
    },
  }),
  t_cell_append_branches: fn({
    args: [int("tindex"), int("tlabel")],
    routes: ANY,
    waits: "maybe",
    doc: "Sends the request of another transaction to the destination set of this one.",
    run: appendBranches,
  }),
  t_set_no_e2e_cancel_reason: wish(
    "noCancelReason",
    "Whether CANCELs of this INVITE go without the Reason of the client's.",
  ),
  t_set_disable_failover: wish("noFailover", "Whether no other address is tried when one fails."),
};
