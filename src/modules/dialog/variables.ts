// Variables of dialogs: $dlg(…), $dlg_ctx(…), $dlg_var(…), $DLG_count, $DLG_status, $DLG_lifetime.

import type { RouteContext } from "../../proxy/context.ts";
import { type Accessor, ArgError } from "../../registry/args.ts";
import { type PvDef, pv, pvClass } from "../../registry/define.ts";
import { toInt, toText, type Value } from "../../sip/value.ts";
import { own } from "../../util/own.ts";
import { currentDialog, dialogFor, knownRun, runOf } from "./context.ts";
import { type Dialog, MAX_VARIABLES, type Side, State, Wish } from "./dialog.ts";
import type { Dialogs } from "./dialogs.ts";
import type { DialogInstance } from "./settings.ts";
import { Way } from "./table.ts";

const text = (value: string): Value => (value === "" ? null : value);
const cseq = (side: Side, other: number): Value => (side.known || other > 0 ? String(side.cseq) : null);

const FIELDS: Readonly<Record<string, (d: Dialog, dialogs: Dialogs) => Value>> = {
  h_id: (d) => d.id,
  h_entry: (d) => d.entry,
  ref: (d) => references(d) + 1,
  state: (d) => d.state,
  to_rs: (d) => text(d.callee.routes),
  from_rs: (d) => text(d.caller.routes),
  dflags: (d) => d.seen,
  sflags: (d) => d.flags,
  callid: (d) => d.callId,
  to_uri: (d) => text(d.toUri),
  to_tag: (d) => text(d.callee.tag),
  from_uri: (d) => text(d.fromUri),
  from_tag: (d) => text(d.caller.tag),
  toroute: (d, { host }) => (d.timeoutRoute === "" ? 0 : (host.proxy.routes?.routeNumber?.(d.timeoutRoute) ?? 0)),
  lifetime: (d) => d.lifetime,
  start_ts: (d) => d.startedAt,
  to_cseq: (d) => cseq(d.callee, d.callee.cseq),
  from_cseq: (d) => cseq(d.caller, 1),
  to_contact: (d) => text(d.callee.contact),
  from_contact: (d) => text(d.caller.contact),
  to_bindaddr: (d) => text(d.callee.socketText),
  from_bindaddr: (d) => text(d.caller.socketText),
};

/** How many parts of Kamailio would hold the dialog: its timer counts as one. */
export function references(d: Dialog): number {
  return d.isConfirmed ? 2 : 1;
}

interface ContextField {
  readonly get: (dialogs: Dialogs, ctx: RouteContext) => Value;
  readonly set?: (dialogs: Dialogs, ctx: RouteContext, value: Value) => void;
}

function changed(dialogs: Dialogs, ctx: RouteContext, change: (d: Dialog) => void): void {
  const dialog = currentDialog(ctx);
  if (dialog === null) return;
  change(dialog);
  dialogs.store.written(dialog);
}

const CONTEXT: Readonly<Record<string, ContextField>> = {
  set: { get: (_, ctx) => (currentDialog(ctx) === null ? 0 : 1) },
  dir: { get: (_, ctx) => knownRun(ctx)?.way ?? Way.UNKNOWN },
  on: {
    get: (_, ctx) => knownRun(ctx)?.on ?? 0,
    set: (_, ctx, value) => {
      runOf(ctx).on = toInt(value);
    },
  },
  flags: {
    get: (_, ctx) => currentDialog(ctx)?.flags ?? knownRun(ctx)?.flags ?? 0,
    set: (dialogs, ctx, value) => {
      const flags = toInt(value) >>> 0;
      if (currentDialog(ctx) === null) runOf(ctx).flags = flags;
      changed(dialogs, ctx, (d) => {
        d.flags = flags;
      });
    },
  },
  timeout: {
    get: (_, ctx) => knownRun(ctx)?.timeout ?? 0,
    set: (dialogs, ctx, value) => {
      const seconds = toInt(value);
      runOf(ctx).timeout = seconds;
      const dialog = currentDialog(ctx);
      if (seconds > 0 && dialog !== null) dialogs.setLifetime(dialog, seconds);
    },
  },
  timeout_bye: {
    get: (_, ctx) => knownRun(ctx)?.timeoutBye ?? 0,
    set: (dialogs, ctx, value) => {
      const sends = toInt(value);
      runOf(ctx).timeoutBye = sends;
      changed(dialogs, ctx, (d) => {
        d.wishes = sends === 0 ? d.wishes & ~Wish.TIMEOUT_BYE : d.wishes | Wish.TIMEOUT_BYE;
      });
    },
  },
  timeout_route: {
    get: (_, ctx) => text(knownRun(ctx)?.timeoutRoute ?? ""),
    set: (dialogs, ctx, value) => {
      const name = value === null ? "" : toText(value);
      runOf(ctx).timeoutRoute = name;
      changed(dialogs, ctx, (d) => {
        d.timeoutRoute = name;
      });
    },
  },
  timeout_route_id: {
    get: ({ host }, ctx) => {
      const name = knownRun(ctx)?.timeoutRoute ?? "";
      return name === "" ? 0 : (host.proxy.routes?.routeNumber?.(name) ?? 0);
    },
  },
};

