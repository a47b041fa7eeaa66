// From a URI, Via or address to the flow a message is sent by. Numeric hosts and names that are known are answered at once.

import type { Blocklist } from "../net/blocklist.ts";
import { type Dns, locate, type Place } from "../net/dns/index.ts";
import type { Flow, Listener } from "../net/flow.ts";
import { HostKind, hostKind } from "../sip/host.ts";
import { isWebSocket, Transport } from "../sip/transports.ts";
import { parseUri, Scheme, UriRange } from "../sip/uri.ts";
import type { ViaRange } from "../sip/via.ts";
import { putText, textOf } from "../util/bytes.ts";
import { canonicalIp } from "../util/ip.ts";
import { type Maybe, whenThere } from "../util/maybe.ts";
import type { Transports } from "./transports.ts";
import { settled, Walk } from "./walk.ts";

/** Where a URI leads: protocol, numeric address or name still to be looked up, port. */
interface Destination {
  readonly protocol: number;
  readonly host: string;
  readonly port: number;
  /** Whether it is looked up. Names of WebSocket clients (RFC 7118) are not: the connections know them. */
  readonly isName: boolean;
  /** What is looked up for a name, with the transport and port that the URI gives. */
  readonly place: Place;
  /** The datagram flow it led to last, and from which listener: kept, since such flows do not end. */
  flow: Flow | null;
  from: Listener | null;
}

const MAX_URIS = 4096;
/** Longer ones are read anew each time. */
const MAX_KEPT_URI = 512;

/** Finds flows for destinations; one a worker. */
export class Resolver {
  /** Whether the system's routes choose the listener that requests leave by, where the script does not (mhomed). */
  mhomed = false;
  /** Whether that is for the first target of a name alone (tm's dns_reuse_rcv_socket). */
  reusesSocket = false;
  private readonly dns: Dns;
  private readonly transports: Transports;
  private readonly range = new UriRange();
  private readonly scratch = new Uint8Array(4096);
  // Which URI leads where is a pure function of its text; strangers choose the texts, so the cache is emptied when it is full.
  private readonly parsed = new Map<string, Destination | null>();

  constructor(dns: Dns, transports: Transports) {
    this.dns = dns;
    this.transports = transports;
  }

  /**
   * The flow to where a SIP URI leads (RFC 3263, the first of its targets): transport and maddr parameters, host, port.
   * Null when it leads nowhere we can reach. With `openOnly` no connection is opened; with `forced`
   * a connection must have been made from that listener, when it is one of the same transport (force_send_socket); `asker` goes to flowTo. A promise only when a name must be looked up or
   * a connection is opened; one that was refused is not `open`, and sending by it fails.
   */
  uriFlow(
    uri: string,
    from: Listener | null,
    openOnly = false,
    forced = false,
    asker: object | null = null,
  ): Flow | null | Promise<Flow | null> {
    const to = this.destinationOf(uri);
    if (to === null) return null;
    if (to.flow !== null && to.from === from && to.flow.open && !this.mhomed) return to.flow;
    if (to.isName) return whenThere(this.walkTo(to, from, openOnly, forced, asker), (walk) => walk.next());
    if (!this.dns.settings.tryIpv6 && to.host.includes(":")) return null; // as on the oracle, numbers too
    const flow = this.reach(to.protocol, to.host, to.port, from, openOnly, forced, asker);
    if (flow === null || flow.reliable) return settled(flow);
    to.flow = flow;
    to.from = from;
    return flow;
  }

  /** All targets of a URI with a name, as uriFlow takes the first; null when the URI has none. */
  walk(
    uri: string,
    from: Listener | null,
    openOnly: boolean,
    forced: boolean,
    asker: object | null = null,
  ): Maybe<Walk> | null {
    const to = this.destinationOf(uri);
    return to?.isName === true ? this.walkTo(to, from, openOnly, forced, asker) : null;
  }

