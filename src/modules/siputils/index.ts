// Module siputils: small questions about messages and URIs.

import { avpNameOf } from "../../proxy/avp-name.ts";
import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { int, optional, str } from "../../registry/args.ts";
import { defineModule, fn, intParam, strParam } from "../../registry/define.ts";
import { parseDate } from "../../sip/date.ts";
import { DigestParam, DigestRange, digestText, parseDigest } from "../../sip/digest.ts";
import { H } from "../../sip/headers.ts";
import type { SipMessage } from "../../sip/message.ts";
import { Method } from "../../sip/methods.ts";
import { listHasToken } from "../../sip/misc.ts";
import { STRIDE, VALUE_END, VALUE_START } from "../../sip/scan.ts";
import { core, currentUri } from "../core/index.ts";
import { type Charging, chargingFunctions, chargingVariables } from "./charging.ts";
import { contactFunctions } from "./contacts.ts";
import { packedFunctions } from "./packed-contacts.ts";
import { type RemoteParty, remotePartyFunctions } from "./remote-party.ts";
import { Ringing } from "./ringing.ts";
import { uriFunctions } from "./uris.ts";

const ANY = RouteKind.ANY;
const credentials = new DigestRange();

interface SipUtils extends RemoteParty, Charging {
  /** Stands between the parts of a packed contact. */
  readonly separator: string;
  readonly e164Max: number;
  readonly ringing: Ringing;
  /** For how long 183 replies become 180, in seconds; 0: they do not. */
  readonly ringTimeout: number;
  /** The header lines of an answer to OPTIONS. */
  readonly optionsLines: string;
}

function truth(yes: boolean): number {
  return yes ? 1 : -1;
}

function isUser(msg: SipMessage, user: string): number {
  for (const id of [H.AUTHORIZATION, H.PROXY_AUTHORIZATION]) {
    const h = msg.find(id);
    if (h < 0) continue;
    const at = h * STRIDE;
    if (parseDigest(msg.buf, msg.index[at + VALUE_START]!, msg.index[at + VALUE_END]!, credentials) !== 0) continue;
    if (digestText(msg.buf, credentials, DigestParam.USERNAME) === user) return 1;
  }
  return -1;
}

// Straight from its sender: one Via only in a request. In a reply, from the one it was first sent to: the last Via is ours.
function isFirstHop(ctx: RouteContext, mode: number): number {
  const msg = ctx.message;
  if (msg.isRequest) {
    if (msg.secondVia() !== null) return -1;
    if (mode === 0) return truth(msg.find(H.RECORD_ROUTE) < 0);
    return 1;
  }
  return truth(msg.find(H.RECORD_ROUTE) < 0 || onlyOurRecordRoute(ctx));
}

function onlyOurRecordRoute(ctx: RouteContext): boolean {
  const first = ctx.message.header(H.RECORD_ROUTE) ?? "";
  const m = /<sips?:(?:[^@<>]*@)?(\[[^\]<]*\]|[^:;<>]+)(?::(\d+))?/i.exec(first);
  return m !== null && ctx.proxy.identity.isMyself(m[1]!.toLowerCase(), m[2] === undefined ? 0 : Number(m[2]));
}

// README: only an OPTIONS to this server itself, without user part in the R-URI, is answered.
function optionsReply(self: SipUtils, ctx: RouteContext): number {
  const msg = ctx.message;
  if (msg.method !== Method.OPTIONS) return -1;
  const uri = currentUri(msg);
  if (uri === null || uri.user !== "") return -1;
  return ctx.proxy.reply(ctx, 200, "OK", self.optionsLines);
}

function isSupported(msg: SipMessage, option: string): number {
  for (let h = msg.find(H.SUPPORTED); h >= 0; h = msg.find(H.SUPPORTED, h + 1)) {
    const at = h * STRIDE;
    if (listHasToken(msg.buf, msg.index[at + VALUE_START]!, msg.index[at + VALUE_END]!, option.toLowerCase())) return 1;
  }
  return -1;
}

function isGruu(text: string): number {
  const m = /;gr(=[^;?>]*)?(?=[;?>]|$)/i.exec(text);
  if (m === null) return -1;
  return m[1] === undefined || m[1] === "=" ? 2 : 1;
}

function dateIsRecent(ctx: RouteContext, seconds: number): number {
  const msg = ctx.message;
  const h = msg.find(H.DATE);
  if (h < 0) return -1;
  const at = parseDate(msg.buf, msg.index[h * STRIDE + VALUE_START]!, msg.index[h * STRIDE + VALUE_END]!);
  return truth(!Number.isNaN(at) && ctx.proxy.host.clock.wall() - at <= seconds * 1000);
}

