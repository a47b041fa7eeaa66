// From a URI, Via or address to the flow a message is sent by. Numeric hosts are answered at once; names are looked up by the
// system's resolver for now (A, then AAAA), with a bounded cache.

import type { Host } from "../host/host.ts";
import type { Flow, Listener } from "../net/flow.ts";
import { HostKind, hostKind } from "../sip/host.ts";
import { Transport } from "../sip/transports.ts";
import { parseUri, Scheme, UriRange } from "../sip/uri.ts";
import type { ViaRange } from "../sip/via.ts";
import { putText, textOf } from "../util/bytes.ts";
import type { Transports } from "./transports.ts";

/** Where a URI leads: protocol, numeric address or name still to be looked up, port. */
interface Destination {
  readonly protocol: number;
  readonly host: string;
  readonly port: number;
  readonly isName: boolean;
  /** The datagram flow it led to last, and from which listener: kept, since such flows do not end. */
  flow: Flow | null;
  from: Listener | null;
}

/** Milliseconds an answer of the system's resolver is used; it gives no TTL. */
const NAME_TTL = 60_000;
const MAX_NAMES = 1024;
const MAX_URIS = 4096;
const MAX_PENDING = 64;

/** Finds flows for destinations; one a worker. */
export class Resolver {
  /** Whether the system's routes choose the listener that requests leave by, where the script does not (mhomed). */
  mhomed = false;
  private readonly host: Host;
  private readonly transports: Transports;
  private readonly range = new UriRange();
  private readonly scratch = new Uint8Array(4096);
  // Which URI leads where is a pure function of its text; strangers choose the texts, so the cache is emptied when it is full.
  private readonly parsed = new Map<string, Destination | null>();
  private readonly pending = new Map<string, Promise<readonly string[]>>();
  private readonly names = new Map<string, { readonly addresses: readonly string[]; readonly until: number }>();

  constructor(host: Host, transports: Transports) {
    this.host = host;
    this.transports = transports;
  }

  /**
   * The flow to where a SIP URI leads (RFC 3263 without NAPTR and SRV): transport and maddr parameters, host, port.
   * Null when it leads nowhere we can reach. With `openOnly` no connection is opened; with `forced`
   * a connection must have been made from that listener, when it is one of the same transport (force_send_socket). A promise only when a name must be looked up or
   * a connection is opened; one that was refused is not `open`, and sending by it fails.
   */
  uriFlow(uri: string, from: Listener | null, openOnly = false, forced = false): Flow | null | Promise<Flow | null> {
    const to = this.destinationOf(uri);
    if (to === null) return null;
    if (to.flow !== null && to.from === from && to.flow.open && !this.mhomed) return to.flow;
    if (to.isName) return this.byName(to.protocol, to.host, to.port, from, openOnly, forced);
    const flow = this.reach(to.protocol, to.host, to.port, from, openOnly, forced);
    if (flow === null || flow.reliable) return this.settled(flow);
    to.flow = flow;
    to.from = from;
    return flow;
  }

  private destinationOf(uri: string): Destination | null {
    let to = this.parsed.get(uri);
    if (to === undefined) {
      to = this.parse(uri);
      if (this.parsed.size >= MAX_URIS) this.parsed.clear();
      this.parsed.set(uri, to);
    }
    return to;
  }

  /** The transport that a SIP URI asks for; 0 when it is none we can use. */
  protocolOf(uri: string): number {
    return this.destinationOf(uri)?.protocol ?? 0;
  }

  private reach(
    protocol: number,
    host: string,
    port: number,
    from: Listener | null,
    openOnly: boolean,
    forced: boolean,
  ): Flow | null {
    if (this.mhomed && !forced) return this.reachRouted(protocol, host, port, from, openOnly);
    const only = forced && from?.protocol === protocol ? from : null;
    if (openOnly && protocol !== Transport.UDP) return this.transports.openFlow(protocol, host, port, only);
    return this.transports.flowTo(protocol, host, port, from, only !== null);
  }

  private reachRouted(
    protocol: number,
    host: string,
    port: number,
    from: Listener | null,
    openOnly: boolean,
  ): Flow | null {
    const listener = this.transports.routed(protocol, host, from);
    if (openOnly && protocol !== Transport.UDP) return this.transports.openFlow(protocol, host, port, null);
    return this.transports.flowTo(protocol, host, port, listener);
  }

  // Whoever sends over a new connection is told when it was refused at once, as a send that fails.
  private settled(flow: Flow | null): Flow | null | Promise<Flow | null> {
    return flow === null || flow.settling === null ? flow : flow.settling.then(() => flow);
  }

