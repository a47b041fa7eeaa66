// Module tm: transactions for scripts. The engine is src/tm; this is the declaration.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { leaveWith } from "../../proxy/tm-hooks.ts";
import { int, optional, parsed, route, str } from "../../registry/args.ts";
import { defineModule, type FunctionDef, fn, intParam, pv, strParam } from "../../registry/define.ts";
import { DEFAULT_OPTIONS, DEFAULT_TIMERS, type Timers, type TmOptions } from "../../tm/index.ts";
import { core, destinationSet } from "../core/index.ts";
import { MAX_TRANSACTIONS, TmEngine, transactionOf, wishesOf } from "./engine.ts";
import * as queries from "./queries.ts";
import { NOT_FOUND, relay, relayCancel, relayTo } from "./relay.ts";
import { listTransactions, stats } from "./rpc.ts";
import type { TmSettings } from "./settings.ts";
import { branchIndex } from "./variables.ts";

export { TmEngine, transactionOf } from "./engine.ts";
export { transactionVariables } from "./variables.ts";

interface TmInstance {
  readonly engine: TmEngine;
  readonly settings: TmSettings;
  readonly options: TmOptions;
  readonly maxTransactions: number;
  readonly maxBytes: number;
}

const { REQUEST, FAILURE, ONREPLY, BRANCH, BRANCH_FAILURE, LOCAL, EVENT, ANY } = RouteKind;
const RELAYING = REQUEST | FAILURE | BRANCH_FAILURE | EVENT;
const ARMING = REQUEST | FAILURE | ONREPLY | BRANCH | BRANCH_FAILURE | LOCAL | EVENT;

/** Changes timer values of the context's transaction, or of the one to come; zeros leave a value alone, null resets. */
function retime(self: TmInstance, ctx: RouteContext, change: Partial<Timers>): number {
  const { tm } = self.engine;
  const tx = transactionOf(ctx);
  const base = tx?.timers ?? wishesOf(ctx).timers ?? tm.options.timers;
  const wanted: Record<string, number> = { ...base };
  for (const [name, value] of Object.entries(change)) if (value > 0) wanted[name] = value;
  const timers = wanted as unknown as Timers;
  if (tx !== null) tm.setTimers(tx, timers);
  else wishesOf(ctx).timers = timers;
  return 1;
}

/** Back to the parameters' values for some timers. */
function untime(self: TmInstance, ctx: RouteContext, ...names: (keyof Timers)[]): number {
  const change: Record<string, number> = {};
  for (const name of names) change[name] = self.engine.tm.options.timers[name];
  return retime(self, ctx, change);
}

/** Replies through the transaction; -1 without one or when it is final. */
function reply(self: TmInstance, ctx: RouteContext, code: number, reason: string): number {
  const usable = code >= 100 && code <= 699;
  const { defaultCode, defaultReason } = self.settings;
  const extra = code >= 300 && code < 400 ? destinationSet(ctx) : "";
  return self.engine.sendReply(ctx, usable ? code : defaultCode, usable ? reason : defaultReason, extra) ?? -1;
}

