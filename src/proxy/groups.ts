// Parameters by group and name that the script reads (@cfg_get.group.name): those of its own (group.name = value), of the core and of
// modules; and instances of a group (group[3].name = value), one of which may be chosen for the time of a route (cfg_select). Module cfg_rpc
// changes them while the program runs: those of the script, and those whose owner says what a change does.

import type { RouteContext } from "./context.ts";

type Values = Map<string, number | string>;
/** Puts a new value in force; false when it cannot be one. */
export type Apply = (value: number | string) => boolean;

/** The most instances of a group. */
const MAX_INSTANCES = 1024;

/** The parameters of one generation of the configuration. */
export class ParameterGroups {
  private readonly defaults = new Map<string, Values>();
  private readonly instances = new Map<string, Map<number, Values>>();
  /** What parameters mean, and those that can be changed, by "group.name". */
  private readonly docs = new Map<string, string>();
  private readonly changeable = new Map<string, Apply>();
  /** Groups of modules: they have no instances. */
  private readonly single = new Set(["core"]);

  /** Says what a parameter means. */
  describe(group: string, name: string, doc: string): void {
    this.docs.set(`${group}.${name}`, doc);
  }

  /** What a parameter means; null when nothing was said. */
  description(group: string, name: string): string | null {
    return this.docs.get(`${group}.${name}`) || null;
  }

  /** Lets a parameter be changed while the program runs. */
  allowChange(group: string, name: string, apply: Apply): void {
    this.changeable.set(`${group}.${name}`, apply);
  }

  /** Lets a number be changed, at least `min`; `put` puts it in force. One that no module's parameter has begins with `value`. */
  allowNumber(group: string, name: string, min: number, put: (value: number) => void, value?: number): void {
    if (value !== undefined) this.set(group, name, value);
    this.single.add(group);
    this.allowChange(group, name, (changed) => {
      if (typeof changed !== "number" || changed < min) return false;
      put(changed);
      return true;
    });
  }

  /** Changes a common value, or one of an instance that is there. False when it cannot be changed or is of the wrong kind. */
  change(group: string, name: string, value: number | string, id: number | null): boolean {
    const old = this.defaults.get(group)?.get(name);
    const apply = this.changeable.get(`${group}.${name}`);
    if (old === undefined || apply === undefined || typeof old !== typeof value) return false;
    const values = id === null ? this.defaults.get(group)! : this.instances.get(group)?.get(id);
    if (values === undefined || !apply(value)) return false;
    values.set(name, value);
    return true;
  }

  /** Names of all groups; names of a group's parameters. */
  groupNames(): string[] {
    return [...this.defaults.keys()];
  }
  names(group: string): string[] {
    return [...(this.defaults.get(group)?.keys() ?? [])];
  }

  /** A value by its place; null when there is no such parameter or instance. */
  value(group: string, name: string, id: number | null): number | string | null {
    const common = this.defaults.get(group)?.get(name) ?? null;
    if (id === null) return common;
    const instance = this.instances.get(group)?.get(id);
    return instance === undefined ? null : (instance.get(name) ?? common);
  }

  /** Makes an instance; false when it is there, the group is not one of the script, or there are too many. */
  addInstance(group: string, id: number): boolean {
    const first = this.names(group)[0];
    if (first === undefined || !this.changeable.has(`${group}.${first}`) || this.single.has(group)) return false;
    const instances = entry(this.instances, group);
    if (instances.has(id) || instances.size >= MAX_INSTANCES) return false;
    instances.set(id, new Map());
    return true;
  }
  deleteInstance(group: string, id: number): boolean {
    return this.instances.get(group)?.delete(id) ?? false;
  }

  /** Takes an instance's own value away, so that it has the common one; false without such an instance or parameter. */
  deleteValue(group: string, name: string, id: number): boolean {
    const instance = this.instances.get(group)?.get(id);
    if (instance === undefined || !this.has(group, name)) return false;
    instance.delete(name);
    return true;
  }

  /** Gives a parameter its value, in one instance of its group when `id` is a number. */
  set(group: string, name: string, value: number | string, id: number | null = null): void {
    const values = id === null ? entry(this.defaults, group) : entry(entry(this.instances, group), id);
    values.set(name, value);
  }

  /** Takes a parameter out. */
  remove(group: string, name: string): void {
    this.defaults.get(group)?.delete(name);
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
