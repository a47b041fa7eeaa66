// Iterators of scripts. They belong to one run of a route: what a script leaves open ends with it.

import type { RouteContext } from "../../proxy/context.ts";
import type { Item, Table } from "./table.ts";

/** How many a run may have open at the same time. */
const MAX_OPEN = 4;
const KEY = {};

/** A walk through a table. */
export class Walk {
  readonly table: Table;
  /** Where it stands; null before the first step and after the last. */
  key: string | null = null;
  item: Item | null = null;
  private readonly entries: IterableIterator<[string, Item]>;

  constructor(table: Table) {
    this.table = table;
    this.entries = table.entries();
  }

  /** Goes to the next item; false at the end. */
  next(): boolean {
    const step = this.entries.next();
    [this.key, this.item] = step.done === true ? [null, null] : step.value;
    return this.key !== null;
  }
}

/** Opens an iterator, in place of one of that name; false when there are too many. */
export function openWalk(ctx: RouteContext, name: string, table: Table): boolean {
  let open = ctx.attachment<Map<string, Walk>>(KEY);
  if (open === undefined) ctx.attach(KEY, (open = new Map<string, Walk>()));
  if (!open.has(name) && open.size >= MAX_OPEN) return false;
  open.set(name, new Walk(table));
  return true;
}

/** The open iterator of a name; undefined without one. */
export function walkOf(ctx: RouteContext, name: string): Walk | undefined {
  return ctx.attachment<Map<string, Walk>>(KEY)?.get(name);
}

/** Closes an iterator; whether it was open. */
export function closeWalk(ctx: RouteContext, name: string): boolean {
  return ctx.attachment<Map<string, Walk>>(KEY)?.delete(name) ?? false;
}
