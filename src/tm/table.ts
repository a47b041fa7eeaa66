// The bounded table of transactions: by slot number for replies, by hash of the key for requests; and what is counted.

import type { SipMessage } from "../sip/message.ts";
import { BY_BRANCH, keyHash, keyMatches, type Matching } from "./key.ts";
import type { Transaction } from "./transaction.ts";

const BUCKETS = 1 << 16;

/** What tm.stats prints. */
export class TmCounters {
  created = 0;
  /** Of these, those whose request began here. */
  local = 0;
  freed = 0;
  /** Finished ones that wait for what comes late. */
  waiting = 0;
  /** Requests refused since the table was full. */
  refused = 0;
  /** Retransmissions absorbed. */
  absorbed = 0;
  /** What was put off while a route waited and thrown away since too much was. */
  overflow = 0;
  repliesReceived = 0;
  repliesGenerated = 0;
  repliesSent = 0;
  /** Transactions that came to an end, by the class of the final reply: index 2 to 6. */
  readonly ended = [0, 0, 0, 0, 0, 0, 0];
}

/** All transactions of one worker. */
export class TransactionTable {
  readonly counters = new TmCounters();
  /** How many there are. */
  count = 0;
  private readonly seed: number;
  /** The most transactions at a time. */
  max: number;
  /** How requests are matched. */
  matching: Matching = BY_BRANCH;
  /** Octets of requests that are kept, and the most there may be: strangers choose how large theirs are. */
  bytes = 0;
  maxBytes = 256 << 20;
  private readonly buckets: (Transaction | null)[] = new Array<Transaction | null>(BUCKETS).fill(null);
  private readonly slots: (Transaction | null)[] = [];
  private readonly free: number[] = [];

  constructor(seed: number, max: number) {
    this.seed = seed;
    this.max = max;
  }

  /** Whether one more would be too many. */
  get full(): boolean {
    return this.count >= this.max || this.bytes >= this.maxBytes;
  }

  /** The hash of a request's key for the transaction of that method. */
  hash(msg: SipMessage, method: number): number {
    return keyHash(msg, method, this.seed, this.matching.callIdOnly);
  }

  /** The transaction of that method to which a request belongs; null without one. */
  find(msg: SipMessage, method: number, hash: number): Transaction | null {
    let tx: Transaction | null = this.buckets[hash & (BUCKETS - 1)]!;
    for (; tx !== null; tx = tx.nextInBucket) {
      if (tx.hash === hash && tx.method === method && tx.local === null && keyMatches(tx, msg, this.matching))
        return tx;
    }
    return null;
  }

  /** The transaction in a slot when its label is right. */
  at(slot: number, label: number): Transaction | null {
    const tx = slot < this.slots.length ? this.slots[slot]! : null;
    return tx !== null && tx.label === label ? tx : null;
  }

  /** A slot for a transaction to be made. */
  takeSlot(): number {
    return this.free.pop() ?? this.slots.push(null) - 1;
  }

  add(tx: Transaction): void {
    this.slots[tx.slot] = tx;
    const at = tx.hash & (BUCKETS - 1);
    tx.nextInBucket = this.buckets[at]!;
    this.buckets[at] = tx;
    this.count++;
    this.bytes += tx.bytes.length;
    this.counters.created++;
  }

  remove(tx: Transaction): void {
    const at = tx.hash & (BUCKETS - 1);
    let t: Transaction | null = this.buckets[at]!;
    if (t === tx) this.buckets[at] = tx.nextInBucket;
    else {
      while (t !== null && t.nextInBucket !== tx) t = t.nextInBucket;
      if (t !== null) t.nextInBucket = tx.nextInBucket;
    }
    tx.nextInBucket = null;
    this.slots[tx.slot] = null;
    this.free.push(tx.slot);
    tx.slot = -1;
    this.count--;
    this.bytes -= tx.bytes.length;
    this.counters.freed++;
    if (tx.waiting) this.counters.waiting--;
  }

  /** How evenly the transactions lie: chains of the hash table, those in use, and the longest. */
  spread(): {
    readonly chains: number;
    readonly used: number;
    readonly longest: number;
    readonly transactions: number;
  } {
    let used = 0;
    let longest = 0;
    for (const first of this.buckets) {
      let length = 0;
      for (let tx = first; tx !== null; tx = tx.nextInBucket) length++;
      if (length > 0) used++;
      longest = Math.max(longest, length);
    }
    return { chains: BUCKETS, used, longest, transactions: this.count };
  }

  /** All transactions, for lists and for shutting down. */
  *all(): Generator<Transaction> {
    for (const tx of this.slots) if (tx !== null) yield tx;
  }
}
