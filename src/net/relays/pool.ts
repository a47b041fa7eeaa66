// Asks the media relays of a module: one of a set is chosen by Call-ID and weights, one that is silent rests for a while, and is tested
// before it is used again. What is said to them is the protocol's.

import type { Host, SocketAddress } from "../../host/host.ts";
import type { Maybe } from "../../util/maybe.ts";
import type { TimerWheel } from "../../util/timer-wheel.ts";
import { RelayClient } from "./ask.ts";
import { type Relay, Relays } from "./relays.ts";

/** Times are milliseconds. */
export interface PoolSettings {
  readonly timeout: number;
  readonly retries: number;
  readonly restTime: number;
  /** Whether all relays of a set are tested when all of them rest. */
  readonly redetects: boolean;
  /** The most relays asked for one request; 0 all. */
  readonly most: number;
}

/** What the pool needs of the rest of the program. */
export interface PoolSurroundings {
  readonly host: Host;
  readonly wheel: TimerWheel;
  /** The addresses of a name. */
  addresses(name: string): Maybe<readonly string[]>;
  /** A line for the log, of which strangers must not cause too many. */
  complain(text: string): void;
}

/** A protocol of relays; `A` is an answer as it is read. */
export interface RelayProtocol<A> {
  /** Null for what is no answer. */
  read(text: string): A | null;
  /** Whether the relay wants another one to be asked. */
  passes(answer: A): boolean;
  /** Whether a relay is there, found out by asking it. */
  isThere(relay: Relay): Promise<boolean>;
}

/** An answer and who gave it. */
export interface Answered<A> {
  readonly relay: Relay;
  readonly answer: A;
}

/** The relays of one module. */
export class RelayPool<A> {
  readonly client: RelayClient;
  relays = new Relays();
  settings: PoolSettings;
  private readonly surroundings: PoolSurroundings;
  private readonly protocol: RelayProtocol<A>;
  private readonly tests = new Map<Relay, Promise<boolean>>();

  constructor(surroundings: PoolSurroundings, protocol: RelayProtocol<A>, settings: PoolSettings) {
    this.surroundings = surroundings;
    this.protocol = protocol;
    this.settings = settings;
    this.client = new RelayClient(surroundings.host, surroundings.wheel);
  }

  private now(): number {
    return this.surroundings.host.clock.mono();
  }

  /**
   * Asks a relay of the set, and the next when that one is silent. `write` makes the request for what a relay can do; `known` is asked
   * first. Null when nobody answers.
   */
  async request(
    set: number,
    callId: string,
    write: (relay: Relay) => string,
    known: Relay | null = null,
  ): Promise<Answered<A> | null> {
    const asked: Relay[] = [];
    const limit = this.settings.most > 0 ? this.settings.most : Number.MAX_SAFE_INTEGER;
    let next = known ?? (await this.choose(set, callId, asked));
    while (next !== null && asked.length < limit) {
      const relay = next;
      asked.push(relay);
      const answer = await this.requestOf(relay, write);
      if (answer !== null && !this.protocol.passes(answer)) return { relay, answer };
      next = await this.choose(set, callId, asked);
    }
    this.surroundings.complain(`no relay of set ${set} is there`);
    return null;
  }

  /** As request, of one relay and no other. */
  async requestOf(relay: Relay, write: (relay: Relay) => string): Promise<A | null> {
    const answer = await this.ask(relay, write(relay));
    if (answer === null) this.rest(relay);
    return answer;
  }

  // One that has not answered yet, or whose rest is over, is tested first; when all rest, all are.
  private async choose(set: number, callId: string, asked: readonly Relay[]): Promise<Relay | null> {
    const now = this.now();
    const isFree = (relay: Relay): boolean => !relay.off && !relay.hidden && !asked.includes(relay);
    for (const relay of this.relays.order(set, callId, (r) => isFree(r) && r.restsUntil <= now)) {
      if ((relay.restsUntil === 0 && relay.known) || (await this.test(relay))) return relay;
    }
    if (!this.settings.redetects || asked.length > 0) return null;
    const resting = this.relays.all.filter((r) => r.set === set && isFree(r));
    await Promise.all(resting.map((relay) => this.test(relay)));
    return this.relays.order(set, callId, (r) => isFree(r) && r.restsUntil === 0)[0] ?? null;
  }

  /** Finds out whether a relay is there: it is used, or rests. Whoever asks meanwhile hears the same. */
  test(relay: Relay): Promise<boolean> {
    const running = this.tests.get(relay);
    if (running !== undefined) return running;
    const test = this.protocol.isThere(relay).then((isThere) => {
      this.tests.delete(relay);
      if (isThere) {
        relay.restsUntil = 0;
        relay.known = true;
      } else this.rest(relay);
      return isThere;
    });
    this.tests.set(relay, test);
    return test;
  }

  /** Tests all relays, so that those that are not there are known before the first call. */
  testAll(): void {
    for (const relay of this.relays.all) if (relay.isUsed) void this.test(relay);
  }

  private rest(relay: Relay): void {
    relay.restsUntil = this.now() + Math.max(1, this.settings.restTime);
    this.surroundings.complain(`${relay.url} does not answer`);
  }

  /** Asks one relay, which is not put to rest when it is silent. */
  async ask(relay: Relay, request: string): Promise<A | null> {
    const to = relay.address ?? (await this.locate(relay));
    if (to === null) return null;
    const { timeout, retries } = this.settings;
    const answer = await this.client.ask(to, request, { tries: retries + 1, timeout });
    return answer === null ? null : this.protocol.read(answer);
  }

  // Names are looked up each time, by the resolver's cache: they may come to mean another host.
  private async locate(relay: Relay): Promise<SocketAddress | null> {
    const found = await this.surroundings.addresses(relay.hostname);
    const address = found.find((a) => relay.family === 0 || a.includes(":") === (relay.family === 6));
    if (address === undefined) return null;
    return { family: address.includes(":") ? 6 : 4, address, port: relay.port };
  }

  /** Seconds until a resting relay is tried again; 0 when it does not rest. */
  restOf(relay: Relay): number {
    return relay.restsUntil === 0 ? 0 : Math.max(0, Math.ceil((relay.restsUntil - this.now()) / 1000));
  }
}
