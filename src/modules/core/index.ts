// Module core: the functions every configuration has without loading anything. Statements of the language (if, drop, exit …) are the compiler's.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { int, optional, str } from "../../registry/args.ts";
import { defineModule, type FunctionDef, fn, type RpcDef } from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import type { UriText } from "../../sip/uri-text.ts";
import { Level } from "../../util/log.ts";
import { blocklistCommands } from "./blocklist-commands.ts";
import { branchFlagFunctions, inRange } from "./branch-flags.ts";
import { parseQText } from "./destinations.ts";
import { dnsCommands } from "./dns-commands.ts";
import { dropsCommands } from "./drops-commands.ts";
import { errorVariables } from "./error-info.ts";
import { levelOf } from "./log-levels.ts";
import { olderFunctions } from "./older.ts";
import { receivedVariable } from "./received.ts";
import { changeUri } from "./request-uri.ts";
import { runningCommands } from "./running-commands.ts";
import { scripting } from "./scripting.ts";
import { headerScripting } from "./scripting-headers.ts";
import { variableScripting } from "./scripting-variables.ts";
import { findListener } from "./send-socket.ts";
import { sendingFunctions } from "./sending.ts";
import { systemCommands } from "./system-commands.ts";
import {
  uriOf,
  withHost,
  withHostPort,
  withHostPortTransport,
  withPort,
  withUser,
  withUserAndPassword,
} from "./uri-parts.ts";

export * from "./destinations.ts";
export { dnsCommands } from "./dns-commands.ts";
export * from "./header-edits.ts";
export * from "./header-name.ts";
export { LEVELS } from "./log-levels.ts";
export * from "./method-bits.ts";
export * from "./myself.ts";
export * from "./patterns.ts";
export * from "./proved.ts";
export * from "./request-uri.ts";
export { memory, runningCommands } from "./running-commands.ts";
export * from "./script-flags.ts";
export * from "./send-socket.ts";
export { sendAsIs, wishForReply } from "./sending.ts";
export * from "./uri-parts.ts";

const ANY = RouteKind.ANY;
const SENDING =
  RouteKind.REQUEST |
  RouteKind.BRANCH |
  RouteKind.FAILURE |
  RouteKind.BRANCH_FAILURE |
  RouteKind.LOCAL |
  RouteKind.ONSEND |
  RouteKind.EVENT;

/** A function that makes another R-URI of the one there is. */
function uriChange(
  doc: string,
  aliases: readonly string[],
  change: (uri: UriText, text: string) => string | null,
): FunctionDef<unknown> {
  return fn({
    args: [str("text")],
    routes: SENDING,
    doc,
    aliases,
    run: (_i: unknown, ctx, text) => changeUri(ctx.message, (uri) => change(uri, text)),
  });
}

/** The same with a number: strip, strip_tail. */
function stripping(doc: string, cut: (user: string, n: number) => string): FunctionDef<unknown> {
  return fn({
    args: [int("n")],
    routes: SENDING,
    doc,
    run: (_i: unknown, ctx, n) =>
      changeUri(ctx.message, (uri) => (uri.user === "" ? uri.text : withUser(uri, cut(uri.user, Math.max(0, n))))),
  });
}

/** The flags of the message. */
function flagFunctions(): Record<string, FunctionDef<unknown>> {
  return {
    setflag: fn({
      args: [int("flag")],
      routes: ANY,
      doc: "Sets a message flag, 0 to 31.",
      run: (_i: unknown, ctx, flag) => {
        if (!inRange(flag)) return -1;
        ctx.message.flags |= 1 << flag;
        return 1;
      },
    }),
    resetflag: fn({
      args: [int("flag")],
      routes: ANY,
      doc: "Clears a message flag.",
      run: (_i: unknown, ctx, flag) => {
        if (!inRange(flag)) return -1;
        ctx.message.flags &= ~(1 << flag);
        return 1;
      },
    }),
    isflagset: fn({
      args: [int("flag")],
      routes: ANY,
      doc: "True when the message flag is set.",
      run: (_i: unknown, ctx, flag) => (inRange(flag) && (ctx.message.flags & (1 << flag)) !== 0 ? 1 : -1),
    }),
  };
}

// Without a URI the current R-URI becomes a branch and takes along all that belongs to it; the script then makes a new one of the R-URI.
function appendBranch(ctx: RouteContext, uri: string | undefined, q: string | undefined): number {
  const msg = ctx.message;
  const own = uri === undefined || uri === "";
  const thousandths = q === undefined || q === "" ? (own ? msg.q : -1) : parseQText(q);
  if (q !== undefined && q !== "" && thousandths < 0) return -1;
  if (!own && uriOf(uri) === null) return -1;
  if (ctx.branches.length + 1 >= ctx.proxy.maxBranches) return -1;
  ctx.addBranch({
    uri: own ? msg.requestUri() : uri,
    dstUri: msg.dstUri,
    path: msg.path,
    q: thousandths,
    flags: msg.branchFlags,
    flowId: own && msg.newUri === msg.flowUri ? msg.flowId : 0,
    sendFrom: ctx.sendFrom,
    ruid: "",
    instance: "",
  });
  if (own) {
    msg.branchFlags = 0;
    msg.dstUri = null;
    msg.path = null;
    msg.q = -1;
    ctx.sendFrom = null;
  }
  return 1;
}