function variableOf(dialogs: Dialogs, ctx: RouteContext, name: string): Value {
  const dialog = dialogFor(dialogs.table, ctx);
  const value = dialog === null ? knownRun(ctx)?.variables.get(name) : dialog.variables.get(name);
  return value ?? null;
}

// As on Kamailio a number is not taken: only texts are, and null takes the variable away.
function setVariable(dialogs: Dialogs, ctx: RouteContext, name: string, value: Value): void {
  const dialog = dialogFor(dialogs.table, ctx);
  if (typeof value === "number") {
    dialogs.host.log.error(`$dlg_var(${name}) takes texts only, not ${value}`);
    return;
  }
  const given = value === null ? null : toText(value);
  if (dialog !== null) {
    dialog.setVariable(name, given);
    dialogs.store.written(dialog);
    return;
  }
  const { variables } = runOf(ctx);
  if (given === null) variables.delete(name);
  else if (variables.size < MAX_VARIABLES) variables.set(name, given);
}

/** They. */
export const variables: Readonly<Record<string, PvDef<DialogInstance>>> = {
  dlg: pvClass<DialogInstance>({
    doc: "A field of the dialog at hand: state, callid, from_tag, to_contact, lifetime …; null without a dialog.",
    inner: "required",
    resolve: ({ dialogs }, inner) => {
      const field = own(FIELDS, inner);
      if (field === undefined)
        return new ArgError(`unknown field of dialogs "${inner}"`, `one of ${Object.keys(FIELDS).join(", ")}`);
      return {
        get: (ctx) => {
          const dialog = dialogFor(dialogs.table, ctx);
          return dialog === null ? null : field(dialog, dialogs);
        },
      };
    },
  }),
  dlg_ctx: pvClass<DialogInstance>({
    doc: "What this run knows of dialogs: set, dir; and what is set for the dialog: timeout, timeout_bye, timeout_route, flags, on.",
    inner: "required",
    writable: true,
    resolve: ({ dialogs }, inner): Accessor | ArgError => {
      const field = own(CONTEXT, inner);
      if (field === undefined)
        return new ArgError(`unknown field of dialog contexts "${inner}"`, `one of ${Object.keys(CONTEXT).join(", ")}`);
      const { get, set } = field;
      const reader: Accessor = { get: (ctx) => get(dialogs, ctx) };
      return set === undefined ? reader : { ...reader, set: (ctx, value) => set(dialogs, ctx, value) };
    },
  }),
  dlg_var: pvClass<DialogInstance>({
    doc: "A variable of the dialog, kept as long as it lasts; set before dlg_manage() it is for the dialog to come.",
    inner: "required",
    writable: true,
    resolve: ({ dialogs }, inner) => {
      const name = inner ?? "";
      return {
        get: (ctx) => variableOf(dialogs, ctx, name),
        set: (ctx, value) => setVariable(dialogs, ctx, name, value),
      };
    },
  }),
  DLG_count: pv("How many calls go on now.", ({ dialogs }) => dialogs.counters.active),
  DLG_status: pv("State of the dialog that the request belongs to; null without one.", (_, ctx) => {
    const run = knownRun(ctx);
    return run?.within === true && run.dialog !== null ? run.dialog.state : null;
  }),
  DLG_lifetime: pv("Seconds since the dialog of the request was answered; null without one.", ({ dialogs }, ctx) => {
    const run = knownRun(ctx);
    if (run === null || !run.within || run.dialog === null) return null;
    const { dialog } = run;
    if (dialog.startedAt === 0) return 0;
    return (dialog.state === State.DELETED ? dialog.endedAt : dialogs.now()) - dialog.startedAt;
  }),
};
