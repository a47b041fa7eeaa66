// The client of rtpproxy: which relay of a set serves a call, what is asked of it, and what becomes of relays that do not answer.

import type { SocketAddress } from "../../host/host.ts";
import { RelayClient } from "../../net/relays/ask.ts";
import { type Relay, Relays } from "../../net/relays/relays.ts";
import type { ModuleHost } from "../../registry/module-host.ts";

/** The version of the basic protocol that every relay must speak. */
const VERSION = "20040107";
/** What "VF" is asked for: packets of another length, and formats told with the call. */
const REPACKETIZES = "20071116";
const TAKES_FORMATS = "20081102";

/** Times are milliseconds. */
export interface ClientSettings {
  readonly timeout: number;
  readonly retries: number;
  readonly restTime: number;
}

/** What a relay can do beyond the basics. */
export interface Abilities {
  readonly repacketizes: boolean;
  readonly formats: boolean;
}

const NONE: Abilities = { repacketizes: false, formats: false };

/** An answer and who gave it. */
export interface Answered {
  readonly relay: Relay;
  readonly words: readonly string[];
}

/** The relays of the process. */
export class Client {
  readonly host: ModuleHost;
  readonly asks: RelayClient;
  relays = new Relays();
  settings: ClientSettings;
  private readonly abilities = new WeakMap<Relay, Abilities>();

  constructor(host: ModuleHost, settings: ClientSettings) {
    this.host = host;
    this.settings = settings;
    this.asks = new RelayClient(host.host, host.wheel);
  }

  private now(): number {
    return this.host.host.clock.mono();
  }

  /** The relay of a call; one whose rest is over is tested first. Null when none of the set is there. */
  async choose(set: number, callId: string, tried: readonly Relay[] = []): Promise<Relay | null> {
    const now = this.now();
    const mayBe = (r: Relay): boolean => !r.off && r.restsUntil <= now && !tried.includes(r);
    for (const relay of this.relays.order(set, callId, mayBe))
      if ((relay.restsUntil === 0 && this.abilities.has(relay)) || (await this.test(relay))) return relay;
    if (tried.length === 0) this.complain(`no relay of set ${set} is there`);
    return null;
  }

  /** Sends a command, made for what the relay can do, to the relay of a call; when it is silent, to the next. */
  async send(set: number, callId: string, command: (abilities: Abilities) => string): Promise<Answered | null> {
    const tried: Relay[] = [];
    for (;;) {
      const relay = await this.choose(set, callId, tried);
      if (relay === null) return null;
      const answer = await this.ask(relay, command(this.abilities.get(relay) ?? NONE));
      if (answer !== null) return { relay, words: answer.trim().split(/\s+/) };
      this.rest(relay);
      tried.push(relay);
    }
  }

  /** As send, to one relay and no other. */
  async sendTo(relay: Relay, command: (abilities: Abilities) => string): Promise<Answered | null> {
    const answer = await this.ask(relay, command(this.abilities.get(relay) ?? NONE));
    if (answer !== null) return { relay, words: answer.trim().split(/\s+/) };
    this.rest(relay);
    return null;
  }

  /** Asks for the version: the relay is used, or rests. Whether it is there. */
  async test(relay: Relay): Promise<boolean> {
    if ((await this.ask(relay, "V"))?.trim() !== VERSION) {
      this.rest(relay);
      return false;
    }
    const [repacketizes, formats] = await Promise.all(
      [REPACKETIZES, TAKES_FORMATS].map(async (v) => (await this.ask(relay, `VF ${v}`))?.trim() === "1"),
    );
    this.abilities.set(relay, { repacketizes: repacketizes === true, formats: formats === true });
    relay.restsUntil = 0;
    return true;
  }

  private rest(relay: Relay): void {
    relay.restsUntil = this.now() + Math.max(1, this.settings.restTime);
    this.complain(`${relay.url} does not answer`);
  }

  private async ask(relay: Relay, command: string): Promise<string | null> {
    const to = relay.address ?? (await this.locate(relay));
    const { timeout, retries } = this.settings;
    return to === null ? null : this.asks.ask(to, command, { tries: retries + 1, timeout });
  }

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
