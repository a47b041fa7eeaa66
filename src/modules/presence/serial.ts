// One thing after the other for the same key: what is published and what watchers are told of it must not overtake each other.

/** Queues of work by key. */
export class Serial {
  private readonly last = new Map<string, Promise<unknown>>();

  /** Runs when all that was given for the key before is done; gives what `work` gives. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(key);
    const mine = before === undefined ? work() : before.then(work, work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.last.set(key, settled);
    void settled.then(() => {
      if (this.last.get(key) === settled) this.last.delete(key);
    });
    return mine;
  }
}
