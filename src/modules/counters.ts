// Module counters: what the script counts, by group and name; read by $stat and by commands, beside what the core counts.

import { type RouteContext, RouteKind } from "../proxy/context.ts";
import type { Proxy } from "../proxy/proxy.ts";
import type { Statistics } from "../proxy/statistics.ts";
import { ArgError, int, parsed } from "../registry/args.ts";
import {
  ConfigError,
  defineModule,
  type FunctionDef,
  fn,
  manyParam,
  type RpcDef,
  RpcError,
  type RpcValue,
  strParam,
} from "../registry/define.ts";

const NO_HELP = "custom script counter.";
const CORE_HELP = "kamailio statistic (no description)";

/** One counter of the script; its value survives reloads of the configuration. */
interface Counter {
  value: number;
  help: string;
}

type Group = Map<string, Counter>;

/** The counters of the process. */
class Counted {
  readonly groups = new Map<string, Group>();
  private readonly statistics: Statistics;

  constructor(proxy: Proxy) {
    this.statistics = proxy.statistics;
  }

  /** Makes a counter, or gives one that is there another description. */
  declare(group: string, name: string, help: string): void {
    let counters = this.groups.get(group);
    if (counters === undefined) this.groups.set(group, (counters = new Map()));
    const counter = counters.get(name) ?? { value: 0, help };
    counter.help = help;
    counters.set(name, counter);
    this.statistics.put(group, name, () => counter.value);
  }

  /** Names of the groups that there are, those of the core and of other modules too. */
  groupNames(): string[] {
    return this.statistics.groupNames();
  }

  /** Names of a group in alphabetical order; none when it is not there. */
  names(group: string): string[] {
    return this.statistics.group(group).map((s) => s.name);
  }

  value(group: string, name: string): number | null {
    const found = this.statistics.find(group, name);
    return found === undefined ? null : this.statistics.value(found);
  }

  reset(group: string, name: string): void {
    const counter = this.groups.get(group)?.get(name);
    const found = this.statistics.find(group, name);
    if (counter !== undefined) counter.value = 0;
    else if (found !== undefined) this.statistics.reset(found);
  }

  help(group: string, name: string): string {
    return this.groups.get(group)?.get(name)?.help ?? CORE_HELP;
  }
}

interface Instance {
  readonly counted: Counted;
  readonly defaultGroup: string;
}

const DECLARATION = /^\s*(?:([^.\s:]+)\.)?([^\s:]+)(?:[\s:]+(.*?))?\s*$/s;

function place(text: string, defaultGroup: string): { group: string; name: string; help: string } | null {
  const m = DECLARATION.exec(text);
  return m === null ? null : { group: m[1] ?? defaultGroup, name: m[2]!, help: m[3] || NO_HELP };
}

const nameArg = parsed("[group.]name", (text): string | ArgError =>
  /^[^\s:]+$/.test(text) ? text : new ArgError(`"${text}" cannot be the name of a counter`),
);

function counterOf({ counted, defaultGroup }: Instance, text: string): Counter | undefined {
  const at = text.indexOf(".");
  return at < 0
    ? counted.groups.get(defaultGroup)?.get(text)
    : counted.groups.get(text.slice(0, at))?.get(text.slice(at + 1));
}

function change(doc: string, next: (value: number) => number): FunctionDef<Instance> {
  return fn({
    args: [nameArg],
    routes: RouteKind.ANY,
    doc,
    run: (self: Instance, ctx, name) => changed(self, ctx, name, next),
  });
}

function changed(self: Instance, ctx: RouteContext, name: string, next: (value: number) => number): number {
  const counter = counterOf(self, name);
  if (counter === undefined) {
    ctx.proxy.limited.error(ctx.proxy.log, `counter ${name} is not declared by script_counter`);
    return -1;
  }
  counter.value = next(counter.value);
  return 1;
}

// ---- commands ----

type Command = RpcDef<Instance>;
const GROUP = { name: "group", kind: "str", optional: false } as const;
const NAME = { name: "counter", kind: "str", optional: false } as const;

function one(doc: string, run: (counted: Counted, group: string, name: string) => RpcValue): Command {
  return {
    doc,
    args: [GROUP, NAME],
    run: ({ counted }, args) => {
      const [group, name] = [String(args[0]), String(args[1])];
      if (counted.value(group, name) === null) throw new RpcError(400, `non-existent counter ${group}.${name}`);
      return run(counted, group, name);
    },
  };
}

function values(counted: Counted, group: string): RpcValue {
  return Object.fromEntries(counted.names(group).map((name) => [name, counted.value(group, name)]));
}

const get: Command = {
  doc: "The value of a counter; of a group all its counters.",
  args: [GROUP, { ...NAME, optional: true }],
  run: ({ counted }, args) => {
    const group = String(args[0]);
    if (args[1] === undefined) return values(counted, group);
    const value = counted.value(group, String(args[1]));
    if (value === null) throw new RpcError(400, `non-existent counter ${group}.${args[1]}`);
    return value;
  },
};
const groups: Command = {
  doc: "The groups of counters.",
  args: [],
  run: ({ counted }) => counted.groupNames(),
};
const names: Command = {
  doc: "The counters of a group.",
  args: [GROUP],
  run: ({ counted }, args) => counted.names(String(args[0])),
};
const all: Command = {
  doc: "The counters of a group with their values.",
  args: [GROUP],
  run: ({ counted }, args) => values(counted, String(args[0])),
};

/** Kamailio's module counters. */
export const counters = defineModule({
  name: "counters",
  doc: "Counters of the script.",
  params: {
    script_counter: manyParam('A counter: "[group.]name description".'),
    script_cnt_grp_name: strParam("script", "Group of counters that name none."),
  },
  state: (host) => new Counted(host.proxy),
  configure: (counted, p): Instance => {
    for (const text of p.script_counter) {
      const found = place(text, p.script_cnt_grp_name);
      if (found === null)
        throw new ConfigError(`"${text}" is no counter`, "script_counter", 'write it as "group.name description"');
      counted.declare(found.group, found.name, found.help);
    }
    return { counted, defaultGroup: p.script_cnt_grp_name };
  },
  kemi: {
    inc: "cnt_inc",
    add: "cnt_add",
    reset: "cnt_reset",
  },
  functions: {
    cnt_inc: change("Adds 1 to a counter.", (value) => value + 1),
    cnt_reset: change("Sets a counter to 0.", () => 0),
    cnt_add: fn({
      args: [nameArg, int("number")],
      routes: RouteKind.ANY,
      doc: "Adds a number to a counter.",
      run: (self: Instance, ctx, name, n) => changed(self, ctx, name, (value) => value + n),
    }),
  },
  rpc: {
    "cnt.get": get,
    "cnt.get_raw": one("The value of a counter.", (counted, group, name) => counted.value(group, name)),
    "cnt.reset": one("Sets a counter to 0.", (counted, group, name) => {
      counted.reset(group, name);
      return null;
    }),
    "cnt.help": one("What a counter counts.", (counted, group, name) => counted.help(group, name)),
    "cnt.list_groups": groups,
    "cnt.grps_list": groups,
    "cnt.list_vars": names,
    "cnt.var_list": names,
    "cnt.get_vars": all,
    "cnt.grp_get_all": all,
  },
});
