// What one source may take of the stream connections that a process holds. A whole office may stand behind one address, so the limits
// are wide, and when they are reached it is the connection that has been quiet for longest that gives way, not the newcomer.

import { HostError } from "../host/host.ts";
import { Rates, sourceOf } from "../util/rates.ts";
import type { StreamFlow } from "./flows.ts";

/** Limits for each source: an IPv4 address, or an IPv6 network of 64 bits. */
export interface SourceRules {
  /** Connections it has opened to us and holds; 0: any number. */
  readonly maxConnections: number;
  /** New connections a second in the long run, and at once; 0: any number. */
  readonly connectRate: number;
  readonly connectBurst: number;
}

export const NO_SOURCE_RULES: SourceRules = { maxConnections: 0, connectRate: 0, connectBurst: 0 };

/** Why a connection is refused, as drops are counted. */
export const Refused = {
  RATE: "source-connection-rate",
  SHARE: "source-connections",
  FULL: "connections-full",
} as const;

/** Milliseconds without a byte after which a connection may give way to another one. */
const QUIET = 5_000;
/** Sources whose rate is remembered. */
const MAX_SOURCES = 65_536;

/** The connections of a process by source. */
export class SourceLimits {
  private readonly rules: SourceRules;
  private readonly rates: Rates;
  private readonly sources = new Map<string, Set<StreamFlow>>();
  private readonly of = new Map<StreamFlow, string>();

  constructor(rules: SourceRules = NO_SOURCE_RULES) {
    this.rules = rules;
    this.rates = new Rates(rules.connectRate, rules.connectBurst, MAX_SOURCES);
  }

  /** Whether that address may open one more connection now (monotonic ms); null, or a `Refused`. A quiet one of its own may have to give way. */
  refuses(address: string, now: number): string | null {
    const source = sourceOf(address);
    if (!this.rates.take(source, now)) return Refused.RATE;
    const own = this.sources.get(source);
    const { maxConnections } = this.rules;
    if (maxConnections <= 0 || own === undefined || own.size < maxConnections) return null;
    return this.giveWay(own, now, "too many connections from its address") ? null : Refused.SHARE;
  }

  /** With no room for anybody: has a quiet connection of the source with most of them give way, unless that is the asking one. */
  makeRoom(address: string, now: number): boolean {
    const own = this.sources.get(sourceOf(address))?.size ?? 0;
    let largest: Set<StreamFlow> | null = null;
    for (const flows of this.sources.values()) if (flows.size > (largest?.size ?? own + 1)) largest = flows;
    return largest !== null && this.giveWay(largest, now, "too many connections, most of them from its address");
  }

  /** Takes in a connection that was accepted. */
  add(flow: StreamFlow): void {
    const source = sourceOf(flow.remote.address);
    const own = this.sources.get(source);
    if (own === undefined) this.sources.set(source, new Set([flow]));
    else own.add(flow);
    this.of.set(flow, source);
  }

  /** A connection has gone, whoever opened it. */
  remove(flow: StreamFlow): void {
    const source = this.of.get(flow);
    if (source === undefined) return;
    this.of.delete(flow);
    const own = this.sources.get(source)!;
    own.delete(flow);
    if (own.size === 0) this.sources.delete(source);
  }

  /** How many connections each source holds. */
  *counts(): Generator<readonly [string, number]> {
    for (const [source, flows] of this.sources) yield [source, flows.size];
  }

  // The first that has said nothing, else the one that has been quiet for longest.
  private giveWay(flows: Set<StreamFlow>, now: number, why: string): boolean {
    let victim: StreamFlow | null = null;
    for (const flow of flows) {
      if (!flow.spoke) {
        victim = flow;
        break;
      }
      if (now - flow.lastActive >= QUIET && (victim === null || flow.lastActive < victim.lastActive)) victim = flow;
    }
    if (victim === null) return false;
    this.remove(victim);
    victim.fail(new HostError("ECONNABORTED", `gave way: ${why}`));
    return true;
  }
}
