// Functions of siputils about URIs, numbers and names.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { type Accessor, optional, str, variable } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { Scheme } from "../../sip/uri.ts";
import { urisEqual } from "../../sip/uri-compare.ts";
import type { UriText } from "../../sip/uri-text.ts";
import { toText } from "../../sip/value.ts";
import {
  changeUri,
  currentUri,
  headerName,
  isSip,
  portOf,
  uriOf,
  withHost,
  withUser,
  withUserAndPassword,
} from "../core/index.ts";

const ANY = RouteKind.ANY;

function truth(yes: boolean): number {
  return yes ? 1 : -1;
}

/** Whether two URIs are the same by RFC 3261 19.1.4. Text that is no URI equals nothing. */
export function sameUri(a: string, b: string): boolean {
  const x = uriOf(a);
  const y = uriOf(b);
  return x !== null && y !== null && urisEqual(x.bytes, x.range, y.bytes, y.range);
}

/** Whether two URIs name the same address of record: user, host and port, case of the host aside. */
export function sameAor(a: string, b: string): boolean {
  const x = uriOf(a);
  const y = uriOf(b);
  if (x === null || y === null) return false;
  return x.user === y.user && x.host.toLowerCase() === y.host.toLowerCase() && portOf(x) === portOf(y);
}

/** +, then 2 or more digits, `max` characters in all. A number in E.164 does not begin with 0, but Kamailio does not ask. */
export function isE164(text: string, max: number): boolean {
  return /^\+\d\d+$/.test(text) && text.length <= max;
}

// The parameters stand before the headers.
function withParam(uri: UriText, param: string): string | null {
  if (!isSip(uri)) return null;
  const at = uri.range.headersStart < 0 ? uri.text.length : uri.range.headersStart - 1;
  return `${uri.text.slice(0, at)};${param.replace(/^;/, "")}${uri.text.slice(at)}`;
}

/** The URI without that parameter; null when it has none. */
export function withoutParam(uri: UriText, name: string): string | null {
  const lower = name.toLowerCase();
  if (uri.param(lower) === undefined) return null;
  const kept = uri.params.split(";").filter((p) => p.split("=")[0]!.toLowerCase() !== lower);
  const before = uri.text.slice(0, uri.range.paramsStart - 1);
  return before + kept.map((p) => `;${p}`).join("") + uri.text.slice(uri.range.paramsEnd);
}

function hasParam(ctx: RouteContext, name: string, value: string | undefined): number {
  const found = currentUri(ctx.message)?.param(name.toLowerCase());
  if (found === undefined) return -1;
  // without a value asked for, a parameter that has one does not count (README, uri_param)
  return truth(value === undefined ? found === "" : found.toLowerCase() === value.toLowerCase());
}

function set(target: Accessor, ctx: RouteContext, text: string): number {
  if (target.set === undefined) return -1;
  target.set(ctx, text);
  return 1;
}

/** A tel URI as a SIP URI at that host (RFC 3261 19.1.6): lower case, separators taken out of the number. */
export function telToSip(tel: string, host: string): string | null {
  const uri = uriOf(tel);
  if (uri === null || (uri.range.scheme !== Scheme.TEL && uri.range.scheme !== Scheme.TELS)) return null;
  const number = uri.user.replace(/[-.()]/g, "");
  const params = uri.params === "" ? "" : `;${uri.params.toLowerCase()}`;
  return `${uri.range.scheme === Scheme.TEL ? "sip" : "sips"}:${number}${params}@${host};user=phone`;
}

// -2 for an empty text, -3 for other characters, as on Kamailio.
function onlyLetters(text: string, extra: string): number {
  if (text === "") return -2;
  return [...text].every((c) => /[0-9A-Za-z]/.test(c) || extra.includes(c)) ? 1 : -3;
}

function aboutText(doc: string, otherwise: number, test: (text: string) => boolean): FunctionDef<unknown> {
  return fn({ args: [str("tval")], routes: ANY, doc, run: (_i: unknown, _ctx, text) => (test(text) ? 1 : otherwise) });
}

