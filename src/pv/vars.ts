// `$var(name)`: one slot of the context for each name of a generation. Compiled routes read slots directly; a name that is computed
// at run time, or asked for by another language, goes through the accessor and may add a slot.

import type { RouteContext } from "../proxy/context.ts";
import type { Accessor } from "../registry/args.ts";
import type { Value } from "../sip/value.ts";

/** Most names that run time may add: they can depend on what strangers send. */
const MAX_SLOTS = 4096;

/** Names to slots. The last slot is shared by all names beyond the bound. */
export class VarSlots {
  private readonly slots = new Map<string, number>();

  /** The slot of a name, given now when it is new. */
  slot(name: string): number {
    const known = this.slots.get(name);
    if (known !== undefined) return known;
    if (this.slots.size >= MAX_SLOTS) return MAX_SLOTS;
    this.slots.set(name, this.slots.size);
    return this.slots.size - 1;
  }

  names(): Iterable<string> {
    return this.slots.keys();
  }

  get count(): number {
    return this.slots.size;
  }
}

/** Reads and writes one `$vn`: as `$var`, but null until it is set. Its slots are beside those of `$var`. */
export function nullableVarAccessor(slots: VarSlots, name: string): Accessor {
  const { get, set } = varAccessor(slots, `vn:${name}`, null);
  return { get, set: set! };
}

/** Reads and writes one `$var`. Never set, or set to null, it is the number 0 (measured on Kamailio 5.6.3). */
export function varAccessor(slots: VarSlots, name: string, unset: number | null = 0): Accessor {
  const slot = slots.slot(name);
  return {
    get: (ctx) => ctx.vars[slot] ?? unset,
    set: (ctx, value) => writeVar(ctx, slot, value ?? unset),
  };
}

/** Puts a value into a slot, which may be newer than the context. */
export function writeVar(ctx: RouteContext, slot: number, value: Value): void {
  if (ctx.vars.length <= slot) {
    ctx.vars = [...ctx.vars, ...new Array<null>(slot + 1 - ctx.vars.length).fill(null)];
    ctx.message.vars = ctx.vars; // the routes that follow for this message see it
    ctx.message.varsOwner = ctx.routes;
  }
  ctx.vars[slot] = value;
}
