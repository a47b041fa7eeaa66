// What the script keeps with a transaction and its branches between their routes.

import { markSource } from "../sip/build.ts";
import type { Edits } from "../sip/edits.ts";
import type { Transaction } from "../tm/index.ts";
import type { Aside } from "./aside.ts";
import { type Avps, type RouteContext, RouteKind, type Routes } from "./context.ts";
import { ReplyPath } from "./reply-path.ts";

/** What the script keeps with a transaction: the generation it began under, armed routes, AVPs, flags. */
export class ScriptState {
  readonly routes: Routes;
  avps: Avps | null = null;
  onFailure = 0;
  onBranch = 0;
  onReply = 0;
  onBranchFailure = 0;
  /** Message flags: what one route of the transaction sets, the next one sees. */
  flags = 0;
  /** The request as it was relayed first, which is where failure routes begin; what the request route does to it later is not for them. */
  relayed: Relayed | null = null;
  /** Edits that later legs begin with, when they are not those of the first one (t_save_lumps). */
  saved: Edits | null = null;
  /** What t_suspend has put aside; null when nothing. */
  aside: Aside | null = null;

  constructor(routes: Routes) {
    this.routes = routes;
  }
}

interface Relayed {
  readonly newUri: string | null;
  readonly dstUri: string | null;
  readonly path: string | null;
  readonly edits: Edits;
  /** The bytes that the edits belong to. */
  readonly buf: Uint8Array;
}

/** What the script keeps with one branch. */
export class BranchState {
  onReply = 0;
  /** The failure routes that were armed when it was sent. */
  onFailure = 0;
  onBranchFailure = 0;
  /** The R-URI a branch route gave it; null for its destination's. */
  uri: string | null = null;
  /** Branch flags. */
  flags: number;

  constructor(flags: number) {
    this.flags = flags;
  }
}

/** Remembers the request as it has just been relayed; called after each leg of forwarding. */
export function keepRequest(tx: Transaction, ctx: RouteContext): void {
  const state = tx.attachment as ScriptState | null;
  if (state === null) return;
  const msg = ctx.message;
  state.flags = msg.flags;
  if ((ctx.kind !== RouteKind.REQUEST && !ctx.resumed) || tx.message !== msg) return;
  const edits = state.saved !== null && state.relayed === null ? state.saved : msg.edits.clone();
  state.relayed = { newUri: msg.newUri, dstUri: msg.dstUri, path: msg.path, edits, buf: msg.buf };
}

/** Legs that a failure route starts begin with the edits there are now (t_save_lumps). */
export function saveEdits(tx: Transaction, ctx: RouteContext): void {
  tx.attachment ??= new ScriptState(ctx.routes);
  ctx.message.own();
  markSource(ctx.message, ctx.flow.remote); // every later leg carries it
  (tx.attachment as ScriptState).saved = ctx.message.edits.clone();
}

/**
 * Leaves with the transaction what the context has armed and set, if anything, and says so to the engine. Called before each leg of
 * forwarding, and by t_newtran and t_reply.
 */
export function leaveWith(tx: Transaction, ctx: RouteContext): void {
  if (tx.client instanceof ReplyPath && ctx.message.isRequest) tx.client.options = ctx.message.send;
  const { onFailure, onBranch, onReply, onBranchFailure, avpsOrNull } = ctx;
  if ((onFailure | onBranch | onReply | onBranchFailure) === 0 && avpsOrNull === null && tx.attachment === null) return;
  tx.attachment ??= new ScriptState(ctx.routes);
  const state = tx.attachment as ScriptState;
  state.avps = avpsOrNull ?? state.avps;
  state.onFailure = onFailure;
  state.onBranch = onBranch;
  state.onReply = onReply;
  state.onBranchFailure = onBranchFailure;
  if (ctx.message.isRequest) state.flags = ctx.message.flags;
  tx.wantsFailure = onFailure !== 0;
  tx.wantsReplies = onReply !== 0;
  if (onBranchFailure !== 0) tx.wantsBranchFailure = true; // branches keep what was armed when they were sent
  if (tx.message === null && (onFailure | onBranchFailure) !== 0 && ctx.message.isRequest) {
    ctx.message.own(); // failure routes go on with the request as this route leaves it
    tx.message = ctx.message;
  }
}
