// Module sanity: looks a message over for faults that the core lets pass, and answers the sender.

import { type RouteContext, RouteKind, Stop } from "../../proxy/context.ts";
import { int, optional } from "../../registry/args.ts";
import { defineModule, fn, intParam, strParam } from "../../registry/define.ts";
import { kemi } from "../../registry/kemi.ts";
import { Method } from "../../sip/methods.ts";
import { core } from "../core/index.ts";
import { sl } from "../sl.ts";
import { CHECKS_END, faultOf, type Refusal, URIS_END } from "./checks.ts";

interface Sanity {
  readonly checks: number;
  readonly uris: number;
  readonly extensions: ReadonlySet<string>;
  readonly drops: boolean;
  readonly replies: boolean;
}

/** What sanity_reply() says when no check has found anything that can be said. */
const UNKNOWN: Refusal = { code: 500, reason: "Server Sanity Failure", extra: "" };
/** Under which a context keeps what was found. */
const FOUND = {};
const FAULT = 0;

// As the oracle: checks or URIs that do not exist make it false, whatever the message is like, and the script goes on.
function check(self: Sanity, ctx: RouteContext, checks = self.checks, uris = self.uris): number {
  const result = look(self, ctx, checks, uris);
  if (result !== FAULT) return result;
  if (!self.drops) return -1;
  ctx.stop = Stop.DROP;
  return 0;
}

/** Answers the first fault: FAULT then, 1 when there is none, -1 for checks that do not exist. */
function look(self: Sanity, ctx: RouteContext, checks: number, uris: number): number {
  if (checks < 1 || checks >= CHECKS_END || uris < 1 || uris >= URIS_END) return -1;
  const fault = faultOf(ctx.message, { checks, uris, extensions: self.extensions });
  if (fault === null) return 1;
  if (fault.reason !== "") {
    if (self.replies) reply(ctx, fault);
    else ctx.attach(FOUND, fault);
  }
  return FAULT;
}

// Scripts in other languages end themselves, whatever autodrop says.
function told(self: Sanity, ctx: RouteContext, checks: number, uris: number): number {
  return look(self, ctx, checks, uris) === 1 ? 1 : -1;
}

function reply(ctx: RouteContext, { code, reason, extra }: Refusal): void {
  const { message } = ctx;
  if (message.isRequest && message.method !== Method.ACK) ctx.proxy.reply(ctx, code, reason, extra);
}

const ROUTES = RouteKind.REQUEST | RouteKind.REPLY | RouteKind.ONREPLY | RouteKind.FAILURE | RouteKind.EVENT;

/** Kamailio's module sanity. */
export const sanity = defineModule({
  name: "sanity",
  doc: "Looks messages over for faults and answers them.",
  uses: [core, sl],
  params: {
    default_checks: intParam(
      3047,
      "Checks that sanity_check() makes when it is not told which; the sum of their numbers.",
    ),
    uri_checks: intParam(7, "URIs that check 1024 parses: 1 R-URI, 2 From, 4 To, 8 Contact."),
    proxy_require: strParam("", "Extensions that Proxy-Require may ask for, with commas between them."),
    autodrop: intParam(1, "Whether sanity_check() ends the script when it finds a fault (1) or returns false (0)."),
    noreply: intParam(0, "Whether the answer is left to the script and sanity_reply() (1)."),
  },
  state: () => null,
  configure: (_state, p): Sanity => ({
    checks: p.default_checks,
    uris: p.uri_checks,
    extensions: new Set(
      p.proxy_require
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== ""),
    ),
    drops: p.autodrop !== 0,
    replies: p.noreply === 0,
  }),
  kemi: {
    sanity_check: kemi({
      args: [int("msg_checks"), int("uri_checks")],
      doc: "Looks for faults, as the function of the native language does, and answers the first one: -1 then, whatever autodrop says.",
      run: told,
    }),
    sanity_check_defaults: kemi({
      doc: "The same with the checks of default_checks and uri_checks.",
      run: (self: Sanity, ctx) => told(self, ctx, self.checks, self.uris),
    }),
  },
  functions: {
    sanity_check: fn({
      args: [optional(int("msg_checks")), optional(int("uri_checks"))],
      routes: ROUTES,
      doc:
        "Looks for faults: 1 version, 2 R-URI scheme, 4 required headers, 32 CSeq method, 64 CSeq number, 128 Content-Length, 256 Expires, " +
        "512 Proxy-Require, 1024 URIs, 2048 credentials, 4096 tags, 8192 credentials if Digest, 16384 Via. Answers the first one found.",
      run: check,
    }),
    sanity_reply: fn({
      routes: ROUTES,
      doc: "With noreply=1, sends the answer to the fault that sanity_check() has found.",
      run: (self: Sanity, ctx) => {
        if (!self.replies) reply(ctx, ctx.attachment<Refusal>(FOUND) ?? UNKNOWN);
        return 1;
      },
    }),
  },
});
