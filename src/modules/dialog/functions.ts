// Functions on the dialog at hand: tracking, flags, ending, lifetime, properties.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { type Arg, ArgError, int, optional, parsed, str, variable } from "../../registry/args.ts";
import { type FunctionDef, type FunctionResult, fn } from "../../registry/define.ts";
import { own } from "../../util/own.ts";
import { routeParams } from "../rr/index.ts";
import { currentDialog, dialogFor, knownRun, matchMessage, runOf } from "./context.ts";
import { type Dialog, State, Wish } from "./dialog.ts";
import type { Dialogs } from "./dialogs.ts";
import type { DialogInstance } from "./settings.ts";
import { Way } from "./table.ts";

const IN_CALL = RouteKind.REQUEST | RouteKind.BRANCH | RouteKind.ONREPLY | RouteKind.REPLY | RouteKind.FAILURE;
const ANY = RouteKind.ANY;

type Sides = "all" | "caller" | "callee";

function oneOf<const T extends string>(name: string, ...words: T[]): Arg<T> {
  return parsed(name, (text) => {
    const word = text.trim().toLowerCase();
    return words.find((w) => w === word) ?? new ArgError(`unknown ${name} "${text}"`, `one of ${words.join(", ")}`);
  });
}

/** Properties that dlg_set_property() switches on. */
const PROPERTIES: Readonly<Record<string, number>> = {
  "ka-src": Wish.KA_CALLER,
  "ka-dst": Wish.KA_CALLEE,
  "timeout-noreset": Wish.TIMEOUT_NO_RESET,
};

const property = (): Arg<number> =>
  parsed("attr", (text) => {
    return (
      own(PROPERTIES, text.trim()) ??
      new ArgError(`unknown property "${text}"`, `one of ${Object.keys(PROPERTIES).join(", ")}`)
    );
  });

// Without a dialog the wishes are for the one to come.
function wish(dialogs: Dialogs, ctx: RouteContext, bits: number, on: boolean): number {
  const dialog = dialogFor(dialogs.table, ctx);
  const change = (wishes: number): number => (on ? wishes | bits : wishes & ~bits);
  if (dialog === null) {
    const run = runOf(ctx);
    run.wishes = change(run.wishes);
    return 1;
  }
  dialog.wishes = change(dialog.wishes);
  dialogs.keepAlive.watch(dialog);
  dialogs.store.written(dialog);
  return 1;
}

function flag(dialogs: Dialogs, ctx: RouteContext, number: number, on: boolean): number {
  if (number < 0 || number > 31) return -1;
  const dialog = currentDialog(ctx);
  const change = (flags: number): number => (on ? flags | (1 << number) : flags & ~(1 << number)) >>> 0;
  if (dialog === null) {
    const run = runOf(ctx);
    run.flags = change(run.flags);
    return 1;
  }
  dialog.flags = change(dialog.flags);
  dialogs.store.written(dialog);
  return 1;
}

function isFlagSet(ctx: RouteContext, number: number): number {
  if (number < 0 || number > 31) return -1;
  const flags = currentDialog(ctx)?.flags ?? knownRun(ctx)?.flags ?? 0;
  return (flags & (1 << number)) !== 0 ? 1 : -1;
}

function setLifetime(dialogs: Dialogs, ctx: RouteContext, seconds: number, entry?: number, id?: number): number {
  if (seconds <= 0) return -1;
  const dialog =
    entry !== undefined && id !== undefined ? dialogs.table.find(entry, id) : dialogFor(dialogs.table, ctx);
  if (dialog === null) return -1;
  dialogs.setLifetime(dialog, seconds);
  return 1;
}

function get(dialogs: Dialogs, ctx: RouteContext, callId: string, fromTag: string, toTag: string): number {
  const match = dialogs.table.match(callId, fromTag, toTag);
  if (match === null) return -1;
  const run = runOf(ctx);
  run.dialog = match.dialog;
  run.way = match.way;
  return 1;
}

// The side that Kamailio takes is the other one: what is written for the caller goes to the callee.
function refer(dialogs: Dialogs, ctx: RouteContext, side: "caller" | "callee", address: string): FunctionResult {
  const dialog = dialogFor(dialogs.table, ctx);
  if (dialog === null || !dialog.isConfirmed) return -1;
  const sent = dialogs.requests.refer(dialog, side === "caller" ? dialog.callee : dialog.caller, address);
  return outcome(sent);
}

