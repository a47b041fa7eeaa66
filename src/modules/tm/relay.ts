// t_relay and its kin: a request through its transaction, CANCEL to the branches of its INVITE, ACK to where it belongs.

import { type BranchTarget, type RouteContext, RouteKind } from "../../proxy/context.ts";
import { forwardStateless } from "../../proxy/forward.ts";
import { keepRequest, leaveWith } from "../../proxy/script-state.ts";
import type { FunctionResult } from "../../registry/define.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import { LINE_END, NAME_START, STRIDE } from "../../sip/scan.ts";
import { type Destination, forward, isParked, RelayError, type Transaction } from "../../tm/index.ts";
import { textOf } from "../../util/bytes.ts";
import { timersFromAvps } from "./avp-timers.ts";
import { knownWishes, relayFailure, type TmEngine, transactionOf, uriCounts, wishesOf } from "./engine.ts";
import type { TmSettings } from "./settings.ts";

/** The request's own R-URI and nothing else: what most requests go to. */
const ONLY_REQUEST_URI: readonly (Destination | null)[] = [null];

/** Relays the context's request. 1 when it went out, 0 when nothing is left to do, negative as relayFailure says. */
export function relay(engine: TmEngine, settings: TmSettings, ctx: RouteContext, quiet100 = false): FunctionResult {
  const { method } = ctx.message;
  if (method === Method.ACK) return relayAck(engine, ctx);
  if (method === Method.CANCEL && ctx.transaction === null) {
    const cancelled = relayCancel(engine, settings, ctx);
    if (cancelled !== NOT_FOUND) return cancelled;
    if (settings.unmatchedCancel === 2) return 0;
    if (settings.unmatchedCancel === 1)
      return forwardStateless(engine.proxy, ctx.message, ctx.flow, null, ctx.sendFrom, ctx);
  }
  if (ctx.transaction === null) {
    const made = engine.newTransaction(ctx);
    if (made <= 0) return made;
  }
  const tx = transactionOf(ctx)!;
  leaveWith(tx, ctx);
  if (settings.frAvp !== "" || settings.frInvAvp !== "") timersFromAvps(engine, settings, tx, ctx);
  if (method === Method.INVITE && tx.status === 0 && tx.branches.length === 0 && !quiet100)
    trying(engine, settings, tx, ctx);
  return forwardTo(engine, tx, ctx);
}

/** Answers an INVITE 100 as the script and the parameters want it. */
export function trying(engine: TmEngine, settings: TmSettings, tx: Transaction, ctx: RouteContext): void {
  if (!(knownWishes(ctx)?.auto100 ?? settings.auto100)) return;
  const { proxy, tm } = engine;
  const end = proxy.writeLocalReply(ctx.message, ctx.flow, 100, settings.auto100Reason, "", "");
  if (end < 0) return;
  proxy.counters.localReply(100);
  tm.sendBytes(tx, 100, proxy.out, 0, end);
}

function forwardTo(engine: TmEngine, tx: Transaction, ctx: RouteContext): FunctionResult {
  const { message: msg, kind } = ctx;
  const inFailure = kind === RouteKind.FAILURE && !ctx.resumed;
  const to = destinations(tx, ctx, inFailure || kind === RouteKind.BRANCH_FAILURE);
  if (to.length === 0) return nowhere(ctx);
  tx.requestFlags = msg.flags;
  tx.usedUri = msg.newUri;
  tx.usedDst = msg.dstUri;
  const sent = forward(engine.tm, tx, ctx, to, inFailure);
  return typeof sent === "number" ? outcome(engine, tx, ctx, sent) : sent.then((n) => outcome(engine, tx, ctx, n));
}

function outcome(engine: TmEngine, tx: Transaction, ctx: RouteContext, sent: number): number {
  ctx.clearBranches(); // branch routes still see them
  keepRequest(tx, ctx);
  if (sent > 0) return 1;
  if ((ctx.kind === RouteKind.REQUEST || ctx.resumed) && sent !== RelayError.FINAL) wishesOf(ctx).relayError = sent;
  const failure = relayFailure(sent);
  ctx.failure = { code: failure.code, reason: failure.reason.replace("/TM)", "/SL)") };
  if (!engine.settings.delayedReply) engine.answerError(ctx);
  if (ctx.kind !== RouteKind.REQUEST && !ctx.resumed) return -1;
  return sent === RelayError.UNRESOLVABLE && knownWishes(ctx)?.errorReply === false ? -4 : failure.rc; // as the oracle
}

// In a request route the R-URI comes first, then the branches. After a failure the R-URI counts only when the route has changed it.
function destinations(tx: Transaction, ctx: RouteContext, afterFailure: boolean): readonly (Destination | null)[] {
  const { branches, message: msg } = ctx;
  const wishes = knownWishes(ctx);
  const again = afterFailure || (ctx.kind === RouteKind.REQUEST && tx.branches.length > 0);
  const isUsed = again && msg.newUri === tx.usedUri && msg.dstUri === tx.usedDst;
  if (wishes === null ? isUsed : !uriCounts(wishes, msg, isUsed)) return [...branches];
  const first = wishes === null || wishes.first === null ? null : firstContact(wishes.first, msg);
  return branches.length === 0 && first === null ? ONLY_REQUEST_URI : [first, ...branches];
}

