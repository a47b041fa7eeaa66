// Shell patterns (POSIX fnmatch): * ? [set] and backslash, in time linear in text times pattern.

import { own } from "../../util/own.ts";

interface Item {
  readonly kind: "one" | "many" | "set";
  /** For a set: whether a character is in it. */
  readonly has: (c: string) => boolean;
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  digit: /[0-9]/,
  lower: /[a-z]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\r\n\v\f]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** Whether a text as a whole fits a shell pattern. */
export function fnmatch(text: string, pattern: string, ignoreCase: boolean): boolean {
  const items = parse(ignoreCase ? pattern.toLowerCase() : pattern);
  return matchItems(ignoreCase ? text.toLowerCase() : text, items);
}

// The last star seen is the only one to come back to: what stands before it can stay as short as it was.
function matchItems(text: string, items: readonly Item[]): boolean {
  let t = 0;
  let i = 0;
  let star = -1;
  let from = 0;
  while (t < text.length) {
    const item = items[i];
    if (item?.kind === "many") {
      star = i++;
      from = t;
    } else if (item?.has(text[t]!) === true) {
      i++;
      t++;
    } else if (star >= 0) {
      i = star + 1;
      t = ++from;
    } else return false;
  }
  while (items[i]?.kind === "many") i++;
  return i === items.length;
}

function literal(c: string): Item {
  return { kind: "set", has: (x) => x === c };
}

function parse(pattern: string): Item[] {
  const out: Item[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === "*") out.push({ kind: "many", has: () => true });
    else if (c === "?") out.push({ kind: "one", has: () => true });
    else if (c === "\\" && i + 1 < pattern.length) out.push(literal(pattern[++i]!));
    else if (c === "[") {
      const set = parseSet(pattern, i);
      out.push(set === null ? literal("[") : set.item);
      if (set !== null) i = set.end;
    } else out.push(literal(c));
  }
  return out;
}

/** A set that begins at `start`, and where its "]" stands; null when it has none: then the bracket means itself. */
function parseSet(pattern: string, start: number): { item: Item; end: number } | null {
  const isNegated = pattern[start + 1] === "!" || pattern[start + 1] === "^";
  const tests: ((c: string) => boolean)[] = [];
  let i = start + (isNegated ? 2 : 1);
  for (let isFirst = true; ; isFirst = false) {
    const c = pattern[i];
    if (c === undefined) return null;
    if (c === "]" && !isFirst) break;
    const named = /^\[:(\w+):\]/.exec(pattern.slice(i, i + 12));
    const re = named === null ? undefined : own(CLASSES, named[1]!);
    if (named !== null && re !== undefined) {
      tests.push((x) => re.test(x));
      i += named[0].length;
      continue;
    }
    const low = c === "\\" && pattern[i + 1] !== undefined ? pattern[++i]! : c;
    const isRange = pattern[i + 1] === "-" && pattern[i + 2] !== undefined && pattern[i + 2] !== "]";
    const high = isRange ? pattern[i + 2]! : low;
    tests.push((x) => x >= low && x <= high);
    i += isRange ? 3 : 1;
  }
  return { item: { kind: "set", has: (c) => tests.some((test) => test(c)) !== isNegated }, end: i };
}
