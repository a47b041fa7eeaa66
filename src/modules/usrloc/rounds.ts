// Visits every binding once in a given time, a few at a time, so that pings leave evenly and never hold up the loop.

import type { ModuleHost } from "../../registry/module-host.ts";
import { Timer } from "../../util/timer-wheel.ts";
import type { Contact } from "./contact.ts";
import type { Domain } from "./domain.ts";
import { DbMode } from "./settings.ts";
import { type Step, StoredWalk } from "./stored-walk.ts";
import type { Usrloc } from "./usrloc.ts";

/** Between two slices, milliseconds. */
const SLICE = 100;
/** The most bindings visited in a slice: with more than this allows a round takes longer than it should. */
const MOST_PER_SLICE = 1000;

/** Called for each binding. */
export type Visit = (domain: Domain, contact: Contact) => void;

/** Goes round and round over all bindings: those in memory, or in the database where none are there (db_mode 3). */
export class Rounds {
  private readonly host: ModuleHost;
  private readonly usrloc: Usrloc;
  private readonly visit: Visit;
  private readonly timer = new Timer(() => this.slice());
  private interval = 0;
  private place: Place | null = null;
  /** Bindings visited in this round, and in the one before. */
  private visited = 0;
  private before = 0;
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
      this.place = this.begin();
      this.before = this.visited;
      this.visited = 0;
    }
    const { place } = this;
    let budget = Math.min(MOST_PER_SLICE, Math.ceil((this.expected(place) * SLICE) / (this.interval - SLICE / 2)));
    for (; budget > 0; budget--) {
      const step: Step = place.next();
      if (step === null) this.place = null;
      if (step === null || step === undefined) return;
      this.visited++;
      this.visit(step[0], step[1]);
    }
  }

  private begin(): Place {
    const { usrloc, host } = this;
    if (usrloc.settings.dbMode !== DbMode.DB_ONLY) return new MemoryWalk(usrloc);
    const failed = (error: unknown): void =>
      host.proxy.limited.error(host.log, `pings: ${error instanceof Error ? error.message : String(error)}`);
    return new StoredWalk(usrloc.domains(), failed);
  }

  // How many there are is known of a database from the round before; in the first one it shows while they are read.
  private expected(place: Place): number {
    const { before } = this;
    if (!(place instanceof StoredWalk)) return this.usrloc.total;
    return place.hasMore && before === 0 ? Number.MAX_SAFE_INTEGER : Math.max(before, place.known, 1);
  }

  private now(): number {
    return this.host.host.clock.mono();
  }

  private arm(): void {
    this.host.wheel.arm(this.timer, SLICE, this.now());
  }
}

/** Where a round is. */
interface Place {
  next(): Step;
}

/** A walk over what is in memory. */
class MemoryWalk implements Place {
  private readonly contacts: Iterator<readonly [Domain, Contact]>;

  constructor(usrloc: Usrloc) {
    this.contacts = everyContact(usrloc);
  }

  next(): Step {
    const { value, done } = this.contacts.next();
    return done === true ? null : value;
  }
}

// What is added or removed meanwhile may or may not be met.
function* everyContact(usrloc: Usrloc): Generator<readonly [Domain, Contact]> {
  for (const domain of usrloc.domains())
    for (const record of domain.all()) for (const contact of [...record.contacts]) yield [domain, contact];
}
