// Commands that show what strangers have caused: what was dropped and why, and who holds the stream connections. Not Kamailio's.

import type { RpcDef, RpcValue } from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";

/** The most sources that are listed. */
const MAX_LISTED = 1000;

export const dropsCommands: Readonly<Record<string, RpcDef<ModuleHost>>> = {
  "core.drops": {
    doc: "How many messages and connections were dropped, by reason, and how many lines the log left out.",
    args: [],
    run: ({ proxy }) => {
      const out: Record<string, RpcValue> = {};
      for (const [reason, count] of [...proxy.counters.dropsByReason()].sort()) out[reason] = count;
      return { bad_messages: proxy.counters.badMessages, log_lines_left_out: proxy.limited.left, drops: out };
    },
  },
  "core.sources": {
    doc: "Addresses (IPv6: networks) that hold stream connections which they have opened, the one with most of them first.",
    args: [],
    run: ({ proxy }) =>
      [...(proxy.transports.connectionsBySource?.() ?? [])]
        .sort((a, b) => b[1] - a[1])
        .slice(0, MAX_LISTED)
        .map(([source, connections]) => ({ source, connections })),
  },
};
