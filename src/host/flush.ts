// Holds back what is sent until the end of a batch, so that hooks (database commits) run first and the system is
// called once for many messages (design.md, D6 and D9). One gate a host; UDP sockets and TCP connections share it.

/** Something with bytes queued for sending. */
export interface Flushable {
  /** Hands what is queued to the system. Must not throw. */
  flush(): void;
}

/** Runs the hooks, then empties the send queues that were marked since. */
export class FlushGate {
  readonly #soon: (fn: () => void) => void;
  readonly #hooks: (() => void)[] = [];
  readonly #run = () => {
    this.#scheduled = false;
    if (this.#dirty > 0 || this.#touched) this.flush();
  };
  #queues: Flushable[] = [];
  #dirty = 0;
  #scheduled = false;
  #touched = false;
  #inBatch = false;
  #flushing = false;

  /** @param soon calls a function in the next turn of the loop */
  constructor(soon: (fn: () => void) => void) {
    this.#soon = soon;
  }

  /** Adds a hook that runs before each flush. */
  before(fn: () => void): void {
    this.#hooks.push(fn);
  }

  /** Tells that `queue` has bytes; called once by each queue until it was flushed. Outside a batch a flush is arranged for the next turn. */
  mark(queue: Flushable): void {
    this.#queues[this.#dirty++] = queue;
    if (!this.#inBatch) this.#plan();
  }

  /** Tells that input was handed out outside a batch: the hooks run at the end of this turn, even when nothing is sent. */
  touch(): void {
    this.#touched = true;
    this.#plan();
  }

  /** Starts a batch: until `endBatch`, marked queues wait. */
  startBatch(): void {
    this.#inBatch = true;
  }

  /** Ends a batch: when `worked`, hooks run even if nothing was sent, since handlers may have changed data. */
  endBatch(worked: boolean): void {
    this.#inBatch = false;
    if (worked || this.#dirty > 0) this.flush();
  }

  /** Runs the hooks and empties the queues. A hook may send; what it sends leaves in the same flush. */
  flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#touched = false;
    try {
      for (let i = 0; i < this.#hooks.length; i++) this.#hooks[i]!();
      for (let i = 0; i < this.#dirty; i++) this.#queues[i]!.flush();
    } finally {
      this.#queues.length = 0;
      this.#dirty = 0;
      this.#flushing = false;
    }
  }

  #plan(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#soon(this.#run);
  }
}
