// Transformations {s.…}: cutting, searching, replacing. Bytes are characters here (one an octet).

import type { TransformDef } from "../registry/define.ts";
import { argInt, ofText } from "./transform-define.ts";

/** A text split at a separator: the field with that index, from the end when it is negative. */
function select(text: string, args: readonly string[]): string {
  const separator = args[1] === undefined || args[1] === "" ? "," : args[1][0]!;
  const fields = text.split(separator);
  return fields.at(argInt(args[0])) ?? "";
}

function substr(text: string, args: readonly string[]): string | null {
  const offset = argInt(args[0]);
  const length = argInt(args[1]);
  const start = offset < 0 ? text.length + offset : offset;
  if (start < 0 || start >= text.length || length < 0) return null;
  return length === 0 ? text.slice(start) : text.slice(start, start + length);
}

function prefixes(text: string, limit: string | undefined, quote: string): string {
  const most = argInt(limit) <= 0 ? text.length : Math.min(text.length, argInt(limit));
  const all: string[] = [];
  // Bounded: the result grows with the square of the text.
  for (let i = 1; i <= Math.min(most, 255); i++) all.push(quote + text.slice(0, i) + quote);
  return all.join(",");
}

function unquote(text: string): string {
  const q = text[0];
  return text.length >= 2 && (q === '"' || q === "'") && text.endsWith(q) ? text.slice(1, -1) : text;
}

/** Longest indent of formatted lines: a bound on what an argument from a message can ask for. */
const MAX_INDENT = 256;

const BRACKETS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}", "<": ">" };

function unbracket(text: string): string {
  const close = text === "" ? undefined : BRACKETS[text[0]!];
  return close !== undefined && text.length >= 2 && text.endsWith(close) ? text.slice(1, -1) : text;
}

/** The number a whole text spells in decimal; null when it spells none within 32 bits. */
function spelled(text: string): number | null {
  if (text === "") return 0;
  if (!/^[+-]?[0-9]{1,12}$/.test(text)) return null;
  const n = Number(text);
  return n > 2147483647 || n < -2147483648 ? null : n;
}

/** Lines of `width` characters, all but the first one after `count` times `fill`. */
function formatted(text: string, width: string | undefined, fill: string, count: string | undefined): string {
  const n = argInt(width);
  if (n <= 0) return text;
  const indent = fill.repeat(Math.min(Math.max(0, argInt(count)), MAX_INDENT));
  const lines: string[] = [];
  for (let i = 0; i < text.length; i += n) lines.push(text.slice(i, i + n));
  return lines.join(`\r\n${indent}`);
}

/** A number from 0 to 2^32-1 that depends on all bytes (FNV-1a), in decimal; with a size only its lower bits. */
function hashed(text: string, size: string | undefined): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  const n = argInt(size);
  return String((n > 0 ? h & (n - 1) : h) >>> 0);
}

/** Where the first character of an argument stands; -1 when it does not. */
function find(text: string, arg: string | undefined, fromEnd: boolean): number {
  const c = (arg ?? "")[0];
  if (c === undefined) return -1;
  return fromEnd ? text.lastIndexOf(c) : text.indexOf(c);
}

function lowered(text: string): string {
  return text.replace(/[A-Z]/g, (c) => c.toLowerCase());
}
function raised(text: string): string {
  return text.replace(/[a-z]/g, (c) => c.toUpperCase());
}

/** Strings, by name. */
export const STRING_TRANSFORMS: Readonly<Record<string, TransformDef>> = {
  "s.len": { doc: "length in bytes", minArgs: 0, maxArgs: 0, apply: (v) => (v === null ? null : String(v).length) },
  "s.int": {
    doc: "the number the text spells",
    minArgs: 0,
    maxArgs: 0,
    apply: (v) => (typeof v === "string" ? spelled(v) : v),
  },
  "s.substr": ofText("part from an offset (negative: from the end) of a length (0: to the end)", 2, 2, substr),
  "s.select": ofText("the field with that index between separators", 2, 2, select),
  "s.tolower": ofText("ASCII letters in lower case", 0, 0, lowered),
  "s.toupper": ofText("ASCII letters in upper case", 0, 0, raised),
  "s.strip": ofText("without so many characters at the start", 1, 1, (t, [n]) => t.slice(Math.max(0, argInt(n)))),
  "s.striptail": ofText("without so many characters at the end", 1, 1, (t, [n]) =>
    t.slice(0, Math.max(0, t.length - Math.max(0, argInt(n)))),
  ),
  "s.prefixes": ofText("all prefixes, joined by commas", 0, 1, (t, [n]) => prefixes(t, n, "")),
  "s.prefixes.quoted": ofText("all prefixes in quotes, joined by commas", 0, 1, (t, [n]) => prefixes(t, n, "'")),
  "s.replace": ofText("with each occurrence of a text replaced", 2, 2, (t, [a, b]) =>
    a === undefined || a === "" ? t : t.split(a).join(b ?? ""),
  ),
  "s.rm": ofText("without each occurrence of a text", 1, 1, (t, [a]) =>
    a === undefined || a === "" ? t : t.split(a).join(""),
  ),
  "s.rmws": ofText("without white space", 0, 0, (t) => t.replace(/[ \t\r\n]/g, "")),
  "s.trim": ofText("without white space at both ends", 0, 0, (t) =>
    t.replace(/^[ \t\r\n]+/, "").replace(/(?<![ \t\r\n])[ \t\r\n]+$/, ""),
  ),
  "s.ltrim": ofText("without white space at the start", 0, 0, (t) => t.replace(/^[ \t\r\n]+/, "")),
  "s.rtrim": ofText("without white space at the end", 0, 0, (t) => t.replace(/(?<![ \t\r\n])[ \t\r\n]+$/, "")),
  "s.numeric": ofText("its digits only", 0, 0, (t) => t.replace(/[^0-9]/g, "")),
  "s.unquote": ofText("without the quotes around it", 0, 0, unquote),
  "s.unbracket": ofText("without the brackets around it", 0, 0, unbracket),
  "s.count": ofText("how often a character occurs", 1, 1, (t, [c]) =>
    c === undefined || c === "" ? 0 : t.split(c[0]!).length - 1,
  ),
  "s.fmtlines": ofText("lines of so many characters, later ones after so many spaces", 2, 2, (t, [n, m]) =>
    formatted(t, n, " ", m),
  ),
  "s.fmtlinet": ofText("lines of so many characters, later ones after so many tabs", 2, 2, (t, [n, m]) =>
    formatted(t, n, "\t", m),
  ),
  "s.corehash": ofText("a hash of the text as a decimal number; with a size only its lower bits", 0, 1, (t, [n]) =>
    hashed(t, n),
  ),
  "s.after": ofText("what follows the first such character", 1, 1, (t, [c]) => afterOf(t, find(t, c, false))),
  "s.rafter": ofText("what follows the last such character", 1, 1, (t, [c]) => afterOf(t, find(t, c, true))),
  "s.before": ofText("what comes before the first such character", 1, 1, (t, [c]) => beforeOf(t, find(t, c, false))),
  "s.rbefore": ofText("what comes before the last such character", 1, 1, (t, [c]) => beforeOf(t, find(t, c, true))),
};

function afterOf(text: string, at: number): string {
  return at < 0 ? "" : text.slice(at + 1);
}
function beforeOf(text: string, at: number): string {
  return at < 0 ? text : text.slice(0, at);
}
