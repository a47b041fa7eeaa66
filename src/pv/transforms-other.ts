// Transformations that belong to other modules in Kamailio but need nothing of them: {sql.val…} of sqlops, {url.…} of xhttp.

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

/** SQL literals and parts of HTTP URLs, by name. */
export const OTHER_TRANSFORMS: Readonly<Record<string, TransformDef>> = {
  "sql.val": sql("as a literal of SQL; nothing is NULL", "NULL"),
  "sql.val.int": sql("as a literal of SQL; nothing is 0", "0"),
  "sql.val.str": sql("as a literal of SQL; nothing is the empty text", "''"),
  "url.path": ofText("what stands before the question mark", 0, 0, (t) => t.replace(/\?.*$/s, "")),
  "url.querystring": ofText("what stands after the question mark", 0, 0, (t) => {
    const mark = t.indexOf("?");
    return mark < 0 ? "" : t.slice(mark + 1);
  }),
};
