// Module kex: script flags, older functions on the destination URI, commands about the process and its statistics.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import type { Proxy } from "../../proxy/proxy.ts";
import type { Statistics } from "../../proxy/statistics.ts";
import { int, str, variable } from "../../registry/args.ts";
import { defineModule, fn } from "../../registry/define.ts";
import { Level } from "../../util/log.ts";
import { core, isMyselfText, scriptFlags, setScriptFlags, uriOf } from "../core/index.ts";
import { commands, countMemory } from "./commands.ts";
import { statisticsCommands } from "./statistics.ts";

const ANY = RouteKind.ANY;

function change(ctx: RouteContext, flag: number, on: boolean): number {
  if (flag < 0 || flag > 31) return -1;
  const bit = 1 << flag;
  setScriptFlags(ctx, on ? scriptFlags(ctx) | bit : scriptFlags(ctx) & ~bit);
  return 1;
}

interface Kex {
  readonly proxy: Proxy;
  readonly statistics: Statistics;
  /** The log level it began with. */
  readonly level: number;
}

/** Kamailio's module kex, but for what the core has anyway. */
export const kex = defineModule({
  name: "kex",
  doc: "Flags of the script, kept while one message is handled; functions on the destination URI.",
  uses: [core],
  state: ({ proxy }) => {
    countMemory(proxy);
    return { proxy, statistics: proxy.statistics, level: proxy.log.settings.level };
  },
  configure: (state): Kex => state,
  functions: {
    setdebug: fn({
      args: [int("level")],
      routes: ANY,
      doc: "The log level: the highest level that is written, -5 to 9; it holds for the whole process.",
      run: (self: Kex, _ctx, level) => {
        self.proxy.log.settings.level = Math.max(Level.ALERT, Math.min(9, level));
        return 1;
      },
    }),
    resetdebug: fn({
      routes: ANY,
      doc: "The log level is that of the configuration again.",
      run: (self: Kex) => {
        self.proxy.log.settings.level = self.level;
        return 1;
      },
    }),
    is_myhost: fn({
      args: [str("uri")],
      routes: ANY,
      doc: "True when the host of the URI is ours, whatever its port.",
      run: (_self: Kex, ctx, text) => {
        const uri = uriOf(text);
        return uri !== null && ctx.proxy.identity.isMyself(uri.host.toLowerCase(), 0) ? 1 : -1;
      },
    }),
    setsflag: fn({
      args: [int("flag")],
      routes: ANY,
      doc: "Sets a script flag, 0 to 31.",
      run: (_self: Kex, ctx, flag) => change(ctx, flag, true),
    }),
    resetsflag: fn({
      args: [int("flag")],
      routes: ANY,
      doc: "Clears a script flag.",
      run: (_self: Kex, ctx, flag) => change(ctx, flag, false),
    }),
    issflagset: fn({
      args: [int("flag")],
      routes: ANY,
      doc: "True when the script flag is set.",
      run: (_self: Kex, ctx, flag) => (flag >= 0 && flag <= 31 && (scriptFlags(ctx) & (1 << flag)) !== 0 ? 1 : -1),
    }),
    pv_printf: fn({
      args: [variable("var"), str("text")],
      routes: ANY,
      doc: "Puts a text, its variables filled in, into a variable.",
      aliases: ["avp_printf"],
      run: (_self: Kex, ctx, target, text) => {
        if (target.set === undefined) return -1;
        target.set(ctx, text);
        return 1;
      },
    }),
    setdsturi: fn({
      args: [str("uri")],
      routes: ANY,
      doc: "Sets the destination URI, $du.",
      run: (_self: Kex, ctx, uri) => {
        ctx.message.dstUri = uri;
        return 1;
      },
    }),
    resetdsturi: fn({
      routes: ANY,
      doc: "Takes the destination URI away.",
      run: (_self: Kex, ctx) => {
        ctx.message.dstUri = null;
        return 1;
      },
    }),
    isdsturiset: fn({
      routes: ANY,
      doc: "True when there is a destination URI.",
      run: (_self: Kex, ctx) => (ctx.message.dstUri === null ? -1 : 1),
    }),
    is_myself: fn({
      args: [str("uri")],
      routes: ANY,
      doc: "True when the host (and port, if there is one) of the URI is ours.",
      run: (_self: Kex, ctx, uri) => (isMyselfText(ctx, uri) ? 1 : -1),
    }),
  },
  rpc: { ...commands, ...statisticsCommands },
});
