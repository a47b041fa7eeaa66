// What the header value functions take as their first argument: NAME, NAME[index], NAME[index].param.

import { type Arg, ArgError, parsed } from "../../registry/args.ts";
import { type HeaderName, headerName } from "../core/index.ts";

/** A header, which of its values, and which parameter of that. */
export interface HfName {
  readonly name: HeaderName;
  /** The name as written, for a header that is made anew. */
  readonly text: string;
  /** Number of the value, counted from 1 over all headers of the name, negative from the end; "*" all; null none written, or []. */
  readonly index: number | "*" | null;
  readonly hasIndex: boolean;
  readonly param: string | null;
}

/** What may stand behind the name. */
export interface Allowed {
  readonly index: boolean;
  readonly param: boolean;
  readonly all: boolean;
}

function parse(text: string, may: Allowed): HfName | ArgError {
  const m = /^\s*([\w!%*+`'~-]+)(?:\s*\[\s*(?:(\*|[+-]?\d+)\s*)?\])?(?:\s*\.\s*([\w!%*+`'~-]+))?\s*$/.exec(text);
  if (m === null) return new ArgError(`"${text}" names no header value`, "write NAME, NAME[2] or NAME[2].param");
  const hasIndex = text.includes("[");
  if (hasIndex && !may.index) return new ArgError(`no number may stand behind the header in "${text}"`);
  if (m[3] !== undefined && !may.param) return new ArgError(`no parameter may stand behind the header in "${text}"`);
  const isAll = m[2] === "*";
  // all of them may get a parameter, but not a value
  if (isAll && !may.all && m[3] === undefined) return new ArgError(`"${text}" would change all values to one`);
  const index = m[2] === undefined ? null : isAll ? "*" : Number(m[2]);
  return { name: headerName(m[1]!), text: m[1]!, index, hasIndex, param: m[3] ?? null };
}

/** An argument of that form. */
export function hfArg(name: string, may: Allowed): Arg<HfName> {
  return parsed(name, (text) => parse(text, may));
}
