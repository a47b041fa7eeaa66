// What can be set of the transaction engine, and its defaults.

import { DEFAULT_TIMERS, type Timers } from "./timers.ts";

/** Which replies of earlier branches are forgotten once a failure route has run, by the numbers of failure_reply_mode. */
export const DropReplies = {
  /** None. */
  NONE: 0,
  /** All that came before the route. */
  ALL: 1,
  /** Those of the leg that has failed last. */
  LAST: 2,
  /** All before, if the route has started another leg. */
  NEW_LEG: 3,
} as const;

/** What can be set (module tm's parameters), for all transactions. */
export interface TmOptions {
  timers: Timers;
  /** Whether each provisional reply restarts the wait for the final one (restart_fr_on_each_reply). */
  restartFr: boolean;
  /** What becomes of a branch without a reply when it is cancelled: 0 ends at once, 1 waits for a reply, 2 is sent CANCEL (cancel_b_method). */
  cancelMethod: number;
  /** Whether CANCELs of other branches say why (local_cancel_reason). */
  localCancelReason: boolean;
  /** Whether 503 goes back as 500 (remap_503_500). */
  remap503: boolean;
  /** Whether challenges of several branches are joined (aggregate_challenges). */
  aggregateChallenges: boolean;
  /** Whether 6xx ends no other branch (disable_6xx_block). */
  disable6xx: boolean;
  /** Added to the rank of final replies made here when the best is picked (faked_reply_prio). */
  fakedReplyRank: number;
  /** The most branches of a transaction. */
  maxBranches: number;
  /** Which earlier branches are out of the choice when a failure route has run (failure_reply_mode): one of DropReplies. */
  failureReplyMode: number;
  /** Whether an INVITE that nobody has answered at all is answered 408; otherwise it is let go silently (noisy_ctimer). */
  noisyTimeout: boolean;
  /** Status and phrase that stand for no final reply in time (reply_408_code, reply_408_reason). */
  timeoutCode: number;
  timeoutReason: string;
  /** Whether a branch that cannot be sent counts as one that timed out, in place of an error of forward() (failure_exec_mode). */
  failureExec: boolean;
  /** Whether 100 is passed to the client (relay_100). */
  relay100: boolean;
  /** Whether a 2xx whose route has waited is kept back when the client has got another final reply meanwhile (reply_relay_mode). */
  keepLateSuccess: boolean;
  /** Lower-case beginning of names of headers that CANCEL and ACK have from the INVITE; empty for none (ac_extra_hdrs). */
  extraHeaders: string;
  /**
   * Whether requests other than INVITE follow RFC 4320: no 408 of ours, no provisional reply passed on, a 100 of ours once the next hop has not
   * answered for as long as a client needs to slow down. Kamailio does not, and its scripts may rely on the 408 (rfc4320).
   */
  rfc4320: boolean;
  /** Whether CANCEL and ACK are made from the INVITE as it was sent, not as it came (reparse_invite). */
  reparseInvite: boolean;
}

export const DEFAULT_OPTIONS: TmOptions = {
  timers: DEFAULT_TIMERS,
  restartFr: true,
  cancelMethod: 1,
  localCancelReason: true,
  remap503: true,
  aggregateChallenges: true,
  disable6xx: false,
  fakedReplyRank: 0,
  maxBranches: 32,
  failureReplyMode: DropReplies.NEW_LEG,
  noisyTimeout: true,
  timeoutCode: 408,
  timeoutReason: "Request Timeout",
  failureExec: false,
  relay100: false,
  keepLateSuccess: true,
  extraHeaders: "",
  reparseInvite: true,
  rfc4320: false,
};
