// What one source may take of the stream connections that a process holds. A whole office may stand behind one address, so the limits
// are wide, and when they are reached a connection gives way that nobody seems to use: one that has said nothing, or spoke once and fell
// silent. So a telephone gone mad, which opens one connection after the other, takes its own away and not those of its neighbours.

import { HostError } from "../host/host.ts";
import { Rates, sourceOf } from "../util/rates.ts";
import type { StreamFlow } from "./flows.ts";

/** Limits for each source: an IPv4 address, or an IPv6 network of 64 bits. */
export interface SourceRules {
  /** Connections it has opened to us and holds; 0 for no limit. */
  readonly maxConnections: number;
  /** New connections a second in the long run, and at once; 0 for no limit. */
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

/** A connection in use: its last byte came so many milliseconds after it was opened. */
const IN_USE = 10_000;
/** Milliseconds without a byte after which a connection may give way: one in use, and any other. */
const QUIET_IN_USE = 5_000;
const QUIET = 1_000;
/** Sources whose rate is remembered. */
const MAX_SOURCES = 65_536;

/** What is known of a connection. */
interface Held {
  readonly source: string;
  /** Monotonic milliseconds when it was opened. */
  readonly since: number;
}

/** The connections of a process by source. */
export class SourceLimits {
  private readonly rules: SourceRules;
  private readonly rates: Rates;
  private readonly sources = new Map<string, Set<StreamFlow>>();
  private readonly of = new Map<StreamFlow, Held>();

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
    this.of.set(flow, { source, since: flow.lastActive });
  }

  /** A connection has gone, whoever opened it. */
  remove(flow: StreamFlow): void {
    const held = this.of.get(flow);
    if (held === undefined) return;
    this.of.delete(flow);
    const own = this.sources.get(held.source)!;
    own.delete(flow);
    if (own.size === 0) this.sources.delete(held.source);
  }

  /** How many connections each source holds. */
  *counts(): Generator<readonly [string, number]> {
    for (const [source, flows] of this.sources) yield [source, flows.size];
  }

  private giveWay(flows: Set<StreamFlow>, now: number, why: string): boolean {
    const victim = this.leastUsed(flows, now);
    if (victim === null) return false;
    this.remove(victim);
    victim.fail(new HostError("ECONNABORTED", `gave way: ${why}`));
    return true;
  }

  // The first that has said nothing, else the quietest of those not in use, else the quietest of all; null when none of them is quiet.
  private leastUsed(flows: Set<StreamFlow>, now: number): StreamFlow | null {
    let idle: StreamFlow | null = null;
    let used: StreamFlow | null = null;
    let others = false;
    for (const flow of flows) {
      if (!flow.spoke) return flow;
      const quiet = now - flow.lastActive;
      if (flow.lastActive - this.of.get(flow)!.since >= IN_USE) {
        if (quiet >= QUIET_IN_USE && (used === null || flow.lastActive < used.lastActive)) used = flow;
      } else {
        others = true;
        if (quiet >= QUIET && (idle === null || flow.lastActive < idle.lastActive)) idle = flow;
      }
    }
    return others ? idle : used;
  }
}
