// Variables for URIs: the R-URI now and as received, the destination URI, the next hop, From and To.

import type { RouteContext } from "../../proxy/context.ts";
import { ArgError } from "../../registry/args.ts";
import { type PvDef, pv, pvClass } from "../../registry/define.ts";
import type { SipMessage } from "../../sip/message.ts";
import type { NameAddrRange } from "../../sip/name-addr.ts";
import { Scheme } from "../../sip/uri.ts";
import type { UriText } from "../../sip/uri-text.ts";
import { toText, type Value } from "../../sip/value.ts";
import { textOf } from "../../util/bytes.ts";
import { changeUri, currentUri, isSip, receivedUri, uriOf, withHost, withPort, withUser } from "../core/index.ts";

type Read = (ctx: RouteContext) => UriText | null;
type Write = (ctx: RouteContext, value: Value) => void;

function orNull(text: string): Value {
  return text === "" ? null : text;
}

function schemeOf(uri: UriText | null): Value {
  return uri === null ? null : uri.isPhone ? "tel" : uri.scheme;
}

/** User part; null without one. Of a URN its namespace; of a telephone number (user=phone) what is in front of its parameters. */
export function userOf(uri: UriText | null): Value {
  if (uri === null) return null;
  if (uri.scheme === "urn") return orNull(urnParts(uri)[0]);
  return orNull(uri.userOrNumber);
}

/** Host; null without one. Of a URN what is behind its namespace. */
export function hostOf(uri: UriText | null): Value {
  return uri === null ? null : orNull(uri.scheme === "urn" ? urnParts(uri)[1] : uri.host);
}

// "urn:namespace:specific": RFC 2141
function urnParts({ text }: UriText): readonly [string, string] {
  const m = /^[^:]*:([^:]*):?([\s\S]*)$/.exec(text);
  return [m?.[1] ?? "", m?.[2] ?? ""];
}

/** The schemes whose parts variables show; of others there are none, as on Kamailio. */
const SHOWN: ReadonlySet<number> = new Set([Scheme.SIP, Scheme.SIPS, Scheme.TEL, Scheme.TELS]);

function shown(uri: UriText | null): UriText | null {
  return uri !== null && (SHOWN.has(uri.range.scheme) || uri.scheme === "urn") ? uri : null;
}

function transportOf(uri: UriText | null, fallback: string): Value {
  if (uri === null) return null;
  return uri.param("transport") ?? fallback;
}

function userLength(uri: UriText | null): Value {
  return uri === null ? null : toText(userOf(uri)).length;
}

function def(
  doc: string,
  get: (ctx: RouteContext) => Value,
  set?: Write,
  aliases: readonly string[] = [],
): PvDef<unknown> {
  return pv(
    doc,
    (_i: unknown, ctx) => get(ctx),
    set === undefined ? undefined : (_i: unknown, ctx, value) => set(ctx, value),
    aliases,
  );
}

// ---- R-URI, as it is and as it came ----

// Null when it is no URI; a tel URI shows whatever it says.
function textOfUri(text: string): Value {
  return shown(uriOf(text)) !== null || /^tels?:/i.test(text) ? text : null;
}

const current: Read = (ctx) => shown(currentUri(ctx.message));
const original: Read = (ctx) => (ctx.message.isRequest ? shown(uriOf(receivedUri(ctx.message))) : null);
const destination: Read = (ctx) => (ctx.message.dstUri === null ? null : shown(uriOf(ctx.message.dstUri)));

/** An assignment that takes texts only, as on Kamailio; null is left to `onNull`, without which it changes nothing. */
function asText(
  name: string,
  set: (ctx: RouteContext, text: string) => void,
  onNull?: (ctx: RouteContext) => void,
): Write {
  return (ctx, value) => {
    if (value === null) onNull?.(ctx);
    else if (typeof value === "string") set(ctx, value);
    else ctx.proxy.limited.error(ctx.proxy.log, `$${name} takes a text, not the number ${value}`);
  };
}

function setPart(ctx: RouteContext, change: (uri: UriText, text: string) => string | null, text: string): void {
  changeUri(ctx.message, (uri) => change(uri, text));
}

const setUser = asText(
  "rU",
  (ctx, text) => setPart(ctx, withUser, text),
  (ctx) => setPart(ctx, withUser, ""),
);
const setHost = asText("rd", (ctx, text) => setPart(ctx, withHost, text));
const setPort: Write = (ctx, value) => setPart(ctx, withPort, toText(value));

