// Module cfg_rpc: parameters read and changed while the program runs, at once or several together. What can be changed: those of the script
// (group.name = value), and of the core those that are in force from the next message on.

import type { ParameterGroups } from "../../proxy/groups.ts";
import type { Proxy } from "../../proxy/proxy.ts";
import { defineModule, type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { shownUrl } from "../../store/connect.ts";
import { core } from "../core/index.ts";

/** The most changes that wait for a commit. */
const MAX_WAITING = 1000;

/** A change that waits: `value` null takes an instance's own value away. */
interface Change {
  readonly group: string;
  readonly id: number | null;
  readonly name: string;
  readonly value: number | string | null;
}

type Place = Pick<Change, "group" | "id">;
type Args = readonly (string | number | undefined)[];

/** What of the core is in force as soon as it is set. */
const LIVE: Readonly<Record<string, (proxy: Proxy, value: number) => void>> = {
  debug: (proxy, value) => void (proxy.log.settings.level = value),
  corelog: (proxy, value) => void (proxy.coreLog = value),
  sip_parser_log: (proxy, value) => void (proxy.coreLog = value),
  latency_cfg_log: (proxy, value) => void (proxy.routeTimeLog = value),
  udp_mtu: (proxy, value) => void (proxy.udpMtu = value),
  sip_warning: (proxy, value) => void (proxy.sipWarning = value !== 0),
  force_rport: (proxy, value) => void (proxy.forceRport = value !== 0),
  local_rport: (proxy, value) => void (proxy.localRport = value !== 0),
};

class CfgRpc {
  readonly proxy: Proxy;
  /** Values as the configuration has them, by "group.name", noted before the first change. */
  private readonly before = new Map<string, number | string>();
  private waiting: Change[] = [];

  constructor(host: ModuleHost) {
    this.proxy = host.proxy;
  }

  get groups(): ParameterGroups {
    return this.proxy.groups;
  }

  /** Lets the parameters of the core be changed. */
  start(): void {
    for (const [name, apply] of Object.entries(LIVE)) {
      this.groups.allowChange("core", name, (value) => {
        if (typeof value !== "number") return false;
        apply(this.proxy, value);
        return true;
      });
    }
  }

  set(change: Change): boolean {
    const { group, name, id, value } = change;
    if (value === null) return id !== null && this.groups.deleteValue(group, name, id);
    const key = `${group}.${name}`;
    const old = this.groups.value(group, name, null);
    if (id === null && old !== null && !this.before.has(key)) this.before.set(key, old);
    return this.groups.change(group, name, value, id);
  }

  prepare(change: Change): boolean {
    const { group, name, id, value } = change;
    const old = this.groups.value(group, name, id);
    if (old === null || this.waiting.length >= MAX_WAITING) return false;
    if (value !== null && typeof value !== typeof old) return false;
    this.waiting.push(change);
    return true;
  }

  /** Makes the prepared changes in order; false when one of them could not be made. */
  commit(): boolean {
    const { waiting } = this;
    this.waiting = [];
    return waiting.map((change) => this.set(change)).every(Boolean);
  }

  rollback(): void {
    this.waiting = [];
  }

  diff(): RpcValue {
    return this.waiting.map(({ group, id, name, value }) => ({
      "group name": group,
      ...(id === null ? {} : { "group id": id }),
      "variable name": name,
      "old value": this.groups.value(group, name, id),
      "new value": value ?? this.groups.value(group, name, null),
    }));
  }

  /** Back to what the configuration says; false when there is no such group. */
  reset(group: string): boolean {
    for (const name of this.groups.names(group)) {
      const value = this.before.get(`${group}.${name}`);
      if (value !== undefined) this.groups.change(group, name, value, null);
    }
    return this.groups.has(group);
  }
}

function placeOf(text: string): Place {
  const m = /^(.*)\[(\d{1,9})\]$/.exec(text);
  return m === null ? { group: text, id: null } : { group: m[1]!, id: Number(m[2]) };
}

function instanceOf(text: string): { readonly group: string; readonly id: number } {
  const { group, id } = placeOf(text);
  if (id === null) throw new RpcError(400, 'Wrong group syntax. Use "group[id]"');
  return { group, id };
}

function must(done: boolean, words: string): RpcValue {
  if (!done) throw new RpcError(400, words);
  return null;
}

// ---- commands ----

type Command = RpcDef<CfgRpc>;
const GROUP = { name: "group", kind: "str", optional: false } as const;
const NAME = { name: "name", kind: "str", optional: false } as const;

/** A text where the parameter is a text, a number where it is one, whatever it is given as; null when that cannot be. */
function fitting(
  groups: ParameterGroups,
  change: Omit<Change, "value">,
  given: number | string,
): number | string | null {
  const isNumber = typeof groups.value(change.group, change.name, change.id) === "number";
  if (!isNumber) return String(given);
  return /^\s*[+-]?\d{1,10}\s*$/.test(String(given)) ? Number(given) : null;
}

function setting(doc: string, kind: "int" | "str", delayed: boolean): Command {
  const words = delayed ? "Failed to set the variable delayed" : "Failed to set the variable";
  return {
    doc,
    args: [GROUP, NAME, { name: "value", kind, optional: false }],
    run: (self, args) => {
      const change = { ...placeOf(String(args[0])), name: String(args[1]) };
      const value = fitting(self.groups, change, args[2]!);
      if (value === null) throw new RpcError(400, words);
      return must(delayed ? self.prepare({ ...change, value }) : self.set({ ...change, value }), words);
    },
  };
}

function deleting(doc: string, delayed: boolean): Command {
  const words = delayed ? "Failed to delete the value delayed" : "Failed to delete the value";
  return {
    doc,
    args: [GROUP, NAME],
    run: (self, args) => {
      const change = { ...instanceOf(String(args[0])), name: String(args[1]), value: null };
      return must(delayed ? self.prepare(change) : self.set(change), words);
    },
  };
}

function get({ groups }: CfgRpc, args: Args): RpcValue {
  const { group, id } = placeOf(String(args[0]));
  if (args[1] === undefined) {
    const names = groups.names(group);
    if (names.length === 0) throw new RpcError(400, "Failed to get the variable");
    return Object.fromEntries(names.map((name) => [name, shown(name, groups.value(group, name, id))]));
  }
  const value = groups.value(group, String(args[1]), id);
  if (value === null) throw new RpcError(400, "Failed to get the variable");
  return shown(String(args[1]), value);
}

// Whoever may ask for parameters need not know passwords.
function shown<T extends RpcValue>(name: string, value: T): T | string {
  if (typeof value !== "string" || value === "") return value;
  if (/secret|password(?!_column)/i.test(name)) return "...";
  return /url$|sqlcon/.test(name) && value.includes("@") ? shownUrl(value) : value;
}

function list({ groups }: CfgRpc, args: Args): RpcValue {
  const chosen = args[0] === undefined ? groups.groupNames() : [String(args[0])];
  return chosen.flatMap((group) => groups.names(group).map((name) => `${group}: ${name}`));
}

function help({ groups }: CfgRpc, args: Args): RpcValue {
  const [group, name] = [placeOf(String(args[0])).group, String(args[1])];
  const value = groups.value(group, name, null);
  if (value === null) throw new RpcError(400, "Failed to get the variable description");
  const kind = typeof value === "number" ? "integer" : "string";
  return [groups.description(group, name) ?? "", `(parameter type is ${kind})`];
}

const seti = setting("Sets a number at once; the group may name an instance, group[5].", "int", false);
const sets = setting("Sets a text at once.", "str", false);

/** Kamailio's module cfg_rpc. */
export const cfgRpc = defineModule({
  name: "cfg_rpc",
  doc: "Parameters read and changed while the program runs.",
  uses: [core],
  state: (host) => new CfgRpc(host),
  configure: (state) => state,
  start: (self) => self.start(),
  rpc: {
    "cfg.list": { doc: "Names of parameters, of all groups or one.", args: [{ ...GROUP, optional: true }], run: list },
    "cfg.get": {
      doc: "The value of a parameter, or all of a group; the group may name an instance, group[5].",
      args: [GROUP, { ...NAME, optional: true }],
      run: get,
    },
    "cfg.seti": seti,
    "cfg.set_now_int": seti,
    "cfg.sets": sets,
    "cfg.set_now_string": sets,
    "cfg.set": setting("Sets a number or a text at once.", "str", false),
    "cfg.del": deleting("Takes the own value of an instance away at once.", false),
    "cfg.set_delayed_int": setting("Prepares a number.", "int", true),
    "cfg.set_delayed_string": setting("Prepares a text.", "str", true),
    "cfg.set_delayed": setting("Prepares a number or a text.", "str", true),
    "cfg.del_delayed": deleting("Prepares to take the own value of an instance away.", true),
    "cfg.commit": {
      doc: "Makes what was prepared.",
      args: [],
      run: (self) => must(self.commit(), "Failed to commit the changes"),
    },
    "cfg.rollback": {
      doc: "Forgets what was prepared.",
      args: [],
      run: (self) => {
        self.rollback();
        return null;
      },
    },
    "cfg.diff": { doc: "What is prepared.", args: [], run: (self) => self.diff() },
    "cfg.help": {
      doc: "What a parameter means, and whether it is a number or a text.",
      args: [GROUP, NAME],
      run: help,
    },
    "cfg.reset": {
      doc: "Sets the parameters of a group as the configuration has them.",
      args: [GROUP],
      run: (self, args) => must(self.reset(String(args[0])), "Failed to reset the group"),
    },
    "cfg.add_group_inst": {
      doc: "Makes an instance of a group, group[5].",
      args: [GROUP],
      run: (self, args) => {
        const { group, id } = instanceOf(String(args[0]));
        return must(self.groups.addInstance(group, id), "Failed to add the group instance");
      },
    },
    "cfg.del_group_inst": {
      doc: "Takes an instance of a group away.",
      args: [GROUP],
      run: (self, args) => {
        const { group, id } = instanceOf(String(args[0]));
        return must(self.groups.deleteInstance(group, id), "Failed to delete the group instance");
      },
    },
  },
});
