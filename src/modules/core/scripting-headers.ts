// KSR.hdr: headers as scripts in other languages read and change them.

import type { RouteContext } from "../../proxy/context.ts";
import { type Arg, type ArgTypes, int, str } from "../../registry/args.ts";
import { type KemiDef, kemi, readings } from "../../registry/kemi.ts";
import { matches, posixRegex } from "../../script/posix-regex.ts";
import { appendLines, insertLines, removeNamed } from "./header-edits.ts";
import { findNamed, type HeaderName, headerArg, wholeLines } from "./header-name.ts";

const name = headerArg("name");

/** The value of the header of that name and number, counted from 0, or from the end when negative. */
function valueOf(ctx: RouteContext, wanted: HeaderName, index: number): string | null {
  const found: number[] = [];
  for (let h = findNamed(ctx.message, wanted); h >= 0; h = findNamed(ctx.message, wanted, h + 1)) {
    if (index === found.length) return ctx.message.value(h);
    found.push(h);
  }
  const h = index < 0 ? found.at(index) : undefined;
  return h === undefined ? null : ctx.message.value(h);
}

type Comparison = (value: string, wanted: string) => boolean;

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  eq: (value, wanted) => value === wanted,
  ne: (value, wanted) => value !== wanted,
  in: (value, wanted) => value.includes(wanted),
  sw: (value, wanted) => value.startsWith(wanted),
  ew: (value, wanted) => value.endsWith(wanted),
  re: (value, wanted) => {
    const pattern = posixRegex(wanted, true);
    return typeof pattern !== "string" && matches(pattern, value);
  },
};

/** Whether the first (f), the last (l), any (o) or each (a) header of a name compares so with a text. */
function contentMatches(ctx: RouteContext, wanted: HeaderName, op: string, text: string, which: string): boolean {
  const compare = COMPARISONS[op];
  if (compare === undefined) return false;
  const values: string[] = [];
  for (let h = findNamed(ctx.message, wanted); h >= 0; h = findNamed(ctx.message, wanted, h + 1))
    values.push(ctx.message.value(h));
  if (values.length === 0) return false;
  if (which === "f") return compare(values[0]!, text);
  if (which === "l") return compare(values.at(-1)!, text);
  return which === "a" ? values.every((v) => compare(v, text)) : values.some((v) => compare(v, text));
}

function editing<const A extends readonly Arg<unknown>[]>(
  args: A,
  doc: string,
  run: (ctx: RouteContext, ...args: ArgTypes<A>) => number,
): KemiDef<unknown> {
  return kemi<unknown, A>({ args, doc, run: (_i, ctx, ...values) => run(ctx, ...values) });
}

const text = str("text");

/** The functions, by their names in KSR. */
export const headerScripting: Readonly<Record<string, KemiDef<unknown>>> = {
  "hdr.append": editing([text], "Adds header lines at the end of the head.", (ctx, lines) =>
    appendLines(ctx.message, lines, undefined),
  ),
  "hdr.append_after": editing(
    [text, name],
    "Adds header lines behind the last header of a name.",
    (ctx, lines, after) => appendLines(ctx.message, lines, after),
  ),
  "hdr.insert": editing([text], "Adds header lines at the start of the head.", (ctx, lines) =>
    insertLines(ctx.message, lines, undefined),
  ),
  "hdr.insert_before": editing(
    [text, name],
    "Adds header lines in front of the first header of a name.",
    (ctx, lines, before) => insertLines(ctx.message, lines, before),
  ),
  "hdr.remove": editing([name], "Removes all headers of a name.", (ctx, wanted) => {
    removeNamed(ctx.message, wanted);
    return 1;
  }),
  "hdr.rmappend": editing(
    [name, text],
    "Removes all headers of a name and adds header lines at the end.",
    (ctx, wanted, lines) => {
      removeNamed(ctx.message, wanted);
      return appendLines(ctx.message, lines, undefined);
    },
  ),
  "hdr.rminsert": editing(
    [name, text],
    "Removes all headers of a name and adds header lines at the start.",
    (ctx, wanted, lines) => {
      removeNamed(ctx.message, wanted);
      return insertLines(ctx.message, lines, undefined);
    },
  ),
  "hdr.is_present": editing([name], "Whether there is a header of that name: 1 or -1.", (ctx, wanted) =>
    findNamed(ctx.message, wanted) >= 0 ? 1 : -1,
  ),
  "hdr.append_to_reply": editing(
    [text],
    "Adds header lines to the replies made here for this request.",
    (ctx, lines) => {
      ctx.message.replyHeaders += wholeLines(lines);
      return 1;
    },
  ),
  "hdr.match_content": kemi({
    args: [name, str("op"), text, str("which")],
    gives: "bool",
    doc: "Whether a header of a name compares (eq, ne, sw, ew, in, re) with a text: the first (f), the last (l), one (o) or all (a) of them.",
    run: (_i: unknown, ctx, wanted, op, wantedText, which) =>
      contentMatches(ctx, wanted, op, wantedText, which) ? 1 : -1,
  }),
  ...readings(
    (letter) => `hdr.get${letter}`,
    [name],
    "The value of the first header of a name",
    (_i: unknown, ctx, wanted) => valueOf(ctx, wanted, 0),
  ),
  ...readings(
    (letter) => `hdr.get${letter}_idx`,
    [name, int("index")],
    "The value of a header of a name by its number, from 0, or from the end when negative",
    (_i: unknown, ctx, wanted, index) => valueOf(ctx, wanted, index),
  ),
};
