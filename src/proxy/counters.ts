// What the core counts: messages by kind, local replies by class, and every drop with its reason.

/** Counters of one worker; read by statistics and RPC. */
export class Counters {
  requests = 0;
  replies = 0;
  /** HTTP requests. */
  http = 0;
  /** Local replies by class: index 1 to 6. */
  readonly localReplies = [0, 0, 0, 0, 0, 0, 0];
  /** Bytes and messages that could not be understood. */
  badMessages = 0;
  /** Errors thrown while a route ran; each is also logged. */
  routeErrors = 0;
  private readonly drops = new Map<string, number>();

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
