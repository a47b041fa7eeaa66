// Parameters by group and name that the script reads (@cfg_get.group.name): those of its own (group.name = value), of the core and of
// modules; and instances of a group (group[3].name = value), one of which may be chosen for the time of a route (cfg_select).

import type { RouteContext } from "./context.ts";

type Values = Map<string, number | string>;

/** The parameters of one generation of the configuration. */
export class ParameterGroups {
  private readonly defaults = new Map<string, Values>();
  private readonly instances = new Map<string, Map<number, Values>>();

  /** Gives a parameter its value, in one instance of its group when `id` is a number. */
  set(group: string, name: string, value: number | string, id: number | null = null): void {
    const values = id === null ? entry(this.defaults, group) : entry(entry(this.instances, group), id);
    values.set(name, value);
  }

  /** Whether there is such a group, or such a parameter in it. */
  has(group: string, name?: string): boolean {
    const values = this.defaults.get(group);
    return values !== undefined && (name === undefined || values.has(name));
  }

  /** The value as the route sees it: of the chosen instance, else the common one; null when there is none. */
  get(ctx: RouteContext, group: string, name: string): number | string | null {
    const id = ctx.attachment<Map<string, number>>(this)?.get(group);
    const own = id === undefined ? undefined : this.instances.get(group)?.get(id)?.get(name);
    return own ?? this.defaults.get(group)?.get(name) ?? null;
  }

  /** Chooses an instance of a group until cfg_reset or the end of the run; false, and nothing changes, when there is none of that id. */
  select(ctx: RouteContext, group: string, id: number): boolean {
    if (this.instances.get(group)?.has(id) !== true) return false;
    const chosen = ctx.attachment<Map<string, number>>(this) ?? new Map<string, number>();
    chosen.set(group, id);
    ctx.attach(this, chosen);
    return true;
  }

  /** Goes back to the common values of a group; false when there is no such group. */
  reset(ctx: RouteContext, group: string): boolean {
    ctx.attachment<Map<string, number>>(this)?.delete(group);
    return this.has(group);
  }
}

function entry<K, V, W>(map: Map<K, Map<V, W>>, key: K): Map<V, W> {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = new Map()));
  return found;
}
