// The commands of corex: sockets, aliases, log level.

import type { Proxy } from "../../proxy/proxy.ts";
import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import { Level } from "../../util/log.ts";
import { protocolName, runningCommands } from "../core/index.ts";

interface WithProxy {
  readonly proxy: Proxy;
}

function sockets(proxy: Proxy): RpcValue {
  return proxy.transports.listeners.map((l) => ({
    PROTO: protocolName(l.protocol),
    NAME: l.addressText,
    ADDRLIST: { ADDR: l.addressText },
    PORT: l.local.port,
    MCAST: "no",
    MHOMED: "no",
    VIRTUAL: "no",
    SOCKNAME: l.socketName ?? "-",
    ADVERTISE: l.advertisedHost === null ? "-" : `${protocolName(l.protocol)}:${proxy.identity.hostPort(l)}`,
  }));
}

/** What `myself` knows beside the listeners, as fields of Kamailio's. */
function aliases(proxy: Proxy): RpcValue {
  return [...proxy.identity.names()].map(({ host, port }) => ({ PROTO: "*", ADDR: host, PORT: port }));
}

// One heap serves all: what Kamailio has shared and private memory for.
function tellMemory({ proxy }: WithProxy): RpcValue {
  const { rss, heapUsed } = proxy.host.process.memory();
  proxy.log.write(Level.ALERT, `memory: ${rss} bytes resident, ${heapUsed} bytes of objects`);
  return null;
}

/** The commands. */
export const commands: Readonly<Record<string, RpcDef<WithProxy>>> = {
  "corex.debug": {
    doc: "The log level, or sets it: the highest level that is written.",
    args: [{ name: "level", kind: "int", optional: true }],
    run: ({ proxy }, [level]): RpcValue => {
      const { settings } = proxy.log;
      if (typeof level !== "number") return { debug: settings.level };
      const old = settings.level;
      settings.level = level;
      return { old, new: level };
    },
  },
  "corex.shm_status": { doc: "Writes to the log how much memory is in use.", args: [], run: tellMemory },
  "corex.shm_summary": { doc: "Writes to the log how much memory is in use.", args: [], run: tellMemory },
  "corex.pkg_summary": {
    doc: "Writes to the log how much memory is in use; which process is asked does not matter, there is one.",
    args: [
      { name: "selector", kind: "str", optional: true },
      { name: "value", kind: "int", optional: true },
    ],
    run: (self, [selector, value]) => {
      if (selector === undefined || value === undefined) throw new RpcError(400, "Selector and value not provided");
      return tellMemory(self);
    },
  },
  // documented under these names; Kamailio 5.6.3 has them without "corex."
  "corex.shm.info": runningCommands["shm.info"]!,
  "corex.shm.stats": runningCommands["shm.stats"]!,
  "corex.shm.report": runningCommands["shm.report"]!,
  "corex.list_sockets": { doc: "The sockets listened on.", args: [], run: ({ proxy }) => sockets(proxy) },
  "corex.list_aliases": { doc: "The names that are ours.", args: [], run: ({ proxy }) => aliases(proxy) },
};
