// What the transaction engine asks of the layers above it, and what it hands to them: sending, building requests, running routes.

import type { SipMessage } from "../sip/message.ts";
import type { Branch } from "./branch.ts";
import type { Transaction } from "./transaction.ts";

/** Where messages of a branch or to the client go; a Flow of src/net is one. */
export interface Target {
  /** True when the transport delivers or says so; then nothing is sent twice. */
  readonly reliable: boolean;
  /** Hands buf[start,end) to the transport, which copies it. False when it cannot be sent. */
  send(buf: Uint8Array, start: number, end: number): boolean;
  /** Nothing more will be sent by it: closes it behind what is queued. Left out where there is nothing to close. */
  finish?(): void;
}

/** A destination of a request beside its own R-URI (a BranchTarget of the proxy). */
export interface Destination {
  readonly uri: string;
  readonly dstUri: string | null;
  readonly path: string | null;
  readonly q: number;
  readonly flags: number;
  readonly flowId: number;
  readonly ruid: string;
  readonly instance: string;
}

/** A message ready to be sent: bytes that are valid until the next one is built, and where they go. */
export class Outgoing {
  buf: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  target: Target | null = null;
  /** It is the last thing that goes to the target (set_forward_close). */
  last = false;
  /** Where else the request may go when this target fails, opaque here (Hooks.prepareNext); null when nowhere. */
  further: Further | null = null;
}

/** A way on to another target. */
export interface Further {
  /** Whether a route of the transaction runs to prepare it. */
  readonly runsRoute: boolean;
}

const NO_BYTES = new Uint8Array(0);

/** Why a branch could not be sent; below zero, as script functions return them. */
export const RelayError = {
  /** Nothing more precise. */
  FAILED: -1,
  /** The transport refused it. */
  SEND: -2,
  /** The destination cannot be resolved or reached. */
  UNRESOLVABLE: -3,
  /** The branch route said drop. */
  DROPPED: -4,
  /** The URI or the message cannot be used. */
  BAD_REQUEST: -5,
  /** More branches than a transaction may have. */
  TOO_MANY: -6,
  /** The transaction is final or cancelled already. */
  FINAL: -7,
  /** The flow that it was for has gone (RFC 5626 5.3.1). */
  FLOW_FAILED: -8,
} as const;

/** The layers above, as the engine sees them. What returns a Promise suspends the transaction: replies, timers and CANCEL wait. */
export interface Hooks {
  /**
   * Builds the request of a branch in `out` (bytes and target), running the branch route. `run` is what was given to forward().
   * The id of the branch for the Via is `branch.id()`. Returns 0 or a RelayError; a Promise when a name must be looked up.
   */
  prepareBranch(tx: Transaction, branch: Branch, run: object, out: Outgoing): number | Promise<number>;
  /**
   * Builds the request of a branch in `out` again, for the next target of those that came with the one before (`Outgoing.further`).
   * Returns 0, or a RelayError when there is none left.
   */
  prepareNext(further: Further, branch: Branch, out: Outgoing): number | Promise<number>;
  /** Builds a reply to the transaction's request in `out` (bytes only); `extra` is whole header lines. Returns whether it could be built. */
  writeReply(
    tx: Transaction,
    code: number,
    reason: string,
    toTag: string,
    extra: string,
    out: Outgoing,
    body?: string,
  ): boolean;
  /** The way to where a target led, opened anew because it has gone; null when that cannot be. */
  reopen(target: Target): Target | null;
  /** A reply came for a branch of a transaction that has `wantsReplies`. Returns true to drop it, which counts for provisional ones only. */
  replyRoute(tx: Transaction, branch: Branch, reply: SipMessage): boolean | Promise<boolean>;
  /** A received reply is about to be passed to the client, `length` bytes long. False keeps it from the client. */
  mayReply(tx: Transaction, msg: SipMessage, length: number): boolean;
  /** A branch was sent and nothing came back until its time was over. */
  silent(branch: Branch): void;
  /** The transport did not take the request of a branch. */
  unsent(branch: Branch, target: Target): void;
  /** One branch failed in a transaction that has `wantsBranchFailure`; it may add branches. `reply` is null when none came. */
  branchFailureRoute(tx: Transaction, branch: Branch, reply: SipMessage | null): void | Promise<void>;
  /** All branches failed and `winner` was picked, in a transaction that had `wantsFailure`. It may add branches or reply. */
  failureRoute(tx: Transaction, winner: Branch, reply: SipMessage | null): void | Promise<void>;
  /** A reply made here was sent to the client: buf[start,end), valid during the call. */
  replied?(tx: Transaction, code: number, buf: Uint8Array, start: number, end: number): void;
  /** A CANCEL is about to be sent: buf[0,end), which may be changed. Its end; 0 keeps it here. */
  cancelMade?(branch: Branch, buf: Uint8Array, end: number): number;
  /** The transaction is gone; called only for those with an attachment. */
  released(tx: Transaction): void;
  /** Something a person should see: an error thrown by a route. */
  failed(tx: Transaction, error: unknown): void;
}
