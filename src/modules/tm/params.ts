// Parameters of module tm, and what one generation of the configuration makes of them.

import { intParam, type ParamValues, strParam } from "../../registry/define.ts";
import { Method, methodName } from "../../sip/methods.ts";
import { DEFAULT_OPTIONS, DEFAULT_TIMERS, type Timers } from "../../tm/index.ts";
import { kamailioMethodBit } from "../core/index.ts";
import { MAX_TRANSACTIONS, type TmEngine } from "./engine.ts";
import { localParams, localSettings } from "./params-local.ts";
import { matchingOf, moreOptions, moreParams, moreSettings } from "./params-more.ts";
import type { TmInstance, TmSettings } from "./settings.ts";

const SECONDS = { unit: "s", min: 0 } as const;
const BITS = { min: 0, max: 4294967295 } as const;
const MS = { unit: "ms", min: 1 } as const;

/** The declarations. */
export const params = {
  ...moreParams,
  ...localParams,
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
  disable_6xx_block: intParam(0, "Whether a 6xx leaves other branches alone; it still is the best of failures.", {
    min: 0,
    max: 1,
  }),
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
  blst_503: intParam(0, "Whether a next hop that answers 503 goes on the blocklist, if that is used.", {
    min: 0,
    max: 1,
  }),
  blst_503_def_timeout: intParam(0, "For how long when the 503 has no Retry-After; 0: not at all.", SECONDS),
  blst_503_min_timeout: intParam(0, "The least time when it has one.", SECONDS),
  blst_503_max_timeout: intParam(3600, "The most time when it has one.", SECONDS),
  blst_methods_add: intParam(
    1,
    "Methods, as Kamailio's bits, whose transactions put a next hop that says nothing on the blocklist.",
    BITS,
  ),
  blst_methods_lookup: intParam(
    4294967287,
    "Methods, as Kamailio's bits, that are not relayed to a destination on the blocklist.",
    BITS,
  ),
  faked_reply_prio: intParam(
    0,
    "What is added to the rank of a final reply made here (408 of a branch that is silent) when the best one is picked; 2000 lets received ones win.",
    { min: -2000, max: 2000 },
  ),
};

// Bits by Kamailio's numbers of methods, as bits by ours.
function methodBits(mask: number): number {
  let bits = 0;
  for (const number of Object.values(Method))
    if ((mask & kamailioMethodBit(methodName(number))) !== 0) bits |= 1 << number;
  return bits;
}

/** What one generation of the configuration works with. */
export function configure(engine: TmEngine, p: ParamValues<typeof params>): TmInstance {
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
    ...moreOptions(p),
  };
  const settings: TmSettings = {
    auto100: p.auto_inv_100 !== 0,
    auto100Reason: p.auto_inv_100_reason,
    unmatchedCancel: p.unmatched_cancel,
    e2eCancelReason: p.e2e_cancel_reason !== 0,
    defaultCode: p.default_code,
    defaultReason: p.default_reason,
    ...moreSettings(p),
  };
  return {
    engine,
    values: p,
    settings,
    options,
    local: localSettings(p),
    maxTransactions: p.max_transactions,
    matching: matchingOf(p),
    strayReplyRoute: p.on_sl_reply,
    richRedirect: p.rich_redirect,
    maxBytes: p.max_memory * 2 ** 20,
    remakes: p.reparse_on_dns_failover === 0,
    reusesSocket: p.dns_reuse_rcv_socket !== 0,
    checkedMethods: methodBits(p.blst_methods_lookup),
    silentMethods: methodBits(p.blst_methods_add),
    rest503:
      p.blst_503 === 0
        ? null
        : { usual: p.blst_503_def_timeout, least: p.blst_503_min_timeout, most: p.blst_503_max_timeout },
  };
}
