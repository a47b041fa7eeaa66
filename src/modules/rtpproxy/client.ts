// The client of rtpproxy: its relays, and what each of them can do.

import { type Answered, type PoolSettings, RelayPool } from "../../net/relays/pool.ts";
import type { Relay } from "../../net/relays/relays.ts";
import type { ModuleHost } from "../../registry/module-host.ts";

/** The version of the basic protocol that every relay must speak. */
const VERSION = "20040107";
/** What "VF" is asked for: packets of another length, and formats told with the call. */
const REPACKETIZES = "20071116";
const TAKES_FORMATS = "20081102";

/** What a relay can do beyond the basics. */
export interface Abilities {
  readonly repacketizes: boolean;
  readonly formats: boolean;
}

const NONE: Abilities = { repacketizes: false, formats: false };

/** The words of an answer. */
export type Words = readonly string[];

/** The relays of the process. */
export class Client {
  readonly host: ModuleHost;
  readonly pool: RelayPool<Words>;
  private readonly abilities = new WeakMap<Relay, Abilities>();

  constructor(host: ModuleHost, settings: PoolSettings) {
    this.host = host;
    this.pool = new RelayPool(
      {
        host: host.host,
        wheel: host.wheel,
        addresses: (name) => host.proxy.dns.addresses(name),
        complain: (text) => this.complain(text),
      },
      { read: (text) => text.trim().split(/\s+/), passes: () => false, isThere: (relay) => this.examine(relay) },
      settings,
    );
  }

  /** Sends a command, made for what the relay can do, to the relay of a call; when it is silent, to the next. */
  send(set: number, callId: string, command: (abilities: Abilities) => string): Promise<Answered<Words> | null> {
    return this.pool.request(set, callId, (relay) => command(this.abilities.get(relay) ?? NONE));
  }

  /** As send, to one relay and no other. */
  sendTo(relay: Relay, command: (abilities: Abilities) => string): Promise<Words | null> {
    return this.pool.requestOf(relay, (r) => command(this.abilities.get(r) ?? NONE));
  }

  // Whether it speaks the basic protocol, and what it can do beyond that.
  private async examine(relay: Relay): Promise<boolean> {
    const ask = async (command: string): Promise<string | undefined> => (await this.pool.ask(relay, command))?.[0];
    if ((await ask("V")) !== VERSION) return false;
    const [repacketizes, formats] = await Promise.all([ask(`VF ${REPACKETIZES}`), ask(`VF ${TAKES_FORMATS}`)]);
    this.abilities.set(relay, { repacketizes: repacketizes === "1", formats: formats === "1" });
    return true;
  }

  /** A line in the log, of which strangers cannot cause too many. */
  complain(text: string): void {
    this.host.proxy.limited.error(this.host.log, text);
  }
}
