// The commands pkg.* and mod.*: memory, as far as it is known by owner.

import type { Proxy } from "../../proxy/proxy.ts";
import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import { memory } from "../core/index.ts";

interface Running {
  readonly proxy: Proxy;
}
type Command = RpcDef<Running>;

/** Memory as Kamailio's group of shared memory, which here is that of the process. */
export function countMemory(proxy: Proxy): void {
  const put = (name: string, field: string): void =>
    proxy.statistics.put("shmem", name, () => Number(memory({ proxy })[field]), true);
  put("total_size", "total");
  put("free_size", "free");
  put("used_size", "used");
  put("real_used_size", "real_used");
  put("max_used_size", "max_used");
  put("fragments", "fragments");
}

function reading(doc: string, run: (self: Running) => RpcValue): Command {
  // arguments are not looked at, as on Kamailio
  return { doc, args: [], rest: "str", run };
}

function moduleMemory({ proxy }: Running, which: string | undefined): RpcValue {
  if (which === undefined) throw new RpcError(500, 'Module name or "all" needed');
  return [
    `Module: ${which === "all" ? "core" : which}`,
    { Total: which === "all" ? proxy.host.process.memory().heapUsed : 0 },
    "",
  ];
}

const moduleStats: Command = {
  doc: "Memory by module; only that of the whole process is known here, under core.",
  args: [],
  rest: "str",
  run: (self, [which]) => moduleMemory(self, which === undefined ? undefined : String(which)),
};

/** The commands. */
export const commands: Readonly<Record<string, Command>> = {
  "pkg.stats": reading("Memory of the process.", (self) => {
    const { rss, heapUsed } = self.proxy.host.process.memory();
    const { pid } = self.proxy.host.process;
    const used = { used: heapUsed, free: Math.max(0, rss - heapUsed), real_used: rss, total_size: rss };
    return [{ entry: 0, pid, rank: 0, ...used, total_frags: 0, desc: "main process" }];
  }),
  "pkg.info": reading("How memory is managed.", ({ proxy }) => ({
    name: "garbage collected",
    size: proxy.host.process.memory().rss,
  })),
  "mod.stats": moduleStats,
  "mod.mem_stats": moduleStats,
  "mod.mem_statsx": moduleStats,
};
