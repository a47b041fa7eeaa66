// Functions of module tm that relay or reply.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { leaveWith } from "../../proxy/script-state.ts";
import { int, optional, str } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { destinationSet } from "../core/index.ts";
import { transactionOf } from "./engine.ts";
import { NOT_FOUND, relay, relayCancel, relayTo } from "./relay.ts";
import type { TmInstance } from "./settings.ts";

const { REQUEST, FAILURE, ONREPLY, BRANCH_FAILURE, EVENT } = RouteKind;
const RELAYING = REQUEST | FAILURE | BRANCH_FAILURE | EVENT;

/** What t_newtran returns when there is a transaction already. */
const MADE_BEFORE = -10;

/** Replies through the transaction; -1 without one or when it is final. */
function reply(self: TmInstance, ctx: RouteContext, code: number, reason: string): number {
  if (ctx.kind === BRANCH_FAILURE) return -1; // others may still answer (as the oracle)
  const usable = code >= 100 && code <= 699;
  const { defaultCode, defaultReason } = self.settings;
  const extra = code >= 300 && code < 400 ? destinationSet(ctx, ctx.proxy.richRedirect) : "";
  return (
    self.engine.sendReply(ctx, usable ? code : defaultCode, usable || reason !== "" ? reason : defaultReason, extra) ??
    -1
  );
}

/** t_relay_to_udp and its kin. */
function relayBy(transport: string): FunctionDef<TmInstance> {
  return fn({
    args: [optional(str("ip")), optional(int("port"))],
    routes: RELAYING,
    waits: "maybe",
    doc: `Relays the request over ${transport}, to an address or to where the R-URI leads.`,
    aliases: [`t_forward_nonack_${transport}`],
    run: (self: TmInstance, ctx, ip, port) => relayTo(self.engine, self.settings, ctx, ip ?? "", port ?? 0, transport),
  });
}

/** Functions that relay or reply. */
export const sending: Record<string, FunctionDef<TmInstance>> = {
  t_relay: fn({
    args: [optional(str("host")), optional(int("port"))],
    routes: RELAYING,
    waits: "maybe",
    doc: "Relays the request through a transaction to the R-URI and the branches, or to a host; negative when it could not be sent.",
    run: (self: TmInstance, ctx, host, port) =>
      host === undefined
        ? relay(self.engine, self.settings, ctx)
        : relayTo(self.engine, self.settings, ctx, host, port ?? 0, ""),
  }),
  t_forward_nonack: fn({
    args: [optional(str("host")), optional(int("port"))],
    routes: RELAYING,
    waits: "maybe",
    doc: "As t_relay, but only where there is a transaction already, and without the automatic 100.",
    run: (self: TmInstance, ctx, host, port) => {
      if (ctx.transaction === null) return -1;
      if (host === undefined) return relay(self.engine, self.settings, ctx, true);
      return relayTo(self.engine, self.settings, ctx, host, port ?? 0, "", true);
    },
  }),
  t_relay_to_udp: relayBy("udp"),
  t_relay_to_tcp: relayBy("tcp"),
  t_relay_to_tls: relayBy("tls"),
  t_relay_to_sctp: relayBy("sctp"),
  t_newtran: fn({
    routes: REQUEST,
    doc: "Makes the request's transaction; ends the script when the request is a repetition.",
    run: (self: TmInstance, ctx) => {
      if (ctx.transaction !== null) return MADE_BEFORE;
      const made = self.engine.newTransaction(ctx);
      if (made > 0) leaveWith(transactionOf(ctx)!, ctx);
      return made;
    },
  }),
  t_reply: fn({
    args: [int("code"), str("reason")],
    routes: REQUEST | FAILURE | ONREPLY | RouteKind.REPLY | BRANCH_FAILURE | EVENT,
    doc: "Sends a reply through the transaction; a 3xx carries the destination set as Contact.",
    run: reply,
  }),
  t_send_reply: fn({
    args: [int("code"), str("reason")],
    routes: REQUEST | FAILURE | ONREPLY | RouteKind.REPLY | BRANCH_FAILURE | EVENT,
    doc: "As t_reply, making the transaction first when there is none.",
    run: (self: TmInstance, ctx, code, reason) => {
      if (ctx.transaction === null) {
        if (!ctx.message.isRequest) return -1;
        const made = self.engine.newTransaction(ctx);
        if (made <= 0) return made;
      }
      return reply(self, ctx, code, reason);
    },
  }),
  t_relay_cancel: fn({
    routes: REQUEST,
    doc: "Cancels the branches of the INVITE that a CANCEL is for and ends the script; true when that INVITE is not known.",
    run: (self: TmInstance, ctx) => {
      const done = relayCancel(self.engine, self.settings, ctx);
      return done === NOT_FOUND ? 1 : 0;
    },
  }),
  t_retransmit_reply: fn({
    routes: REQUEST,
    doc: "Sends the last reply of the transaction again.",
    run: (self: TmInstance, ctx) => {
      const tx = transactionOf(ctx);
      return tx !== null && self.engine.tm.resendReply(tx) ? 1 : -1;
    },
  }),
  t_release: fn({
    routes: REQUEST,
    doc: "Lets the transaction go, after the time in which it absorbs what comes late.",
    run: (self: TmInstance, ctx) => {
      const tx = transactionOf(ctx);
      if (tx === null) return -1;
      self.engine.tm.release(tx);
      return 1;
    },
  }),
};
