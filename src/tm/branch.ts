// One client transaction of a proxied request: what was sent where, how far it got, and its one timer.

import type { SipMessage } from "../sip/message.ts";
import { TimerNode } from "../util/timer-wheel.ts";
import { branchId } from "./branch-id.ts";
import type { Destination, Further, Target } from "./hooks.ts";
import { NEVER } from "./timers.ts";
import type { Transaction } from "./transaction.ts";

/** What has happened to a branch. */
export const BranchFlag = {
  /** CANCEL is to be sent as soon as a provisional reply comes (RFC 3261 9.1). */
  CANCEL_WANTED: 1,
  CANCEL_SENT: 2,
  /** CANCEL was answered, so that it is not sent again. */
  CANCEL_ANSWERED: 4,
  /** No final reply came in time. */
  TIMED_OUT: 8,
  /** Some reply came, and its routes have run. */
  REPLIED: 16,
  /** Its final status was made here. */
  LOCAL: 32,
  /** Belongs to an earlier leg of serial forking, out of the choice of the best reply. */
  DISCARDED: 64,
  /** Is being built: a name is looked up or a route waits. */
  PREPARING: 128,
  /** A failure was acknowledged; the ACK is kept. */
  ACKED: 256,
  /** Stands for a transaction that the script has put aside (park.ts); nobody was sent anything. */
  PARKED: 512,
  /** Its final status is known to the routes of others: its own have run. */
  SETTLED: 1024,
} as const;

/** A branch, which is also its own timer. */
export class Branch extends TimerNode {
  readonly tx: Transaction;
  /** Its number in the transaction. */
  readonly number: number;
  /** Where to, or null for the request's own R-URI. */
  readonly destination: Destination | null;
  /** State of its client machine. */
  state = 0;
  /** Status of the last reply, made here or received; 0 none yet, 200 and above final. */
  status = 0;
  flags = 0; // BranchFlag
  /** What was sent, kept while it may have to be sent again, cancelled or acknowledged; null before and after. */
  bytes: Uint8Array | null = null;
  /** The ACK or the CANCEL that was sent, while it may have to be sent again. */
  hop: Uint8Array | null = null;
  /** Header lines for its CANCEL, whenever it is sent. */
  cancelLines = "";
  target: Target | null = null;
  /** Where else its request may go when the target fails, opaque here (failover.ts); null when nowhere. */
  further: Further | null = null;
  /** Where its last reply came from; null until one has. */
  repliedBy: Target | null = null;
  /** What its client hears when the connection of its request is lost before a reply has come. */
  lostStatus = 503;
  /** Failures of it that do not count, a mask for the layers above. */
  ignore = 0;
  /** The final reply, kept while others are still out. */
  reply: SipMessage | null = null;
  /** What the script set for this branch alone, opaque here; null when nothing. */
  attachment: object | null = null;
  /** When to send again and when to give up: milliseconds of the engine's clock. */
  retransmitAt = NEVER;
  interval = 0;
  giveUpAt = NEVER;

  constructor(tx: Transaction, number: number, destination: Destination | null) {
    super();
    this.tx = tx;
    this.number = number;
    this.destination = destination;
  }

  /** The value of `branch` in our Via. */
  id(): string {
    return branchId(this.tx.slot, this.tx.label, this.number);
  }

  /** Whether a final reply has come or been made. */
  get final(): boolean {
    return this.status >= 200;
  }

  override fire(): void {
    this.tx.owner.branchTimer(this);
  }
}
