// usrloc's own keepalives (ka_* parameters): requests to all bindings or those behind NAT, over connections too.

import { RouteContext, RouteKind } from "../../proxy/context.ts";
import type { TextReader } from "../../registry/args.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import type { Answered } from "./pings.ts";
import { Rounds } from "./rounds.ts";
import type { Usrloc } from "./usrloc.ts";

/** Bits of ka_mode. */
const Mode = { ALL: 1, NATED: 2, DATAGRAMS: 4 } as const;
/** ka_loglevel that says nothing. */
export const SILENT = 255;

/** The ka_* parameters. */
export interface KeepaliveSettings {
  readonly mode: number;
  /** Seconds of a round. */
  readonly interval: number;
  readonly method: string;
  readonly from: string;
  readonly domain: string;
  /** Whether only bindings of the own server_id are asked. */
  readonly ownServerOnly: boolean;
  /** Seconds of silence after which a binding goes; 0 never. */
  readonly timeout: number;
  readonly logLevel: number;
  /** Codes and classes (1 to 6) of answers that count; empty: all do. */
  readonly replyCodes: readonly number[];
}

/** Asks bindings whether they are still there. */
export class Keepalive {
  private readonly host: ModuleHost;
  private readonly rounds: Rounds;
  private settings: KeepaliveSettings | null = null;
  /** What the line about an answer says behind time and record id; null for no line. */
  logText: TextReader | null = null;

  constructor(host: ModuleHost, usrloc: Usrloc) {
    this.host = host;
    this.rounds = new Rounds(host, usrloc, (domain, contact) => {
      const { settings } = this;
      const now = usrloc.now();
      if (settings === null || !contact.isValid(now)) return;
      const isNated = (contact.cflags & usrloc.settings.natFlag) !== 0;
      if ((settings.mode & Mode.ALL) === 0 && !((settings.mode & Mode.NATED) !== 0 && isNated)) return;
      if (settings.ownServerOnly && contact.serverId !== host.proxy.serverId) return;
      if (settings.timeout > 0 && contact.silentSince > 0 && now - contact.silentSince > settings.timeout) {
        domain.expire(contact);
        return;
      }
      const to = contact.aor.includes("@") ? contact.aor : `${contact.aor}@${settings.domain}`;
      const spec = {
        method: settings.method,
        from: `<${settings.from}>`,
        to: `<sip:${to}>`,
        ...(settings.replyCodes.length === 0 ? {} : { counts: this.counts }),
        ...(settings.logLevel === SILENT || this.logText === null ? {} : { answered: this.tell }),
      };
      const overStreams = (settings.mode & Mode.DATAGRAMS) === 0;
      const sent = usrloc.pings.request(contact, spec, usrloc.pings.listenerOf(contact), overStreams);
      if (sent && contact.silentSince === 0) contact.silentSince = now;
    });
  }

  /** Puts settings in force. */
  start(settings: KeepaliveSettings): void {
    this.settings = settings;
    this.rounds.stop();
    if (settings.mode > 0) this.rounds.start(settings.interval);
  }

  stop(): void {
    this.rounds.stop();
  }

  private readonly counts = (status: number): boolean => {
    const codes = this.settings?.replyCodes ?? [];
    return codes.includes(status) || codes.includes(Math.floor(status / 100));
  };

  private readonly tell: Answered = (contact, reply, flow, took) => {
    const { proxy, log } = this.host;
    if (this.logText === null || proxy.routes === null) return;
    const text = this.logText(new RouteContext(proxy, proxy.routes, reply, flow, RouteKind.REPLY));
    const seconds = (took / 1000).toFixed(6);
    log.write(this.settings?.logLevel ?? SILENT, `keepalive roundtrip: ${seconds} sec - ruid [${contact.ruid}]${text}`);
  };
}