// The contact that t_next_contacts has put into the R-URI, as the script left it; null when it has put another one there.
function firstContact(first: BranchTarget, msg: SipMessage): BranchTarget | null {
  if (msg.newUri !== first.uri) return null;
  return { ...first, dstUri: msg.dstUri, path: msg.path, flags: msg.branchFlags };
}

function nowhere(ctx: RouteContext): number {
  if (ctx.kind === RouteKind.REQUEST) wishesOf(ctx).relayError = RelayError.DROPPED;
  return -1;
}

// A failure's ACK ends here; any other is forwarded without a transaction.
function relayAck(engine: TmEngine, ctx: RouteContext): FunctionResult {
  if (engine.tm.ack(ctx.message)) return 0;
  for (const told of engine.onAck) told(ctx);
  ctx.failure = null;
  const sent = forwardStateless(engine.proxy, ctx.message, ctx.flow, null, ctx.sendFrom, ctx);
  return typeof sent === "number" ? ackOutcome(ctx, sent) : sent.then((n) => ackOutcome(ctx, n));
}

// Why it could not be forwarded is the return code, as Kamailio has it: -477, -478, -7.
function ackOutcome({ failure }: RouteContext, sent: number): number {
  if (sent >= 0 || failure === null) return sent;
  return failure.code === 500 ? -7 : -failure.code;
}

/** What relayCancel returns when the INVITE is not known. */
export const NOT_FOUND = -100;

/** Cancels the INVITE that a CANCEL is for and answers the CANCEL. 1, or NOT_FOUND. */
export function relayCancel(engine: TmEngine, settings: TmSettings, ctx: RouteContext): number {
  const { message: msg, flow } = ctx;
  const tx = engine.tm.lookupCancelled(msg);
  if (tx === null) return NOT_FOUND;
  // of what is put aside nothing has left: the INVITE is answered first, and nobody has to be told
  const isAside = !tx.final && !tx.canceled && isParked(tx);
  const isOver = isAside || (tx.final && !tx.canceled);
  if (isAside) engine.tm.cancel(tx, cancelLines(settings, tx, msg));
  const text = isOver ? "ok -- no more pending branches" : "canceling";
  const { proxy } = engine;
  const end = proxy.writeLocalReply(msg, flow, 200, text, engine.tm.toTag(tx), "");
  if (end > 0) {
    proxy.counters.localReply(200);
    (proxy.replyFlow(msg, flow) ?? flow).send(proxy.out, 0, end);
  }
  for (const told of engine.onCancel) told(ctx);
  engine.tm.cancel(tx, cancelLines(settings, tx, ctx.message));
  return 1;
}

// RFC 3326: why the client cancels is told to the next hops; with headers_mode 1 all else that it says too.
function cancelLines(settings: TmSettings, tx: Transaction, msg: SipMessage): string {
  let lines = "";
  for (let h = 0; h < msg.headerCount; h++) {
    const id = msg.index[h * STRIDE]!;
    const goesOn =
      id === H.REASON ? settings.e2eCancelReason && !tx.noCancelReason : settings.cancelHeaders && isOwn(id);
    if (goesOn) lines += textOf(msg.buf, msg.index[h * STRIDE + NAME_START]!, msg.index[h * STRIDE + LINE_END]!);
  }
  return lines;
}

// What a CANCEL made here has from its INVITE or not at all.
const OF_EACH_HOP: ReadonlySet<number> = new Set([
  H.VIA,
  H.FROM,
  H.TO,
  H.CALL_ID,
  H.CSEQ,
  H.MAX_FORWARDS,
  H.ROUTE,
  H.RECORD_ROUTE,
  H.CONTENT_LENGTH,
  H.CONTENT_TYPE,
]);

function isOwn(id: number): boolean {
  return !OF_EACH_HOP.has(id);
}

/**
 * As relay, but to a given address or by a given transport, whatever $du says; it keeps its value. `host` empty: where the R-URI leads.
 */
export function relayTo(
  engine: TmEngine,
  settings: TmSettings,
  ctx: RouteContext,
  host: string,
  port: number,
  transport: string,
  quiet100 = false,
): FunctionResult {
  const msg = ctx.message;
  const before = msg.dstUri;
  const { branches } = ctx;
  const suffix = transport === "" ? "" : `;transport=${transport}`;
  if (host !== "") {
    const dstUri = `sip:${host}${port > 0 ? `:${port}` : ""}${suffix}`;
    msg.dstUri = dstUri;
    if (branches.length > 0) ctx.branches = branches.map((b) => ({ ...b, dstUri, flowId: 0 }));
  } else msg.dstUri = withTransport(before ?? msg.requestUri(), suffix);
  const result = relay(engine, settings, ctx, quiet100);
  if (typeof result === "number") {
    msg.dstUri = before;
    return result;
  }
  return result.finally(() => {
    msg.dstUri = before;
  });
}

function withTransport(uri: string, suffix: string): string {
  const bare = uri.replace(/\?.*$/, "").replace(/;transport=[^;]*/i, "");
  return bare + suffix;
}
