// What the core counts: messages by kind, local replies by class, and every drop with its reason.

import { METHOD_COUNT } from "../sip/methods.ts";

/** Counters of one worker; read by statistics and RPC. */
export class Counters {
  requests = 0;
  replies = 0;
  /** Requests by method, replies by status, and replies by class and method (class * METHOD_COUNT + method). */
  readonly requestsBy = new Float64Array(METHOD_COUNT);
  readonly repliesBy = new Float64Array(700);
  readonly repliesOf = new Float64Array(7 * METHOD_COUNT);
  /** Forwarded without a transaction. */
  forwardedRequests = 0;
  forwardedReplies = 0;
  /** Requests that were refused because something in them is wrong. */
  badRequests = 0;
  /** Requests whose R-URI cannot be read. */
  badUris = 0;
  /** HTTP requests. */
  http = 0;
  /** Local replies by class: index 1 to 6. */
  readonly localReplies = [0, 0, 0, 0, 0, 0, 0];
  /** Bytes and messages that could not be understood. */
  badMessages = 0;
  /** Errors thrown while a route ran; each is also logged. */
  routeErrors = 0;
  private readonly drops = new Map<string, number>();

  private uncounted = 0;

  /** How many messages have come, or have come since `restartNumber`. */
  get number(): number {
    return this.requests + this.replies - this.uncounted;
  }

  /** The next message has number 1. */
  restartNumber(): void {
    this.uncounted = this.requests + this.replies;
  }

  /** Counts a request that has come. */
  request(method: number): void {
    this.requests++;
    this.requestsBy[method]!++;
  }

  /** Counts a reply that has come; `method` is that of its CSeq. */
  reply(status: number, method: number): void {
    this.replies++;
    if (status < 100 || status > 699) return;
    this.repliesBy[status]!++;
    this.repliesOf[Math.floor(status / 100) * METHOD_COUNT + method]!++;
  }

  localReply(code: number): void {
    this.localReplies[Math.floor(code / 100)]!++;
  }

  /** Counts a message that goes no further; reasons are fixed words of the program, never text from outside. */
  drop(reason: string): void {
    this.drops.set(reason, (this.drops.get(reason) ?? 0) + 1);
  }

  /** Drops by reason. */
  dropsByReason(): ReadonlyMap<string, number> {
    return this.drops;
  }
}
