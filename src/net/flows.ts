// The table of open stream flows: found by id, by remote address and by aliases; bounded, and swept for idle ones.
import { type Clock, HostError } from "../host/host.ts";
import type { Flow, Listener } from "./flow.ts";

/** A stream flow as the table sees it. */
export interface StreamFlow extends Flow {
  /** Monotonic milliseconds of the last byte either way. */
  readonly lastActive: number;
  /** Since when an unfinished message, or the first one of a peer that connected to us, is waited for; 0 when none is. */
  readonly partialSince: number;
  /** Whether a whole message has come from it, or it was us who opened it. */
  readonly spoke: boolean;
  /** Bytes that the system has not taken yet. */
  readonly queued: number;
  /** Whether it has taken nothing of what is queued for too long; asked now and then. */
  isStuck(now: number): boolean;
  /** Ends it with a reason; `onClose` of its owner is called. */
  fail(error: HostError): void;
}

/** Limits of the table. */
export interface FlowLimits {
  readonly maxFlows: number;
  /** Milliseconds without a byte either way after which a flow is closed. */
  readonly idleTimeout: number;
  /** Milliseconds a peer may take to finish a message it has begun, and for its first one after it has connected. */
  readonly messageTimeout: number;
}

/** 120 s is Kamailio's tcp_connection_lifetime. */
export const DEFAULT_FLOW_LIMITS: FlowLimits = { maxFlows: 16_384, idleTimeout: 120_000, messageTimeout: 30_000 };

const SWEEP_INTERVAL = 5_000;
const MAX_ALIASES = 8;

/** Open stream flows of all protocols. */
export class FlowTable {
  readonly #clock: Clock;
  #limits: FlowLimits;
  readonly #byId = new Map<number, StreamFlow>();
  readonly #byRemote = new Map<string, StreamFlow>();
  readonly #aliases = new Map<StreamFlow, string[]>();
  /** Until when flows stay though nothing moves on them, monotonic milliseconds. */
  readonly #kept = new Map<StreamFlow, number>();
  /** Flows that had said nothing when last looked at, oldest first. */
  readonly #silent = new Set<StreamFlow>();
  #cancelSweep: (() => void) | null = null;
  /** Milliseconds a flow with TLS may say nothing after its handshake, where that is less than for others. */
  tlsSilence: () => number = () => Number.POSITIVE_INFINITY;
  /** Flows refused because the table was full, and flows closed by the sweep. */
  refused = 0;
  /** Flows closed to make room. */
  evicted = 0;
  expired = 0;

