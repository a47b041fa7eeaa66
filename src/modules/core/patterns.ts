// Regular expressions and sed-like substitutions as arguments.

import type { RouteContext } from "../../proxy/context.ts";
import { type Arg, ArgError, parsed, type ReaderOf, raw, type TextReader } from "../../registry/args.ts";
import { type Pattern, posixRegex } from "../../script/posix-regex.ts";

const MAX_CACHED = 256;
const cache = new Map<string, Pattern | null>();

/** The expression in a text that was only known at run time; null when it is none. Case counts unless `ignoreCase`. */
export function regexOf(text: string, ignoreCase = false): Pattern | null {
  const key = (ignoreCase ? "i" : "c") + text;
  let re = cache.get(key);
  if (re === undefined) {
    const made = posixRegex(text, ignoreCase);
    re = typeof made === "string" ? null : made;
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(key, re);
  }
  return re;
}

function lineRegex(text: string): Pattern | ArgError {
  const re = posixRegex(text, true, true);
  return typeof re === "string" ? new ArgError(re) : re;
}

/**
 * An argument that is a POSIX extended expression as textops has them: taken as it is written, case does not count, lines are matched
 * one by one.
 */
export function regexArg(name: string): Arg<Pattern> {
  return raw(name, lineRegex);
}

/** The same with variables in it. */
export function regexTextArg(name: string): Arg<Pattern> {
  return parsed(name, lineRegex);
}

/** A substitution "/re/replacement/flags"; the character in front is the separator. */
export interface Substitution {
  readonly re: Pattern;
  /** Literal texts, texts with variables and group numbers in turn. */
  readonly replacement: readonly (string | number | TextReader)[];
  readonly global: boolean;
}

/** Parses a substitution: flags g (all), i (ignore case), s (lines are not matched one by one). */
export function parseSubstitution(text: string, reader: ReaderOf): Substitution | ArgError {
  const separator = text.charAt(0);
  if (separator === "") return new ArgError("an empty substitution", "write it as /expression/replacement/flags");
  const parts = splitAt(text.slice(1), separator);
  if (parts.length < 3)
    return new ArgError(
      `the substitution ${text} has not three ${separator}`,
      "write it as /expression/replacement/flags",
    );
  const flags = parts.slice(2).join(separator);
  if (!/^[gis]*$/.test(flags)) return new ArgError(`unknown flag in "${flags}"`, "flags are g, i and s");
  const re = posixRegex(parts[0]!, flags.includes("i"), !flags.includes("s"));
  if (typeof re === "string") return new ArgError(re);
  const replacement = parseReplacement(parts[1]!, reader);
  if (replacement instanceof ArgError) return replacement;
  return { re, replacement, global: flags.includes("g") };
}

/** An argument that is a substitution, taken as it is written; variables count in its replacement. */
export function substArg(name: string): Arg<Substitution> {
  return raw(name, parseSubstitution);
}

// At separators that no backslash stands before; "\/" becomes the separator itself.
function splitAt(text: string, separator: string): string[] {
  const parts: string[] = [];
  let part = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "\\" && i + 1 < text.length) {
      part += text[i + 1] === separator ? separator : c + text[i + 1];
      i++;
    } else if (c === separator) {
      parts.push(part);
      part = "";
    } else part += c;
  }
  parts.push(part);
  return parts;
}

function parseReplacement(text: string, reader: ReaderOf): Substitution["replacement"] | ArgError {
  const out: (string | number)[] = [];
  let literal = "";
  for (let i = 0; i < text.length; i++) {
    const next = text[i + 1];
    if (text[i] !== "\\" || next === undefined) {
      literal += text[i];
      continue;
    }
    i++;
    if (next >= "0" && next <= "9") {
      if (literal !== "") out.push(literal);
      literal = "";
      out.push(Number(next));
    } else literal += next === "n" ? "\n" : next === "r" ? "\r" : next === "t" ? "\t" : next;
  }
  if (literal !== "") out.push(literal);
  const parts: (string | number | TextReader)[] = [];
  for (const part of out) {
    const made = typeof part === "string" && part.includes("$") ? reader(part) : part;
    if (made instanceof ArgError) return made;
    parts.push(made);
  }
  return parts;
}

/** One place to change: offsets in the subject and what comes there. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What a substitution changes in a subject; an empty list when it matches nowhere. */
export function substitute(s: Substitution, subject: string, ctx: RouteContext): Replacement[] {
  const out: Replacement[] = [];
  for (const m of s.re.matchAll(subject)) {
    out.push({
      start: m.index,
      end: m.index + m.groups[0]!.length,
      text: s.replacement
        .map((r) => (typeof r === "number" ? (m.groups[r] ?? "") : typeof r === "string" ? r : r(ctx)))
        .join(""),
    });
    if (!s.global) break;
  }
  return out;
}

/** The text with those places changed. */
export function applyAll(subject: string, changes: readonly Replacement[]): string {
  let out = "";
  let at = 0;
  for (const c of changes) {
    out += subject.slice(at, c.start) + c.text;
    at = c.end;
  }
  return out + subject.slice(at);
}
