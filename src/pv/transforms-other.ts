// Transformations {val.…} and {sock.…}, and those of other modules in Kamailio that need nothing of them: {sql.val…} of sqlops, {url.…} of
// xhttp.

import type { TransformDef } from "../registry/define.ts";
import type { Value } from "../sip/value.ts";
import { ofText } from "./transform-define.ts";

const ESCAPES: Readonly<Record<string, string>> = { "'": "\\'", '"': '\\"', "\\": "\\\\", "\0": "\\0" };

/** A number as it is, text in quotes with what is special in SQL after a backslash. */
function literal(value: Value, ofNull: string): string {
  if (value === null) return ofNull;
  return typeof value === "number" ? String(value) : `'${value.replace(/['"\\\0]/g, (c) => ESCAPES[c]!)}'`;
}

function sql(doc: string, ofNull: string): TransformDef {
  return { doc, minArgs: 0, maxArgs: 0, apply: (value) => literal(value, ofNull) };
}

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function json(text: string): string {
  return text.replace(
    /["\\\x00-\x1f\x7f]/g,
    (c) => JSON_ESCAPES[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function ofValue(doc: string, apply: (value: Value) => Value): TransformDef {
  return { doc, minArgs: 0, maxArgs: 0, apply };
}

/** A part of [proto:]host[:port]; empty when the text is no such thing. */
function socket(doc: string, read: (proto: string, host: string, port: string) => Value): TransformDef {
  return ofText(doc, 0, 0, (text) => {
    const m = /^(?:([a-z]+):)?(\[[^\]]*\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(text);
    return m === null ? "" : read(m[1] ?? "", m[2]!, m[3] ?? "");
  });
}

/** Values, sockets, SQL literals and parts of HTTP URLs, by name. */
export const OTHER_TRANSFORMS: Readonly<Record<string, TransformDef>> = {
  "sql.val": sql("as a literal of SQL; nothing is NULL", "NULL"),
  "sql.val.int": sql("as a literal of SQL; nothing is 0", "0"),
  "sql.val.str": sql("as a literal of SQL; nothing is the empty text", "''"),
  "val.json": ofValue("escaped for a string of JSON; nothing is empty", (v) =>
    typeof v === "number" ? v : json(v ?? ""),
  ),
  "val.jsonqe": ofValue("as a value of JSON: text in quotes, numbers as they are; nothing is an empty text", (v) =>
    typeof v === "number" ? v : `"${json(v ?? "")}"`,
  ),
  "val.n0": ofValue("the value itself; nothing is 0", (v) => v ?? 0),
  "val.ne": ofValue("the value itself; nothing is the empty text", (v) => v ?? ""),
  "sock.host": socket("host of proto:host:port", (_proto, host) => host),
  "sock.port": socket("port of proto:host:port", (_proto, _host, port) => port),
  "sock.proto": socket("protocol of proto:host:port", (proto) => proto),
  "sock.touri": socket("proto:host:port as a SIP URI", (proto, host, port) => {
    return `sip:${host}${port === "" ? "" : `:${port}`}${proto === "" ? "" : `;transport=${proto}`}`;
  }),
  "url.path": ofText("what stands before the question mark", 0, 0, (t) => t.replace(/\?.*$/s, "")),
  "url.querystring": ofText("what stands after the question mark", 0, 0, (t) => {
    const mark = t.indexOf("?");
    return mark < 0 ? "" : t.slice(mark + 1);
  }),
};
