// The moment after we have begun to open a connection: who wants to send waits, to hear whether it is refused.

import type { Clock } from "../host/host.ts";

/** Milliseconds of the moment: on one machine or network a refusal is known sooner. */
const SETTLE_TIME = 100;

/** The moment of one connection. */
export class Settling {
  /** Resolved when it is over; null from then on. */
  promise: Promise<void> | null;
  readonly #resolve: () => void;
  readonly #cancel: () => void;

  constructor(clock: Clock) {
    let resolve = (): void => undefined;
    this.promise = new Promise((done) => {
      resolve = done;
    });
    this.#resolve = resolve;
    this.#cancel = clock.after(SETTLE_TIME, () => this.end());
  }

  /** The connection is there, or has failed. */
  end(): void {
    if (this.promise === null) return;
    this.promise = null;
    this.#cancel();
    this.#resolve();
  }
}
