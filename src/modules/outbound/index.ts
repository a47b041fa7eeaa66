// Module outbound (RFC 5626 5): says which requests ask to be reached over the connection they came by, and names that connection by a token.
// Modules path and rr write the token into Path and Record-Route, and loose_route() follows it.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ConfigError, defineModule, fn, intParam, strParam } from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import { clearNameAddr, NameAddrRange, parseContact, parseNameAddr } from "../../sip/name-addr.ts";
import { nextParam, ParamRange } from "../../sip/params.ts";
import { equalsIgnoreCase } from "../../sip/tokens.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import { core, uriOf, valueEnd, valueStart } from "../core/index.ts";
import { type FlowName, FlowTokens, TAMPERED } from "./token.ts";

export { TAMPERED } from "./token.ts";

const MIN_SECRET = 1;
const address = new NameAddrRange();
const param = new ParamRange();

/** What outbound is to other modules. */
export class Outbound {
  tokens: FlowTokens;
  /** Script flags, as bits; 0 none. */
  forced = 0;
  prevented = 0;
  private readonly host: ModuleHost;

  constructor(host: ModuleHost) {
    this.host = host;
    const key = new Uint8Array(32);
    host.host.random.fill(key);
    this.tokens = new FlowTokens(host.host.hashing, key);
  }

  /** Uses a configured secret, so that tokens stay good over restarts and for other servers. */
  useSecret(secret: string): void {
    this.tokens = new FlowTokens(this.host.host.hashing, bytesOf(secret));
  }

  /** The token for a request that asks for outbound; null when it does not. */
  tokenFor(ctx: RouteContext): string | null {
    return this.wanted(ctx) ? this.tokens.make(ctx.flow) : null;
  }

  /** The flow that the user part of one of our Routes names; null when it is no token. */
  read(user: string): FlowName | typeof TAMPERED | null {
    return this.tokens.read(user);
  }

  // As on the oracle: the script's flags first; then a user agent asks by reg-id in a REGISTER, by ob in its Contact elsewhere, and any hop by ob
  // in our Route.
  private wanted(ctx: RouteContext): boolean {
    const msg = ctx.message;
    if ((msg.flags & this.forced) !== 0) return true;
    if ((msg.flags & this.prevented) !== 0) return false;
    if (msg.method === Method.REGISTER) return isFirstHop(msg) && hasRegId(msg);
    return routeHasOb(msg) || (isFirstHop(msg) && contactHasOb(msg));
  }
}

/** Whether it comes from a user agent: one Via. */
function isFirstHop(msg: SipMessage): boolean {
  return msg.secondVia() === null;
}

/** Whether the last Contact of the first Contact header has reg-id, with any value. */
function hasRegId(msg: SipMessage): boolean {
  if (!lastContact(msg) || address.paramsStart < 0) return false;
  for (let at = address.paramsStart; nextParam(msg.buf, at, address.paramsEnd, param) === 0; at = param.next)
    if (equalsIgnoreCase(msg.buf, param.nameStart, param.nameEnd, "reg-id")) return true;
  return false;
}

function contactHasOb(msg: SipMessage): boolean {
  return lastContact(msg) && address.star === 0 && hasOb(msg, address);
}

function routeHasOb(msg: SipMessage): boolean {
  const h = msg.find(H.ROUTE);
  if (h < 0 || parseNameAddr(msg.buf, valueStart(msg, h), valueEnd(msg, h), address) !== 0) return false;
  return hasOb(msg, address);
}

function hasOb(msg: SipMessage, { uriStart, uriEnd }: NameAddrRange): boolean {
  return uriOf(textOf(msg.buf, uriStart, uriEnd))?.param("ob") !== undefined;
}

/** Reads the last value of the first Contact header into `address`; false when there is none or it is broken. */
function lastContact(msg: SipMessage): boolean {
  const h = msg.find(H.CONTACT);
  if (h < 0) return false;
  const end = valueEnd(msg, h);
  clearNameAddr(address);
  for (let at = valueStart(msg, h); at >= 0; at = address.next)
    if (parseContact(msg.buf, at, end, address) !== 0) return false;
  return true;
}

interface Instance {
  readonly shared: Outbound;
  readonly forced: number;
  readonly prevented: number;
  readonly secret: string;
}

const flag = (doc: string) => intParam(-1, doc, { min: -1, max: 31 });
const bit = (n: number): number => (n < 0 ? 0 : 1 << n);

/** Kamailio's module outbound. */
export const outbound = defineModule({
  name: "outbound",
  doc: "Outbound (RFC 5626): tokens in Path and Record-Route by which requests find the connection of a telephone again.",
  uses: [core],
  params: {
    force_outbound_flag: flag("Flag by which the script asks for outbound for a request; -1 none."),
    force_no_outbound_flag: flag("Flag by which the script prevents it; -1 none."),
    flow_token_secret: strParam(
      "",
      "Secret that tokens are made with: those of UDP then stay good over restarts; without one it is random.",
    ),
  },
  state: (host) => new Outbound(host),
  configure: (shared, p): Instance => {
    if (p.flow_token_secret.length > 1024) throw new ConfigError("more than 1024 characters", "flow_token_secret");
    return {
      shared,
      forced: bit(p.force_outbound_flag),
      prevented: bit(p.force_no_outbound_flag),
      secret: p.flow_token_secret,
    };
  },
  start: ({ shared, forced, prevented, secret }) => {
    shared.forced = forced;
    shared.prevented = prevented;
    if (secret.length >= MIN_SECRET) shared.useSecret(secret);
  },
  functions: {
    check_flow_token: fn({
      routes: RouteKind.REQUEST,
      doc: "1 when the first Route carries a token of ours for the flow that the request came by, 2 for another flow, -1 without one, -2 when it was tampered with.",
      run: ({ shared }: Instance, ctx) => checkToken(shared, ctx),
    }),
  },
});

function checkToken(shared: Outbound, ctx: RouteContext): number {
  const msg = ctx.message;
  const h = msg.find(H.ROUTE);
  if (h < 0 || parseNameAddr(msg.buf, valueStart(msg, h), valueEnd(msg, h), address) !== 0) return -1;
  const name = shared.read(uriOf(textOf(msg.buf, address.uriStart, address.uriEnd))?.user ?? "");
  if (name === null) return -1;
  if (name === TAMPERED) return -2;
  return isFrom(ctx, name) ? 1 : 2;
}

/** Whether a request came by the flow that a token names. */
export function isFrom({ flow }: RouteContext, name: FlowName): boolean {
  const { remote } = flow;
  return flow.protocol === name.protocol && remote.port === name.remotePort && remote.address === name.remoteAddress;
}
