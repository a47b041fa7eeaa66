// Statistics by Kamailio's names, in groups, and the commands that read and reset them.

import type { Statistic, Statistics } from "../../proxy/statistics.ts";
import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";

/** Those that are asked for: "all", "group:" or a name. */
function chosen(statistics: Statistics, asked: readonly string[]): Statistic[] {
  return asked.flatMap((word) => {
    if (word === "all") return statistics.all();
    if (word.endsWith(":")) return statistics.group(word.slice(0, -1));
    return statistics.all().filter((s) => s.name === word);
  });
}

interface WithStatistics {
  readonly statistics: Statistics;
}
type Command = RpcDef<WithStatistics>;

function command(doc: string, run: (chosen: Statistic[], statistics: Statistics) => RpcValue): Command {
  return {
    doc,
    args: [],
    rest: "str",
    run: ({ statistics }, args) => {
      const asked = args.filter((a) => a !== undefined).map(String);
      if (asked.length === 0) throw new RpcError(400, "Please provide which stats to retrieve");
      return run(chosen(statistics, asked), statistics);
    },
  };
}

function line(s: Statistic, statistics: Statistics): string {
  return `${s.group}:${s.name} = ${statistics.value(s)}`;
}

function fields(list: Statistic[], statistics: Statistics, valueOf: (n: number) => RpcValue): RpcValue {
  return Object.fromEntries(list.map((s) => [`${s.group}.${s.name}`, valueOf(statistics.value(s))]));
}

/** The commands. */
export const statisticsCommands: Readonly<Record<string, Command>> = {
  "stats.get_statistics": command("Statistics as lines: all, those of a group (group:), or by name.", (list, all) =>
    list.length === 0 ? null : list.map((s) => line(s, all)),
  ),
  "stats.fetch": command("Statistics as fields whose values are texts.", (list, all) => fields(list, all, String)),
  "stats.fetchn": command("Statistics as fields whose values are numbers.", (list, all) => fields(list, all, (n) => n)),
  "stats.reset_statistics": command("Lets statistics count from 0.", (list, all) => {
    for (const s of list) all.reset(s);
    return null;
  }),
  "stats.clear_statistics": command("Statistics as lines; they count from 0 then.", (list, all) => {
    const lines = list.map((s) => line(s, all));
    for (const s of list) all.reset(s);
    return lines.length === 1 ? lines[0]! : lines;
  }),
};
