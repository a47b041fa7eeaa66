// encode_contact() and its reverse: where a Contact comes from, packed into the user part of a URI at this server.

import { RouteKind } from "../../proxy/context.ts";
import { str } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { Scheme } from "../../sip/uri.ts";
import { currentUri, uriOf } from "../core/index.ts";
import { changeContacts } from "./contact-values.ts";

const BOTH = RouteKind.REQUEST | RouteKind.ONREPLY | RouteKind.REPLY;

/** What cannot be packed or unpacked, in Kamailio's numbers. */
const Bad = { SCHEME: -509, NO_USER: -23, TOO_MANY: -24, TOO_FEW: -26, NO_URI: -1 } as const;

/** prefix, user, password, host, port and transport, as they stand between separators. */
const FIELDS = 6;

interface Packing {
  readonly separator: string;
}

function pack(text: string, prefix: string, host: string, separator: string): string | number {
  const uri = uriOf(text);
  if (uri === null) return Bad.NO_URI;
  if (uri.range.scheme !== Scheme.SIP) return Bad.SCHEME;
  const port = uri.port > 0 ? String(uri.port) : "";
  const fields = [prefix, uri.user, uri.password, uri.host, port, uri.param("transport") ?? ""];
  return `sip:${fields.join(separator)}@${host}`;
}

function unpack(text: string, separator: string): string | number {
  const uri = uriOf(text);
  if (uri === null) return Bad.NO_URI;
  if (uri.user === "") return Bad.NO_USER;
  const fields = uri.user.split(separator);
  if (fields.length < FIELDS) return Bad.TOO_FEW;
  if (fields.length > FIELDS) return Bad.TOO_MANY;
  const [, user, password, host, port, transport] = fields as [string, string, string, string, string, string];
  const name = user === "" ? "" : `${user}${password === "" ? "" : `:${password}`}@`;
  const tail = `${port === "" ? "" : `:${port}`}${transport === "" ? "" : `;transport=${transport}`}`;
  const made = `sip:${name}${host}${tail}${uri.params === "" ? "" : `;${uri.params}`}`;
  return uriOf(made) === null ? Bad.NO_URI : made;
}

/** Functions of siputils that pack contacts into user parts. */
export const contactFunctions: Record<string, FunctionDef<Packing>> = {
  encode_contact: fn({
    args: [str("encoding_prefix"), str("hostpart")],
    routes: BOTH,
    doc: "Packs the URIs of Contact into URIs at this server: sip:prefix*user*password*host*port*transport@hostpart.",
    run: (self: Packing, ctx, prefix, host) =>
      changeContacts(ctx.message, false, (uri) => pack(uri, prefix, host, self.separator)),
  }),
  decode_contact: fn({
    routes: RouteKind.REQUEST,
    doc: "Unpacks an R-URI that encode_contact() has made.",
    run: (self: Packing, ctx) => {
      const uri = currentUri(ctx.message);
      const made = uri === null ? Bad.NO_URI : unpack(uri.text, self.separator);
      if (typeof made === "number") return made;
      ctx.message.newUri = made;
      return 1;
    },
  }),
  decode_contact_header: fn({
    routes: BOTH | RouteKind.FAILURE,
    doc: "Unpacks the URIs of Contact that encode_contact() has made.",
    run: (self: Packing, ctx) => changeContacts(ctx.message, false, (uri) => unpack(uri, self.separator)),
  }),
};
