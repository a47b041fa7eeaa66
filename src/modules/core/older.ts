// Functions of the core that the older releases brought and that still exist: flags of AVPs, userphone, error, exec.

import { type Avps, type RouteContext, RouteKind } from "../../proxy/context.ts";
import { int, optional, raw, str } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { execute } from "./execute.ts";
import { changeUri } from "./request-uri.ts";
import { isSip } from "./uri-parts.ts";

const ANY = RouteKind.ANY;

// Flags by AVP, kept as long as the AVPs themselves.
const flagsOf = new WeakMap<Avps, Set<string>>();

/** "$avp(x)", "$avp(s:x)" and "$x" name the AVP x. */
const avpName = raw("avp", (text) => text.replace(/^\$(?:avp\()?(?:[si]:)?/, "").replace(/\)$/, ""));
const flagName = raw("flag", (text) => text);

function onFlag(doc: string, run: (flags: Set<string>, key: string) => boolean): FunctionDef<unknown> {
  return fn({
    args: [avpName, flagName],
    routes: ANY,
    doc,
    run: (_i: unknown, ctx, avp, flag) => {
      if (ctx.avps.all(avp) === undefined) return -1;
      let flags = flagsOf.get(ctx.avps);
      if (flags === undefined) flagsOf.set(ctx.avps, (flags = new Set()));
      return run(flags, `${avp} ${flag}`) ? 1 : -1;
    },
  });
}

/** The functions. */
export const olderFunctions: Readonly<Record<string, FunctionDef<unknown>>> = {
  setavpflag: onFlag(
    "Sets a flag, declared by avpflags, of the AVPs of a name; false when there are none.",
    (flags, key) => {
      flags.add(key);
      return true;
    },
  ),
  resetavpflag: onFlag("Clears a flag of the AVPs of a name; false when there are none.", (flags, key) => {
    flags.delete(key);
    return true;
  }),
  isavpflagset: onFlag("True when the AVPs of a name have the flag.", (flags, key) => flags.has(key)),
  userphone: fn({
    routes: RouteKind.REQUEST | RouteKind.BRANCH | RouteKind.FAILURE | RouteKind.LOCAL,
    doc: "Adds user=phone to the R-URI.",
    run: (_i: unknown, ctx: RouteContext) =>
      changeUri(ctx.message, (uri) => {
        if (!isSip(uri)) return null;
        if (uri.param("user") !== null && uri.param("user") !== undefined) return uri.text;
        const at = uri.text.indexOf("?");
        return at < 0 ? `${uri.text};user=phone` : `${uri.text.slice(0, at)};user=phone${uri.text.slice(at)}`;
      }),
  }),
  error: fn({
    args: [str("reason"), optional(str("text"))],
    routes: ANY,
    doc: "Writes an error to the log.",
    run: (_i: unknown, ctx, reason, text) => {
      ctx.proxy.log.error(text === undefined ? reason : `${reason}: ${text}`);
      return 1;
    },
  }),
  cfg_select: fn({
    args: [str("group"), int("id")],
    routes: ANY,
    doc: "Reads the parameters of a group from its instance of that number (group[3].name = value) from now on; false without it.",
    run: (_i: unknown, ctx, group, id) => (ctx.proxy.groups.select(ctx, group, id) ? 1 : -1),
  }),
  cfg_reset: fn({
    args: [str("group")],
    routes: ANY,
    doc: "Ends what cfg_select() chose: parameters of the group have their common values again.",
    run: (_i: unknown, ctx, group) => (ctx.proxy.groups.reset(ctx, group) ? 1 : -1),
  }),
  exec: fn({
    args: [str("command")],
    routes: ANY,
    waits: "always",
    doc: "Runs a command by the shell and waits for its end: true when it ends well. Other messages go on meanwhile.",
    run: (_i: unknown, ctx, command) => execute(ctx, command),
  }),
};
