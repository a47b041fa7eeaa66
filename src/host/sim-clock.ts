// Virtual time: events in a heap, ordered by time and then by the order in which they were made; and seeded randomness.
import type { Clock, Random } from "./host.ts";

interface Event {
  readonly time: number;
  readonly order: number;
  fn: (() => void) | null; // null: cancelled
}

/** Where wall clocks begin: 2026-01-01T00:00:00Z. */
export const SIMULATION_EPOCH = Date.UTC(2026, 0, 1);

/** The events to come; time moves only by taking the next one. */
export class EventQueue {
  /** Milliseconds since the simulation began. */
  now = 0;
  readonly #heap: Event[] = [];
  #order = 0;

  /** Events still to come, cancelled ones not counted away. */
  get length(): number {
    return this.#heap.length;
  }

  /** Calls `fn` at `time` (not before now); returns a canceller. */
  at(time: number, fn: () => void): () => void {
    const event: Event = { time: Math.max(time, this.now), order: this.#order++, fn };
    this.#push(event);
    return () => {
      event.fn = null;
    };
  }

  /** The time of the next event, or Infinity. */
  next(): number {
    while (this.#heap.length > 0 && this.#heap[0]!.fn === null) this.#pop();
    return this.#heap[0]?.time ?? Number.POSITIVE_INFINITY;
  }

  /** Goes to the next event and runs it; false when there is none. */
  step(): boolean {
    if (this.next() === Number.POSITIVE_INFINITY) return false;
    const event = this.#pop();
    this.now = event.time;
    event.fn!();
    return true;
  }

  /** A Clock on this queue. @param skew milliseconds by which its wall clock differs */
  clock(skew = 0): Clock {
    return {
      wall: () => SIMULATION_EPOCH + skew + Math.floor(this.now),
      mono: () => this.now,
      after: (ms, fn) => this.at(this.now + Math.max(0, ms), fn),
      soon: (fn) => void this.at(this.now, fn),
    };
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = event;
  }

  #pop(): Event {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

function before(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

/** Seeded random numbers (xoshiro128**), the same everywhere for the same seed. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    let state = seed >>> 0;
    const next = () => {
      state = (state + 0x9e3779b9) | 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  uint32(): number {
    const five = Math.imul(this.#b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** A number from 0 to below 1. */
  unit(): number {
    return this.uint32() / 4_294_967_296;
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.uint32() >>> 24;
  }
}
