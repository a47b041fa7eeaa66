// contact_param_encode() and its kin: a URI kept in base 64 as a parameter of another one.

import { RouteKind } from "../../proxy/context.ts";
import { fromBase64Url, toBase64Url } from "../../pv/transforms-encode.ts";
import { str } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import type { UriText } from "../../sip/uri-text.ts";
import { currentUri, uriOf } from "../core/index.ts";
import { changeContacts, contactValues } from "./contact-values.ts";
import { withoutParam } from "./uris.ts";

const BOTH = RouteKind.REQUEST | RouteKind.ONREPLY | RouteKind.REPLY;

/** The URI a parameter holds: null when there is no such parameter or it is empty, -1 when it holds none. */
function unpacked(uri: UriText, param: string): string | number | null {
  const packed = uri.param(param.toLowerCase());
  if (packed === undefined || packed === "") return null;
  const text = fromBase64Url(packed);
  // strangers write it: nothing but a URI may come out of it, or they write our headers
  if (text === null || /[\x00-\x20\x7f<>"]/.test(text) || uriOf(text) === null) return -1;
  return text;
}

/** Functions of siputils that keep one URI in a parameter of another. */
export const packedFunctions: Record<string, FunctionDef<unknown>> = {
  contact_param_encode: fn({
    args: [str("pname"), str("saddr")],
    routes: BOTH,
    doc: "Puts a URI of this server in place of those of Contact, each kept in base 64 in a parameter of that name.",
    aliases: ["contact_param_encode_alias"],
    run: (_i: unknown, ctx, param, address) => {
      if (uriOf(address) === null || !/^[\w-]+$/.test(param)) return -1;
      return changeContacts(ctx.message, true, (uri) => `${address};${param}=${toBase64Url(uri)}`);
    },
  }),
  contact_param_decode: fn({
    args: [str("pname")],
    routes: BOTH,
    doc: "Puts the URI kept in the parameter of that name in place of each of Contact that has one.",
    run: (_i: unknown, ctx, param) =>
      changeContacts(ctx.message, true, (text) => {
        const uri = uriOf(text);
        return uri === null ? null : unpacked(uri, param);
      }),
  }),
  contact_param_decode_uri: fn({
    args: [str("pname")],
    routes: RouteKind.REQUEST,
    doc: "Puts the URI kept in the parameter of that name in place of the R-URI; true as well when there is none.",
    aliases: ["contact_param_decode_ruri"],
    run: (_i: unknown, ctx, param) => {
      const uri = currentUri(ctx.message);
      const text = uri === null ? -1 : unpacked(uri, param);
      if (typeof text === "number") return text;
      if (text !== null) ctx.message.newUri = text;
      return 1;
    },
  }),
  contact_param_rm: fn({
    args: [str("pname")],
    routes: BOTH,
    doc: "Takes the parameter of that name away from the URIs of Contact.",
    run: (_i: unknown, ctx, param) =>
      changeContacts(ctx.message, false, (text) => {
        const uri = uriOf(text);
        return uri === null ? null : withoutParam(uri, param);
      }),
  }),
  contact_param_check: fn({
    args: [str("pname")],
    routes: BOTH,
    doc: "True when a URI of Contact has a parameter of that name.",
    run: (_i: unknown, ctx, param) => {
      const lower = param.toLowerCase();
      const found = contactValues(ctx.message)?.some((v) => uriOf(v.uri)?.param(lower) !== undefined);
      return found === true ? 1 : -1;
    },
  }),
};
