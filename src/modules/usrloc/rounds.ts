// Visits every binding once in a given time, a few at a time, so that pings leave evenly and never hold up the loop.

import type { ModuleHost } from "../../registry/module-host.ts";
import { Timer } from "../../util/timer-wheel.ts";
import type { AorRecord, Contact } from "./contact.ts";
import type { Domain } from "./domain.ts";
import type { Usrloc } from "./usrloc.ts";

/** Between two slices, milliseconds. */
const SLICE = 100;
/** The most bindings visited in a slice: with more than this allows a round takes longer than it should. */
const MOST_PER_SLICE = 1000;

/** Called for each binding. */
export type Visit = (domain: Domain, record: AorRecord, contact: Contact) => void;

/** Goes round and round over the bindings in memory. */
export class Rounds {
  private readonly host: ModuleHost;
  private readonly usrloc: Usrloc;
  private readonly visit: Visit;
  private readonly timer = new Timer(() => this.slice());
  private interval = 0;
  private place: Iterator<readonly [Domain, AorRecord, Contact]> | null = null;
  /** Monotonic milliseconds at which the next round begins. */
  private nextRound = 0;

  constructor(host: ModuleHost, usrloc: Usrloc, visit: Visit) {
    this.host = host;
    this.usrloc = usrloc;
    this.visit = visit;
  }

  /** Begins; `interval` seconds a round. The first one begins when that much time has passed. */
  start(interval: number): void {
    this.interval = interval * 1000;
    this.place = null;
    this.nextRound = this.now() + this.interval;
    this.arm();
  }

  stop(): void {
    this.host.wheel.cancel(this.timer);
  }

  private slice(): void {
    this.arm();
    const now = this.now();
    if (this.place === null) {
      if (now < this.nextRound) return;
      this.nextRound = Math.max(this.nextRound + this.interval, now);
      this.place = everyContact(this.usrloc);
    }
    let budget = Math.min(MOST_PER_SLICE, Math.ceil((this.usrloc.total * SLICE) / (this.interval - SLICE / 2)));
    for (; budget > 0; budget--) {
      const { value, done } = this.place.next();
      if (done === true) {
        this.place = null;
        return;
      }
      this.visit(value[0], value[1], value[2]);
    }
  }

  private now(): number {
    return this.host.host.clock.mono();
  }

  private arm(): void {
    this.host.wheel.arm(this.timer, SLICE, this.now());
  }
}

// What is added or removed meanwhile may or may not be met.
function* everyContact(usrloc: Usrloc): Generator<readonly [Domain, AorRecord, Contact]> {
  for (const domain of usrloc.domains())
    for (const record of domain.all()) for (const contact of [...record.contacts]) yield [domain, record, contact];
}