/** Kamailio's module siputils. */
export const siputils = defineModule({
  name: "siputils",
  doc: "Questions about messages, URIs and numbers, and parameters of the R-URI.",
  uses: [core],
  params: {
    options_accept: strParam("*/*", "Accept in the answer to OPTIONS."),
    options_accept_encoding: strParam("", "Accept-Encoding in the answer to OPTIONS."),
    options_accept_language: strParam("en", "Accept-Language in the answer to OPTIONS."),
    options_support: strParam("", "Supported in the answer to OPTIONS."),
    contact_flds_separator: strParam("*", "The character between the parts of a Contact that encode_contact() packs."),
    rpid_prefix: strParam("", "What append_rpid_hf() puts in front of the URI."),
    rpid_suffix: strParam(";party=calling;id-type=subscriber;screen=yes", "What append_rpid_hf() puts behind the URI."),
    rpid_avp: strParam("$avp(s:rpid)", "The AVP that holds the URI for Remote-Party-ID."),
    ring_timeout: intParam(0, "How long ring_insert_callid() keeps a call (release 3.1); 0: it is off.", {
      unit: "seconds",
      min: 0,
    }),
    e164_max_len: intParam(16, "Longest E.164 number, its + included.", { unit: "characters", min: 2 }),
  },
  state: ({ proxy }) => new Ringing(proxy),
  configure: (ringing, params): SipUtils => ({
    ringing,
    ringTimeout: params.ring_timeout,
    separator: params.contact_flds_separator.charAt(0) || "*",
    rpidAvp: avpNameOf(params.rpid_avp),
    rpidPrefix: params.rpid_prefix,
    rpidSuffix: params.rpid_suffix,
    e164Max: params.e164_max_len,
    optionsLines: [
      `Accept: ${params.options_accept}`,
      `Accept-Encoding: ${params.options_accept_encoding}`,
      `Accept-Language: ${params.options_accept_language}`,
      `Supported: ${params.options_support}`,
    ]
      .map((line) => `${line}\r\n`)
      .join(""),
  }),
  kemi: {
    is_first_hop_mode: "is_first_hop",
    uri_param_value: "uri_param",
  },
  start: (self, { proxy }) => {
    self.ringing.configure(self.ringTimeout);
    proxy.groups.allowNumber("siputils", "ring_timeout", 0, (seconds) => self.ringing.configure(seconds));
  },
  functions: {
    ring_insert_callid: fn({
      routes: RouteKind.REQUEST | RouteKind.FAILURE,
      doc: "183 replies of this call become 180 for ring_timeout seconds; false when that is 0. Of release 3.1.",
      run: (self: SipUtils, ctx) => self.ringing.insert(ctx.message),
    }),
    has_totag: fn({
      routes: ANY,
      doc: "True when To has a tag: the request belongs to a dialog.",
      run: (_self: SipUtils, ctx) => {
        const to = ctx.message.to();
        return truth(to !== null && to.tagEnd > to.tagStart);
      },
    }),
    is_request: fn({
      routes: ANY,
      doc: "True for a request.",
      run: (_self: SipUtils, ctx) => truth(ctx.message.isRequest),
    }),
    is_reply: fn({
      routes: ANY,
      doc: "True for a reply.",
      run: (_self: SipUtils, ctx) => truth(!ctx.message.isRequest),
    }),
    is_user: fn({
      args: [str("username")],
      routes: ANY,
      doc: "True when the credentials of the request are of that user.",
      run: (_self: SipUtils, ctx, user) => isUser(ctx.message, user),
    }),
    is_first_hop: fn({
      args: [optional(int("mode"))],
      routes: ANY,
      doc: "True when the message comes straight from who made it; with mode 1 a Record-Route in a request does not count.",
      run: (_self: SipUtils, ctx, mode) => isFirstHop(ctx, mode ?? 0),
    }),
    options_reply: fn({
      routes: RouteKind.REQUEST,
      doc: "Answers an OPTIONS that is for this server itself (no user in the R-URI) with 200 and what it accepts.",
      run: optionsReply,
    }),
    is_supported: fn({
      args: [str("option")],
      routes: ANY,
      doc: "True when Supported lists that option.",
      run: (_self: SipUtils, ctx, option) => isSupported(ctx.message, option),
    }),
    is_gruu: fn({
      args: [optional(str("uri"))],
      routes: ANY,
      doc: "Whether the R-URI, or the given URI, is a GRUU: 1 a public one, 2 a temporary one, -1 none.",
      run: (_self: SipUtils, ctx, uri) => isGruu(uri ?? ctx.message.requestUri()),
    }),
    hdr_date_check: fn({
      args: [int("tdiff")],
      routes: ANY,
      doc: "True when the Date header is at most that many seconds old.",
      run: (_self: SipUtils, ctx, seconds) => dateIsRecent(ctx, seconds),
    }),
    is_sip: fn({
      routes: ANY,
      doc: "True when the message is SIP.",
      run: (_self: SipUtils, ctx) => truth(ctx.message.http === null),
    }),
    is_http: fn({
      routes: ANY,
      doc: "True when the message is HTTP.",
      run: (_self: SipUtils, ctx) => truth(ctx.message.http !== null),
    }),
    sip_parse_headers: fn({
      routes: ANY,
      doc: "True when all headers of the message have been read; they always have been.",
      run: () => 1,
    }),
    ...uriFunctions,
    ...contactFunctions,
    ...packedFunctions,
    ...remotePartyFunctions,
    ...chargingFunctions,
  },
  pvs: chargingVariables,
});
