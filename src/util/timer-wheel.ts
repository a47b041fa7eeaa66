// The one timer wheel of a worker (design.md, D5): setting and cancelling cost a few pointer writes and allocate nothing.
//
//   level 0: 256 slots of one tick; level 1: 256 slots of 256 ticks; level 2: 256 slots of 65,536 ticks.
//   A timer falls from a higher level to a lower one when its slot comes up. With ticks of 10 ms that spans 46 hours; what is
//   further off waits in the last slot and is put in again.

const SIZE = 256;
const MASK = SIZE - 1;

/** A node that hangs in the wheel while armed. What has a timer of its own (a transaction, a branch) is one, and saves an object. */
export class TimerNode {
  /** Tick at which it fires, while armed. */
  due = 0;
  /** Neighbours in the ring of its slot; null while it is not armed. */
  next: TimerNode | null = null;
  prev: TimerNode | null = null;

  get armed(): boolean {
    return this.next !== null;
  }

  /** What it does when it fires. What it throws is told to the wheel's owner, and other timers go on. */
  fire(): void {}
}

/** A timer that calls a function. Its owner keeps it and arms it again and again. */
export class Timer extends TimerNode {
  private readonly callback: () => void;

  constructor(callback: () => void) {
    super();
    this.callback = callback;
  }

  override fire(): void {
    this.callback();
  }
}

/** The wheel. `advance` is called by whoever owns the clock; it fires all timers due by then, in order of ticks. */
export class TimerWheel {
  /** Length of a tick in milliseconds. */
  readonly tick: number;
  /** How many timers are armed. */
  count = 0;
  private now: number; // the last tick done
  private readonly slots: readonly TimerNode[]; // each the fixed node of a ring
  private readonly onFault: (error: unknown) => void;

  /** `onFault` hears of what timers throw, which are bugs; it must not throw itself. */
  constructor(nowMs: number, tick = 10, onFault: (error: unknown) => void = () => undefined) {
    this.tick = tick;
    this.onFault = onFault;
    this.now = Math.floor(nowMs / tick);
    this.slots = Array.from({ length: SIZE * 3 }, () => ring());
  }

  /** Arms (or re-arms) a timer to fire not before `ms` from `nowMs`, and at most about a tick later. */
  arm(timer: TimerNode, ms: number, nowMs: number): void {
    if (timer.next !== null) unlink(timer);
    else this.count++;
    timer.due = Math.max(this.now + 1, Math.ceil((nowMs + ms) / this.tick));
    this.insert(timer);
  }

  /** Takes a timer out; nothing happens when it is not armed. */
  cancel(timer: TimerNode): void {
    if (timer.next === null) return;
    unlink(timer);
    this.count--;
  }

  /** Fires everything due at `nowMs`. Timers may arm and cancel timers, themselves included. */
  advance(nowMs: number): void {
    const target = Math.floor(nowMs / this.tick);
    while (this.now < target) {
      if (this.count === 0) {
        this.now = target;
        return;
      }
      this.now++;
      if ((this.now & MASK) === 0) this.turn();
      this.fireSlot(this.slots[this.now & MASK]!);
    }
  }

  // A timer put in meanwhile lands in another slot, since it is at least one and less than SIZE ticks away.
  private fireSlot(slot: TimerNode): void {
    for (let t = slot.next!; t !== slot; t = slot.next!) {
      unlink(t);
      this.count--;
      try {
        t.fire();
      } catch (error) {
        this.onFault(error);
      }
    }
  }

  // Level 2 comes down before level 1, since what falls from it may land in the slot of level 1 that is about to come down.
  private turn(): void {
    if ((this.now & 0xffff) === 0) this.cascade(this.slots[SIZE * 2 + ((this.now >>> 16) & MASK)]!);
    this.cascade(this.slots[SIZE + ((this.now >>> 8) & MASK)]!);
  }

  private cascade(slot: TimerNode): void {
    const last = slot.prev!;
    for (let t = slot.next!; t !== slot; ) {
      const { next } = t;
      const isLast = t === last; // what is put in again here (from beyond the span of the wheel) is not met twice
      unlink(t);
      this.insert(t);
      if (isLast) return;
      t = next!;
    }
  }

  private insert(timer: TimerNode): void {
    const ahead = timer.due - this.now;
    let at: number;
    if (ahead < SIZE) at = timer.due & MASK;
    else if (ahead < SIZE * SIZE) at = SIZE + ((timer.due >>> 8) & MASK);
    else at = SIZE * 2 + (ahead < SIZE * SIZE * SIZE ? (timer.due >>> 16) & MASK : ((this.now >>> 16) + MASK) & MASK);
    const slot = this.slots[at]!;
    const last = slot.prev!;
    last.next = timer;
    timer.prev = last;
    timer.next = slot;
    slot.prev = timer;
  }
}

function ring(): TimerNode {
  const node = new TimerNode();
  node.next = node;
  node.prev = node;
  return node;
}

function unlink(timer: TimerNode): void {
  timer.prev!.next = timer.next;
  timer.next!.prev = timer.prev;
  timer.next = null;
  timer.prev = null;
}
