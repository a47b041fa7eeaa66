// A server transaction with its client branches: what is kept of a request from its arrival until nothing late can come.

import { SipMessage } from "../sip/message.ts";
import { Method } from "../sip/methods.ts";
import { TimerNode } from "../util/timer-wheel.ts";
import type { Branch } from "./branch.ts";
import type { Target } from "./hooks.ts";
import type { LocalSide } from "./local.ts";
import { NEVER, type Timers } from "./timers.ts";
import type { Watcher } from "./watcher.ts";

/** Whom the timers of transactions and branches call, and who hears of what those who look on throw. */
export interface TimerOwner {
  branchTimer(branch: Branch): void;
  transactionTimer(tx: Transaction): void;
  /** Runs a job for a transaction; what it throws is logged. */
  guarded(tx: Transaction, job: () => void): void;
}

/** A transaction, which is also the timer of its server side. */
export class Transaction extends TimerNode {
  readonly owner: TimerOwner;
  // ---- where it is in the table ----
  /** Its number in the table; -1 once it is released. */
  slot: number;
  /** Random, so that strangers cannot make up replies. */
  readonly label: number;
  readonly hash: number;
  nextInBucket: Transaction | null = null;

  // ---- the request ----
  readonly method: number;
  /** The request as received, its own copy. */
  bytes: Uint8Array;
  /** Offsets in `bytes` of what tells retransmissions (key.ts); branchStart is -1 for requests of RFC 2543. */
  branchStart = -1;
  branchEnd = -1;
  hostStart = -1;
  hostEnd = -1;
  port = -1;
  /** The request as the script left it, when a later route needs it (failure, branch of another leg); null otherwise. */
  message: SipMessage | null = null;
  /** The flow the request came by, opaque here. */
  readonly origin: object;
  /** What the script keeps with the transaction (armed routes, AVPs, variables), opaque here; null when nothing. */
  attachment: object | null = null;
  /** Who looks on; null when nobody does. */
  watchers: Watcher[] | null = null;
  /** Whether the layers above want to run routes: on replies, on the failure of one branch, of all. */
  wantsReplies = false;
  wantsBranchFailure = false;
  wantsFailure = false;

  // ---- towards the client ----
  /** State of its server machine. */
  state = 0;
  /** Status of the last reply sent; 0 none. */
  status = 0;
  readonly client: Target;
  /** Who made the request, when it began here; null when a client sent it. */
  local: LocalSide | null = null;
  /** The last reply, kept while it may have to be sent again. */
  reply: Uint8Array | null = null;
  /** To-tag of replies made here; empty until one is. */
  toTag = "";
  /** A CANCEL came from the client. */
  canceled = false;
  /** Its longest lifetime is over. */
  expired = false;
  /** Finished; only waits for what comes late. */
  waiting = false;
  /** Some of its branches are still to be made: the best reply cannot be picked yet. */
  forwarding = false;
  /** 6xx is a failure like others (t_set_disable_6xx). */
  disable6xx = false;
  /** CANCELs of its branches do not say why the client has cancelled (t_set_no_e2e_cancel_reason). */
  noCancelReason = false;
  /** No other address of a next hop is tried (t_set_disable_failover). */
  noFailover = false;
  /** Whether replies made here fill in rport though the request did not ask (force_rport). */
  forceRport = false;
  /** The number of the request ($mi). */
  number = 0;
  /** Message flags of the request when it was relayed (t_lookup_cancel). */
  requestFlags = 0;

  // ---- timers ----
  timers: Timers;
  /** When it began, in milliseconds of the engine's clock. */
  readonly began: number;
  retransmitAt = NEVER;
  interval = 0;
  giveUpAt = NEVER;

  // ---- towards the next hops ----
  branches: Branch[] = NO_BRANCHES;

  /** R-URI and destination that the last leg went to first: a failure route relays them again only when it changed them. */
  usedUri: string | null = null;
  usedDst: string | null = null;

  /** A failure route has run. */
  failureRan = false;
  /** The number of the first branch of the present leg of serial forking. */
  legStart = 0;
  /** What the failure route that runs wants forgotten: one of DropReplies; -1 as the options say (t_drop_replies). */
  dropReplies = -1;

  // ---- while a route waits ----
  /** A route of this transaction is suspended: what arrives meanwhile is put off. */
  busy = false;
  queue: (() => void)[] | null = null;

  constructor(
    owner: TimerOwner,
    slot: number,
    label: number,
    hash: number,
    method: number,
    bytes: Uint8Array,
    client: Target,
    origin: object,
    timers: Timers,
    now: number,
  ) {
    super();
    this.owner = owner;
    this.slot = slot;
    this.label = label;
    this.hash = hash;
    this.method = method;
    this.bytes = bytes;
    this.client = client;
    this.origin = origin;
    this.timers = timers;
    this.began = now;
  }

  get isInvite(): boolean {
    return this.method === Method.INVITE;
  }

  /** Whether a final reply was sent to the client. */
  get final(): boolean {
    return this.status >= 200;
  }

  get released(): boolean {
    return this.slot < 0;
  }

  /** Has somebody look on until the transaction is forgotten. */
  watch(watcher: Watcher): void {
    if (this.watchers === null) this.watchers = [watcher];
    else this.watchers.push(watcher);
  }

  addBranch(branch: Branch): void {
    if (this.branches === NO_BRANCHES) this.branches = [branch];
    else this.branches.push(branch);
  }

  /** The request as a message: the one the script left, or parsed again from the bytes into one that the caller must not keep. */
  request(): SipMessage {
    if (this.message !== null) return this.message;
    scratch.parse(this.bytes, 0, this.bytes.length);
    scratch.forceRport = this.forceRport;
    scratch.number = this.number;
    return scratch;
  }

  /** As request(), but a message that stays with the transaction. */
  ownRequest(): SipMessage {
    if (this.message === null) {
      this.message = new SipMessage();
      this.message.parse(this.bytes, 0, this.bytes.length);
      this.message.forceRport = this.forceRport;
      this.message.number = this.number;
      this.message.owned = true;
    }
    return this.message;
  }

  override fire(): void {
    this.owner.transactionTimer(this);
  }
}

const NO_BRANCHES: Branch[] = [];
const scratch = new SipMessage();