function forceRport(_i: unknown, ctx: RouteContext): number {
  ctx.message.forceRport = true;
  return 1;
}

const commands: Readonly<Record<string, RpcDef<ModuleHost>>> = {
  ...blocklistCommands,
  ...dnsCommands,
  ...dropsCommands,
  ...runningCommands,
  ...systemCommands,
};

/** The functions of Kamailio's core, which are always there, with those of kex on branch flags. */
export const core = defineModule({
  name: "core",
  doc: "What is there without loading a module: R-URI, flags, branches, stateless forwarding.",
  kemiName: "",
  kemi: {
    ...scripting,
    ...headerScripting,
    ...variableScripting,
    forward_uri: "forward",
    add_tcp_alias_via: "force_tcp_alias",
  },
  state: (host) => host,
  configure: (host) => host,
  rpc: commands,
  functions: {
    ...sendingFunctions,
    ...olderFunctions,
    rewriteuri: fn({
      args: [str("uri")],
      routes: SENDING,
      doc: "Sets the R-URI.",
      aliases: ["seturi"],
      run: (_i, ctx, uri) => {
        if (uri === "") return -1;
        ctx.message.newUri = uri;
        return 1;
      },
    }),
    revert_uri: fn({
      routes: SENDING,
      doc: "Sets the R-URI back to what was received.",
      run: (_i, ctx) => {
        ctx.message.newUri = null;
        return 1;
      },
    }),
    rewritehost: uriChange("Sets the host of the R-URI; its port stays.", ["sethost", "seth"], withHost),
    rewritehostport: uriChange("Sets host and port of the R-URI.", ["sethostport", "sethp"], withHostPort),
    rewritehostporttrans: uriChange(
      "Sets host and port of the R-URI, and with ;transport= behind them its transport.",
      ["sethostporttrans", "sethpt"],
      withHostPortTransport,
    ),
    rewriteport: uriChange("Sets the port of the R-URI.", ["setport", "setp"], withPort),
    rewriteuser: uriChange(
      "Sets the user part of the R-URI; an empty one takes it away.",
      ["setuser", "setu"],
      withUser,
    ),
    rewriteuserpass: uriChange(
      "Sets user and password of the R-URI, given as user:password.",
      ["setuserpass", "setup"],
      withUserAndPassword,
    ),
    prefix: uriChange("Puts a text in front of the user part of the R-URI.", [], (uri, text) =>
      withUser(uri, text + uri.user),
    ),
    strip: stripping("Takes that many characters from the start of the R-URI's user part.", (user, n) => user.slice(n)),
    strip_tail: stripping("Takes that many characters from the end of the R-URI's user part.", (user, n) =>
      user.slice(0, Math.max(0, user.length - n)),
    ),
    ...flagFunctions(),
    ...branchFlagFunctions,
    append_branch: fn({
      args: [optional(str("uri")), optional(str("q"))],
      routes: SENDING,
      doc: "Adds a destination beside the R-URI; without a URI the R-URI as it is now.",
      aliases: ["km_append_branch"],
      run: (_i, ctx, uri, q) => appendBranch(ctx, uri, q),
    }),
    clear_branches: fn({
      routes: SENDING,
      doc: "Forgets the destinations beside the R-URI.",
      run: (_i, ctx) => {
        ctx.clearBranches();
        return 1;
      },
    }),
    force_rport: fn({
      routes: ANY,
      doc: "Answers to the port the request came from, as if its Via had rport.",
      aliases: ["add_rport"],
      run: forceRport,
    }),
    force_send_socket: fn({
      args: [str("socket")],
      routes: SENDING,
      doc: "Sends from that listener, given as proto:address:port.",
      aliases: ["set_send_socket"],
      run: (_i, ctx, text) => {
        const listener = findListener(ctx, text);
        if (listener === null) return -1;
        ctx.sendFrom = listener;
        return 1;
      },
    }),
    log: fn({
      args: [str("level"), optional(str("text"))],
      routes: ANY,
      doc: "Writes a line to the log, at L_ERR when no level is given.",
      run: (_i, ctx, first, second) => {
        const level = second === undefined ? Level.ERROR : levelOf(first);
        if (level === undefined) return -1;
        ctx.proxy.log.write(level, (second ?? first).replace(/\n$/, ""));
        return 1;
      },
    }),
  },
  pvs: { ...errorVariables, rcv: receivedVariable },
  events: {
    "core:worker-one-init": { doc: "Before the first message; runs over a request in name only." },
    "core:msg-received": { doc: "A message came and is not parsed yet (received_route_mode); drop forgets it." },
    "core:pre-routing": { doc: "Before request_route and reply_route; drop leaves them out." },
    "core:receive-parse-error": { doc: "A message came that cannot be parsed; $mb holds its bytes." },
  },
});
