// What scripts in other languages have directly under KSR, always: log lines, questions about the request, flags, URIs.

import type { RouteContext } from "../../proxy/context.ts";
import { type Arg, type ArgTypes, int, str } from "../../registry/args.ts";
import { type KemiDef, kemi } from "../../registry/kemi.ts";
import type { NameAddrRange } from "../../sip/name-addr.ts";
import { Transport } from "../../sip/transports.ts";
import { textOf } from "../../util/bytes.ts";
import { Level } from "../../util/log.ts";
import { branchFlagFunctions } from "./branch-flags.ts";
import { levelOf } from "./log-levels.ts";
import { METHOD_BITS } from "./method-bits.ts";
import { isMyselfText } from "./myself.ts";
import { scriptFlags, setScriptFlags } from "./script-flags.ts";

/** A question: true or false in every language. */
function ask<const A extends readonly Arg<unknown>[]>(
  args: A,
  doc: string,
  holds: (ctx: RouteContext, ...args: ArgTypes<A>) => boolean,
): KemiDef<unknown> {
  return kemi<unknown, A>({ args, gives: "bool", doc, run: (_i, ctx, ...values) => (holds(ctx, ...values) ? 1 : -1) });
}

function logAt(level: number, word: string): KemiDef<unknown> {
  return kemi({
    args: [str("text")],
    gives: "none",
    doc: `Writes a line to the log at level ${word}.`,
    run: (_i: unknown, ctx, text) => writeLine(ctx, level, text),
  });
}

function writeLine(ctx: RouteContext, level: number, text: string): number {
  ctx.proxy.log.write(level, text.replace(/\n$/, ""));
  return 1;
}

const LEVEL_WORDS: Readonly<Record<string, number>> = {
  dbg: Level.DEBUG,
  info: Level.INFO,
  notice: Level.NOTICE,
  warn: Level.WARNING,
  err: Level.ERROR,
  crit: Level.CRITICAL,
};

/** The letters by which is_method_in names methods. */
const METHOD_LETTERS: Readonly<Record<string, string>> = {
  I: "INVITE",
  A: "ACK",
  B: "BYE",
  C: "CANCEL",
  R: "REGISTER",
  M: "MESSAGE",
  O: "OPTIONS",
  S: "SUBSCRIBE",
  P: "PUBLISH",
  N: "NOTIFY",
  U: "UPDATE",
  K: "KDMQ",
  F: "REFER",
  G: "GET",
  T: "POST",
  V: "PUT",
  E: "PRACK",
  D: "DELETE",
};

const isMethod = (ctx: RouteContext, methods: string): boolean =>
  methods === ctx.message.methodText() ||
  (methods.includes("|") && methods.split("|").includes(ctx.message.methodText()));

function methodQuestions(): Record<string, KemiDef<unknown>> {
  const out: Record<string, KemiDef<unknown>> = {};
  for (const method of Object.keys(METHOD_BITS))
    out[`is_${method}`] = ask([], `Whether the method is ${method}.`, (ctx) => isMethod(ctx, method));
  return out;
}

function uriIn({ message }: RouteContext, address: NameAddrRange | null): string {
  return address === null ? "" : textOf(message.buf, address.uriStart, address.uriEnd);
}

/** What of a message is asked whether it is ours. */
const PLACES: Readonly<Record<string, readonly [string, (ctx: RouteContext) => string]>> = {
  ruri: ["R-URI", (ctx) => ctx.message.requestUri()],
  duri: ["destination URI", (ctx) => ctx.message.dstUri ?? ""],
  nhuri: ["URI of the next hop", (ctx) => ctx.message.dstUri ?? ctx.message.requestUri()],
  furi: ["URI of From", (ctx) => uriIn(ctx, ctx.message.from())],
  turi: ["URI of To", (ctx) => uriIn(ctx, ctx.message.to())],
};

function myselfQuestions(): Record<string, KemiDef<unknown>> {
  const out: Record<string, KemiDef<unknown>> = {
    is_myself: ask([str("uri")], "Whether the host (and port, if there is one) of the URI is ours.", isMyselfText),
    is_myself_srcip: ask([], "Whether the message came from one of our addresses.", (ctx) =>
      ctx.proxy.identity.isMyself(ctx.flow.remote.address, 0),
    ),
    is_myself_suri: ask([], "Whether the message came from one of our sockets.", (ctx) =>
      ctx.proxy.identity.isMyself(ctx.flow.remote.address, ctx.flow.remote.port),
    ),
  };
  for (const [name, [words, read]] of Object.entries(PLACES))
    out[`is_myself_${name}`] = ask([], `Whether the ${words} is ours.`, (ctx) => isMyselfText(ctx, read(ctx)));
  return out;
}

const TRANSPORTS: Readonly<Record<string, readonly number[]>> = {
  UDP: [Transport.UDP],
  TCP: [Transport.TCP],
  TLS: [Transport.TLS],
  SCTP: [Transport.SCTP],
  WS: [Transport.WS],
  WSS: [Transport.WSS],
  WSX: [Transport.WS, Transport.WSS],
};

function transportQuestions(): Record<string, KemiDef<unknown>> {
  const out: Record<string, KemiDef<unknown>> = {};
  for (const [name, protocols] of Object.entries(TRANSPORTS))
    out[`is_${name}`] = ask([], `Whether the message came over ${name}.`, (ctx) =>
      protocols.includes(ctx.flow.protocol),
    );
  return out;
}

/** The letters by which is_proto names transports. */
const TRANSPORT_LETTERS: Readonly<Record<string, number>> = {
  U: Transport.UDP,
  T: Transport.TCP,
  E: Transport.TLS,
  S: Transport.SCTP,
  W: Transport.WS,
  V: Transport.WSS,
};

