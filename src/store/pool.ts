// Connections to one network database: opened as they are needed, replaced when they are lost, with bounds on how many there are, how
// many statements wait, and how long. While the server is away statements wait for it a little; later ones fail at once.

import type { Host } from "../host/host.ts";
import type { Log } from "../util/log.ts";
import { type Row, StoreError } from "./database.ts";
import type { Statement } from "./sql-text.ts";

/** What a statement gave: its rows, or how many rows it matched. */
export interface Answer {
  readonly rows: Row[];
  readonly count: number;
}

/** One connection; runs one statement at a time. */
export interface Connection {
  /** Rejects with StoreError: LOST when the connection has gone with it, AGAIN when the server wants it tried again. */
  run(statement: Statement): Promise<Answer>;
  /** Ends it; at once when `isBroken`. */
  close(isBroken: boolean): void;
}

/** Opens a connection, or rejects with StoreError; `lost` is called once when it ends by itself. */
export type Connect = (lost: () => void) => Promise<Connection>;

export const LOST = "ERR_DB_LOST";
export const AGAIN = "ERR_DB_AGAIN";
export const DUPLICATE = "ERR_DB_DUPLICATE";
export const NO_TABLE = "ERR_DB_NO_TABLE";
export const DOWN = "ERR_DB_DOWN";
export const TIMEOUT = "ERR_DB_TIMEOUT";
export const BUSY = "ERR_DB_BUSY";

/** Whether what has failed may go well later, since the server is away or has too much to do; else the statement itself is at fault. */
export function isAway(error: unknown): boolean {
  return error instanceof StoreError && AWAY.has(error.code);
}

const AWAY: ReadonlySet<string> = new Set([LOST, AGAIN, DOWN, TIMEOUT, BUSY, "SQLITE_BUSY", "SQLITE_FULL"]);

export interface PoolLimits {
  /** The most connections. */
  connections: number;
  /** The most statements that wait for a connection. */
  waiting: number;
  /** The longest a statement takes with all its waiting, milliseconds; as long it waits for a server that is away. */
  timeout: number;
  /** How long opening a connection may take, milliseconds. */
  connectTimeout: number;
  /** How often a statement is given again after its connection was lost under it. */
  retries: number;
  /** Whether lost connections are replaced. */
  reconnect: boolean;
  /** How long a connection may be idle before the server is asked something so that it stays, milliseconds; 0 never. */
  ping: number;
}

interface Job {
  readonly statement: Statement;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: StoreError) => void;
  readonly deadline: number;
  tries: number;
}

interface Slot {
  connection: Connection;
  job: Job | null;
  /** When it was last used. */
  used: number;
  isGone: boolean;
}

/** How often deadlines are looked at, milliseconds. */
const TICK = 100;
const BACKOFF_FIRST = 100;
const BACKOFF_MOST = 5000;

/** The connections to one database. */
export class Pool {
  private readonly host: Host;
  private readonly log: Log;
  private readonly name: string;
  private readonly connect: Connect;
  private readonly limits: PoolLimits;
  private readonly slots = new Set<Slot>();
  private readonly idle: Slot[] = [];
  private queue: Job[] = [];
  private opening = 0;
  private attempts = 0;
  /** Since when the server is away, and why; -1 when it is not. */
  private downSince = -1;
  private downWhy = "";
  private wasUp = false;
  private isClosed = false;
  private cancelRetry: (() => void) | null = null;
  private cancelTick: (() => void) | null = null;

  constructor(host: Host, log: Log, name: string, connect: Connect, limits: PoolLimits) {
    this.host = host;
    this.log = log;
    this.name = name;
    this.connect = connect;
    this.limits = limits;
  }

  /** Runs a statement; rejects with StoreError. */
  run(statement: Statement): Promise<Answer> {
    const { limits } = this;
    const now = this.now();
    if (this.isClosed) return Promise.reject(new StoreError("ERR_DB_CLOSED", `${this.name} is closed`));
    if (this.downSince >= 0 && now >= this.downSince + (limits.reconnect ? limits.timeout : 0))
      return Promise.reject(this.downError());
    if (this.queue.length >= limits.waiting)
      return Promise.reject(new StoreError(BUSY, `${this.name}: ${limits.waiting} statements wait already`));
    return new Promise((resolve, reject) => {
      this.queue.push({ statement, resolve, reject, deadline: now + limits.timeout, tries: 0 });
      this.tick();
      this.next();
    });
  }

  /** Ends all connections once what was given before is done, or its time is over. */
  close(): void {
    this.isClosed = true;
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.end();
  }

  private end(): void {
    for (const slot of this.idle.splice(0)) this.drop(slot, false);
    if (this.queue.length > 0 && this.slots.size === 0 && this.opening === 0) this.rejectAll(this.downError());
    if (this.slots.size === 0 && this.queue.length === 0) this.cancelTick?.();
  }

  private now(): number {
    return this.host.clock.mono();
  }

  // Gives waiting statements to connections, and opens more where that is not enough.
  private next(): void {
    while (this.queue.length > 0 && this.idle.length > 0) this.give(this.idle.pop()!, this.queue.shift()!);
    const wanted = Math.min(this.queue.length, this.limits.connections - this.slots.size);
    if (this.downSince < 0) while (this.opening < wanted) this.open();
    if (this.isClosed) this.end();
  }

  private give(slot: Slot, job: Job): void {
    slot.job = job;
    job.tries++;
    slot.connection.run(job.statement).then(
      (answer) => {
        if (slot.job !== job) return; // its time was over, or its connection lost
        this.free(slot);
        job.resolve(answer);
      },
      (error: StoreError) => {
        if (slot.job !== job) return;
        slot.job = null;
        if (error.code === LOST) this.gone(slot);
        else this.free(slot);
        this.again(job, error);
      },
    );
  }

