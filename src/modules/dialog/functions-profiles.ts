// Functions on profiles.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { type Accessor, type Arg, optional, str, variable, variableOrText } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { toText } from "../../sip/value.ts";
import { currentDialog, dialogFor, runOf } from "./context.ts";
import { MAX_PROFILES } from "./dialog.ts";
import type { Dialogs } from "./dialogs.ts";
import type { Profile } from "./profiles.ts";
import type { DialogInstance } from "./settings.ts";

const IN_CALL = RouteKind.REQUEST | RouteKind.BRANCH | RouteKind.ONREPLY | RouteKind.REPLY | RouteKind.FAILURE;

// Names may be computed: one that is not declared is told in the log.
function profileOf(dialogs: Dialogs, name: string): Profile | null {
  const profile = dialogs.profiles.find(name.trim());
  if (profile === null) {
    const { proxy } = dialogs.host;
    proxy.limited.error(
      proxy.log,
      `dialog: no profile is called "${name}"; declare it in profiles_with_value or profiles_no_value`,
    );
  }
  return profile;
}

function set(dialogs: Dialogs, ctx: RouteContext, name: string, value: string | undefined): number {
  const profile = profileOf(dialogs, name);
  if (profile === null || (profile.hasValue && value === undefined)) return -1;
  const dialog = currentDialog(ctx);
  if (dialog !== null) {
    if (!dialogs.profiles.add(profile, dialog, value ?? "")) return -1;
    dialogs.store.written(dialog);
    return 1;
  }
  const { profiles } = runOf(ctx);
  if (profiles.length >= MAX_PROFILES) return -1;
  profiles.push({ name: profile.name, value: profile.hasValue ? (value ?? "") : null });
  return 1;
}

// As on Kamailio it does nothing in a request route.
function unset(dialogs: Dialogs, ctx: RouteContext, name: string, value: string | undefined): number {
  const profile = profileOf(dialogs, name);
  const dialog = currentDialog(ctx);
  if (profile === null || dialog === null || ctx.kind === RouteKind.REQUEST) return -1;
  if (!dialogs.profiles.remove(profile, dialog, value ?? "")) return -1;
  dialogs.store.written(dialog);
  return 1;
}

function has(dialogs: Dialogs, ctx: RouteContext, name: string, value: string | undefined): number {
  const profile = profileOf(dialogs, name);
  const dialog = dialogFor(dialogs.table, ctx);
  return profile !== null && dialog !== null && dialogs.profiles.has(profile, dialog, value) ? 1 : -1;
}

function size(
  dialogs: Dialogs,
  ctx: RouteContext,
  name: string,
  second: Accessor,
  third: Accessor | undefined,
): number {
  const target = third ?? second;
  const profile = profileOf(dialogs, name);
  if (profile === null || target.set === undefined) return -1;
  const value = third === undefined ? undefined : toText(second.get(ctx));
  target.set(ctx, dialogs.profiles.size(profile, value, dialogs.now()));
  return 1;
}

function setTimeouts(dialogs: Dialogs, name: string, second: string, third: string | undefined): number {
  const profile = profileOf(dialogs, name);
  const seconds = Number(third ?? second);
  if (profile === null || !Number.isInteger(seconds) || seconds <= 0) return -1;
  for (const dialog of dialogs.profiles.dialogs(profile, third === undefined ? undefined : second))
    dialogs.setLifetime(dialog, seconds);
  return 1;
}

function remote(dialogs: Dialogs, command: string, name: string, value: string, uid: string, expires: string): number {
  const profile = profileOf(dialogs, name);
  if (profile === null) return -1;
  if (command === "rm") {
    dialogs.profiles.removeRemote(profile, uid);
    return 1;
  }
  const until = Number(expires);
  if (command !== "add" || uid === "" || !Number.isInteger(until) || until < 0) return -1;
  return dialogs.profiles.addRemote(profile, value, uid, until) ? 1 : -1;
}

const profile = (): Arg<string> => str("profile");

/** They. */
export const profileFunctions: Readonly<Record<string, FunctionDef<DialogInstance>>> = {
  set_dlg_profile: fn({
    args: [profile(), optional(str("value"))],
    routes: IN_CALL | RouteKind.ONSEND | RouteKind.EVENT,
    doc: "Puts the dialog into a profile, under a value if the profile has values.",
    run: ({ dialogs }: DialogInstance, ctx, name, value) => set(dialogs, ctx, name, value),
  }),
  unset_dlg_profile: fn({
    args: [profile(), optional(str("value"))],
    routes: IN_CALL | RouteKind.ONSEND | RouteKind.EVENT,
    doc: "Takes the dialog out of a profile; does nothing in request_route.",
    run: ({ dialogs }: DialogInstance, ctx, name, value) => unset(dialogs, ctx, name, value),
  }),
  is_in_profile: fn({
    args: [profile(), optional(str("value"))],
    routes: IN_CALL | RouteKind.ONSEND | RouteKind.EVENT,
    doc: "True when the dialog is in a profile, under that value if one is given.",
    run: ({ dialogs }: DialogInstance, ctx, name, value) => has(dialogs, ctx, name, value),
  }),
  get_profile_size: fn({
    args: [profile(), variableOrText("value_or_size"), optional(variable("size"))],
    routes: RouteKind.ANY,
    doc: "How many dialogs are in a profile, under that value if one is given, into a variable.",
    run: ({ dialogs }: DialogInstance, ctx, name, second, third) => size(dialogs, ctx, name, second, third),
  }),
  dlg_set_timeout_by_profile: fn({
    args: [profile(), str("value_or_timeout"), optional(str("timeout"))],
    routes: RouteKind.ANY,
    doc: "Sets the lifetime of all dialogs of a profile, under that value if one is given, in seconds from now.",
    run: ({ dialogs }: DialogInstance, _ctx, name, second, third) => setTimeouts(dialogs, name, second, third),
  }),
  dlg_remote_profile: fn({
    args: [str("cmd"), profile(), str("value"), str("uid"), str("expires")],
    routes: RouteKind.ANY,
    doc: "Adds (add) or removes (rm) what another server has in a profile; it is forgotten at `expires`, seconds since 1970.",
    run: ({ dialogs }: DialogInstance, _ctx, command, name, value, uid, expires) =>
      remote(dialogs, command, name, value, uid, expires),
  }),
};