const requestUri: Record<string, PvDef<unknown>> = {
  ru: def(
    "The R-URI.",
    (ctx) => (ctx.message.isRequest ? textOfUri(ctx.message.requestUri()) : null),
    asText("ru", (ctx, text) => {
      if (text !== "") ctx.message.newUri = text;
    }),
    ["ruri"],
  ),
  rU: def("User part of the R-URI; $null takes it away.", (ctx) => userOf(current(ctx)), setUser, ["ruri.user"]),
  rUl: def("Length of the user part of the R-URI.", (ctx) => userLength(current(ctx))),
  rd: def("Host of the R-URI.", (ctx) => hostOf(current(ctx)), setHost, ["ruri.domain"]),
  rp: def(
    "Port of the R-URI, 5060 or 5061 when it says none; $null takes it away.",
    (ctx) => portValue(current(ctx)),
    setPort,
  ),
  rP: def("Transport the R-URI asks for.", (ctx) => transportOf(current(ctx), "UDP")),
  rz: def("Scheme of the R-URI.", (ctx) => schemeOf(current(ctx))),
  ou: def(
    "The R-URI as it was received.",
    (ctx) => (ctx.message.isRequest ? textOfUri(receivedUri(ctx.message)) : null),
    undefined,
    ["ouri"],
  ),
  oU: def("User part of the R-URI as received.", (ctx) => userOf(original(ctx))),
  oUl: def("Length of the user part of the R-URI as received.", (ctx) => userLength(original(ctx))),
  od: def("Host of the R-URI as received.", (ctx) => hostOf(original(ctx))),
  op: def("Port of the R-URI as received.", (ctx) => portValue(original(ctx))),
  oP: def("Transport the R-URI as received asks for.", (ctx) => transportOf(original(ctx), "UDP")),
  du: def(
    "Destination URI: where the request goes instead of its R-URI; $null takes it away.",
    (ctx) => ctx.message.dstUri,
    asText(
      "du",
      (ctx, text) => {
        ctx.message.dstUri = text === "" ? null : text;
      },
      (ctx) => {
        ctx.message.dstUri = null;
      },
    ),
    ["duri"],
  ),
  dd: def("Host of the destination URI.", (ctx) => hostOf(destination(ctx))),
  dp: def("Port of the destination URI.", (ctx) => portValue(destination(ctx))),
  dP: def("Transport of the destination URI.", (ctx) => transportOf(destination(ctx), "UDP")),
  nh: pvClass<unknown>({
    doc: "The next hop, the destination URI or else the R-URI: (u) whole, (U) user, (d) host, (p) port, (P) transport.",
    inner: "required",
    resolve: (_i, part) => {
      const next: Read = (ctx) => (ctx.message.dstUri === null ? current(ctx) : destination(ctx));
      const get = nextHopPart(part ?? "", next);
      return get === null ? new ArgError(`unknown part of the next hop "${part}"`, "use u, U, d, p or P") : { get };
    },
  }),
};

// a text, as on Kamailio: $rp + 1 joins
function portValue(uri: UriText | null): Value {
  if (uri === null) return null;
  if (uri.port >= 0) return String(uri.port);
  return uri.param("transport")?.toLowerCase() === "tls" ? "5061" : "5060";
}

function nextHopPart(part: string, next: Read): ((ctx: RouteContext) => Value) | null {
  switch (part) {
    case "u":
      return (ctx) => ctx.message.dstUri ?? (ctx.message.isRequest ? orNull(ctx.message.requestUri()) : null);
    case "U":
      return (ctx) => userOf(next(ctx));
    case "d":
      return (ctx) => hostOf(next(ctx));
    case "p":
      return (ctx) => {
        const uri = next(ctx);
        return uri === null ? null : String(uri.port >= 0 ? uri.port : 5060);
      };
    case "P":
      return (ctx) => transportOf(next(ctx), "UDP");
    default:
      return null;
  }
}

// ---- From and To: what is written is an edit and not seen by reads ----

type Party = (msg: SipMessage) => NameAddrRange | null;

function partyUri(msg: SipMessage, party: NameAddrRange | null): UriText | null {
  return party === null ? null : uriOf(textOf(msg.buf, party.uriStart, party.uriEnd));
}

