// Module tm: transactions for scripts. The engine is src/tm; this is the declaration.

import { RouteKind } from "../../proxy/context.ts";
import { defineModule, pv } from "../../registry/define.ts";
import { kemi } from "../../registry/kemi.ts";
import { toInt } from "../../sip/value.ts";
import { core } from "../core/index.ts";
import { TmEngine } from "./engine.ts";
import { arming } from "./functions-arming.ts";
import { asking } from "./functions-asking.ts";
import { contacts } from "./functions-contacts.ts";
import { forking, relayScripting } from "./functions-forking.ts";
import { local } from "./functions-local.ts";
import { sending } from "./functions-sending.ts";
import { allowChanges } from "./live.ts";
import { configure, params } from "./params.ts";
import * as queries from "./queries.ts";
import { commands } from "./rpc.ts";
import { uacCommands } from "./rpc-uac.ts";
import type { TmInstance } from "./settings.ts";
import { branchIndex } from "./variables.ts";

export type { LocalReply, OnReply, RequestSpec } from "../../proxy/local-requests.ts";
export { useFirst } from "./contacts.ts";
export { knownWishes, relayFailure, TmEngine, transactionOf } from "./engine.ts";
export { trying } from "./relay.ts";
export { transactionVariables } from "./variables.ts";

// What parameters say that commands may change.
function putInForce(self: TmInstance): void {
  const { engine } = self;
  engine.tm.options = { ...self.options, maxBranches: engine.proxy.maxBranches };
  engine.hooks.builder.checked = self.checkedMethods;
  engine.hooks.builder.remakes = self.remakes;
  engine.hooks.silenceCounts = self.silentMethods;
  engine.rest503 = self.rest503;
  engine.settings = self.settings;
  engine.local.settings = self.local;
  engine.hooks.events.showsCancels = self.local.showsCancels;
  engine.tm.table.matching = self.matching;
}

/** Kamailio's module tm. */
export const tm = defineModule({
  name: "tm",
  doc: "Transactions: requests are repeated until answered, forked, cancelled, and their failures handled by the script.",
  uses: [core],
  params,
  state: (host) => new TmEngine(host),
  configure,
  start: (self) => {
    putInForce(self);
    self.engine.proxy.strayReplyRoute = self.strayReplyRoute;
    self.engine.proxy.richRedirect = self.richRedirect;
    self.engine.proxy.resolver.reusesSocket = self.reusesSocket;
    self.engine.tm.table.max = self.maxTransactions;
    self.engine.tm.table.maxBytes = self.maxBytes;
    allowChanges(self, putInForce);
  },
  kemi: {
    t_get_branch_index: kemi({
      doc: "Number of the branch a branch, reply or branch-failure route runs for; -1 without one.",
      run: (_self: TmInstance, ctx) => toInt(branchIndex(ctx) ?? -1),
    }),
    ...relayScripting,
    ki_t_load_contacts_mode: "t_load_contacts",
    t_drop_replies_all: "t_drop_replies",
    t_lookup_cancel_flags: "t_lookup_cancel",
    t_set_fr_inv: "t_set_fr",
    t_relay_to_proxy_flags: "t_relay_to",
  },
  functions: { ...sending, ...arming, ...asking, ...contacts, ...forking, ...local },
  pvs: {
    T_branch_idx: pv<TmInstance>(
      "Number of the branch a branch, reply or branch-failure route runs for; in request and failure routes how many there are so far.",
      (_self, ctx) => branchIndex(ctx),
    ),
    T_reply_code: pv<TmInstance>("Code of the reply at hand; in a request route, of the last one sent.", (_self, ctx) =>
      queries.statusOf(ctx),
    ),
    T_reply_last: pv<TmInstance>("Code of the reply at hand, in onreply routes; null elsewhere.", (_self, ctx) =>
      ctx.kind === RouteKind.ONREPLY ? ctx.status : null,
    ),
    T_reply_reason: pv<TmInstance>("Reason phrase of the reply at hand.", (_self, ctx) => queries.replyReason(ctx)),
    T_reply_ruid: pv<TmInstance>("Registration id of the branch at hand.", (_self, ctx) => queries.replyRuid(ctx)),
  },
  events: {
    "tm:branch-failure:": { doc: "One branch has failed; NAME is what t_on_branch_failure() was given." },
    "tm:local-request": { doc: "A request made here is about to be sent (local_route)." },
    "tm:local-response": {
      doc: "A reply made here was sent through its transaction; runs over the reply.",
      callback: "event_callback_lres_sent",
    },
    "tm:local-ack-sent": { doc: "The ACK for the 2xx to an INVITE made here was sent; runs over the 2xx." },
  },
  rpc: { ...commands, ...uacCommands },
});