function outcome(sent: number | Promise<number>): FunctionResult {
  return typeof sent === "number" ? (sent > 0 ? 1 : -1) : sent.then((n) => (n > 0 ? 1 : -1));
}

function setUri(dialogs: Dialogs, ctx: RouteContext): number {
  const dialog = dialogFor(dialogs.table, ctx);
  if (dialog === null || !ctx.message.isRequest) return -1;
  const known = knownRun(ctx);
  const way = known !== null && known.dialog === dialog && known.way !== Way.UNKNOWN ? known.way : null;
  const down = (way ?? matchMessage(dialogs.table, ctx.message)?.way) === Way.DOWN;
  const { contact } = down ? dialog.callee : dialog.caller;
  if (contact === "") return -1;
  ctx.message.newUri = contact;
  return 1;
}

function load(dialogs: Dialogs, callId: string | null): FunctionResult {
  const { store, settings } = dialogs;
  if (!store.isOpen) return -1;
  const where = callId === null ? [] : [{ column: settings.columns.callId, value: callId }];
  const failed = (error: unknown): number => {
    dialogs.host.log.error(`dialog: database: ${error instanceof Error ? error.message : String(error)}`);
    return -1;
  };
  try {
    const read = store.load(where);
    return typeof read === "number" ? 1 : read.then(() => 1, failed);
  } catch (error) {
    return failed(error);
  }
}

function other(dialogs: Dialogs, callId: string, fromTag: string, toTag: string): Dialog | null {
  return dialogs.table.match(callId, fromTag, toTag)?.dialog ?? null;
}

