// Parameters of TCP that commands change while the program runs (cfg.seti tcp NAME VALUE).

import type { Proxy } from "../proxy/proxy.ts";
import type { NetTransports } from "../proxy/transports.ts";
import { findGlobal, type Globals, TCP_GROUP } from "../script/index.ts";
import { transportLimits } from "./apply-globals.ts";

/** Lets them be changed; `globals` holds their values from then on. */
export function allowTcpChanges(proxy: Proxy, transports: NetTransports, globals: Globals): void {
  const { groups } = proxy;
  for (const [name, global, live] of TCP_GROUP) {
    const def = findGlobal(global);
    if (def === null || !live) continue;
    groups.allowChange("tcp", name, (value) => {
      if (typeof value !== "number" || value < Math.max(0, def.min) || value > def.max) return false;
      globals.set(global, value);
      groups.set("core", global, value);
      transports.change(transportLimits(globals));
      proxy.acceptAliases = globals.bool("tcp_accept_aliases");
      return true;
    });
  }
}
