// Timer values of transactions in milliseconds, named and preset as in Kamailio's module tm.

/** Values of one transaction; most share one object, a script's t_set_fr gives one of its own. */
export interface Timers {
  /** Until a final reply when none has come, until any final reply for what is not INVITE; and for the ACK to a failure (timers B, F, H). */
  readonly fr: number;
  /** Until a final reply to INVITE after a provisional one (timer C). */
  readonly frInv: number;
  /** First retransmission interval, doubled each time (T1). */
  readonly retr1: number;
  /** Longest retransmission interval (T2). */
  readonly retr2: number;
  /** How long a finished transaction absorbs what comes late (timers D, I, J, K, L, M in one). */
  readonly wait: number;
  /** The longest an INVITE transaction may be without a final reply. */
  readonly maxInvite: number;
  /** The same for other methods. */
  readonly maxOther: number;
}

export const DEFAULT_TIMERS: Timers = {
  fr: 30_000,
  frInv: 120_000,
  retr1: 500,
  retr2: 4000,
  wait: 5000,
  maxInvite: 180_000,
  maxOther: 32_000,
};

/** Where no time is set. */
export const NEVER = Number.POSITIVE_INFINITY;
