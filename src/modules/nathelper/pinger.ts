// Keeps the ways to phones behind NAT open, by pings spread evenly over natping_interval.

import type { SocketAddress } from "../../host/host.ts";
import type { Listener } from "../../net/flow.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { NameAddrRange, parseNameAddr } from "../../sip/name-addr.ts";
import { Transport } from "../../sip/transports.ts";
import { bytesOf } from "../../util/bytes.ts";
import { ipFamily } from "../../util/ip.ts";
import { findListener, uriOf } from "../core/index.ts";
import { type Contact, type Domain, Rounds, type Usrloc } from "../usrloc/index.ts";

/** What parameters say of pings. */
export interface PingSettings {
  /** Seconds of a round; 0 no pings. */
  readonly interval: number;
  readonly natedOnly: boolean;
  /** Branch flags as bits, 0 none. */
  readonly sipFlag: number;
  readonly disableFlag: number;
  readonly from: string;
  readonly method: string;
  /** Seconds of silence after which a binding goes; 0 never. */
  readonly timeout: number;
  readonly ownServerOnly: boolean;
  /** The socket datagrams leave by, as written; "" the one the binding came by. */
  readonly socket: string;
  /** The address that pings of zeros say they are from; null ours. */
  readonly source: SocketAddress | null;
  /** Whether they are in the name of the proxy next to the phone, where there is one. */
  readonly asEdge: boolean;
}

/** The pings of the process. */
export class Pinger {
  private enabled = true;
  /** Since when pings have been sent without a break: who was silent before was not asked. */
  private since = 0;
  private readonly host: ModuleHost;
  private readonly usrloc: Usrloc;
  private readonly rounds: Rounds;
  private settings: PingSettings | null = null;
  /** The listener that `settings.socket` names: undefined until it is looked for, since listeners open after modules have started. */
  private socket: Listener | null | undefined = null;

  constructor(host: ModuleHost, usrloc: Usrloc) {
    this.host = host;
    this.usrloc = usrloc;
    this.rounds = new Rounds(host, usrloc, (domain, contact) => this.visit(domain, contact));
  }

  /** Puts settings in force. */
  start(settings: PingSettings): void {
    this.settings = settings;
    this.socket = settings.socket === "" ? null : undefined;
    const { foreign } = this.host.proxy.transports;
    if (foreign !== undefined) foreign.wanted ||= settings.asEdge || settings.source !== null;
    this.rounds.stop();
    if (settings.interval > 0) this.rounds.start(settings.interval);
  }

  stop(): void {
    this.rounds.stop();
  }

  /** Switches pings on or off (nathelper.enable_ping). */
  enable(on: boolean): void {
    if (on && !this.enabled) this.since = this.usrloc.now();
    this.enabled = on;
  }

  private visit(domain: Domain, contact: Contact): void {
    const { settings, usrloc } = this;
    const now = usrloc.now();
    if (settings === null || !this.enabled || !contact.isValid(now)) return;
    if (settings.ownServerOnly && contact.serverId !== this.host.proxy.serverId) return;
    if ((contact.cflags & settings.disableFlag) !== 0) return;
    if (settings.natedOnly && (contact.cflags & usrloc.settings.natFlag) === 0) return;
    if (this.socket === undefined) this.socket = this.findSocket(settings.socket);
    const from = this.socket ?? usrloc.pings.listenerOf(contact);
    const bySip =
      settings.sipFlag !== 0 &&
      settings.from !== "" &&
      (!settings.natedOnly || (contact.cflags & settings.sipFlag) !== 0);
    if (!bySip) {
      this.zeros(settings, contact, from);
      return;
    }
    if (contact.silentSince < this.since) contact.silentSince = 0;
    if (settings.timeout > 0 && contact.silentSince > 0 && now - contact.silentSince > settings.timeout) {
      domain.expire(contact);
      return;
    }
    const spec = { method: settings.method, from: settings.from, to: contact.contact };
    const sent = usrloc.pings.request(contact, spec, from, false);
    if (sent && contact.silentSince === 0) contact.silentSince = now;
  }

  private zeros({ asEdge, source }: PingSettings, contact: Contact, from: Listener | null): void {
    const to = contact.received === "" ? contact.contact : contact.received;
    const edge = asEdge ? edgeOf(contact.path) : null;
    const own = source === null ? null : this.ownSocket(source);
    this.usrloc.pings.zeros(to, own ?? from, edge ?? (own === null ? source : null));
  }

  // An address of ours needs no raw socket.
  private ownSocket({ address, port }: SocketAddress): Listener | null {
    const { listeners } = this.host.proxy.transports;
    const isIt = (l: Listener): boolean => l.local.address === address && l.local.port === port;
    return listeners.find((l) => l.protocol === Transport.UDP && isIt(l)) ?? null;
  }

  private findSocket(name: string): Listener | null {
    const found = findListener(this.host, name);
    if (found === null)
      this.host.log.error(`force_socket: "${name}" is no socket of ours; pings leave as bindings came`);
    return found;
  }
}

const hop = new NameAddrRange();

/** The address of the proxy next to the phone: of the last URI of its path; null when there is none, or it is not numeric IPv4. */
function edgeOf(path: string): SocketAddress | null {
  if (path === "") return null;
  const buf = bytesOf(path);
  for (let at = 0; at >= 0; at = hop.next) if (parseNameAddr(buf, at, buf.length, hop) !== 0) return null;
  const uri = uriOf(path.slice(hop.uriStart, hop.uriEnd));
  if (uri === null || ipFamily(uri.host) !== 4) return null;
  return { family: 4, address: uri.host, port: uri.port < 0 ? 5060 : uri.port };
}
