// Functions of textopsx on single values of headers: lists separated by commas, their parameters, and sets of tokens.

import { RouteKind } from "../../proxy/context.ts";
import { ArgError, str } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { type KemiDef, kemi } from "../../registry/kemi.ts";
import type { SipMessage } from "../../sip/message.ts";
import { findNamed, lineEnd, lineStart, oneLine, valueEnd, valueStart } from "../core/index.ts";
import { type HfName, hfArg } from "./hf-name.ts";
import { authorizationParams, type Param, valueParams } from "./hf-params.ts";

const ANY = RouteKind.ANY;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** More values than any header has; the rest is left alone. */
const MAX_VALUES = 256;

/** One value of a header: between two commas, white space included; `end` is where the comma or the header's value ends. */
interface HfValue {
  readonly header: number;
  readonly start: number;
  readonly end: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** The values of all headers of a name. Quotes hold commas together, angle brackets do not, as on Kamailio. `whole`: one a header. */
function valuesOf(msg: SipMessage, hf: HfName, whole: boolean): HfValue[] {
  const out: HfValue[] = [];
  for (let h = findNamed(msg, hf.name); h >= 0 && out.length < MAX_VALUES; h = findNamed(msg, hf.name, h + 1)) {
    const last = valueEnd(msg, h);
    let start = valueStart(msg, h);
    for (let isFirst = true; out.length < MAX_VALUES; isFirst = false) {
      const end = whole ? last : commaAfter(msg.buf, start, last);
      out.push({ header: h, start, end, isFirst, isLast: end === last });
      if (end === last) break;
      start = end + 1;
    }
  }
  return out;
}

function commaAfter(buf: Uint8Array, start: number, end: number): number {
  let isQuoted = false;
  for (let i = start; i < end; i++) {
    const c = buf[i]!;
    if (c === BACKSLASH && isQuoted) i++;
    else if (c === QUOTE) isQuoted = !isQuoted;
    else if (c === COMMA && !isQuoted) return i;
  }
  return end;
}

/** Those an index means; 0 and none mean the first. */
function chosen(values: readonly HfValue[], index: HfName["index"]): readonly HfValue[] {
  if (index === "*") return values;
  const n = index === null || index === 0 ? 1 : index;
  const value = n > 0 ? values[n - 1] : values.at(n);
  return value === undefined ? [] : [value];
}

// ---- adding ----

function newHeader(msg: SipMessage, hf: HfName, value: string): number {
  msg.currentEdits().add(msg.headEnd, 0, `${hf.text}: ${value}\r\n`);
  return 1;
}

function append(msg: SipMessage, hf: HfName, value: string): number {
  if (!hf.hasIndex) return newHeader(msg, hf, value);
  const values = valuesOf(msg, hf, false);
  const at = hf.index === null || hf.index === 0 ? values.at(-1) : chosen(values, hf.index)[0];
  if (at === undefined) return newHeader(msg, hf, value);
  msg.currentEdits().add(at.end, 0, `,${value}`);
  return 1;
}

function insert(msg: SipMessage, hf: HfName, value: string): number {
  const values = valuesOf(msg, hf, false);
  if (values.length === 0 && !(typeof hf.index === "number" && hf.index < 0)) return newHeader(msg, hf, value);
  if (!hf.hasIndex) {
    msg.currentEdits().add(lineStart(msg, values[0]!.header), 0, `${hf.text}: ${value}\r\n`);
    return 1;
  }
  const at = chosen(values, hf.index)[0];
  if (at === undefined) return -1;
  const isBlank = at.isFirst && at.isLast && at.start === at.end;
  msg.currentEdits().add(at.start, 0, isBlank ? `,${value}` : `${value},`);
  return 1;
}

// ---- taking away ----

/** Takes values away with one comma each; a header all of whose values go, goes too. */
function removeValues(msg: SipMessage, values: readonly HfValue[], all: readonly HfValue[]): number {
  const edits = msg.currentEdits();
  const gone = new Set(values);
  for (let i = 0; i < all.length; ) {
    const { header } = all[i]!;
    const line = all.slice(i).filter((v) => v.header === header);
    i += line.length;
    if (line.every((v) => gone.has(v))) {
      edits.add(lineStart(msg, header), lineEnd(msg, header) - lineStart(msg, header), "");
      continue;
    }
    // those at the end take the comma in front of them along, the others the one behind
    const tail = line.findLastIndex((v) => !gone.has(v));
    line.forEach((v, k) => {
      if (!gone.has(v)) return;
      if (k < tail) edits.add(v.start, v.end + 1 - v.start, "");
      else edits.add(v.start - 1, v.end - v.start + 1, "");
    });
  }
  return values.length > 0 ? 1 : -1;
}

type ParamsOf = (msg: SipMessage, start: number, end: number) => readonly Param[];

function remove(msg: SipMessage, hf: HfName, whole: boolean): number {
  const all = valuesOf(msg, hf, whole);
  const values = chosen(all, hf.index);
  if (hf.param === null) return removeValues(msg, values, all);
  const paramsOf: ParamsOf = whole ? authorizationParams : valueParams;
  let result = -1;
  for (const v of values) {
    const found = paramsOf(msg, v.start, v.end).find((p) => p.name === hf.param!.toLowerCase());
    if (found === undefined) continue;
    msg.currentEdits().add(found.cutStart, found.cutEnd - found.cutStart, "");
    result = 1;
  }
  return result;
}

// ---- giving another value ----

function assign(msg: SipMessage, hf: HfName, value: string, whole: boolean): number {
  const values = chosen(valuesOf(msg, hf, whole), hf.index);
  for (const v of values) {
    if (hf.param === null) assignValue(msg, v, value);
    else assignParam(msg, v, hf.param, value, whole);
  }
  return values.length > 0 ? 1 : -1;
}

function trimmed(msg: SipMessage, v: HfValue): readonly [number, number] {
  let { start, end } = v;
  while (start < end && isSpace(msg.buf[start]!)) start++;
  while (end > start && isSpace(msg.buf[end - 1]!)) end--;
  return [start, end];
}

function isSpace(c: number): boolean {
  return c === 32 || c === 9 || c === 13 || c === 10;
}

function assignValue(msg: SipMessage, v: HfValue, value: string): void {
  const [start, end] = trimmed(msg, v);
  msg.currentEdits().add(start, end - start, value);
}

// Without a value no equal sign is written (README).
function assignParam(msg: SipMessage, v: HfValue, param: string, value: string, whole: boolean): void {
  const text = value === "" ? "" : `=${value}`;
  const edits = msg.currentEdits();
  const params = (whole ? authorizationParams : valueParams)(msg, v.start, v.end);
  const found = params.find((p) => p.name === param.toLowerCase());
  if (found !== undefined) {
    edits.add(found.nameEnd, found.valueEnd - found.nameEnd, text);
    return;
  }
  const [start, end] = trimmed(msg, v);
  const separator = !whole ? ";" : params.length > 0 ? "," : start === end ? "" : " ";
  edits.add(end, 0, separator + param + text);
}

// ---- sets of tokens ----

function tokenValues(msg: SipMessage, hf: HfName, token: string): { all: HfValue[]; found: HfValue[] } {
  const all = valuesOf(msg, hf, false);
  const lower = token.toLowerCase();
  const found = all.filter((v) => {
    const [start, end] = trimmed(msg, v);
    return end - start === token.length && textAt(msg, start, end).toLowerCase() === lower;
  });
  return { all, found };
}

function textAt(msg: SipMessage, start: number, end: number): string {
  return String.fromCharCode(...msg.buf.subarray(start, end));
}

function include(msg: SipMessage, hf: HfName, token: string): number {
  const { all, found } = tokenValues(msg, hf, token);
  if (found.length > 0) return 1;
  const first = all[0];
  if (first === undefined) return newHeader(msg, hf, token);
  msg.currentEdits().add(valueEnd(msg, first.header), 0, `,${token}`);
  return 1;
}

function exclude(msg: SipMessage, hf: HfName, token: string): number {
  const { all, found } = tokenValues(msg, hf, token);
  removeValues(msg, found, all);
  return 1;
}

// ---- what scripts call ----

const ONE = { index: true, param: false, all: true };
const PART = { index: true, param: true, all: true };
const SOME = { index: true, param: true, all: false };
const SET = { index: false, param: false, all: false };

type Change = (msg: SipMessage, hf: HfName, value: string) => number;

function changing(doc: string, may: typeof ONE, change: Change): FunctionDef<unknown> {
  return fn({
    args: [hfArg("hf", may), str("hvalue")],
    routes: ANY,
    doc,
    run: (_i: unknown, ctx, hf, value) => change(ctx.message, hf, oneLine(value)),
  });
}

function removing(doc: string, whole: boolean): FunctionDef<unknown> {
  return fn({
    args: [hfArg("hf_par", PART)],
    routes: ANY,
    doc,
    run: (_i: unknown, ctx, hf) => remove(ctx.message, hf, whole),
  });
}

/** remove_hf_value2() of scripts in other languages, which name header and parameter apart. */
export const removingApart: KemiDef<unknown> = kemi({
  args: [str("hf"), str("name")],
  doc: "As remove_hf_value2(), header and parameter apart.",
  run: (_i: unknown, ctx, header, name) => {
    const hf = hfArg("hf_par", PART).parse!(`${header}.${name}`);
    return hf instanceof ArgError ? -1 : remove(ctx.message, hf, true);
  },
});

/** Functions of textopsx on header values. */
export const valueFunctions: Record<string, FunctionDef<unknown>> = {
  append_hf_value: changing(
    "Adds a value behind the one with that number, or as a header of its own at the end of the head.",
    ONE,
    append,
  ),
  insert_hf_value: changing(
    "Adds a value in front of the one with that number, or as a header of its own above the first one.",
    ONE,
    insert,
  ),
  remove_hf_value: removing("Takes away a value of a header, or a parameter of it; [*] means all.", false),
  remove_hf_value2: removing(
    "As remove_hf_value(), for headers like Authorization: the whole header is one value, commas separate its parameters.",
    true,
  ),
  assign_hf_value: changing("Gives a value of a header, or a parameter of it, another text.", SOME, (msg, hf, value) =>
    assign(msg, hf, value, false),
  ),
  assign_hf_value2: changing(
    "As assign_hf_value(), for headers like Authorization: commas separate parameters.",
    SOME,
    (msg, hf, value) => assign(msg, hf, value, true),
  ),
  include_hf_value: changing("Adds a token to a list such as Supported, unless it is there.", SET, include),
  exclude_hf_value: changing("Takes a token out of a list such as Supported.", SET, exclude),
  hf_value_exists: changing("True when a list such as Supported has that token.", SET, (msg, hf, value) =>
    tokenValues(msg, hf, value).found.length > 0 ? 1 : -1,
  ),
};
