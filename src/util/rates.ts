// How often something may happen for each of many keys: a bucket a key that fills at a steady rate, in a table that is bounded.

interface Bucket {
  tokens: number;
  /** Monotonic milliseconds when it was last filled. */
  at: number;
}

/** A bucket that has not been used for so long, ms, moves behind the others when it is used again. */
const FRESH = 1000;

/** Rates by key. When there are too many keys, the one that has been quiet for longest is forgotten. */
export class Rates {
  /** Times a second in the long run; 0 for no limit. */
  perSecond: number;
  /** Times at once. */
  burst: number;
  private readonly max: number;
  private readonly buckets = new Map<string, Bucket>();

  constructor(perSecond: number, burst: number, max: number) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.max = max;
  }

  /** Keys remembered. */
  get size(): number {
    return this.buckets.size;
  }

  /** Counts one for a key at a time (monotonic milliseconds); false when it is one too many. */
  take(key: string, now: number): boolean {
    if (this.perSecond <= 0) return true;
    let bucket = this.buckets.get(key);
    if (bucket === undefined) {
      if (this.buckets.size >= this.max) this.forgetOldest();
      bucket = { tokens: this.burst, at: now };
      this.buckets.set(key, bucket);
    } else {
      const passed = now - bucket.at;
      bucket.tokens = Math.min(this.burst, bucket.tokens + (passed * this.perSecond) / 1000);
      bucket.at = now;
      if (passed > FRESH) {
        this.buckets.delete(key);
        this.buckets.set(key, bucket);
      }
    }
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  private forgetOldest(): void {
    const [first] = this.buckets.keys();
    this.buckets.delete(first!);
  }
}

/** Whom an address stands for: an IPv4 address itself, of an IPv6 one its network of 64 bits, which one customer has to himself. */
export function sourceOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  const [left, right] = address.split("::") as [string, string | undefined];
  const groups = left === "" ? [] : left.split(":");
  if (right !== undefined) {
    const rest = right === "" ? [] : right.split(":");
    while (groups.length + rest.length < 8) groups.push("0");
    groups.push(...rest);
  }
  return `${groups
    .slice(0, 4)
    .map((g) => g.replace(/^0+(?=.)/, "").toLowerCase())
    .join(":")}::/64`;
}
