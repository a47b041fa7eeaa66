// POSIX extended regular expressions as JavaScript patterns: bracket classes, anchors, and what is literal there but special here. Only
// for patterns that no subject can make slow, and for texts of the configuration itself.

import { own } from "../util/own.ts";

const CLASSES: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  blank: " \\t",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "\\x21-\\x7e",
  lower: "a-z",
  print: "\\x20-\\x7e",
  punct: "\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e",
  space: "\\t-\\r ",
  upper: "A-Z",
  xdigit: "0-9A-Fa-f",
};

/** The RegExp for a POSIX extended pattern, or what is wrong with it; posixRegex says what `byLine` means. */
export function nativeRegex(pattern: string, ignoreCase: boolean, byLine = false): RegExp | string {
  const source = translate(pattern, byLine);
  if (typeof source !== "string") return source.message;
  try {
    return new RegExp(source, ignoreCase ? "is" : "s");
  } catch {
    return `not a regular expression: ${pattern}`;
  }
}

const BY_LINE = { ".": "[^\\n]", "^": "(?<![^\\n])", $: "(?![^\\n])" } as const;

function translate(pattern: string, byLine: boolean): string | { message: string } {
  let out = "";
  for (let i = 0; i < pattern.length; ) {
    const c = pattern[i]!;
    if (c === "[") {
      const end = bracketEnd(pattern, i);
      if (end < 0) return { message: `the bracket at character ${i + 1} is not closed` };
      const set = bracket(pattern.slice(i + 1, end), byLine);
      if (typeof set !== "string") return set;
      out += set;
      i = end + 1;
    } else if (c === "\\") {
      out += escaped(pattern[i + 1]);
      i += 2;
    } else if (c === "{" && !/^\{\d+(,\d*)?\}/.test(pattern.slice(i))) {
      out += "\\{";
      i++;
    } else if (c === "}" && !/\{\d+(,\d*)?$/.test(pattern.slice(0, i))) {
      out += "\\}";
      i++;
    } else if (c === "(" && pattern[i + 1] === "?") {
      out += "(\\?"; // no (?…) groups in POSIX
      i += 2;
    } else if (c === "]" || c === "/") {
      out += `\\${c}`;
      i++;
    } else if (byLine && (c === "." || c === "^" || c === "$")) {
      out += BY_LINE[c];
      i++;
    } else {
      out += c;
      i++;
    }
  }
  return out;
}

/** A backslash and a character outside brackets. GNU's \w \s \b and so on are kept; other letters stand for themselves. */
function escaped(c: string | undefined): string {
  if (c === undefined) return "\\\\";
  if (/[wWsSbB]/.test(c)) return `\\${c}`;
  if (c === "<" || c === ">") return "\\b";
  if (/[1-9]/.test(c)) return `\\${c}`;
  return /[A-Za-z0-9]/.test(c) ? c : `\\${c}`;
}

/** Offset of the bracket that ends a bracket expression; a ] right after [ or [^ is literal. */
function bracketEnd(pattern: string, start: number): number {
  let i = start + 1;
  if (pattern[i] === "^") i++;
  if (pattern[i] === "]") i++;
  for (; i < pattern.length; i++) {
    if (pattern[i] === "]") return i;
    if (pattern[i] === "[" && /[:.=]/.test(pattern[i + 1] ?? "")) {
      const close = pattern.indexOf(`${pattern[i + 1]}]`, i + 2);
      if (close > 0) i = close + 1;
    }
  }
  return -1;
}

/** The inside of a bracket expression as a JavaScript character class; a backslash is literal in it. */
function bracket(inside: string, byLine: boolean): string | { message: string } {
  const negated = inside.startsWith("^");
  let rest = negated ? inside.slice(1) : inside;
  let out = "";
  for (let first = true; rest !== ""; first = false) {
    const named = /^\[:(\w+):\]/.exec(rest);
    if (named !== null) {
      const set = own(CLASSES, named[1]!);
      if (set === undefined) return { message: `unknown class [:${named[1]}:]` };
      out += set;
      rest = rest.slice(named[0].length);
      continue;
    }
    const single = /^\[([.=])(.)\1\]/.exec(rest);
    const c = single === null ? rest[0]! : single[2]!;
    rest = rest.slice(single === null ? 1 : single[0].length);
    const isRange = c === "-" && !first && rest !== "";
    out += isRange ? "-" : /[\\\][^-]/.test(c) ? `\\${c}` : c;
  }
  return `[${negated ? (byLine ? "^\\n" : "^") : ""}${out}]`;
}
