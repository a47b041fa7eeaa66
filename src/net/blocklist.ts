// The destination blocklist: addresses that could not be reached, each for a time, so that nothing is sent there meanwhile
// (use_dst_blocklist; Kamailio's doc/tutorials/dst_blocklist.txt). Off, it costs whoever asks one boolean test.

import { Transport } from "../sip/transports.ts";
import { Timer, type TimerWheel } from "../util/timer-wheel.ts";
import { type Flow, FlowStage } from "./flow.ts";

/** Why a destination is listed: bits of an entry, and of the masks that say what does not count (module blst, dst_blocklist_udp_imask). */
export const Failure = {
  SEND: 2,
  CONNECT: 4,
  ICMP: 8,
  /** A transaction without any reply. */
  TIMEOUT: 16,
  REPLY_503: 32,
  /** Listed by the script or by a command. */
  ADMIN: 64,
} as const;

/** All reasons; the bit below them marks IPv6 in lists, as Kamailio shows it. */
const REASONS = 0xfe;
const IPV6 = 1;
/** Bytes an entry counts for in dst_blocklist_mem, as Kamailio counts. */
const BYTES4 = 24;
const BYTES6 = 36;

/** Where a message goes, as far as the list is concerned; a Flow is one. */
export type Reached = Pick<Flow, "protocol" | "remote">;

/** A way there that may be new, or have failed a moment ago. */
type Opened = Pick<Flow, "protocol" | "remote" | "reliable" | "open" | "stage">;

/** What can be set, by the global parameters of the same names. */
export interface BlocklistOptions {
  /** Whether it is used (use_dst_blocklist, and not dst_blocklist_init = no). */
  readonly on: boolean;
  /** Seconds a destination stays. */
  readonly expire: number;
  /** The most bytes of entries. */
  readonly maxBytes: number;
  /** Seconds between looks for what has expired; 0: only when it is met. */
  readonly gcInterval: number;
  /** By Transport number: reasons that do not count. */
  readonly ignore: readonly number[];
}

interface Entry {
  readonly protocol: number;
  readonly address: string;
  readonly port: number;
  readonly bytes: number;
  flags: number;
  /** Milliseconds of the clock. */
  until: number;
}

/** An entry as commands show it. */
export interface Listed {
  /** A Transport number; 0 for any. */
  readonly protocol: number;
  readonly address: string;
  readonly port: number;
  /** Whole seconds it still stays. */
  readonly seconds: number;
  readonly flags: number;
}

/** The list of one process. When it is full, what was asked for or listed longest ago makes room. */
export class Blocklist {
  /** Whether destinations are listed and refused. */
  on = false;
  private options: BlocklistOptions = { on: false, expire: 60, maxBytes: 0, gcInterval: 60, ignore: [] };
  private readonly now: () => number;
  private readonly wheel: TimerWheel;
  private readonly collector = new Timer(() => this.collect());
  // In the order of use: the first one is the oldest.
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;
  private anyProtocol = 0;
  /** Connections being opened for messages that have masks of their own. */
  private readonly excused = new WeakMap<object, number>();

  /** @param now milliseconds that never go back */
  constructor(now: () => number, wheel: TimerWheel) {
    this.now = now;
    this.wheel = wheel;
  }

  /** Takes the settings of a configuration; switched off, it forgets all. */
  configure(options: BlocklistOptions): void {
    this.options = options;
    this.on = options.on;
    if (!options.on) this.clear();
    this.makeRoom(0);
  }

  get usedBytes(): number {
    return this.bytes;
  }
  get maxBytes(): number {
    return this.options.maxBytes;
  }

  /** Whether nothing is to be sent there now. */
  isBlocked({ protocol, remote }: Reached): boolean {
    if (!this.on || this.entries.size === 0) return false;
    const { address, port } = remote;
    if (this.lives(protocol, address, port)) return true;
    return this.anyProtocol > 0 && this.lives(0, address, port);
  }

  private lives(protocol: number, address: string, port: number): boolean {
    const key = keyOf(protocol, address, port);
    const entry = this.entries.get(key);
    if (entry === undefined || (entry.flags & REASONS) === 0) return false;
    if (entry.until <= this.now()) {
      this.drop(key, entry);
      return false;
    }
    this.entries.delete(key); // to the end of the order
    this.entries.set(key, entry);
    return true;
  }

