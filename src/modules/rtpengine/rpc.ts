// Commands of module rtpengine.

import type { Relay } from "../../net/relays/relays.ts";
import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import type { RtpEngine } from "./index.ts";

/** Between two rtpengine.reload, ms. */
const RELOAD_INTERVAL = 10_000;
const lastReload = new WeakMap<object, number>();

function named(self: RtpEngine, url: string): Relay[] {
  const found = self.engine.pool.relays.named(url.replace(/^::/, "")); // the colons escape IPv6 addresses in kamcmd
  if (found.length === 0) throw new RpcError(404, "Instance not found");
  return found;
}

function shown(self: RtpEngine, relay: Relay): RpcValue {
  return {
    url: relay.url,
    set: relay.set,
    index: relay.index,
    weight: relay.weight,
    disabled: relay.off ? "1(permanent)" : relay.isUsed ? 0 : 1,
    recheck_ticks: relay.off ? "N/A" : self.engine.pool.restOf(relay),
  };
}

const URL = { name: "proxy_url", kind: "str", optional: false } as const;

/** rtpengine.* */
export const commands: Record<string, RpcDef<RtpEngine>> = {
  "rtpengine.reload": {
    doc: "Reads the relays from the database anew.",
    args: [],
    run: async (self) => {
      if (self.table === null) throw new RpcError(500, "No Database URL");
      const now = self.engine.host.host.clock.mono();
      if (now - (lastReload.get(self) ?? Number.NEGATIVE_INFINITY) < RELOAD_INTERVAL)
        throw new RpcError(500, "Ongoing reload");
      lastReload.set(self, now);
      try {
        await self.table.load(self.engine.pool.relays);
      } catch {
        throw new RpcError(500, "Failed reloading db");
      }
      return "Success";
    },
  },
  "rtpengine.enable": {
    doc: "Switches a relay, or all, off (0) or on; what does not answer stays off for a while.",
    args: [URL, { name: "flag", kind: "int", optional: false }],
    run: async (self, args) => {
      const url = String(args[0]);
      const on = Number(args[1]) !== 0;
      const relays = named(self, url);
      if (!on) {
        for (const relay of relays) relay.off = true;
        return { url, status: "disable" };
      }
      for (const relay of relays) relay.off = false;
      const answers = await Promise.all(relays.map((relay) => self.engine.pool.test(relay)));
      return { url, status: answers.every((ok) => ok) ? "enable" : "fail" };
    },
  },
  "rtpengine.show": {
    doc: "The state of a relay, or of all.",
    args: [URL],
    run: (self, args) => named(self, String(args[0])).map((relay) => shown(self, relay)),
  },
  "rtpengine.ping": {
    doc: "Asks a relay, or all, whether it is there.",
    args: [URL],
    run: async (self, args) => {
      const url = String(args[0]);
      const answers = await Promise.all(named(self, url).map((relay) => self.engine.pool.test(relay)));
      return { url, status: answers.every((ok) => ok) ? "success" : "fail" };
    },
  },
  "rtpengine.get_hash_total": {
    doc: "How many calls have a relay that is remembered.",
    args: [],
    run: (self) => self.engine.callCount,
  },
};