  // Gives a statement once more when that may help, or tells that it has failed.
  private again(job: Job, error: StoreError): void {
    const mayHelp = error.code === LOST || error.code === AGAIN;
    if (mayHelp && job.tries <= this.limits.retries && this.now() < job.deadline && this.limits.reconnect) {
      this.queue.unshift(job);
      this.next();
    } else job.reject(error);
  }

  private free(slot: Slot): void {
    slot.job = null;
    slot.used = this.now();
    if (slot.isGone) return;
    this.idle.push(slot);
    this.next();
  }

  private open(): void {
    this.opening++;
    let slot: Slot | null = null;
    let isOver = false;
    const over = (error: StoreError | null): void => {
      if (isOver) return;
      isOver = true;
      this.opening--;
      cancel();
      if (error !== null) this.failed(error);
    };
    const cancel = this.host.clock.after(this.limits.connectTimeout, () =>
      over(new StoreError(TIMEOUT, `no connection within ${this.limits.connectTimeout} ms`)),
    );
    this.connect(() => {
      if (slot !== null) this.gone(slot);
    }).then(
      (connection) => {
        if (isOver) return connection.close(true);
        over(null);
        slot = { connection, job: null, used: this.now(), isGone: false };
        this.slots.add(slot);
        this.up();
        this.free(slot);
      },
      (error: unknown) => over(error instanceof StoreError ? error : new StoreError(DOWN, String(error))),
    );
  }

  private up(): void {
    this.attempts = 0;
    if (this.downSince >= 0 && this.wasUp)
      this.log.warn(`${this.name} is back after ${Math.round((this.now() - this.downSince) / 100) / 10} s`);
    this.wasUp = true;
    this.downSince = -1;
    this.tick();
  }

  private failed(error: StoreError): void {
    if (this.isClosed) this.end();
    if (this.isClosed || this.slots.size > 0) return; // the others carry on; the next statement tries again
    this.downWhy = error.message;
    if (this.downSince < 0) {
      this.downSince = this.now();
      this.log.error(`${this.name} cannot be reached: ${error.message}`);
    }
    if (!this.wasUp || !this.limits.reconnect) this.rejectAll(this.downError());
    if (!this.limits.reconnect || this.cancelRetry !== null) return;
    const most = Math.min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** Math.min(this.attempts++, 10));
    this.cancelRetry = this.host.clock.after(most, () => {
      this.cancelRetry = null;
      if (!this.isClosed && this.opening === 0) this.open();
    });
  }

  // A connection has ended by itself.
  private gone(slot: Slot): void {
    if (slot.isGone) return;
    const { job } = slot;
    slot.job = null; // a client that has lost its connection does not always say so to who waits for an answer
    this.drop(slot, true);
    // where one was lost the others may be dead too, and would use up the tries of a statement
    for (const other of this.idle.splice(0)) this.drop(other, true);
    if (job !== null) this.again(job, new StoreError(LOST, `${this.name}: the connection was lost`));
    if (this.isClosed) this.end();
    if (this.isClosed || this.slots.size > 0 || this.opening > 0 || this.downSince >= 0) return;
    if (!this.limits.reconnect) this.failed(new StoreError(LOST, "the connection was lost"));
    else this.open(); // so that it is known whether the server is there
  }

  private drop(slot: Slot, isBroken: boolean): void {
    slot.isGone = true;
    this.slots.delete(slot);
    slot.connection.close(isBroken);
  }

  private downError(): StoreError {
    return new StoreError(DOWN, `${this.name} cannot be reached: ${this.downWhy || "not connected"}`);
  }

  private rejectAll(error: StoreError): void {
    for (const job of this.queue.splice(0)) refuse(job, error);
  }

  // Runs while anything is open or waits.
  private tick(): void {
    this.cancelTick ??= this.host.clock.after(TICK, () => {
      this.cancelTick = null;
      this.look(this.now());
      if (this.queue.length > 0 || this.slots.size > 0) this.tick();
    });
  }

  private look(now: number): void {
    for (const slot of this.slots) {
      const { job } = slot;
      if (job !== null && now >= job.deadline) {
        slot.job = null;
        job.reject(new StoreError(TIMEOUT, `${this.name}: no answer within ${this.limits.timeout} ms`));
        this.gone(slot);
      }
    }
    if (this.queue.some((job) => now >= job.deadline)) {
      const late = this.queue.filter((job) => now >= job.deadline);
      this.queue = this.queue.filter((job) => now < job.deadline);
      const why =
        this.downSince >= 0 ? this.downError() : new StoreError(TIMEOUT, `${this.name}: all connections are busy`);
      for (const job of late) refuse(job, why);
    }
    this.next();
    const { ping } = this.limits;
    const stale = ping > 0 ? this.idle.filter((slot) => now - slot.used >= ping) : [];
    for (const slot of stale) {
      this.idle.splice(this.idle.indexOf(slot), 1);
      // one stays, the others have had nothing to do
      if (this.slots.size > 1) this.drop(slot, false);
      else this.give(slot, this.pingJob(now));
    }
  }

  private pingJob(now: number): Job {
    const nothing = (): void => {};
    const statement = { sql: "SELECT 1", values: [] };
    return { statement, resolve: nothing, reject: nothing, deadline: now + this.limits.timeout, tries: 1000 };
  }
}

// A statement whose connection was lost under it may have been carried out, which DOWN would deny.
function refuse(job: Job, why: StoreError): void {
  job.reject(job.tries > 0 && why.code === DOWN ? new StoreError(LOST, why.message) : why);
}
