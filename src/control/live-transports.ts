// Parameters of TCP and of raw sockets that commands change while the program runs (cfg.seti tcp NAME VALUE, cfg.seti core udp4_raw 1).

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

/** Lets raw sockets be used, or left, while the program runs: where it may have them. */
export function allowRawChanges(proxy: Proxy, transports: NetTransports, globals: Globals): void {
  const limits = { udp4_raw: [-1, 1], udp4_raw_mtu: [28, 65_535], udp4_raw_ttl: [-1, 255] } as const;
  for (const [name, [least, most]] of Object.entries(limits))
    proxy.groups.allowChange("core", name, (value) => {
      if (typeof value !== "number" || value < least || value > most) return false;
      const before = globals.int(name);
      globals.set(name, value);
      if (transports.sendRaw(transportLimits(globals).udp?.raw ?? null)) return true;
      if (globals.int("udp4_raw") < 0) return true; // where it may be
      globals.set(name, before);
      return false;
    });
}
