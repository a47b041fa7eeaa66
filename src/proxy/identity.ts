// Who we are: Via lines, Record-Route addresses, and what counts as `myself`.

import type { Flow, Listener } from "../net/flow.ts";
import type { SocketFace } from "../sip/edits.ts";
import type { SendOptions } from "../sip/send-options.ts";
import { transportName } from "../sip/transports.ts";
import type { Transports } from "./transports.ts";

/** How a listener shows itself in messages. */
interface Face {
  /** "127.0.0.1:5060" or "[::1]:5060", or what is advertised. */
  readonly hostPort: string;
  /** "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=" */
  readonly via: string;
}

/** The most advertised addresses that are remembered: scripts may compute them. */
const MAX_SHOWN = 1024;

/** The names and addresses of one process. */
export class Identity {
  /** Whether a name (lower case, IPv6 in brackets) is a domain we serve, which counts as `myself` with any port; null without such domains. */
  servedDomain: ((name: string) => boolean) | null = null;
  private readonly transports: Transports;
  private readonly faces = new Map<Listener, Face>();
  /** What scripts have advertised, as "host:port" in lower case. */
  private readonly shownByScript = new Set<string>();
  /** "host:port" and "host" that are ours beside the listeners (alias=…), lower case; port 0 is any. */
  private readonly aliases = new Map<string, Set<number>>();

  /** Domains that are ours with all below them. */
  private readonly domains: { readonly host: string; readonly port: number; readonly protocol: number }[] = [];

  constructor(transports: Transports) {
    this.transports = transports;
  }

  /** Adds a name of ours (`alias`); port 0 stands for any port. */
  addAlias(host: string, port: number): void {
    const key = host.toLowerCase();
    const ports = this.aliases.get(key);
    if (ports === undefined) this.aliases.set(key, new Set([port]));
    else ports.add(port);
  }

  /** Adds a domain of ours with all below it; port and protocol 0 stand for any. */
  addSubdomains(host: string, port: number, protocol: number): void {
    this.domains.push({ host: host.toLowerCase(), port, protocol });
  }

  /** Whether names are ours beside listeners and aliases. */
  get hasSubdomains(): boolean {
    return this.domains.length > 0;
  }

  /** The names added by addAlias; port 0 stands for any. */
  *names(): Iterable<{ readonly host: string; readonly port: number }> {
    for (const [host, ports] of this.aliases) for (const port of ports) yield { host, port };
  }

  /** The listener's host and port as they stand in our Via and Record-Route; IPv6 in brackets. */
  hostPort(listener: Listener): string {
    return this.face(listener).hostPort;
  }

  /** The whole Via line for a request that leaves by that flow, with that branch value. */
  viaLine(to: Flow, branch: string): string {
    return `${this.face(to.listener).via}${branch}\r\n`;
  }

  /** The same where a script has said how the message shows us. */
  viaLineWith(to: Flow, branch: string, o: SendOptions): string {
    const { protocol } = to.listener;
    const rport = o.localRport ? ";rport" : "";
    const face = this.shown(to.listener, o);
    const fields = o.viaFields?.() ?? null;
    const hostPort = hostPortOf(
      fields === null
        ? face
        : {
            ...face,
            advertisedHost: fields.host ?? face.advertisedHost,
            advertisedPort: fields.port ?? face.advertisedPort,
          },
    );
    const more = `${o.viaServerId === 0 ? "" : `;srvid=${o.viaServerId}`}${o.viaParams?.() ?? ""}`;
    if (this.shownByScript.size < MAX_SHOWN) this.shownByScript.add(hostPort.toLowerCase());
    return `Via: SIP/2.0/${transportName(protocol)} ${hostPort};branch=${branch}${rport}${more}\r\n`;
  }

  /** Whether a sent-by (lower case) is one that we have put into a Via of ours: of a listener, or as a script has advertised. */
  isOurSentBy(host: string, port: number): boolean {
    return this.isOwn(host, port, 0) || this.shownByScript.has(`${host}:${port}`);
  }

  /** The socket as a message shows it: what the script advertises for it, else what the configuration does. */
  shown(listener: Listener, o: SendOptions): SocketFace {
    const { protocol, addressText, portText } = listener;
    const advertisedHost =
      o.advertisedHost ?? listener.advertisedHost ?? (o.advertisedPort === null ? null : listener.local.address);
    return {
      protocol,
      addressText,
      portText,
      advertisedHost,
      advertisedPort: o.advertisedPort ?? listener.advertisedPort,
    };
  }

  /**
   * Whether that host and port are ours (`myself`): a listener's address, what it advertises, an alias, or a domain we serve. Port 0 is any;
   * protocol 0 is any. `host` is lower case; IPv6 with or without brackets.
   */
  isMyself(host: string, port: number, protocol = 0): boolean {
    return this.isOwn(host, port, protocol) || this.servedDomain?.(host) === true;
  }

  private isOwn(host: string, port: number, protocol: number): boolean {
    const bare = host.startsWith("[") ? host.slice(1, -1) : host;
    for (const l of this.transports.listeners) {
      if (protocol !== 0 && l.protocol !== protocol) continue;
      if (l.local.address === bare && (port === 0 || port === l.local.port)) return true;
      if (
        l.advertisedHost !== null &&
        l.advertisedHost === bare &&
        (port === 0 || port === (l.advertisedPort ?? l.local.port))
      )
        return true;
    }
    const ports = this.aliases.get(bare);
    if (ports !== undefined && (port === 0 || ports.has(0) || ports.has(port))) return true;
    for (const d of this.domains) {
      if (protocol !== 0 && d.protocol !== 0 && d.protocol !== protocol) continue;
      if (port !== 0 && d.port !== 0 && d.port !== port) continue;
      if (bare === d.host || bare.endsWith(`.${d.host}`)) return true;
    }
    return false;
  }

  private face(listener: Listener): Face {
    let face = this.faces.get(listener);
    if (face === undefined) {
      const host = listener.advertisedHost ?? listener.local.address;
      const port = listener.advertisedPort ?? listener.local.port;
      const hostPort = `${host.includes(":") ? `[${host}]` : host}:${port}`;
      face = { hostPort, via: `Via: SIP/2.0/${transportName(listener.protocol)} ${hostPort};branch=` };
      this.faces.set(listener, face);
    }
    return face;
  }
}

function hostPortOf(face: SocketFace): string {
  const host = face.advertisedHost;
  const shown = host === null ? face.addressText : host.includes(":") ? `[${host}]` : host;
  return `${shown}:${face.advertisedPort ?? face.portText}`;
}