/** Arms a route for the transaction: at once when there is one, else when it is made. */
function armed(ctx: RouteContext): number {
  const tx = transactionOf(ctx);
  if (tx !== null && ctx.kind !== BRANCH && ctx.kind !== ONREPLY) leaveWith(tx, ctx);
  return 1;
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
const sending: Record<string, FunctionDef<TmInstance>> = {
  t_relay: fn({
    args: [optional(str("host")), optional(int("port"))],
    routes: RELAYING,
    waits: "maybe",
    doc: "Relays the request through a transaction to the R-URI and the branches, or to a host; negative when it could not be sent.",
    aliases: ["t_forward_nonack"],
    run: (self: TmInstance, ctx, host, port) =>
      host === undefined
        ? relay(self.engine, self.settings, ctx)
        : relayTo(self.engine, self.settings, ctx, host, port ?? 0, ""),
  }),
  t_relay_to_udp: relayBy("udp"),
  t_relay_to_tcp: relayBy("tcp"),
  t_relay_to_tls: relayBy("tls"),
  t_newtran: fn({
    routes: REQUEST,
    doc: "Makes the request's transaction; ends the script when the request is a repetition.",
    run: (self: TmInstance, ctx) => {
      const made = self.engine.newTransaction(ctx);
      if (made > 0) leaveWith(transactionOf(ctx)!, ctx);
      return made;
    },
  }),
  t_reply: fn({
    args: [int("code"), str("reason")],
    routes: REQUEST | FAILURE | ONREPLY | BRANCH_FAILURE | EVENT,
    doc: "Sends a reply through the transaction; a 3xx carries the destination set as Contact.",
    run: reply,
  }),
  t_send_reply: fn({
    args: [int("code"), str("reason")],
    routes: REQUEST | FAILURE | ONREPLY | BRANCH_FAILURE | EVENT,
    doc: "As t_reply, making the transaction first when there is none.",
    run: (self: TmInstance, ctx, code, reason) => {
      if (ctx.transaction === null) {
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

/** Functions that arm routes and set what the transaction shall be like. */
const settingUp: Record<string, FunctionDef<TmInstance>> = {
  t_on_failure: fn({
    args: [route("failure_route", "failure")],
    routes: ARMING,
    doc: "Names the failure_route that runs when all branches have failed.",
    run: (_self: TmInstance, ctx, id) => {
      ctx.onFailure = id;
      return armed(ctx);
    },
  }),
  t_on_branch: fn({
    args: [route("branch_route", "branch")],
    routes: ARMING,
    doc: "Names the branch_route that runs for each branch before it is sent.",
    run: (_self: TmInstance, ctx, id) => {
      ctx.onBranch = id;
      return armed(ctx);
    },
  }),
  t_on_reply: fn({
    args: [route("onreply_route", "onreply")],
    routes: ARMING,
    doc: "Names the onreply_route that runs for each reply to the transaction; in a branch_route for that branch.",
    run: (_self: TmInstance, ctx, id) => {
      ctx.onReply = id;
      return armed(ctx);
    },
  }),
  t_on_branch_failure: fn({
    args: [route("branch_failure_route", "branchFailure")],
    routes: ARMING,
    doc: "Names the event_route[tm:branch-failure:NAME] that runs when a branch has failed.",
    run: (_self: TmInstance, ctx, id) => {
      ctx.onBranchFailure = id;
      return armed(ctx);
    },
  }),
  t_set_fr: fn({
    args: [int("fr_inv_timeout"), optional(int("fr_timeout"))],
    routes: ANY,
    doc: "Sets the times in ms to wait for a final reply, after and before a provisional one; 0 leaves a value.",
    run: (self: TmInstance, ctx, frInv, fr) => retime(self, ctx, { frInv, fr: fr ?? 0 }),
  }),
  t_reset_fr: fn({
    routes: ANY,
    doc: "Takes t_set_fr back.",
    run: (self: TmInstance, ctx) => untime(self, ctx, "fr", "frInv"),
  }),
  t_set_retr: fn({
    args: [int("retr_t1_interval"), int("retr_t2_interval")],
    routes: ANY,
    doc: "Sets the first and the longest interval in ms between retransmissions; 0 leaves a value.",
    run: (self: TmInstance, ctx, retr1, retr2) => retime(self, ctx, { retr1, retr2 }),
  }),
  t_reset_retr: fn({
    routes: ANY,
    doc: "Takes t_set_retr back.",
    run: (self: TmInstance, ctx) => untime(self, ctx, "retr1", "retr2"),
  }),
  t_set_max_lifetime: fn({
    args: [int("inv_lifetime"), int("noninv_lifetime")],
    routes: ANY,
    doc: "Sets the longest time in ms an INVITE and another transaction may be without a final reply; 0 leaves a value.",
    run: (self: TmInstance, ctx, maxInvite, maxOther) => retime(self, ctx, { maxInvite, maxOther }),
  }),
  t_reset_max_lifetime: fn({
    routes: ANY,
    doc: "Takes t_set_max_lifetime back.",
    run: (self: TmInstance, ctx) => untime(self, ctx, "maxInvite", "maxOther"),
  }),
  t_set_auto_inv_100: fn({
    args: [int("on")],
    routes: ANY,
    doc: "Whether this INVITE is answered 100 before it is relayed.",
    run: (_self: TmInstance, ctx, on) => {
      wishesOf(ctx).auto100 = on !== 0;
      return 1;
    },
  }),
  t_set_disable_6xx: fn({
    args: [int("on")],
    routes: ANY,
    doc: "Whether a 6xx is for this transaction a failure like others.",
    run: (_self: TmInstance, ctx, on) => {
      const tx = transactionOf(ctx);
      if (tx !== null) tx.disable6xx = on !== 0;
      else wishesOf(ctx).disable6xx = on !== 0;
      return 1;
    },
  }),
  t_set_disable_internal_reply: fn({
    args: [int("on")],
    routes: ANY,
    doc: "Whether an error of t_relay is left unanswered when the script ends.",
    run: (_self: TmInstance, ctx, on) => {
      wishesOf(ctx).errorReply = on === 0;
      return 1;
    },
  }),
  t_use_uac_headers: fn({
    routes: ANY,
    doc: "True: ACK and CANCEL are always made from the request as it was sent.",
    run: () => 1,
  }),
};

/** Functions that ask. */
const asking: Record<string, FunctionDef<TmInstance>> = {
  t_check_trans: fn({
    routes: REQUEST | ONREPLY | RouteKind.REPLY,
    doc: "Whether the message belongs to a transaction; ends the script for repetitions, which are absorbed, and for the ACK of a failure.",
    run: (self: TmInstance, ctx) => queries.checkTransaction(self.engine, ctx),
  }),
  t_lookup_request: fn({
    routes: REQUEST,
    doc: "Whether the request has a transaction already.",
    run: (self: TmInstance, ctx) => queries.lookupRequest(self.engine, ctx),
  }),
  t_lookup_cancel: fn({
    args: [optional(int("take_flags"))],
    routes: REQUEST,
    doc: "Whether the INVITE that a CANCEL is for is known.",
    run: (self: TmInstance, ctx) => queries.lookupCancel(self.engine, ctx),
  }),
  t_check_status: fn({
    args: [parsed("re", queries.statusPattern)],
    routes: ANY,
    doc: "Whether the code of the reply at hand matches; in a request route, of the last reply sent.",
    run: (_self: TmInstance, ctx, re) => (re.test(String(queries.statusOf(ctx))) ? 1 : -1),
  }),
  t_grep_status: fn({
    args: [int("code")],
    routes: ANY,
    doc: "Whether some branch ended with that code.",
    run: (_self: TmInstance, ctx, code) => queries.grepStatus(ctx, code),
  }),
  t_get_status_code: fn({
    routes: ANY,
    doc: "The code that says most about the transaction; -1 when there is none.",
    run: (_self: TmInstance, ctx) => queries.statusCode(transactionOf(ctx)),
  }),
  t_is_canceled: fn({
    routes: ANY,
    doc: "Whether the client has cancelled the transaction.",
    run: (_self: TmInstance, ctx) => (transactionOf(ctx)?.canceled === true ? 1 : -1),
  }),
  t_is_expired: fn({
    routes: ANY,
    doc: "Whether the longest lifetime of the transaction is over.",
    run: (_self: TmInstance, ctx) => (transactionOf(ctx)?.expired === true ? 1 : -1),
  }),
  t_branch_timeout: fn({
    routes: FAILURE | BRANCH_FAILURE | EVENT,
    doc: "Whether the branch at hand got no final reply in time.",
    run: (_self: TmInstance, ctx) => queries.branchTimeout(ctx),
  }),
  t_branch_replied: fn({
    routes: FAILURE | BRANCH_FAILURE | EVENT,
    doc: "Whether the branch at hand got some reply.",
    run: (_self: TmInstance, ctx) => queries.branchReplied(ctx),
  }),
  t_any_timeout: fn({
    routes: ANY,
    doc: "Whether some branch got no final reply in time.",
    run: (_self: TmInstance, ctx) => queries.anyTimeout(ctx),
  }),
  t_any_replied: fn({
    routes: ANY,
    doc: "Whether some branch got a reply.",
    run: (_self: TmInstance, ctx) => queries.anyReplied(ctx),
  }),
  t_is_set: fn({
    args: [str("target")],
    routes: ANY,
    doc: "Whether a branch_route, failure_route or onreply_route is armed.",
    run: (_self: TmInstance, ctx, target) => queries.isSet(ctx, target) ?? -1,
  }),
};

const MS = { unit: "ms", min: 1 } as const;

/** Kamailio's module tm. */
export const tm = defineModule({
  name: "tm",
  doc: "Transactions: requests are repeated until answered, forked, cancelled, and their failures handled by the script.",
  uses: [core],
  params: {
    fr_timer: intParam(
      DEFAULT_TIMERS.fr,
      "Time to wait for a final reply as long as no provisional one came, and for the ACK to a failure.",
      MS,
    ),
    fr_inv_timer: intParam(
      DEFAULT_TIMERS.frInv,
      "Time to wait for the final reply to INVITE after a provisional one.",
      MS,
    ),
    max_inv_lifetime: intParam(DEFAULT_TIMERS.maxInvite, "Longest time an INVITE may be without a final reply.", MS),
    max_noninv_lifetime: intParam(DEFAULT_TIMERS.maxOther, "The same for other methods.", MS),
    wt_timer: intParam(DEFAULT_TIMERS.wait, "Time for which a finished transaction absorbs what comes late.", MS),
    retr_timer1: intParam(DEFAULT_TIMERS.retr1, "First interval between retransmissions, doubled each time.", MS),
    retr_timer2: intParam(DEFAULT_TIMERS.retr2, "Longest interval between retransmissions.", MS),
    restart_fr_on_each_reply: intParam(1, "Whether each provisional reply restarts fr_inv_timer.", { min: 0, max: 1 }),
    auto_inv_100: intParam(1, "Whether INVITE is answered 100 before it is relayed.", { min: 0, max: 1 }),
    auto_inv_100_reason: strParam("trying -- your call is important to us", "Reason phrase of that 100."),
    unmatched_cancel: intParam(
      0,
      "A CANCEL whose INVITE is not known is relayed (0), forwarded without transaction (1), dropped (2).",
      { min: 0, max: 2 },
    ),
    cancel_b_method: intParam(
      1,
      "An unanswered branch that is cancelled ends at once (0), waits for a reply (1), is sent CANCEL (2).",
      { min: 0, max: 2 },
    ),
    local_cancel_reason: intParam(1, "Whether CANCELs made because of another branch's reply carry Reason.", {
      min: 0,
      max: 1,
    }),
    e2e_cancel_reason: intParam(1, "Whether Reason headers of a CANCEL are passed on.", { min: 0, max: 1 }),
    remap_503_500: intParam(1, "Whether 503 goes back as 500.", { min: 0, max: 1 }),
    aggregate_challenges: intParam(1, "Whether challenges of several branches are joined in the reply.", {
      min: 0,
      max: 1,
    }),
    disable_6xx_block: intParam(0, "Whether 6xx is a failure like others.", { min: 0, max: 1 }),
    failure_reply_mode: intParam(
      3,
      "Which branches of earlier legs count when a reply is picked; only 3 (none) is offered.",
      { min: 3, max: 3 },
    ),
    default_code: intParam(500, "Code of t_reply when its own is none.", { min: 400, max: 699 }),
    default_reason: strParam("Server Internal Error", "Reason phrase of t_reply then."),
    max_transactions: intParam(
      MAX_TRANSACTIONS,
      "The most transactions at a time; a request beyond is answered 503. Not one of Kamailio's.",
      { min: 1 },
    ),
    max_memory: intParam(
      256,
      "The most memory the requests of all transactions may take; a request beyond is answered 503. Not one of Kamailio's.",
      { unit: "MiB", min: 1, max: 65536 },
    ),
    faked_reply_prio: intParam(
      0,
      "What is added to the rank of a final reply made here (408 of a branch that is silent) when the best one is picked; 2000 lets received ones win.",
      { min: -2000, max: 2000 },
    ),
  },
  state: (host) => new TmEngine(host),
  configure: (engine, p): TmInstance => {
    const timers: Timers = {
      fr: p.fr_timer,
      frInv: p.fr_inv_timer,
      retr1: p.retr_timer1,
      retr2: p.retr_timer2,
      wait: p.wt_timer,
      maxInvite: p.max_inv_lifetime,
      maxOther: p.max_noninv_lifetime,
    };
    const options = {
      ...DEFAULT_OPTIONS,
      timers,
      restartFr: p.restart_fr_on_each_reply !== 0,
      cancelMethod: p.cancel_b_method,
      localCancelReason: p.local_cancel_reason !== 0,
      remap503: p.remap_503_500 !== 0,
      aggregateChallenges: p.aggregate_challenges !== 0,
      disable6xx: p.disable_6xx_block !== 0,
      fakedReplyRank: p.faked_reply_prio,
    };
    const settings: TmSettings = {
      auto100: p.auto_inv_100 !== 0,
      auto100Reason: p.auto_inv_100_reason,
      unmatchedCancel: p.unmatched_cancel,
      e2eCancelReason: p.e2e_cancel_reason !== 0,
      defaultCode: p.default_code,
      defaultReason: p.default_reason,
    };
    return { engine, settings, options, maxTransactions: p.max_transactions, maxBytes: p.max_memory * 2 ** 20 };
  },
  start: (self) => {
    self.engine.tm.options = self.options;
    self.engine.tm.table.max = self.maxTransactions;
    self.engine.tm.table.maxBytes = self.maxBytes;
  },
  functions: { ...sending, ...settingUp, ...asking },
  pvs: {
    T_branch_idx: pv<TmInstance>(
      "Number of the branch a branch, reply or failure route runs for; in a request route how many there are so far.",
      (_self, ctx) => branchIndex(ctx),
    ),
    T_reply_code: pv<TmInstance>("Code of the reply at hand; in a request route, of the last one sent.", (_self, ctx) =>
      queries.statusOf(ctx),
    ),
    T_reply_reason: pv<TmInstance>("Reason phrase of the reply at hand.", (_self, ctx) => queries.replyReason(ctx)),
    T_reply_ruid: pv<TmInstance>("Registration id of the branch at hand.", (_self, ctx) => queries.replyRuid(ctx)),
  },
  events: {
    "tm:branch-failure:": { doc: "One branch has failed; NAME is what t_on_branch_failure() was given." },
    "tm:local-request": { doc: "A request made here is about to be sent (local_route)." },
  },
  rpc: {
    "tm.stats": { doc: "Counts of transactions and replies.", args: [], run: (self) => stats(self.engine.tm) },
    "tm.list": { doc: "The transactions there are.", args: [], run: (self) => listTransactions(self.engine.tm) },
  },
});
