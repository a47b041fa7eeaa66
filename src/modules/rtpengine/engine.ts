// The client of rtpengine: which relay serves a call, what is asked of it, and what becomes of relays that do not answer.

import type { SocketAddress } from "../../host/host.ts";
import { RelayClient } from "../../net/relays/ask.ts";
import { type Relay, Relays } from "../../net/relays/relays.ts";
import type { RouteContext } from "../../proxy/context.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { type Dictionary, decode, encode } from "./bencode.ts";

/** Calls whose relay is remembered. */
const MAX_CALLS = 200_000;

/** Times are milliseconds. */
export interface EngineSettings {
  readonly timeout: number;
  readonly retries: number;
  readonly restTime: number;
  readonly redetects: boolean;
  /** Whether calls that there are go on by relays that are switched off (1: also by silent ones). */
  readonly allowOff: number;
  /** The most relays tried for one request; 0 all. */
  readonly most: number;
  readonly callTime: number;
}

interface Call {
  readonly relay: Relay;
  readonly until: number;
}

/** What came of a request: the answer, and who gave it; null when nobody did. */
export interface Outcome {
  readonly answer: Dictionary;
  readonly relay: Relay;
}

/** The relays of the process, and the calls they serve. */
export class Engine {
  readonly host: ModuleHost;
  readonly client: RelayClient;
  relays = new Relays();
  settings: EngineSettings;
  private readonly calls = new Map<string, Call>();
  /** The one test of all relays that is under way (aggressive_redetection). */
  private testing: Promise<void> | null = null;

  constructor(host: ModuleHost, settings: EngineSettings) {
    this.host = host;
    this.settings = settings;
    this.client = new RelayClient(host.host, host.wheel);
  }

  get callCount(): number {
    return this.calls.size;
  }

  private now(): number {
    return this.host.host.clock.mono();
  }

  /** Asks the relay of a call, or one of the set where it has none yet; those that are silent are left alone, and the next is asked. */
  async request(set: number, key: string, entries: Dictionary, ends: boolean): Promise<Outcome | null> {
    const known = this.knownRelay(key);
    const asked: Relay[] = [];
    const limit = this.settings.most > 0 ? this.settings.most : Number.MAX_SAFE_INTEGER;
    let next: Relay | null = known ?? (await this.choose(set, key, asked));
    while (next !== null && asked.length < limit) {
      const relay = next;
      asked.push(relay);
      const answer = await this.ask(relay, entries);
      if (answer !== null && answer["result"] !== "load limit") {
        if (ends) this.calls.delete(key);
        else this.remember(key, relay);
        return { answer, relay };
      }
      if (answer === null) this.rest(relay);
      next = await this.choose(set, key, asked);
    }
    this.complain(`no relay of set ${set} is there for ${String(entries["command"])}`);
    return null;
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
    const now = this.now();
    this.calls.delete(key);
    for (const [old, call] of this.calls) {
      if (call.until >= now && this.calls.size < MAX_CALLS) break;
      this.calls.delete(old);
    }
    this.calls.set(key, { relay, until: now + this.settings.callTime });
  }

  // A relay whose rest is over is tried by a ping first; when all rest, all are.
  private async choose(set: number, key: string, asked: readonly Relay[]): Promise<Relay | null> {
    const now = this.now();
    const isFree = (relay: Relay): boolean => !relay.off && !relay.hidden && !asked.includes(relay);
    for (const relay of this.relays.order(set, key, (r) => isFree(r) && r.restsUntil <= now)) {
      if (relay.restsUntil === 0 || (await this.test(relay))) return relay;
    }
    if (!this.settings.redetects || asked.length > 0) return null;
    const resting = this.relays.all.filter((r) => r.set === set && isFree(r));
    if (resting.length === 0) return null;
    this.testing ??= Promise.all(resting.map((relay) => this.test(relay))).then(() => {
      this.testing = null;
    });
    await this.testing;
    return this.relays.order(set, key, (r) => isFree(r) && r.restsUntil === 0)[0] ?? null;
  }

  /** Pings a relay: it is used again, or rests again. Whether it answered. */
  async test(relay: Relay): Promise<boolean> {
    const answer = await this.ask(relay, { command: "ping" });
    if (answer?.["result"] === "pong") {
      relay.restsUntil = 0;
      return true;
    }
    this.rest(relay);
    return false;
  }

  private rest(relay: Relay): void {
    relay.restsUntil = this.now() + Math.max(1, this.settings.restTime);
    this.complain(`${relay.url} does not answer`);
  }

  private async ask(relay: Relay, entries: Dictionary): Promise<Dictionary | null> {
    const to = relay.address ?? (await this.locate(relay));
    if (to === null) return null;
    const { timeout, retries } = this.settings;
    const answer = await this.client.ask(to, encode(entries), { tries: retries + 1, timeout });
    return answer === null ? null : decode(answer);
  }

  // Names are looked up each time, by the resolver's cache: they may come to mean another host.
  private async locate(relay: Relay): Promise<SocketAddress | null> {
    const found = await this.host.proxy.dns.addresses(relay.hostname);
    const address = found.find((a) => relay.family === 0 || a.includes(":") === (relay.family === 6));
    if (address === undefined) return null;
    return { family: address.includes(":") ? 6 : 4, address, port: relay.port };
  }

  /** A line in the log, of which strangers cannot cause too many. */
  complain(text: string): void {
    this.host.proxy.limited.error(this.host.log, text);
  }
}

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
