// What the functions of module registrar share: settings of a generation, the tables, and small facts about a message.

import type { Listener } from "../../net/flow.ts";
import type { RouteContext } from "../../proxy/context.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import type { SipMessage } from "../../sip/message.ts";
import { listHasToken } from "../../sip/misc.ts";
import { findHeaderByName, STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { transportName } from "../../sip/transports.ts";
import { toText } from "../../sip/value.ts";
import { textOf } from "../../util/bytes.ts";
import type { Domain, Usrloc } from "../usrloc/index.ts";
import type { AorForm } from "./aor.ts";
import { setting } from "./attributes.ts";
import type { Given } from "./params.ts";
import { DEFAULT_REGISTRAR, type RegistrarSettings } from "./settings.ts";

/** Counts since the start; they survive reloads. */
export class RegistrarState {
  accepted = 0;
  rejected = 0;
  /** How each listener is written in the socket column with its advertised address. */
  readonly advertised = new Map<Listener, string>();
}

/** One generation of module registrar. */
export class Registrar {
  readonly host: ModuleHost;
  readonly usrloc: Usrloc;
  readonly state: RegistrarState;
  /** What the parameters said; null where nothing says it (tests). */
  readonly given: Given | null;
  private current: RegistrarSettings;
  private form: AorForm;
  private formWithDomain: AorForm;

  constructor(
    host: ModuleHost,
    usrloc: Usrloc,
    state: RegistrarState,
    settings: RegistrarSettings = DEFAULT_REGISTRAR,
    given: Given | null = null,
  ) {
    this.host = host;
    this.usrloc = usrloc;
    this.state = state;
    this.given = given;
    this.current = settings;
    this.form = formOf(settings, false);
    this.formWithDomain = formOf(settings, true);
  }

  get settings(): RegistrarSettings {
    return this.current;
  }

  /** Puts other settings in force. */
  use(settings: RegistrarSettings): void {
    this.current = settings;
    this.form = formOf(settings, false);
    this.formWithDomain = formOf(settings, true);
  }

  /** How addresses of record are written now. */
  get aorForm(): AorForm {
    return this.usrloc.settings.useDomain ? this.formWithDomain : this.form;
  }

  /** The table; null, with a line in the log, when there can be none of that name or its database fails. */
  domain(name: string): Domain | null {
    try {
      const domain = this.usrloc.domain(name);
      if (domain === null) this.host.proxy.limited.error(this.host.log, `"${name}" cannot be a location table`);
      return domain;
    } catch (error) {
      this.host.proxy.limited.error(
        this.host.log,
        `location table ${name}: ${error instanceof Error ? error.message : String(error)}`,
      );
      return null;
    }
  }

  /** The listener a request came by, as the socket column has it ("udp:127.0.0.1:5060"), or what a trusted header says instead. */
  socketOf(ctx: RouteContext): string {
    const { settings } = this;
    const given = setting(settings, ctx, "socket");
    if (typeof given === "string" && given !== "") return given;
    if (settings.sockFlag !== 0 && settings.sockHeader !== "" && (ctx.message.flags & settings.sockFlag) !== 0) {
      const h = findHeaderByName(ctx.message, settings.sockHeader);
      const named = h < 0 ? "" : ctx.message.value(h);
      if (this.host.proxy.transports.listeners.some((l) => l.name === named)) return named;
    }
    return this.socketText(ctx.flow.listener, settings.sockAdvertised);
  }

  /** A listener in text. */
  socketText(listener: Listener, advertised: boolean): string {
    if (!advertised) return listener.name;
    let text = this.state.advertised.get(listener);
    if (text === undefined) {
      text = `${transportName(listener.protocol).toLowerCase()}:${this.host.proxy.identity.hostPort(listener)}`;
      this.state.advertised.set(listener, text);
    }
    return text;
  }

  /** What the AVP of received_avp holds; "" when there is none. */
  receivedOf(ctx: RouteContext): string {
    return avpText(ctx, this.settings.receivedAvp);
  }

  /** The URI that stands for that of the message: of the AVP of aor_avp; null when there is none. */
  aorUriOf(ctx: RouteContext): string | null {
    return avpText(ctx, this.settings.aorAvp) || null;
  }
}

function formOf({ caseSensitive, realmPrefix }: RegistrarSettings, useDomain: boolean): AorForm {
  return { useDomain, caseSensitive, realmPrefix };
}

function avpText(ctx: RouteContext, name: string): string {
  if (name === "" || ctx.avpsOrNull === null) return "";
  return toText(ctx.avpsOrNull.all(name)?.[0] ?? null);
}

/** Whether a header with a list of option tags (in any number of lines) holds that tag, given in lower case. */
export function hasOption(msg: SipMessage, header: number, tag: string): boolean {
  for (let h = msg.find(header); h >= 0; h = msg.find(header, h + 1)) {
    if (listHasToken(msg.buf, msg.index[h * STRIDE + VALUE_START]!, msg.index[h * STRIDE + VALUE_END]!, tag))
      return true;
  }
  return false;
}

/** Values of all headers of a kind, joined by commas; "" without one. */
export function joined(msg: SipMessage, header: number): string {
  let text = "";
  for (let h = msg.find(header); h >= 0; h = msg.find(header, h + 1))
    text += text === "" ? msg.value(h) : `,${msg.value(h)}`;
  return text;
}

/** Whether the message's To has a tag. */
export function hasToTag(msg: SipMessage): boolean {
  const to = msg.to();
  return to !== null && to.tagStart >= 0;
}

/** The URI a function works on without one given: the R-URI of a request, the To URI of a reply. */
export function defaultUri(msg: SipMessage): string {
  if (msg.isRequest) return msg.requestUri();
  const to = msg.to();
  return to === null ? "" : textOf(msg.buf, to.uriStart, to.uriEnd);
}
