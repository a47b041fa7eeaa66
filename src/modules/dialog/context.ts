// What a run of a route knows of dialogs: the one at hand, and what the script has set before there is one.

import type { RouteContext } from "../../proxy/context.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import type { Transaction, Watcher } from "../../tm/index.ts";
import { textOf } from "../../util/bytes.ts";
import type { Dialog, InProfile } from "./dialog.ts";
import { type DialogTable, type Match, Way } from "./table.ts";

const KEY = {};

/** The dialog of a run, and what waits for one. */
export class DialogRun {
  dialog: Dialog | null = null;
  way: number = Way.UNKNOWN;
  /** The dialog was found for a request within it. */
  within = false;
  /** The dialog was made in this run and has no transaction yet. */
  fresh = false;
  /** Those who listen are told of the new dialog when the script ends (initial_cbs_inscript 0). */
  untold: "created" | "spiraled" | null = null;
  /** $dlg_ctx: values the script has set, and those for the dialog to come. */
  on = 0;
  timeout = 0;
  timeoutBye = 0;
  timeoutRoute = "";
  flags = 0;
  wishes = 0;
  readonly variables = new Map<string, string>();
  profiles: InProfile[] = [];
  /** How much the CSeq of this request was raised (track_cseq_updates). */
  cseqDiff = 0;
}

/** The run's knowledge; made when first asked for. */
export function runOf(ctx: RouteContext): DialogRun {
  let run = ctx.attachment<DialogRun>(KEY);
  if (run === undefined) {
    run = new DialogRun();
    ctx.attach(KEY, run);
  }
  return run;
}

/** The same; null when nothing was asked or set. */
export function knownRun(ctx: RouteContext): DialogRun | null {
  return ctx.attachment<DialogRun>(KEY) ?? null;
}

/** Looks on at the INVITE transaction of a dialog, and so ties them together. */
export interface DialogWatch extends Watcher {
  readonly dialog: Dialog;
}

/** The dialog that a transaction has begun; null when it has begun none. */
export function dialogOfTransaction(tx: Transaction | null): Dialog | null {
  if (tx === null || tx.watchers === null) return null;
  for (const watcher of tx.watchers) if ("dialog" in watcher) return (watcher as DialogWatch).dialog;
  return null;
}

/** The dialog that is set for a context ($dlg_ctx(set)); null without one. */
export function currentDialog(ctx: RouteContext): Dialog | null {
  return knownRun(ctx)?.dialog ?? dialogOfTransaction(ctx.transaction as Transaction | null);
}

/** The dialog of a context, or else the one that its message belongs to by Call-ID and tags; null without one. */
export function dialogFor(table: DialogTable, ctx: RouteContext): Dialog | null {
  return currentDialog(ctx) ?? (table.size === 0 ? null : (matchMessage(table, ctx.message)?.dialog ?? null));
}

/** The dialog a message belongs to by Call-ID and tags; null without one. */
export function matchMessage(table: DialogTable, msg: SipMessage): Match | null {
  const callId = msg.header(H.CALL_ID);
  return callId === null ? null : table.match(callId, tagOf(msg, "from"), tagOf(msg, "to"));
}

/** The tag of From or To; "" without one. */
export function tagOf(msg: SipMessage, which: "from" | "to"): string {
  const party = which === "from" ? msg.from() : msg.to();
  return party === null || party.tagStart < 0 ? "" : textOf(msg.buf, party.tagStart, party.tagEnd);
}

/** The URI of From or To; "" when it cannot be read. */
export function partyUri(msg: SipMessage, which: "from" | "to"): string {
  const party = which === "from" ? msg.from() : msg.to();
  return party === null || party.uriStart < 0 ? "" : textOf(msg.buf, party.uriStart, party.uriEnd);
}
