// Routing by Route headers (RFC 3261 16.4, 16.6 point 6, 16.12): ours are taken away, the next one tells where to send.

import type { RouteContext } from "../../proxy/context.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { NameAddrRange, parseNameAddr } from "../../sip/name-addr.ts";
import { LINE_END, NAME_START, STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { SendOptions } from "../../sip/send-options.ts";
import { carrierOf } from "../../sip/transports.ts";
import type { UriText } from "../../sip/uri-text.ts";
import { textOf } from "../../util/bytes.ts";
import { bracketed, currentUri, findListener, isSip, portOf, socketText, uriOf, uriTransport } from "../core/index.ts";
import { isFrom, type Outbound, TAMPERED } from "../outbound/index.ts";

/** What loose_route() gives the script (README). */
export const Result = { ROUTED: 1, BY_TOKEN: 2, FAILED: -1, TAMPERED: -2, PRELOADED: -3 } as const;

/** What the module remembers of a request whose Route was processed. */
export class RouteState {
  /** Parameters of our own Route URI, with their leading ";"; null until loose_route() found one. */
  params: string | null = null;
  /** Whether a Route was left for the next hop. */
  hasNextHop = false;
  /** Parameters given by add_rr_param() before there was a Record-Route. */
  pendingParams = "";
}

/** One Route value: its header in the index, where it stands in it, and its URI. */
interface RouteValue {
  readonly header: number;
  readonly start: number;
  /** Where the next value of the same header starts; -1 when it is the last one. */
  readonly next: number;
  readonly isFirstOfHeader: boolean;
  readonly uri: UriText;
}

const range = new NameAddrRange();
/** More Route values than any real path has; a longer list is refused. */
const MAX_ROUTES = 64;

/** All Route values in order; null when one is malformed or there are too many. */
function routesOf(msg: SipMessage): RouteValue[] | null {
  const out: RouteValue[] = [];
  for (let h = msg.find(H.ROUTE); h >= 0; h = msg.find(H.ROUTE, h + 1)) {
    let at = msg.index[h * STRIDE + VALUE_START]!;
    const end = msg.index[h * STRIDE + VALUE_END]!;
    for (let first = true; at >= 0; first = false) {
      if (out.length >= MAX_ROUTES || parseNameAddr(msg.buf, at, end, range) !== 0) return null;
      const uri = uriOf(textOf(msg.buf, range.uriStart, range.uriEnd));
      if (uri === null) return null;
      out.push({ header: h, start: range.start, next: range.next, isFirstOfHeader: first, uri });
      at = range.next;
    }
  }
  return out;
}

/** The URI of the first Route; null without one or when it is malformed. */
export function firstRouteUri(msg: SipMessage): string | null {
  const h = msg.find(H.ROUTE);
  if (h < 0) return null;
  const { buf, index } = msg;
  if (parseNameAddr(buf, index[h * STRIDE + VALUE_START]!, index[h * STRIDE + VALUE_END]!, range) !== 0) return null;
  return textOf(buf, range.uriStart, range.uriEnd);
}

/** Routes the request by its Route headers. `looseOnly` leaves out the question whether a strict router sent it here. */
export function looseRoute(
  ctx: RouteContext,
  state: RouteState,
  looseOnly: boolean,
  alwaysForceSocket: boolean,
  flows: Outbound | null,
): number {
  const msg = ctx.message;
  if (msg.find(H.ROUTE) < 0) return Result.FAILED;
  const routes = routesOf(msg);
  if (routes === null || routes.length === 0) return Result.FAILED;
  const to = msg.to();
  const inDialog = to !== null && to.tagStart >= 0;
  const uri = currentUri(msg);
  if (
    inDialog &&
    !looseOnly &&
    uri !== null &&
    isOurs(ctx, uri) &&
    !(isOurs(ctx, routes[0]!.uri) && uri.param("r2") === undefined)
  ) {
    return afterStrict(ctx, state, routes, uri);
  }
  const byToken = flows === null ? null : afterToken(ctx, state, routes, flows);
  return byToken ?? afterLoose(ctx, state, routes, inDialog, alwaysForceSocket);
}

/** Whether a Route or R-URI names this server. */
function isOurs(ctx: RouteContext, uri: UriText): boolean {
  return isSip(uri) && ctx.proxy.identity.isMyself(uri.host.toLowerCase(), portOf(uri));
}

// Our first Route has a flow token (RFC 5626 5.3): the request goes to that flow and nowhere else, unless it came by it. Null: no token decides.
function afterToken(
  ctx: RouteContext,
  state: RouteState,
  routes: readonly RouteValue[],
  flows: Outbound,
): number | null {
  const own = routes[0]!;
  if (own.uri.user === "" || !isOurs(ctx, own.uri)) return null;
  const to = flows.read(own.uri.user);
  if (to === null) return null;
  if (to === TAMPERED) return Result.TAMPERED;
  if (isFrom(ctx, to)) return null;
  const msg = ctx.message;
  const second = routes[1];
  const isPair = own.uri.param("r2") !== undefined && second !== undefined && isOurs(ctx, second.uri);
  const n = isPair ? 2 : 1;
  state.params = paramsOf(own.uri);
  state.hasNextHop = routes.length > n;
  removeFirst(msg, routes, n);
  const { protocol, localAddress, localPort, remoteAddress, remotePort } = to;
  msg.dstUri = `sip:${bracketed(remoteAddress)}:${remotePort};transport=${uriTransport(protocol)}`;
  ctx.sendFrom = findListener(ctx, socketText(carrierOf(protocol), localAddress, localPort));
  msg.send ??= new SendOptions();
  msg.send.forwardNoConnect = true;
  msg.send.byFlowToken = true;
  return Result.BY_TOKEN;
}

// The hop before us is a loose router, or the user agent: the first Route is ours, or we act for whom it names.
function afterLoose(
  ctx: RouteContext,
  state: RouteState,
  routes: readonly RouteValue[],
  inDialog: boolean,
  alwaysForce: boolean,
): number {
  const msg = ctx.message;
  let n = 0;
  let own = routes[0]!;
  if (isOurs(ctx, own.uri)) {
    state.params = paramsOf(own.uri);
    n = 1;
    const second = routes[1];
    const isPair = own.uri.param("r2") !== undefined && second !== undefined && isOurs(ctx, second.uri);
    if (isPair) {
      own = second;
      n = 2;
    }
    if (isPair || alwaysForce) ctx.sendFrom = listenerOf(ctx, own.uri);
    const next = routes[n];
    if (next === undefined) {
      removeFirst(msg, routes, n);
      return inDialog ? Result.ROUTED : Result.PRELOADED;
    }
    state.hasNextHop = true;
    goTo(msg, routes, n, next);
    return Result.ROUTED;
  }
  state.params = "";
  goTo(msg, routes, 0, own);
  return Result.ROUTED;
}

// The first `n` Routes go. Where to send: to a loose router as it stands, to a strict one with its URI as R-URI and ours at the end (RFC 3261 16.6 point 6).
function goTo(msg: SipMessage, routes: readonly RouteValue[], n: number, next: RouteValue): void {
  if (next.uri.range.lr === 1) {
    removeFirst(msg, routes, n);
    msg.dstUri = next.uri.text;
    return;
  }
  const before = msg.requestUri();
  removeFirst(msg, routes, n + 1);
  msg.currentEdits().add(msg.headEnd, 0, `Route: <${before}>\r\n`);
  msg.newUri = next.uri.text;
  msg.dstUri = null;
}

// The hop before us is a strict router: our URI is the R-URI, the real one is the last Route (RFC 3261 16.4).
function afterStrict(ctx: RouteContext, state: RouteState, routes: readonly RouteValue[], own: UriText): number {
  const msg = ctx.message;
  state.params = paramsOf(own);
  const isPair = own.param("r2") !== undefined && isOurs(ctx, routes[0]!.uri);
  if (isPair) ctx.sendFrom = listenerOf(ctx, routes[0]!.uri);
  const n = isPair ? 1 : 0;
  const first = routes[n];
  if (first === undefined) return Result.FAILED;
  const last = routes.at(-1)!;
  if (last === first) {
    removeFirst(msg, routes, n + 1);
    msg.newUri = last.uri.text;
    msg.dstUri = null;
  } else if (first.uri.range.lr === 0) {
    // still a strict router ahead: it gets what a strict router expects
    removeFirst(msg, routes, n + 1);
    msg.newUri = first.uri.text;
    msg.dstUri = null;
  } else {
    removeFirst(msg, routes, n);
    removeLast(msg, routes);
    msg.newUri = last.uri.text;
    msg.dstUri = first.uri.text;
  }
  return Result.ROUTED;
}

function listenerOf(ctx: RouteContext, uri: UriText) {
  const transport = uri.param("transport")?.toLowerCase() ?? (uri.scheme === "sips" ? "tls" : "udp");
  return findListener(ctx, `${transport}:${uri.host}:${portOf(uri)}`);
}

/** Takes the first `n` of these values away, whole headers where all their values go. */
function removeFirst(msg: SipMessage, routes: readonly RouteValue[], n: number): void {
  if (n === 0) return;
  const edits = msg.currentEdits();
  let from = -1;
  for (const r of routes.slice(0, n)) {
    const line = r.header * STRIDE;
    if (from < 0) from = r.isFirstOfHeader ? msg.index[line + NAME_START]! : r.start;
    if (r.next >= 0) continue;
    edits.add(from, msg.index[line + LINE_END]! - from, "");
    from = -1;
  }
  const lastGone = routes[n - 1]!;
  if (from < 0) return;
  // values stay behind in that header: only what stands before them goes
  const first = routes.find((r) => r.header === lastGone.header)!;
  edits.add(first.start, lastGone.next - first.start, "");
}

/** Takes the last value away. */
function removeLast(msg: SipMessage, routes: readonly RouteValue[]): void {
  const last = routes.at(-1)!;
  const line = last.header * STRIDE;
  const before = routes.at(-2);
  const end = msg.index[line + LINE_END]!;
  if (last.isFirstOfHeader || before === undefined || before.header !== last.header)
    msg.currentEdits().add(msg.index[line + NAME_START]!, end - msg.index[line + NAME_START]!, "");
  else {
    // with the comma in front of it
    let comma = last.start - 1;
    while (comma > before.start && msg.buf[comma] !== 44) comma--;
    msg.currentEdits().add(comma, msg.index[line + VALUE_END]! - comma, "");
  }
}

function paramsOf(uri: UriText): string {
  return uri.params === "" ? "" : `;${uri.params}`;
}
