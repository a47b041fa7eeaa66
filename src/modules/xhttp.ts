// Module xhttp: HTTP requests on the ports of SIP run event_route[xhttp:request], which answers them.

import { type RouteContext, RouteKind } from "../proxy/context.ts";
import { isFieldText } from "../proxy/http-exchange.ts";
import type { Proxy } from "../proxy/proxy.ts";
import { ArgError, str } from "../registry/args.ts";
import { defineModule, fn, parsedParam, pv } from "../registry/define.ts";
import { kemi } from "../registry/kemi.ts";
import { type Pattern, posixRegex } from "../script/posix-regex.ts";
import type { SipMessage } from "../sip/message.ts";
import { textOf } from "../util/bytes.ts";
import { core } from "./core/index.ts";
import { sl } from "./sl.ts";

const EVENT = "xhttp:request";

function target(msg: SipMessage): string {
  return textOf(msg.buf, msg.uriStart, msg.uriEnd);
}

// An empty text means none.
function pattern(text: string): Pattern | null | ArgError {
  if (text === "") return null;
  const re = posixRegex(text, false);
  return typeof re === "string" ? new ArgError(re) : re;
}

interface XHttp {
  readonly proxy: Proxy;
  readonly types: TypeLine;
  readonly skip: Pattern | null;
  readonly match: Pattern | null;
}

function takes({ skip, match }: XHttp, msg: SipMessage): boolean {
  if (skip === null && match === null) return true;
  const url = target(msg);
  return skip?.test(url) !== true && match?.test(url) !== false;
}

/** The header line of a content type; none for an empty one, null for one that cannot stand in a header. The last one is kept: scripts ask for few. */
class TypeLine {
  private type = "";
  private line: string | null = "";

  of(type: string): string | null {
    if (type !== this.type) {
      this.type = type;
      if (!isFieldText(type)) this.line = null;
      else this.line = type === "" ? "" : `Content-Type: ${type}\r\n`;
    }
    return this.line;
  }
}

// The number that three digits are; -1 for all else.
function statusOf(code: string): number {
  if (code.length !== 3) return -1;
  let status = 0;
  for (let i = 0; i < 3; i++) {
    const digit = code.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    status = status * 10 + digit;
  }
  return status;
}

/** A code as text, as the README's example writes it; what is no number is refused. */
function reply({ types }: XHttp, ctx: RouteContext, code: string, reason: string, type: string, body: string): number {
  const status = statusOf(code);
  const line = types.of(type);
  if (status < 100 || status > 699 || reason === "" || line === null) return -1;
  const { message, flow, proxy } = ctx;
  if (message.http !== null) return message.http.answer(status, reason, line, body);
  return message.isRequest ? proxy.replyStateless(message, flow, status, reason, line, body) : -1;
}

/** Kamailio's module xhttp. */
export const xhttp = defineModule({
  name: "xhttp",
  doc: "Serves HTTP on the ports of SIP: each request runs event_route[xhttp:request].",
  uses: [core, sl],
  params: {
    url_skip: parsedParam<Pattern | null>(
      null,
      "Requests whose URL matches this regular expression are not for the event route.",
      pattern,
    ),
    url_match: parsedParam<Pattern | null>(
      null,
      "Only requests whose URL matches this regular expression, and not url_skip, are for the event route.",
      pattern,
    ),
  },
  state: (host) => host.proxy,
  configure: (proxy, params): XHttp => ({
    proxy,
    types: new TypeLine(),
    skip: params.url_skip,
    match: params.url_match,
  }),
  start: (self) => {
    self.proxy.httpRoute = { event: EVENT, takes: (msg) => takes(self, msg) };
  },
  kemi: {
    get_hu: kemi({
      gives: "value",
      doc: "URL of an HTTP request; of a SIP request its R-URI as received.",
      run: (_self: XHttp, ctx) => (ctx.message.isRequest ? target(ctx.message) : null),
    }),
  },
  functions: {
    xhttp_reply: fn({
      args: [str("code"), str("reason"), str("ctype"), str("body")],
      routes: RouteKind.REQUEST | RouteKind.EVENT,
      doc: "Answers the HTTP request, once, with a body of that content type; a SIP request without a transaction. An empty type leaves the header out.",
      run: (self: XHttp, ctx, code, reason, type, body) => reply(self, ctx, code, reason, type, body),
    }),
  },
  pvs: {
    hu: pv(
      "URL of an HTTP request as it stands in its first line; of a SIP request its R-URI as received.",
      (_self: XHttp, ctx) => (ctx.message.isRequest ? target(ctx.message) : null),
    ),
  },
  events: {
    [EVENT]: { doc: "An HTTP request came; the message is the request." },
  },
});
