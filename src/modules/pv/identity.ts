// Variables for who somebody claims to be: credentials, asserted and preferred identity, diversion, remote party.

import type { RouteContext } from "../../proxy/context.ts";
import { type PvDef, pv } from "../../registry/define.ts";
import { DigestParam, DigestRange, digestText, hasDigestParam, parseDigest } from "../../sip/digest.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import { findParam, ParamRange } from "../../sip/params.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { unquote } from "../../sip/tokens.ts";
import type { Value } from "../../sip/value.ts";
import { textOf } from "../../util/bytes.ts";
import { provedIdentity, uriOf } from "../core/index.ts";
import { addressOf, addressUri } from "./message.ts";
import { hostOf, userOf } from "./uris.ts";

const credentials = new DigestRange();
const param = new ParamRange();

/** Credentials of the request: of REGISTER those for the server itself, else those for a proxy, when both are there. */
function readCredentials(msg: SipMessage): boolean {
  const [first, second] =
    msg.method === Method.REGISTER
      ? [H.AUTHORIZATION, H.PROXY_AUTHORIZATION]
      : [H.PROXY_AUTHORIZATION, H.AUTHORIZATION];
  let h = msg.find(first);
  if (h < 0) h = msg.find(second);
  if (h < 0) return false;
  return (
    parseDigest(msg.buf, msg.index[h * STRIDE + VALUE_START]!, msg.index[h * STRIDE + VALUE_END]!, credentials) === 0
  );
}

function digest(ctx: RouteContext, id: number): string | null {
  const msg = ctx.message;
  return readCredentials(msg) && hasDigestParam(credentials, id) ? digestText(msg.buf, credentials, id) : null;
}

function def(doc: string, get: (ctx: RouteContext) => Value): PvDef<unknown> {
  return pv(doc, (_i: unknown, ctx) => get(ctx));
}

function digestVariable(doc: string, id: number): PvDef<unknown> {
  return def(doc, (ctx) => digest(ctx, id));
}

function userPart(username: string | null): Value {
  return username === null ? null : username.split("@")[0]!;
}

function fromUri(ctx: RouteContext) {
  const from = ctx.message.from();
  return from === null ? null : uriOf(textOf(ctx.message.buf, from.uriStart, from.uriEnd));
}

// Only credentials that were found right count here: a stranger must not be charged to somebody else.
function accountingUser(ctx: RouteContext): Value {
  return provedIdentity(ctx)?.user ?? userOf(fromUri(ctx));
}

// user@realm of the credentials, else user@host of From
function accountingAddress(ctx: RouteContext): Value {
  const proved = provedIdentity(ctx);
  if (proved !== null) return `${proved.user}@${proved.realm}`;
  const uri = fromUri(ctx);
  return uri === null ? null : uri.user === "" ? uri.host : `${uri.user}@${uri.host}`;
}

function diversionParam(ctx: RouteContext, lowerName: string): Value {
  const msg = ctx.message;
  const a = addressOf(msg, H.DIVERSION);
  if (a === null || !findParam(msg.buf, a.paramsStart, a.paramsEnd, lowerName, param) || param.valueStart < 0)
    return null;
  return msg.buf[param.valueStart] === 34
    ? unquote(msg.buf, param.valueStart, param.valueEnd)
    : textOf(msg.buf, param.valueStart, param.valueEnd);
}

function preferred(ctx: RouteContext) {
  const text = addressUri(ctx.message, H.P_PREFERRED_IDENTITY);
  return text === null ? null : uriOf(text);
}

/** Variables of identity. */
export const identityVariables: Record<string, PvDef<unknown>> = {
  au: def("User part of the username in the credentials.", (ctx) => userPart(digest(ctx, DigestParam.USERNAME))),
  ad: def("Domain part of the username in the credentials.", (ctx) => {
    const username = digest(ctx, DigestParam.USERNAME);
    return username === null ? null : (username.split("@")[1] ?? "");
  }),
  aU: digestVariable("The whole username in the credentials.", DigestParam.USERNAME),
  ar: digestVariable("The realm in the credentials.", DigestParam.REALM),
  aa: digestVariable("The algorithm in the credentials.", DigestParam.ALGORITHM),
  adu: digestVariable("The URI in the credentials.", DigestParam.URI),
  adn: digestVariable("The nonce in the credentials.", DigestParam.NONCE),
  adc: digestVariable("The client's nonce in the credentials.", DigestParam.CNONCE),
  adr: digestVariable("The response in the credentials.", DigestParam.RESPONSE),
  ado: digestVariable("The opaque in the credentials.", DigestParam.OPAQUE),
  AU: def("User for accounting: that of credentials found right, else that of From.", accountingUser),
  Au: def("User for accounting with realm or host: of credentials found right, else of From.", accountingAddress),
  ai: def("URI in P-Asserted-Identity.", (ctx) => addressUri(ctx.message, H.P_ASSERTED_IDENTITY)),
  pu: def("URI in P-Preferred-Identity.", (ctx) => addressUri(ctx.message, H.P_PREFERRED_IDENTITY)),
  pU: def("User part of the URI in P-Preferred-Identity.", (ctx) => userOf(preferred(ctx))),
  pd: def("Host of the URI in P-Preferred-Identity.", (ctx) => hostOf(preferred(ctx))),
  pn: def("Display name in P-Preferred-Identity.", (ctx) => {
    const a = addressOf(ctx.message, H.P_PREFERRED_IDENTITY);
    return a === null || a.displayStart < 0 ? null : textOf(ctx.message.buf, a.displayStart, a.displayEnd);
  }),
  re: def("URI in Remote-Party-ID.", (ctx) => addressUri(ctx.message, H.REMOTE_PARTY_ID)),
  di: def("URI in the first Diversion.", (ctx) => addressUri(ctx.message, H.DIVERSION)),
  dip: def("Parameter privacy of the first Diversion.", (ctx) => diversionParam(ctx, "privacy")),
  dir: def("Parameter reason of the first Diversion.", (ctx) => diversionParam(ctx, "reason")),
  dic: def("Parameter counter of the first Diversion.", (ctx) => diversionParam(ctx, "counter")),
};
