// The client of rtpengine: the relays that serve calls, and which one serves which call.

import { type Answered, type PoolSettings, RelayPool } from "../../net/relays/pool.ts";
import type { Relay } from "../../net/relays/relays.ts";
import type { RouteContext } from "../../proxy/context.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { type Dictionary, decode, encode } from "./bencode.ts";

/** Calls whose relay is remembered. */
const MAX_CALLS = 200_000;
/** The longest name of a call that is kept: strangers choose Call-IDs. */
const MAX_KEY = 1024;

/** Times are milliseconds. */
export interface EngineSettings extends PoolSettings {
  /** Whether calls that there are go on by relays that are switched off (1: also by silent ones). */
  readonly allowOff: number;
  readonly callTime: number;
}

interface Call {
  readonly relay: Relay;
  readonly until: number;
}

/** The call that a request is about. */
export interface CallNames {
  readonly callId: string;
  /** The Call-ID and what tells branches apart: by it the relay of the call is remembered. */
  readonly key: string;
}

/** The relays of the process, and the calls they serve. */
export class Engine {
  readonly host: ModuleHost;
  readonly pool: RelayPool<Dictionary>;
  settings: EngineSettings;
  private readonly calls = new Map<string, Call>();

  constructor(host: ModuleHost, settings: EngineSettings) {
    this.host = host;
    this.settings = settings;
    this.pool = new RelayPool(
      {
        host: host.host,
        wheel: host.wheel,
        addresses: (name) => host.proxy.dns.addresses(name),
        complain: (text) => this.complain(text),
      },
      {
        read: decode,
        passes: (answer) => answer["result"] === "load limit",
        isThere: async (relay) => (await this.pool.ask(relay, PING))?.["result"] === "pong",
      },
      settings,
    );
  }

  get callCount(): number {
    return this.calls.size;
  }

  private now(): number {
    return this.host.host.clock.mono();
  }

  /** Asks the relay of a call, or one of the set where it has none yet. `ends`: the call is over when the relay has answered. */
  async request(
    set: number,
    { callId, key }: CallNames,
    entries: Dictionary,
    ends: boolean,
  ): Promise<Answered<Dictionary> | null> {
    const text = encode(entries);
    const answered = await this.pool.request(set, callId, () => text, this.knownRelay(key));
    if (answered === null) return null;
    if (ends) this.calls.delete(key);
    else this.remember(key, answered.relay);
    return answered;
  }

  private knownRelay(key: string): Relay | null {
    const call = this.calls.get(key);
    if (call === undefined) return null;
    if (call.until < this.now()) {
      this.calls.delete(key);
      return null;
    }
    const { relay } = call;
    if (relay.isUsed) return relay;
    const { allowOff } = this.settings;
    const isManual = relay.off || relay.hidden;
    return allowOff === 1 || (allowOff === 2 && isManual) ? relay : null;
  }

  private remember(key: string, relay: Relay): void {
    if (key.length > MAX_KEY) return; // it will be the same one as long as all are there
    const now = this.now();
    this.calls.delete(key);
    for (const [old, call] of this.calls) {
      if (call.until >= now && this.calls.size < MAX_CALLS) break;
      this.calls.delete(old);
    }
    this.calls.set(key, { relay, until: now + this.settings.callTime });
  }

  /** A line in the log, of which strangers cannot cause too many. */
  complain(text: string): void {
    this.host.proxy.limited.error(this.host.log, text);
  }
}

const PING = encode({ command: "ping" });

/** The set chosen for this run by set_rtpengine_set(), and a second one. */
export interface ChosenSets {
  readonly first: number;
  readonly second: number | null;
}

const SETS = {};

/** Chooses the sets for what follows in this run. */
export function chooseSets(ctx: RouteContext, sets: ChosenSets): void {
  ctx.attach(SETS, sets);
}
/** The sets chosen; null when none were. */
export function chosenSets(ctx: RouteContext): ChosenSets | null {
  return ctx.attachment<ChosenSets>(SETS) ?? null;
}