function setPartyUri(msg: SipMessage, party: NameAddrRange | null, value: Value): void {
  if (party === null || value === null || value === "") return;
  msg.currentEdits().add(party.uriStart, party.uriEnd - party.uriStart, toText(value));
}

function setPartyUser(msg: SipMessage, party: NameAddrRange | null, value: Value): void {
  const uri = partyUri(msg, party);
  if (party === null || uri === null || !isSip(uri)) return;
  const { range } = uri;
  const user = toText(value);
  const at = party.uriStart;
  if (range.userStart < 0) {
    if (user !== "") msg.currentEdits().add(at + range.hostStart, 0, `${user}@`);
  } else if (user === "") msg.currentEdits().add(at + range.userStart, range.hostStart - range.userStart, "");
  else msg.currentEdits().add(at + range.userStart, range.userEnd - range.userStart, user);
}

function setPartyHost(msg: SipMessage, party: NameAddrRange | null, value: Value): void {
  const uri = partyUri(msg, party);
  if (party === null || uri === null || !isSip(uri) || value === null || value === "") return;
  msg.currentEdits().add(party.uriStart + uri.range.hostStart, uri.range.hostEnd - uri.range.hostStart, toText(value));
}

function setDisplay(msg: SipMessage, party: NameAddrRange | null, value: Value): void {
  if (party === null) return;
  const edits = msg.currentEdits();
  const name = toText(value);
  const open = party.uriStart - 1;
  if (party.brackets === 1) {
    const start = party.displayStart >= 0 ? party.displayStart : open;
    edits.add(start, open - start, name === "" ? "" : `${name} `);
  } else if (name !== "") {
    // addr-spec becomes name-addr: what is in front of a change of the URI, and what is behind it
    edits.addFirst(party.uriStart, 0, `${name} <`);
    edits.add(party.uriEnd, 0, ">");
  }
}

function partyVariables(which: Party, letter: string, word: string, name: string): Record<string, PvDef<unknown>> {
  const uri = (ctx: RouteContext): UriText | null => partyUri(ctx.message, which(ctx.message));
  const setting =
    (set: (msg: SipMessage, party: NameAddrRange | null, value: Value) => void): Write =>
    (ctx, value) => {
      if (typeof value === "number")
        ctx.proxy.limited.error(ctx.proxy.log, `${name} takes a text, not the number ${value}`);
      else set(ctx.message, which(ctx.message), value);
    };
  return {
    [`${letter}u`]: def(
      `The URI of ${name}; assigning changes what is sent, not what is read.`,
      (ctx) => {
        const party = which(ctx.message);
        return party === null ? null : textOf(ctx.message.buf, party.uriStart, party.uriEnd);
      },
      setting(setPartyUri),
      [word],
    ),
    [`${letter}U`]: def(
      `User part of the URI of ${name}; assigning changes what is sent.`,
      (ctx) => userOf(uri(ctx)),
      setting(setPartyUser),
      [`${word}.user`],
    ),
    [`${letter}Ul`]: def(`Length of the user part of the URI of ${name}.`, (ctx) => userLength(uri(ctx))),
    [`${letter}d`]: def(
      `Host of the URI of ${name}; assigning changes what is sent.`,
      (ctx) => hostOf(uri(ctx)),
      setting(setPartyHost),
      [`${word}.domain`],
    ),
    [`${letter}n`]: def(
      `Display name of ${name}, with its quotes; assigning changes what is sent.`,
      (ctx) => {
        const party = which(ctx.message);
        return party === null || party.displayStart < 0
          ? null
          : orNull(textOf(ctx.message.buf, party.displayStart, party.displayEnd));
      },
      setting(setDisplay),
    ),
    [`${letter}t`]: def(`Tag of ${name}.`, (ctx) => {
      const party = which(ctx.message);
      return party === null || party.tagStart < 0 ? null : textOf(ctx.message.buf, party.tagStart, party.tagEnd);
    }),
  };
}

/** $ru, $du, $fu, $tu and what belongs to them. */
export const uriVariables: Record<string, PvDef<unknown>> = {
  ...requestUri,
  ...partyVariables((msg) => msg.from(), "f", "from", "From"),
  ...partyVariables((msg) => msg.to(), "t", "to", "To"),
};