  constructor(clock: Clock, limits: FlowLimits = DEFAULT_FLOW_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Puts other limits in force, those that are given. */
  change(limits: Partial<FlowLimits>): void {
    this.#limits = { ...this.#limits, ...limits };
  }

  get size(): number {
    return this.#byId.size;
  }

  /**
   * Whether one more flow may be opened; counts a refusal when not. When the table is full, the oldest of those that have not said a
   * whole message yet makes room: who just holds connections open must not keep telephones out.
   */
  hasRoom(): boolean {
    if (this.#byId.size < this.#limits.maxFlows) return true;
    for (const flow of this.#silent) {
      if (flow.spoke) this.#silent.delete(flow);
      else {
        this.evicted++;
        flow.fail(new HostError("ECONNABORTED", "gave way: too many connections, and nothing said on this one"));
        if (this.#byId.size < this.#limits.maxFlows) return true;
      }
    }
    this.refused++;
    return false;
  }

  /** Takes in a flow that is open or connecting. The newest to an address is the one that is found. */
  add(flow: StreamFlow): void {
    this.#byId.set(flow.id, flow);
    if (!flow.spoke) this.#silent.add(flow);
    const key = keyOf(flow.protocol, flow.remote.address, flow.remote.port);
    this.#byRemote.set(key, flow);
    this.#byRemote.set(fromKey(key, flow.listener), flow);
    this.#planSweep();
  }

  remove(flow: StreamFlow): void {
    if (this.#byId.get(flow.id) !== flow) return; // a WebSocket has the id of the connection below it
    this.#byId.delete(flow.id);
    this.#silent.delete(flow);
    this.#forgetBoth(keyOf(flow.protocol, flow.remote.address, flow.remote.port), flow);
    for (const key of this.#aliases.get(flow) ?? []) this.#forgetBoth(key, flow);
    this.#aliases.delete(flow);
    this.#kept.delete(flow);
    if (this.#byId.size > 0) return;
    this.#cancelSweep?.();
    this.#cancelSweep = null;
  }

  byId(id: number): StreamFlow | null {
    return this.#byId.get(id) ?? null;
  }

  /** The open flow to an address, real or by alias; only one of that listener when it is given. */
  find(protocol: number, address: string, port: number, of: Listener | null = null): StreamFlow | null {
    const key = keyOf(protocol, address, port);
    return this.#byRemote.get(of === null ? key : fromKey(key, of)) ?? null;
  }

  /**
   * Lets the flow also be found under another port of its peer (RFC 5923, and Kamailio's force_tcp_alias).
   * False when the flow has too many, or another open flow has that name: a stranger must not take over calls.
   */
  addAlias(flow: StreamFlow, port: number): boolean {
    const key = keyOf(flow.protocol, flow.remote.address, port);
    const other = this.#byRemote.get(key);
    if (other !== undefined) return other === flow;
    const aliases = this.#aliases.get(flow) ?? [];
    if (!this.#byId.has(flow.id) || aliases.length >= MAX_ALIASES) return false;
    aliases.push(key);
    this.#aliases.set(flow, aliases);
    this.#byRemote.set(key, flow);
    this.#byRemote.set(fromKey(key, flow.listener), flow);
    return true;
  }

  /** Lets a flow stay for so many milliseconds from now though nothing moves on it; 0: no longer than others. */
  keep(flow: StreamFlow, time: number): void {
    if (this.#byId.get(flow.id) !== flow) return;
    if (time > 0) this.#kept.set(flow, this.#clock.mono() + time);
    else this.#kept.delete(flow);
  }

  /** Milliseconds until a flow is closed when nothing moves on it. */
  idleLeft(flow: StreamFlow): number {
    return this.#idleEnd(flow) - this.#clock.mono();
  }

  #idleEnd(flow: StreamFlow): number {
    return Math.max(flow.lastActive + this.#limits.idleTimeout, this.#kept.get(flow) ?? 0);
  }

  /** All flows, oldest first. */
  all(): IterableIterator<StreamFlow> {
    return this.#byId.values();
  }

  /** Closes every flow in order. */
  closeAll(): void {
    for (const flow of [...this.#byId.values()]) flow.close();
  }

  #forgetBoth(key: string, flow: StreamFlow): void {
    this.#forget(key, flow);
    this.#forget(fromKey(key, flow.listener), flow);
  }

  #forget(key: string, flow: StreamFlow): void {
    if (this.#byRemote.get(key) === flow) this.#byRemote.delete(key);
  }

  /** One timer for all flows, there only while there are flows. */
  #planSweep(): void {
    this.#cancelSweep ??= this.#clock.after(SWEEP_INTERVAL, () => {
      this.#cancelSweep = null;
      this.#sweep();
      if (this.#byId.size > 0) this.#planSweep();
    });
  }

  #sweep(): void {
    const now = this.#clock.mono();
    const { messageTimeout } = this.#limits;
    const tlsSilence = this.tlsSilence();
    for (const flow of [...this.#byId.values()]) {
      if (flow.spoke) this.#silent.delete(flow);
      if (flow.isStuck(now)) {
        this.expired++;
        flow.fail(new HostError("ETIMEDOUT", "takes nothing of what is sent to it"));
        continue;
      }
      const isSilent = flow.tls != null && flow.lastActive <= flow.partialSince;
      const patience = isSilent ? Math.min(messageTimeout, tlsSilence) : messageTimeout;
      const late = flow.partialSince > 0 && now - flow.partialSince >= patience;
      if (!late && now < this.#idleEnd(flow)) continue;
      this.expired++;
      if (late) flow.fail(new HostError("ETIMEDOUT", "a message was not finished in time"));
      else flow.close();
    }
  }
}

function fromKey(key: string, listener: Listener): string {
  return `${key} ${listener.name}`;
}

function keyOf(protocol: number, address: string, port: number): string {
  return `${protocol} ${address} ${port}`;
}