function sendingQuestions(): Record<string, KemiDef<unknown>> {
  const out: Record<string, KemiDef<unknown>> = {};
  for (const [name, protocols] of Object.entries(TRANSPORTS))
    out[`to_${name}`] = ask([], `In onsend_route: whether the message leaves over ${name}.`, (ctx) =>
      protocols.includes(ctx.sending?.flow.protocol ?? -1),
    );
  for (const family of [4, 6])
    out[`to_IPv${family}`] = ask(
      [],
      `Whether the message came to an address of IPv${family}.`,
      (ctx) => ctx.flow.local.family === family,
    );
  return out;
}

function branchFlag(name: "setbflag" | "resetbflag" | "isbflagset"): KemiDef<unknown> {
  const { doc, run } = branchFlagFunctions[name]!;
  const both = run as unknown as (instance: unknown, ctx: RouteContext, flag: number, branch: number) => number;
  return kemi({
    args: [int("flag"), int("branch")],
    gives: "bool",
    doc,
    run: (instance: unknown, ctx, flag, branch) => both(instance, ctx, flag, branch),
  });
}

function scriptFlag(doc: string, run: (flags: number, bit: number) => number): KemiDef<unknown> {
  return ask([int("flag")], doc, (ctx, flag) => {
    if (flag < 0 || flag > 31) return false;
    setScriptFlags(ctx, run(scriptFlags(ctx), 1 << flag));
    return true;
  });
}

/** The functions, by their names in KSR. */
export const scripting: Readonly<Record<string, KemiDef<unknown>>> = {
  ...Object.fromEntries(Object.entries(LEVEL_WORDS).map(([word, level]) => [word, logAt(level, word)])),
  log: kemi({
    args: [str("level"), str("text")],
    gives: "none",
    doc: "Writes a line to the log at a level: dbg, info, notice, warn, err or crit.",
    run: (_i: unknown, ctx, level, text) => writeLine(ctx, LEVEL_WORDS[level] ?? levelOf(level) ?? Level.ERROR, text),
  }),
  set_drop: kemi({
    gives: "none",
    doc: "Marks the message to be dropped when the script ends.",
    run: (_i: unknown, ctx) => {
      ctx.dropAtEnd = true;
      return 1;
    },
  }),
  ...myselfQuestions(),
  ...methodQuestions(),
  is_method: ask([str("method")], "Whether the method is that, or one of several with | between.", isMethod),
  is_method_in: ask(
    [str("letters")],
    "Whether the method is one of those named by a letter each: I INVITE, A ACK, B BYE, C CANCEL, R REGISTER, M MESSAGE, O OPTIONS, S SUBSCRIBE, P PUBLISH, N NOTIFY, U UPDATE and others.",
    (ctx, letters) => {
      const method = ctx.message.methodText();
      for (const letter of letters) if (METHOD_LETTERS[letter] === method) return true;
      return false;
    },
  ),
  ...transportQuestions(),
  ...sendingQuestions(),
  is_proto: ask(
    [str("letters")],
    "Whether the message came over one of the transports named by a letter each: U UDP, T TCP, E TLS, S SCTP, W WS, V WSS.",
    (ctx, letters) => {
      for (const letter of letters.toUpperCase()) if (TRANSPORT_LETTERS[letter] === ctx.flow.protocol) return true;
      return false;
    },
  ),
  setbiflag: branchFlag("setbflag"),
  resetbiflag: branchFlag("resetbflag"),
  isbiflagset: branchFlag("isbflagset"),
  is_IPv4: ask([], "Whether the message came over IPv4.", (ctx) => ctx.flow.remote.family === 4),
  is_IPv6: ask([], "Whether the message came over IPv6.", (ctx) => ctx.flow.remote.family === 6),
  is_src_port: ask(
    [int("port")],
    "Whether the message came from that port.",
    (ctx, port) => ctx.flow.remote.port === port,
  ),
  is_dst_port: ask(
    [int("port")],
    "Whether the message came to that port.",
    (ctx, port) => ctx.flow.local.port === port,
  ),
  setsflag: scriptFlag("Sets a script flag, 0 to 31.", (flags, bit) => flags | bit),
  resetsflag: scriptFlag("Clears a script flag.", (flags, bit) => flags & ~bit),
  issflagset: ask([int("flag")], "Whether the script flag is set.", (ctx, flag) =>
    flag >= 0 && flag <= 31 ? (scriptFlags(ctx) & (1 << flag)) !== 0 : false,
  ),
  setdsturi: ask([str("uri")], "Sets the destination URI, $du.", (ctx, uri) => {
    ctx.message.dstUri = uri;
    return true;
  }),
  resetdsturi: ask([], "Takes the destination URI away.", (ctx) => {
    ctx.message.dstUri = null;
    return true;
  }),
  isdsturiset: ask([], "Whether there is a destination URI.", (ctx) => ctx.message.dstUri !== null),
  get_debug: kemi({ doc: "The log level that is in force.", run: (_i: unknown, ctx) => ctx.proxy.log.settings.level }),
  route: kemi({
    args: [{ kind: "route", name: "name", optional: false, route: "route" } as Arg<number>],
    waits: "maybe",
    doc: "Runs route[name] of the configuration; gives its return code.",
    run: (_i: unknown, ctx, id) => ctx.routes.route(id, ctx),
  }),
  // ending the script is the language's part
  "x.exit": kemi({ gives: "none", doc: "Ends the script.", run: () => 1 }),
  "x.drop": kemi({
    gives: "none",
    doc: "Ends the script and drops the message.",
    run: (_i: unknown, ctx) => {
      ctx.dropAtEnd = true;
      return 1;
    },
  }),
};