/** They. */
export const functions: Readonly<Record<string, FunctionDef<DialogInstance>>> = {
  dlg_manage: fn({
    routes: RouteKind.REQUEST,
    doc: "Tracks the call that an INVITE begins; for a request within a call finds its dialog, as loose_route() does.",
    run: ({ dialogs }: DialogInstance, ctx) => dialogs.follower.manage(ctx, routeParams(ctx)),
  }),
  is_known_dlg: fn({
    routes: ANY,
    doc: "True when the message belongs to a dialog that is tracked.",
    run: ({ dialogs }: DialogInstance, ctx) => (dialogFor(dialogs.table, ctx) === null ? -1 : 1),
  }),
  dlg_isflagset: fn({
    args: [int("flag")],
    routes: IN_CALL | RouteKind.ONSEND | RouteKind.EVENT,
    doc: "True when the flag of the dialog is set.",
    run: (_self: DialogInstance, ctx, number) => isFlagSet(ctx, number),
  }),
  dlg_setflag: fn({
    args: [int("flag")],
    routes: IN_CALL | RouteKind.ONSEND | RouteKind.EVENT,
    doc: "Sets a flag of the dialog, or of the one to come.",
    run: ({ dialogs }: DialogInstance, ctx, number) => flag(dialogs, ctx, number, true),
  }),
  dlg_resetflag: fn({
    args: [int("flag")],
    routes: IN_CALL | RouteKind.ONSEND | RouteKind.EVENT,
    doc: "Resets a flag of the dialog.",
    run: ({ dialogs }: DialogInstance, ctx, number) => flag(dialogs, ctx, number, false),
  }),
  dlg_bye: fn({
    args: [oneOf<Sides>("side", "all", "caller", "callee")],
    routes: ANY,
    doc: "Ends the call: BYE to the caller, the callee or all; a call that still rings is answered 480 (bye_early_code).",
    run: ({ dialogs }: DialogInstance, ctx, sides) => {
      const dialog = dialogFor(dialogs.table, ctx);
      return dialog !== null && dialogs.end(dialog, sides) ? 1 : -1;
    },
  }),
  dlg_refer: fn({
    args: [oneOf<"caller" | "callee">("side", "caller", "callee"), str("address")],
    routes: IN_CALL | RouteKind.ONSEND | RouteKind.EVENT,
    waits: "maybe",
    doc: 'Sends REFER to an address: "caller" to the callee and "callee" to the caller, as Kamailio 5.6 does; BYE follows when it is accepted.',
    run: ({ dialogs }: DialogInstance, ctx, side, address) => refer(dialogs, ctx, side, address),
  }),
  dlg_bridge: fn({
    args: [str("from"), str("to"), str("op")],
    routes: IN_CALL | RouteKind.ONSEND | RouteKind.EVENT,
    waits: "maybe",
    doc: "Calls `from`, by way of the proxy `op` (empty for none), and refers it to `to`.",
    run: ({ dialogs }: DialogInstance, _ctx, from, to, op) => outcome(dialogs.bridges.connect(from, to, op, null)),
  }),
  dlg_get: fn({
    args: [str("callid"), str("ftag"), str("ttag")],
    routes: ANY,
    doc: "Makes the dialog of that Call-ID and tags the one at hand; the To tag is empty for a call that is not answered.",
    run: ({ dialogs }: DialogInstance, ctx, callId, fromTag, toTag) => get(dialogs, ctx, callId, fromTag, toTag),
  }),
  dlg_set_timeout: fn({
    args: [int("timeout"), optional(int("h_entry")), optional(int("h_id"))],
    routes: ANY,
    doc: "Sets the lifetime of the dialog at hand, or of that identifier, in seconds from now.",
    run: ({ dialogs }: DialogInstance, ctx, seconds, entry, id) => setLifetime(dialogs, ctx, seconds, entry, id),
  }),
  dlg_set_property: fn({
    args: [property()],
    routes: ANY,
    doc: "Switches on: ka-src, ka-dst (keep-alives to caller, callee), timeout-noreset (requests do not prolong the dialog).",
    run: ({ dialogs }: DialogInstance, ctx, bits) => wish(dialogs, ctx, bits, true),
  }),
  dlg_reset_property: fn({
    args: [property()],
    routes: ANY,
    doc: "Switches off what dlg_set_property() switches on.",
    run: ({ dialogs }: DialogInstance, ctx, bits) => wish(dialogs, ctx, bits, false),
  }),
  dlg_set_ruri: fn({
    routes: ANY,
    doc: "Sets the R-URI to the Contact of the side the request goes to.",
    run: ({ dialogs }: DialogInstance, ctx) => setUri(dialogs, ctx),
  }),
  dlg_db_load_callid: fn({
    args: [str("cival")],
    routes: ANY,
    waits: "maybe",
    doc: "Reads the dialogs of that Call-ID from the database.",
    run: ({ dialogs }: DialogInstance, _ctx, callId) => load(dialogs, callId),
  }),
  dlg_db_load_extra: fn({
    routes: ANY,
    waits: "maybe",
    doc: "Reads all dialogs from the database that are not in memory.",
    run: ({ dialogs }: DialogInstance) => load(dialogs, null),
  }),
  dlg_get_var: fn({
    args: [str("callid"), str("ftag"), str("ttag"), str("name"), variable("dst")],
    routes: ANY,
    doc: "Reads a variable of the dialog of that Call-ID and tags.",
    run: ({ dialogs }: DialogInstance, ctx, callId, fromTag, toTag, name, target) => {
      const dialog = other(dialogs, callId, fromTag, toTag);
      if (dialog === null || target.set === undefined) return -1;
      target.set(ctx, dialog.variables.get(name) ?? null);
      return 1;
    },
  }),
  dlg_set_var: fn({
    args: [str("callid"), str("ftag"), str("ttag"), str("name"), str("value")],
    routes: ANY,
    doc: "Sets a variable of the dialog of that Call-ID and tags.",
    run: ({ dialogs }: DialogInstance, _ctx, callId, fromTag, toTag, name, value) => {
      const dialog = other(dialogs, callId, fromTag, toTag);
      if (dialog === null || !dialog.setVariable(name, value)) return -1;
      dialogs.store.written(dialog);
      return 1;
    },
  }),
  dlg_set_state: fn({
    args: [int("newstate")],
    routes: ANY,
    doc: "Sets the state of the dialog at hand; nobody is told.",
    run: ({ dialogs }: DialogInstance, ctx, state) => {
      const dialog = dialogFor(dialogs.table, ctx);
      if (dialog === null || state < State.UNCONFIRMED || state > State.DELETED) return -1;
      dialogs.setState(dialog, state);
      return 1;
    },
  }),
};
