// Which writes to a table must wait for which, where several connections would else overtake each other: those that concern the
// same key keep their order, all others go side by side.

/** A write: of rows with one value of a column ("key"), of a new row, of all rows, or of rows that no order is needed for. */
export type Scope =
  | { readonly kind: "key"; readonly column: string; readonly value: unknown }
  | { readonly kind: "new"; readonly columns: readonly string[]; readonly values: readonly unknown[] }
  | { readonly kind: "all" }
  | { readonly kind: "loose" };

interface Order {
  /** The column that the first write with a key had; writes by another one wait for all before them. */
  column: string | null;
  /** The last write of each key that is not done yet. */
  readonly tails: Map<unknown, Promise<unknown>>;
  /** New rows whose key was not known. */
  readonly loose: Set<Promise<unknown>>;
  /** The last write that concerns all rows. */
  barrier: Promise<unknown> | null;
}

/** Orders the writes of one database. Holds no more than the writes under way. */
export class WriteOrder {
  private readonly tables = new Map<string, Order>();

  /** Runs `work` once those writes are done, well or badly, that it must not overtake. */
  run<T>(table: string, scope: Scope, work: () => Promise<T>): Promise<T> {
    if (scope.kind === "loose") return work();
    const order = this.orderOf(table);
    const key = keyIn(order, scope);
    if (key === ALL) return this.last(table, order, work);
    if (key === UNKNOWN) {
      const done = after(order.barrier, work);
      order.loose.add(done);
      forget(done, () => order.loose.delete(done) && this.tidy(table, order));
      return done;
    }
    const before = [...order.loose, order.barrier, order.tails.get(key) ?? null].filter((p) => p !== null);
    const done = before.length === 0 ? work() : after(Promise.allSettled(before), work);
    order.tails.set(key, done);
    forget(done, () => {
      if (order.tails.get(key) === done) order.tails.delete(key);
      this.tidy(table, order);
    });
    return done;
  }

  private last<T>(table: string, order: Order, work: () => Promise<T>): Promise<T> {
    const before = [...order.loose, ...order.tails.values()];
    if (order.barrier !== null) before.push(order.barrier);
    const done = before.length === 0 ? work() : after(Promise.allSettled(before), work);
    order.barrier = done;
    forget(done, () => {
      if (order.barrier === done) order.barrier = null;
      this.tidy(table, order);
    });
    return done;
  }

  private orderOf(table: string): Order {
    let order = this.tables.get(table);
    if (order === undefined) {
      order = { column: null, tails: new Map(), loose: new Set(), barrier: null };
      this.tables.set(table, order);
    }
    return order;
  }

  private tidy(table: string, order: Order): void {
    if (order.tails.size === 0 && order.loose.size === 0 && order.barrier === null) this.tables.delete(table);
  }
}

const ALL = Symbol("all");
const UNKNOWN = Symbol("unknown");

function keyIn(order: Order, scope: Exclude<Scope, { kind: "loose" }>): unknown {
  switch (scope.kind) {
    case "all":
      return ALL;
    case "key":
      order.column ??= scope.column;
      return order.column === scope.column ? scope.value : ALL;
    case "new": {
      const at = order.column === null ? -1 : scope.columns.indexOf(order.column);
      return at < 0 ? UNKNOWN : scope.values[at];
    }
  }
}

function after<T>(before: Promise<unknown> | null, work: () => Promise<T>): Promise<T> {
  return before === null ? work() : before.then(work, work);
}

// What the caller is told is the caller's matter; here only the end counts.
function forget(done: Promise<unknown>, then: () => unknown): void {
  done.then(then, then);
}