  private walkTo(
    to: Destination,
    from: Listener | null,
    openOnly: boolean,
    forced: boolean,
    asker: object | null = null,
  ): Maybe<Walk> {
    return whenThere(locate(this.dns, to.place), (targets) => {
      let reached = 0;
      return new Walk(targets, ({ protocol, address, port }) => {
        const isRouted = this.mhomed && !forced && (reached === 0 || !this.reusesSocket);
        const flow = this.reach(protocol, address, port, from, openOnly, forced, asker, isRouted);
        if (flow !== null) reached++;
        return flow;
      });
    });
  }

  private destinationOf(uri: string): Destination | null {
    let to = this.parsed.get(uri);
    if (to === undefined) {
      to = this.parse(uri);
      if (uri.length > MAX_KEPT_URI) return to;
      if (this.parsed.size >= MAX_URIS) this.parsed.clear();
      this.parsed.set(uri, to);
    }
    return to;
  }

  /** Whether a URI with a numeric host leads to a destination on that list: then no connection need be opened for it. */
  isListed(uri: string, list: Blocklist): boolean {
    const to = this.destinationOf(uri);
    if (to === null || to.isName) return false;
    const { protocol, port } = to;
    const address = canonicalIp(to.host) ?? to.host;
    return list.isBlocked({ protocol, remote: { family: address.includes(":") ? 6 : 4, address, port } });
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
    asker: object | null,
    isRouted = this.mhomed && !forced,
  ): Flow | null {
    if (isRouted) return this.reachRouted(protocol, host, port, from, openOnly, asker);
    const only = forced && from?.protocol === protocol ? from : null;
    if (openOnly && protocol !== Transport.UDP) return this.transports.openFlow(protocol, host, port, only);
    return this.transports.flowTo(protocol, host, port, from, only !== null, asker);
  }

  private reachRouted(
    protocol: number,
    host: string,
    port: number,
    from: Listener | null,
    openOnly: boolean,
    asker: object | null,
  ): Flow | null {
    const listener = this.transports.routed(protocol, host, from);
    if (openOnly && protocol !== Transport.UDP) return this.transports.openFlow(protocol, host, port, null);
    return this.transports.flowTo(protocol, host, port, listener, false, asker);
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
    if (secure && protocol === Transport.WS) protocol = Transport.WSS;
    const [s, e] = u.maddrStart >= 0 ? [u.maddrStart, u.maddrEnd] : [u.hostStart, u.hostEnd];
    const defaultPort = protocol === Transport.TLS ? 5061 : 5060;
    const given = u.transport > 0 || secure ? protocol : -1;
    return this.destination(protocol, this.scratch, s, e, u.port > 0 ? u.port : defaultPort, given, u.port, secure);
  }

  private destination(
    protocol: number,
    buf: Uint8Array,
    start: number,
    end: number,
    port: number,
    givenProtocol = protocol,
    givenPort = port,
    secure = false,
  ): Destination {
    const kind = hostKind(buf, start, end);
    const bracketed = buf[start] === 91;
    const host = textOf(buf, bracketed ? start + 1 : start, bracketed ? end - 1 : end).toLowerCase();
    const place: Place = { host, port: Math.max(0, givenPort), protocol: givenProtocol, secure };
    const isName = kind === HostKind.NAME && !(isWebSocket(protocol) && host.endsWith(".invalid"));
    return { protocol, host, port, isName, place, flow: null, from: null };
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
   * connection that the request came by; when that has gone, one is opened to the port of sent-by, unless `openOnly`. A name in sent-by
   * is looked up as RFC 3263 5 says.
   */
  viaFlow(buf: Uint8Array, via: ViaRange, arrived: Flow, openOnly = false): Maybe<Flow | null> {
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
    const to = this.destination(protocol, buf, start, end, port, protocol, via.rportValueStart >= 0 ? port : via.port);
    const { host } = to;
    if (to.isName) return whenThere(this.walkTo(to, from, openOnly, false), (walk) => walk.next());
    if (protocol === Transport.UDP) return this.transports.flowTo(protocol, host, port, from);
    const open = this.transports.openFlow(protocol, host, port);
    return open !== null || openOnly ? open : this.transports.flowTo(protocol, host, listens, from);
  }
}

function uintOf(buf: Uint8Array, start: number, end: number): number {
  let n = 0;
  for (let i = start; i < end; i++) n = n * 10 + (buf[i]! - 48);
  return n;
}