  private parse(uri: string): Destination | null {
    if (uri.length > this.scratch.length) return null;
    const end = putText(this.scratch, 0, uri);
    const u = this.range;
    if (parseUri(this.scratch, 0, end, u) !== 0) return null;
    if (u.scheme !== Scheme.SIP && u.scheme !== Scheme.SIPS) return null;
    const secure = u.scheme === Scheme.SIPS;
    let protocol: number = u.transport > 0 ? u.transport : secure ? Transport.TLS : Transport.UDP;
    if (u.transport === Transport.OTHER) return null;
    if (secure && protocol === Transport.TCP) protocol = Transport.TLS;
    const [s, e] = u.maddrStart >= 0 ? [u.maddrStart, u.maddrEnd] : [u.hostStart, u.hostEnd];
    const defaultPort = protocol === Transport.TLS ? 5061 : 5060;
    return this.destination(protocol, this.scratch, s, e, u.port > 0 ? u.port : defaultPort);
  }

  private destination(protocol: number, buf: Uint8Array, start: number, end: number, port: number): Destination {
    const kind = hostKind(buf, start, end);
    const bracketed = buf[start] === 91;
    const host = textOf(buf, bracketed ? start + 1 : start, bracketed ? end - 1 : end).toLowerCase();
    return { protocol, host, port, isName: kind === HostKind.NAME, flow: null, from: null };
  }

  /** The flow to a numeric host written at buf[start,end); null when it is a name or unreachable. */
  literal(
    protocol: number,
    buf: Uint8Array,
    start: number,
    end: number,
    port: number,
    from: Listener | null,
  ): Flow | null {
    const to = this.destination(protocol, buf, start, end, port);
    return to.isName ? null : this.transports.flowTo(to.protocol, to.host, to.port, from);
  }

  /**
   * Where a forwarded reply goes: received and rport of its Via, else sent-by (RFC 3261 18.2.2, RFC 3581 4). For streams rport names the
   * connection that the request came by; when that has gone, one is opened to the port of sent-by, unless `openOnly`.
   */
  viaFlow(buf: Uint8Array, via: ViaRange, arrived: Flow, openOnly = false): Flow | null {
    const protocol = via.transport === Transport.OTHER ? arrived.protocol : via.transport;
    const from = arrived.protocol === protocol ? arrived.listener : null;
    const listens = via.port > 0 ? via.port : protocol === Transport.TLS ? 5061 : 5060;
    const port = via.rportValueStart >= 0 ? uintOf(buf, via.rportValueStart, via.rportValueEnd) : listens;
    const [start, end] =
      via.receivedStart >= 0
        ? [via.receivedStart, via.receivedEnd]
        : via.maddrStart >= 0
          ? [via.maddrStart, via.maddrEnd]
          : [via.hostStart, via.hostEnd];
    if (protocol === Transport.UDP) return this.literal(protocol, buf, start, end, port, from);
    const { host, isName } = this.destination(protocol, buf, start, end, port);
    if (isName) return null;
    const open = this.transports.openFlow(protocol, host, port);
    return open !== null || openOnly ? open : this.transports.flowTo(protocol, host, listens, from);
  }

  private byName(
    protocol: number,
    name: string,
    port: number,
    from: Listener | null,
    openOnly: boolean,
    forced: boolean,
  ): Flow | null | Promise<Flow | null> {
    const known = this.names.get(name);
    if (known !== undefined && known.until > this.host.clock.mono())
      return this.firstReachable(protocol, known.addresses, port, from, openOnly, forced);
    return this.lookUp(name).then((addresses) =>
      this.firstReachable(protocol, addresses, port, from, openOnly, forced),
    );
  }

  private firstReachable(
    protocol: number,
    addresses: readonly string[],
    port: number,
    from: Listener | null,
    openOnly: boolean,
    forced: boolean,
  ): Flow | null | Promise<Flow | null> {
    for (const address of addresses) {
      const flow = this.reach(protocol, address, port, from, openOnly, forced);
      if (flow !== null) return this.settled(flow);
    }
    return null;
  }

  // Strangers may name any host: equal questions are asked once, and only so many at a time; what is beyond leads nowhere.
  private lookUp(name: string): Promise<readonly string[]> {
    let asked = this.pending.get(name);
    if (asked === undefined) {
      if (this.pending.size >= MAX_PENDING) return Promise.resolve([]);
      asked = this.ask(name).finally(() => this.pending.delete(name));
      this.pending.set(name, asked);
    }
    return asked;
  }

  private async ask(name: string): Promise<readonly string[]> {
    const { network, clock } = this.host;
    const v4 = await network.lookup(name, 4).catch(() => []);
    const addresses = v4.length > 0 ? v4 : await network.lookup(name, 6).catch(() => []);
    if (this.names.size >= MAX_NAMES) this.names.clear();
    this.names.set(name, { addresses, until: clock.mono() + NAME_TTL });
    return addresses;
  }
}

function uintOf(buf: Uint8Array, start: number, end: number): number {
  let n = 0;
  for (let i = start; i < end; i++) n = n * 10 + (buf[i]! - 48);
  return n;
}
