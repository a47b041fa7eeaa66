// Record-Route headers to be: what the script asked for, turned into lines once the way out is known.

import type { RecordRoute, SocketFace } from "../../sip/edits.ts";
import { Transport } from "../../sip/transports.ts";
import { uriTransport } from "../core/index.ts";

/** When two headers are written: never, when the sockets differ, always (parameter enable_double_rr). */
export const Double = { NEVER: 0, AS_NEEDED: 1, ALWAYS: 2 } as const;

/** What all Record-Route headers of one configuration have in common. */
export interface Style {
  /** ";lr" or ";lr=on". */
  readonly lr: string;
  readonly double: number;
}

/** Record-Route with the address of the sockets in use, as record_route() asks for. */
export class SocketRecordRoute implements RecordRoute {
  private readonly style: Style;
  private readonly scheme: string;
  /** "" or "user@". */
  private readonly user: string;
  /** ";ftag=…" and what the script added. */
  private readonly params: string;

  constructor(style: Style, scheme: string, user: string, params: string) {
    this.style = style;
    this.scheme = scheme;
    this.user = user;
    this.params = params;
  }

  with(params: string): SocketRecordRoute {
    return new SocketRecordRoute(this.style, this.scheme, this.user, this.params + params);
  }

  // The header of the way out stands above that of the way in (RFC 5658), so each side meets its own first.
  lines(from: SocketFace, to: SocketFace): string {
    if (!isDouble(this.style, from, to)) return this.line(from, "");
    return this.line(to, ";r2=on") + this.line(from, ";r2=on");
  }

  private line(face: SocketFace, r2: string): string {
    return `Record-Route: <${this.scheme}:${this.user}${hostPort(face)}${transportParam(face)}${r2}${this.style.lr}${this.params}>\r\n`;
  }
}

/** Record-Route with an address the script gives, as record_route_advertised_address() asks for. */
export class AdvertisedRecordRoute implements RecordRoute {
  private readonly style: Style;
  /** "sip:user@address". */
  private readonly uri: string;
  private readonly params: string;

  constructor(style: Style, uri: string, params: string) {
    this.style = style;
    this.uri = uri;
    this.params = params;
  }

  with(params: string): AdvertisedRecordRoute {
    return new AdvertisedRecordRoute(this.style, this.uri, this.params + params);
  }

  lines(from: SocketFace, to: SocketFace): string {
    if (this.style.double === Double.NEVER || from.protocol === to.protocol)
      return this.line(from.protocol === Transport.UDP ? "" : from, "");
    return this.line(to, ";r2=on") + this.line(from, ";r2=on");
  }

  private line(face: SocketFace | "", r2: string): string {
    const transport = face === "" ? "" : `;transport=${uriTransport(face.protocol)}`;
    return `Record-Route: <${this.uri}${transport}${r2}${this.params}${this.style.lr}>\r\n`;
  }
}

/** Record-Route exactly as the script gives it, as record_route_preset() asks for: one or two URIs. */
export class PresetRecordRoute implements RecordRoute {
  private readonly style: Style;
  private readonly uris: readonly string[];
  private readonly params: string;

  constructor(style: Style, uris: readonly string[], params: string) {
    this.style = style;
    this.uris = uris;
    this.params = params;
  }

  with(params: string): PresetRecordRoute {
    return new PresetRecordRoute(this.style, this.uris, this.params + params);
  }

  lines(): string {
    return this.uris.map((uri) => `Record-Route: <${uri}${this.params}${this.style.lr}>\r\n`).join("");
  }
}

/** Any of the three. */
export type Pending = SocketRecordRoute | AdvertisedRecordRoute | PresetRecordRoute;

function isDouble(style: Style, from: SocketFace, to: SocketFace): boolean {
  return style.double === Double.ALWAYS || (style.double === Double.AS_NEEDED && from !== to);
}

function hostPort(face: SocketFace): string {
  const host = face.advertisedHost;
  if (host === null) return `${face.addressText}:${face.portText}`;
  return `${host.includes(":") ? `[${host}]` : host}:${face.advertisedPort ?? face.portText}`;
}

// UDP is what a URI without the parameter means; tls too has a name of its own here, as Kamailio writes it.
function transportParam(face: SocketFace): string {
  return face.protocol === Transport.UDP ? "" : `;transport=${uriTransport(face.protocol)}`;
}
