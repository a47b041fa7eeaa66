// Statistics by Kamailio's names, in groups, and the commands that read and reset them.

import type { Proxy } from "../../proxy/proxy.ts";
import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";

/** Which group the statistics of modules are in; those of the core are in "core". */
const GROUPS: readonly (readonly [RegExp, string])[] = [
  [/_regs$|^max_expires$|^max_contacts$|^default_expires?|^expires_range$/, "registrar"],
  [/_dialogs$/, "dialog"],
  [/_(replies|transactions)$/, "tmx"],
];

/** One statistic: read it, and take it from 0 again. */
interface Statistic {
  readonly group: string;
  readonly name: string;
  value(): number;
  reset(): void;
}

/** All statistics of the process. What has been reset counts from then on. */
export class Statistics {
  private readonly proxy: Proxy;
  private readonly zero = new Map<string, number>();

  constructor(proxy: Proxy) {
    this.proxy = proxy;
  }

  /** In the order of groups and names. */
  all(): Statistic[] {
    const { counters, statistics } = this.proxy;
    const out = [
      this.one("core", "bad_msg_hdr", () => counters.badMessages),
      this.one("core", "drop_requests", () => sum(counters.dropsByReason().values())),
      this.one("core", "rcv_replies", () => counters.replies),
      this.one("core", "rcv_requests", () => counters.requests),
    ];
    for (const [name, read] of statistics) out.push(this.one(groupOf(name), name, read));
    return out.sort((a, b) => compare(a.group, b.group) || compare(a.name, b.name));
  }

  private one(group: string, name: string, read: () => number): Statistic {
    return {
      group,
      name,
      value: () => read() - (this.zero.get(name) ?? 0),
      reset: () => void this.zero.set(name, read()),
    };
  }

  /** Those that are asked for: "all", "group:" or a name. */
  chosen(asked: readonly string[]): Statistic[] {
    const all = this.all();
    return asked.flatMap((word) => {
      if (word === "all") return all;
      if (word.endsWith(":")) return all.filter((s) => s.group === word.slice(0, -1));
      return all.filter((s) => s.name === word);
    });
  }
}

function groupOf(name: string): string {
  return GROUPS.find(([names]) => names.test(name))?.[1] ?? "user";
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sum(values: Iterable<number>): number {
  let n = 0;
  for (const value of values) n += value;
  return n;
}

interface WithStatistics {
  readonly statistics: Statistics;
}
type Command = RpcDef<WithStatistics>;

function command(doc: string, run: (chosen: Statistic[]) => RpcValue): Command {
  return {
    doc,
    args: [],
    rest: "str",
    run: ({ statistics }, args) => {
      const asked = args.filter((a) => a !== undefined).map(String);
      if (asked.length === 0) throw new RpcError(400, "Please provide which stats to retrieve");
      return run(statistics.chosen(asked));
    },
  };
}

function line(s: Statistic): string {
  return `${s.group}:${s.name} = ${s.value()}`;
}

function fields(chosen: Statistic[], valueOf: (n: number) => RpcValue): RpcValue {
  return Object.fromEntries(chosen.map((s) => [`${s.group}.${s.name}`, valueOf(s.value())]));
}

/** The commands. */
export const statisticsCommands: Readonly<Record<string, Command>> = {
  "stats.get_statistics": command("Statistics as lines: all, those of a group (group:), or by name.", (chosen) =>
    chosen.length === 0 ? null : chosen.map(line),
  ),
  "stats.fetch": command("Statistics as fields whose values are texts.", (chosen) => fields(chosen, String)),
  "stats.fetchn": command("Statistics as fields whose values are numbers.", (chosen) => fields(chosen, (n) => n)),
  "stats.reset_statistics": command("Lets statistics count from 0.", (chosen) => {
    for (const s of chosen) s.reset();
    return null;
  }),
  "stats.clear_statistics": command("Statistics as lines; they count from 0 then.", (chosen) => {
    const lines = chosen.map(line);
    for (const s of chosen) s.reset();
    return lines.length === 1 ? lines[0]! : lines;
  }),
};
