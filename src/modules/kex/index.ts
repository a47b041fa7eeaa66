// Module kex: script flags, and older functions on the destination URI.

import { type RouteContext, RouteKind } from "../proxy/context.ts";
import { int, str, variable } from "../registry/args.ts";
import { defineModule, fn } from "../registry/define.ts";
import { core, isMyselfText, scriptFlags, setScriptFlags } from "./core/index.ts";

const ANY = RouteKind.ANY;

function change(ctx: RouteContext, flag: number, on: boolean): number {
  if (flag < 0 || flag > 31) return -1;
  const bit = 1 << flag;
  setScriptFlags(ctx, on ? scriptFlags(ctx) | bit : scriptFlags(ctx) & ~bit);
  return 1;
}

/** Kamailio's module kex, but for what the core has anyway. */
export const kex = defineModule({
  name: "kex",
  doc: "Flags of the script, kept while one message is handled; functions on the destination URI.",
  uses: [core],
  state: () => null,
  configure: () => null,
  functions: {
    setsflag: fn({
      args: [int("flag")],
      routes: ANY,
      doc: "Sets a script flag, 0 to 31.",
      run: (_i: unknown, ctx, flag) => change(ctx, flag, true),
    }),
    resetsflag: fn({
      args: [int("flag")],
      routes: ANY,
      doc: "Clears a script flag.",
      run: (_i: unknown, ctx, flag) => change(ctx, flag, false),
    }),
    issflagset: fn({
      args: [int("flag")],
      routes: ANY,
      doc: "True when the script flag is set.",
      run: (_i: unknown, ctx, flag) => (flag >= 0 && flag <= 31 && (scriptFlags(ctx) & (1 << flag)) !== 0 ? 1 : -1),
    }),
    pv_printf: fn({
      args: [variable("var"), str("text")],
      routes: ANY,
      doc: "Puts a text, its variables filled in, into a variable.",
      aliases: ["avp_printf"],
      run: (_i: unknown, ctx, target, text) => {
        if (target.set === undefined) return -1;
        target.set(ctx, text);
        return 1;
      },
    }),
    setdsturi: fn({
      args: [str("uri")],
      routes: ANY,
      doc: "Sets the destination URI, $du.",
      run: (_i: unknown, ctx, uri) => {
        ctx.message.dstUri = uri;
        return 1;
      },
    }),
    resetdsturi: fn({
      routes: ANY,
      doc: "Takes the destination URI away.",
      run: (_i: unknown, ctx) => {
        ctx.message.dstUri = null;
        return 1;
      },
    }),
    isdsturiset: fn({
      routes: ANY,
      doc: "True when there is a destination URI.",
      run: (_i: unknown, ctx) => (ctx.message.dstUri === null ? -1 : 1),
    }),
    is_myself: fn({
      args: [str("uri")],
      routes: ANY,
      doc: "True when the host (and port, if there is one) of the URI is ours.",
      run: (_i: unknown, ctx, uri) => (isMyselfText(ctx, uri) ? 1 : -1),
    }),
  },
});
