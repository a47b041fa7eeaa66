// A small world in virtual time for simulations: hosts by name, a wire that loses, repeats and delays datagrams, all from one seed.

import { bytesOf, textOf } from "../../src/util/bytes.ts";

/** What the wire does to datagrams. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  /** Delay in ms, drawn evenly: unequal delays reorder. */
  readonly minDelay: number;
  readonly maxDelay: number;
}

/** Somebody on the wire. */
export interface Node {
  receive(bytes: Uint8Array, from: string): void;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Numbers from a seed (mulberry32). */
export class Dice {
  private state: number;
  constructor(seed: number) {
    this.state = seed >>> 0;
  }
  uint32(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
  /** Evenly from 0 up to below 1. */
  real(): number {
    return this.uint32() / 0x1_0000_0000;
  }
  int(from: number, to: number): number {
    return from + Math.floor(this.real() * (to - from + 1));
  }
  chance(p: number): boolean {
    return this.real() < p;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }
}

export class World {
  /** Milliseconds. */
  now = 0;
  readonly dice: Dice;
  private readonly weather: Weather;
  private readonly nodes = new Map<string, Node>();
  private readonly ticking: ((now: number) => void)[] = [];
  private events: Event[] = [];
  private order = 0;
  /** What happened, for when something is wrong. */
  readonly log: string[] = [];

  constructor(seed: number, weather: Weather) {
    this.dice = new Dice(seed);
    this.weather = weather;
  }

  add(name: string, node: Node): void {
    this.nodes.set(name, node);
  }

  /** Calls `fn` at every tick of 10 ms: a timer wheel. */
  onTick(fn: (now: number) => void): void {
    this.ticking.push(fn);
  }

  after(ms: number, run: () => void): void {
    this.push({ at: this.now + ms, order: this.order++, run });
  }

  // A heap by (at, order).
  private push(event: Event): void {
    const { events } = this;
    let i = events.push(event) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!before(event, events[up]!)) break;
      events[i] = events[up]!;
      i = up;
    }
    events[i] = event;
  }

  private pop(): Event {
    const { events } = this;
    const top = events[0]!;
    const last = events.pop()!;
    if (events.length > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= events.length) break;
        if (child + 1 < events.length && before(events[child + 1]!, events[child]!)) child++;
        if (!before(events[child]!, last)) break;
        events[i] = events[child]!;
        i = child;
      }
      events[i] = last;
    }
    return top;
  }

  /** Puts a datagram on the wire. */
  send(from: string, to: string, buf: Uint8Array, start: number, end: number): void {
    const { dice, weather } = this;
    const copies = dice.chance(weather.loss) ? 0 : dice.chance(weather.duplication) ? 2 : 1;
    this.note(from, to, copies, buf, start, end);
    for (let i = 0; i < copies; i++) {
      const bytes = buf.slice(start, end);
      const delay = weather.minDelay + dice.real() * (weather.maxDelay - weather.minDelay);
      this.after(delay, () => this.nodes.get(to)?.receive(bytes, from));
    }
  }

  sendText(from: string, to: string, text: string): void {
    const bytes = bytesOf(text);
    this.send(from, to, bytes, 0, bytes.length);
  }

  private note(from: string, to: string, copies: number, buf: Uint8Array, start: number, end: number): void {
    const head = textOf(buf, start, Math.min(end, start + 60)).split("\r\n")[0]!;
    this.log.push(`${Math.round(this.now)} ${from}>${to} x${copies} ${head}`);
  }

  /** Lets time pass. */
  run(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      const tick = Math.floor(this.now / 10) * 10 + 10;
      while (this.events.length > 0 && this.events[0]!.at <= tick) {
        const event = this.pop();
        this.now = Math.max(this.now, event.at);
        event.run();
      }
      this.now = tick;
      for (const fn of this.ticking) fn(tick);
    }
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