  /**
   * A destination could not be reached, for these reasons: it is listed unless the masks of its transport and of the message say
   * that they do not count. `seconds`: how long; the usual time when left out.
   */
  failed({ protocol, remote }: Reached, reasons: number, ignore = 0, seconds = this.options.expire): void {
    if (!this.on) return;
    const counts = reasons & ~(ignore | (this.options.ignore[protocol] ?? 0)) & REASONS;
    if (counts !== 0) this.add(protocol, remote.address, remote.port, counts, seconds);
  }

  /** A connection that was being opened has failed; `ignore` was said by `excuse`. */
  connectFailed(flow: Reached): void {
    if (this.on) this.failed(flow, Failure.CONNECT | Failure.SEND, this.excused.get(flow) ?? 0);
  }

  /** The message that the flow was opened for has a mask: failures in it do not count, also when it has failed a moment ago. */
  excuse(flow: Opened, ignore: number): void {
    if (flow.open) {
      if (flow.reliable && flow.stage === FlowStage.CONNECTING) this.excused.set(flow, ignore);
      return;
    }
    const { address, port } = flow.remote;
    const key = keyOf(flow.protocol, address, port);
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    entry.flags &= ~ignore;
    if ((entry.flags & REASONS) === 0) this.drop(key, entry);
  }

  /** Lists a destination, whatever the masks say; for one that is there already the time begins anew and reasons add up. Protocol 0 stands for all. */
  add(protocol: number, address: string, port: number, flags: number, seconds = this.options.expire): void {
    if (!this.on) return;
    const key = keyOf(protocol, address, port);
    const until = this.now() + seconds * 1000;
    const known = this.entries.get(key);
    if (known !== undefined) {
      known.flags |= flags & REASONS;
      known.until = until;
      this.entries.delete(key);
      this.entries.set(key, known);
      return;
    }
    const v6 = address.includes(":");
    const bytes = v6 ? BYTES6 : BYTES4;
    if (!this.makeRoom(bytes)) return;
    this.entries.set(key, { protocol, address, port, bytes, flags: (flags & REASONS) | (v6 ? IPV6 : 0), until });
    this.bytes += bytes;
    if (protocol === 0) this.anyProtocol++;
    if (!this.collector.armed) this.armCollector();
  }

  /** Takes a destination off the list; false when it is not on it. */
  remove(protocol: number, address: string, port: number): boolean {
    const key = keyOf(protocol, address, port);
    const entry = this.entries.get(key);
    if (entry === undefined) return false;
    this.drop(key, entry);
    return entry.until > this.now();
  }

  /** What is listed now, the oldest first. */
  *list(): Generator<Listed> {
    const now = this.now();
    for (const { protocol, address, port, flags, until } of this.entries.values()) {
      if (until > now) yield { protocol, address, port, flags, seconds: Math.ceil((until - now) / 1000) };
    }
  }

  /** Forgets all. */
  clear(): void {
    this.entries.clear();
    this.bytes = 0;
    this.anyProtocol = 0;
    this.wheel.cancel(this.collector);
  }

  private makeRoom(bytes: number): boolean {
    const { maxBytes } = this.options;
    if (bytes > maxBytes) return false;
    for (const [key, entry] of this.entries) {
      if (this.bytes + bytes <= maxBytes) break;
      this.drop(key, entry);
    }
    return true;
  }

  private drop(key: string, entry: Entry): void {
    this.entries.delete(key);
    this.bytes -= entry.bytes;
    if (entry.protocol === 0) this.anyProtocol--;
  }

  private collect(): void {
    const now = this.now();
    for (const [key, entry] of this.entries) if (entry.until <= now) this.drop(key, entry);
    if (this.entries.size > 0) this.armCollector();
  }

  private armCollector(): void {
    const { gcInterval } = this.options;
    if (gcInterval > 0) this.wheel.arm(this.collector, gcInterval * 1000, this.now());
  }
}

function keyOf(protocol: number, address: string, port: number): string {
  return `${protocol} ${address} ${port}`;
}

/** The masks by Transport number; WebSocket goes by those of what it runs over. */
export function ignoreMasks(udp: number, tcp: number, tls: number, sctp: number): number[] {
  const masks: number[] = [];
  masks[Transport.OTHER] = 0;
  masks[Transport.UDP] = udp;
  masks[Transport.TCP] = tcp;
  masks[Transport.TLS] = tls;
  masks[Transport.SCTP] = sctp;
  masks[Transport.WS] = tcp;
  masks[Transport.WSS] = tls;
  return masks;
}
