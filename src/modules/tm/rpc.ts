// Commands of module tm: what the engine counts, and the transactions there are.

import type { RpcValue } from "../../registry/define.ts";
import { methodName } from "../../sip/methods.ts";
import type { Tm } from "../../tm/index.ts";

/** The most transactions a list shows. */
const MAX_LISTED = 1000;

/** Under the names Kamailio's tm.stats has; nothing here is a local transaction yet, and memory is freed at once. */
export function stats(tm: Tm): RpcValue {
  const { table } = tm;
  const c = table.counters;
  return {
    current: table.count,
    waiting: c.waiting,
    total: c.created,
    total_local: 0,
    rpl_received: c.repliesReceived,
    rpl_generated: c.repliesGenerated,
    rpl_sent: c.repliesSent,
    "6xx": c.ended[6]!,
    "5xx": c.ended[5]!,
    "4xx": c.ended[4]!,
    "3xx": c.ended[3]!,
    "2xx": c.ended[2]!,
    created: c.created,
    freed: c.freed,
    delayed_free: 0,
  };
}

/** One entry a transaction, the first thousand. */
export function listTransactions(tm: Tm): RpcValue {
  const out: RpcValue[] = [];
  for (const tx of tm.table.all()) {
    if (out.length >= MAX_LISTED) break;
    out.push({
      tindex: tx.slot,
      tlabel: tx.label,
      method: methodName(tx.method),
      status: tx.status,
      branches: tx.branches.length,
      canceled: tx.canceled ? "yes" : "no",
      wait: tx.waiting ? "yes" : "no",
    });
  }
  return out;
}
