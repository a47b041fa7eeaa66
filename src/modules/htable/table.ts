// One table in memory: items with their times, counting and matching. All tables of the process share one bound on the room they take.

import type { Value } from "../../sip/value.ts";
import type { Definition } from "./definition.ts";

/** An item's value; never null, since null is its absence. */
export type Content = string | number;

export interface Item {
  value: Content;
  /** Second since 1970 when it goes; 0 never. */
  expires: number;
}

/** The room all tables may take, in octets; estimated. */
export class Room {
  limit = 0;
  used = 0;
  /** Called when an item finds no room. */
  readonly full: (table: string) => void;

  constructor(full: (table: string) => void) {
    this.full = full;
  }
}

/** What an item costs beside its texts. */
const OVERHEAD = 100;

function cost(key: string, value: Content): number {
  return OVERHEAD + key.length + (typeof value === "string" ? value.length : 0);
}

/** A table. Times are seconds since 1970, told by `now`. */
export class Table {
  /** Its present definition: a new configuration may change it and keep the items. */
  definition: Definition;
  private readonly items = new Map<string, Item>();
  private readonly room: Room;
  private readonly now: () => number;

  constructor(definition: Definition, room: Room, now: () => number) {
    this.definition = definition;
    this.room = room;
    this.now = now;
  }

  get size(): number {
    return this.items.size;
  }

  /** The item under a key; undefined when it is missing or its time is over. */
  item(key: string): Item | undefined {
    const item = this.items.get(key);
    return item !== undefined && this.isOver(item) ? undefined : item;
  }

  /** What scripts read: the value, the table's initval, or null. */
  read(key: string): Value {
    return this.item(key)?.value ?? this.definition.initval;
  }

  /** Sets an item; false when there is no room for it. Its time begins anew unless the table says otherwise. */
  set(key: string, value: Content): boolean {
    const { autoexpire, updateexpire } = this.definition;
    const item = this.items.get(key);
    const keepsTime = item !== undefined && !updateexpire && !this.isOver(item);
    return this.put(key, value, keepsTime ? item.expires : autoexpire === 0 ? 0 : this.now() + autoexpire);
  }

  /** Sets an item that goes after `seconds`, if items of this table can go at all; 0 and below: it stays. */
  setFor(key: string, value: Content, seconds: number): boolean {
    return this.put(key, value, this.timeAfter(seconds));
  }

  /** Puts an item as it is, with the second when it goes (0 never). */
  put(key: string, value: Content, expires: number): boolean {
    const { room } = this;
    const item = this.items.get(key);
    const more = cost(key, value) - (item === undefined ? 0 : cost(key, item.value));
    if (more > 0 && room.used + more > room.limit) {
      room.full(this.definition.name);
      return false;
    }
    room.used += more;
    if (item === undefined) this.items.set(key, { value, expires });
    else {
      item.value = value;
      item.expires = expires;
    }
    return true;
  }

  /** Takes an item away; whether it was there. */
  delete(key: string): boolean {
    const item = this.items.get(key);
    if (item === undefined) return false;
    this.room.used -= cost(key, item.value);
    this.items.delete(key);
    return true;
  }

  clear(): void {
    for (const [key, item] of this.items) this.room.used -= cost(key, item.value);
    this.items.clear();
  }

  /** Adds to a number and returns the sum; null, and nothing changes, for a text or where nothing is to begin with. */
  add(key: string, n: number): number | null {
    const old = this.read(key);
    if (typeof old !== "number") return null;
    const sum = (old + n) | 0;
    return this.set(key, sum) ? sum : null;
  }

  /** Seconds an item has left; 0 when it never goes or is not there. */
  left(key: string): number {
    const item = this.item(key);
    return item === undefined || item.expires === 0 ? 0 : Math.max(0, item.expires - this.now());
  }

  /** Gives an item another time; 0 and below: it stays. */
  setLeft(key: string, seconds: number): void {
    const item = this.item(key);
    if (item !== undefined) item.expires = this.timeAfter(seconds);
  }

  /** Keys and items in the order they were first set. Items may be set and deleted meanwhile. */
  entries(): IterableIterator<[string, Item]> {
    return this.items.entries();
  }

  /** How many items the test holds for. */
  count(test: (key: string, value: Content) => boolean): number {
    let n = 0;
    for (const [key, { value }] of this.items) if (test(key, value)) n++;
    return n;
  }

  /** Whether the test holds for some item. */
  some(test: (key: string, value: Content) => boolean): boolean {
    for (const [key, { value }] of this.items) if (test(key, value)) return true;
    return false;
  }

  /** Deletes the items the test holds for. */
  deleteWhere(test: (key: string, value: Content) => boolean): void {
    for (const [key, { value }] of this.items) if (test(key, value)) this.delete(key);
  }

  /** Takes away items whose time is over; each is told to `gone` while it still can be seen. */
  expire(gone: ((key: string, value: Content) => void) | null): void {
    for (const [key, item] of this.items) {
      if (!this.isOver(item)) continue;
      gone?.(key, item.value);
      if (this.isOver(item)) this.delete(key);
    }
  }

  /** Whether the time of an item is over. */
  isOver(item: Item): boolean {
    return item.expires !== 0 && this.definition.autoexpire > 0 && item.expires < this.now();
  }

  private timeAfter(seconds: number): number {
    return this.definition.autoexpire === 0 || seconds <= 0 ? 0 : this.now() + seconds;
  }
}