/** Functions of siputils on URIs and numbers. */
export const uriFunctions: Record<string, FunctionDef<{ readonly e164Max: number }>> = {
  uri_param: fn({
    args: [str("param"), optional(str("value"))],
    routes: ANY,
    doc: "True when the R-URI has that parameter without value, or with the given value.",
    run: (_i: unknown, ctx, name, value) => hasParam(ctx, name, value),
  }),
  uri_param_any: fn({
    args: [str("param")],
    routes: ANY,
    doc: "True when the R-URI has that parameter, with or without value.",
    run: (_i: unknown, ctx, name) => truth(currentUri(ctx.message)?.param(name.toLowerCase()) !== undefined),
  }),
  add_uri_param: fn({
    args: [str("param")],
    routes: ANY,
    doc: "Adds a parameter, name or name=value, to the R-URI.",
    run: (_i: unknown, ctx, param) => (param === "" ? 1 : changeUri(ctx.message, (uri) => withParam(uri, param))),
  }),
  get_uri_param: fn({
    args: [str("name"), variable("var")],
    routes: ANY,
    doc: "Puts the value of a parameter of the R-URI into a variable; false when there is no such parameter.",
    run: (_i: unknown, ctx, name, target) => {
      const value = currentUri(ctx.message)?.param(name.toLowerCase());
      return value === undefined ? -1 : set(target, ctx, value);
    },
  }),
  uri_param_rm: fn({
    args: [str("param")],
    routes: ANY,
    doc: "Takes a parameter away from the R-URI.",
    run: (_i: unknown, ctx, name) => changeUri(ctx.message, (uri) => withoutParam(uri, name) ?? uri.text),
  }),
  tel2sip: fn({
    args: [str("uri"), str("hostpart"), variable("result")],
    routes: ANY,
    doc: "Puts the SIP form of a tel URI into a variable; 2 when the URI is none, and the variable stays as it is.",
    run: (_i: unknown, ctx, uri, host, target) => {
      const sip = telToSip(uri, host);
      return sip === null ? 2 : set(target, ctx, sip);
    },
  }),
  is_uri: aboutText("True when the text is a URI that can be parsed.", -1, (text) => uriOf(text) !== null),
  is_tel_number: aboutText("True when the text is digits with at most a + in front.", -2, (text) =>
    /^(\d+|\+[1-9]\d*)$/.test(text),
  ),
  is_numeric: aboutText("True when the text is digits only.", -2, (text) => /^\d+$/.test(text)),
  is_alphanum: fn({
    args: [str("tval")],
    routes: ANY,
    doc: "True when the text is letters and digits only.",
    run: (_i: unknown, _ctx, text) => onlyLetters(text, ""),
  }),
  is_alphanumex: fn({
    args: [str("tval"), str("eset")],
    routes: ANY,
    doc: "True when the text is letters, digits and the given characters only.",
    run: (_i: unknown, _ctx, text, extra) => onlyLetters(text, extra),
  }),
  is_e164: fn({
    args: [str("number")],
    routes: ANY,
    doc: "True when the text is a number in E.164 form with its +.",
    run: (self: { readonly e164Max: number }, _ctx, text) => truth(isE164(text, self.e164Max)),
  }),
  is_uri_user_e164: fn({
    args: [str("uri")],
    routes: ANY,
    doc: "True when the user part of the URI is a number in E.164 form with its +.",
    run: (self: { readonly e164Max: number }, _ctx, text) => truth(isE164(uriOf(text)?.user ?? "", self.e164Max)),
  }),
  cmp_uri: fn({
    args: [str("str1"), str("str2")],
    routes: ANY,
    doc: "True when the URIs are the same by the rules of RFC 3261 19.1.4.",
    run: (_i: unknown, _ctx, a, b) => (uriOf(a) === null || uriOf(b) === null ? -2 : truth(sameUri(a, b))),
  }),
  cmp_aor: fn({
    args: [str("str1"), str("str2")],
    routes: ANY,
    doc: "True when the URIs name the same address of record: user, host and port.",
    run: (_i: unknown, _ctx, a, b) => (uriOf(a) === null || uriOf(b) === null ? -2 : truth(sameAor(a, b))),
  }),
  cmp_hdr_name: fn({
    args: [str("str1"), str("str2")],
    routes: ANY,
    doc: "True when the texts name the same header, compact forms included.",
    run: (_i: unknown, _ctx, a, b) => {
      const x = headerName(a);
      const y = headerName(b);
      return truth(x.lower === y.lower || (x.id !== 0 && x.id === y.id));
    },
  }),
  set_uri_user: fn({
    args: [variable("uri"), str("user")],
    routes: ANY,
    doc: "Changes the user part of the URI a variable holds.",
    run: (_i: unknown, ctx, target, user) =>
      changeVariable(ctx, target, (uri) =>
        user !== "" && isSip(uri) ? withUserAndPassword(uri, user) : withUser(uri, user),
      ),
  }),
  set_uri_host: fn({
    args: [variable("uri"), str("host")],
    routes: ANY,
    doc: "Changes the host of the URI a variable holds.",
    run: (_i: unknown, ctx, target, host) =>
      changeVariable(ctx, target, (uri) => (host === "" ? null : withHost(uri, host))),
  }),
};

function changeVariable(ctx: RouteContext, target: Accessor, change: (uri: UriText) => string | null): number {
  const uri = uriOf(toText(target.get(ctx)));
  const text = uri === null ? null : change(uri);
  return text === null ? -1 : set(target, ctx, text);
}
