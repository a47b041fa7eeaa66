// Files of rules: each line says for which From (or To) URIs which destinations are meant, as "from" EXCEPT "from" : "to" EXCEPT "to".

import { type Pattern, posixRegex } from "../../script/posix-regex.ts";

/** Patterns of one list; null stands for ALL. */
type Patterns = readonly Pattern[] | null;

interface Side {
  readonly among: Patterns;
  readonly except: Patterns;
}

interface Rule {
  readonly from: Side;
  readonly to: Side;
}

/** The rules of a file, in order. */
export class Rules {
  private readonly rules: readonly Rule[];

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
  }

  /** Whether some rule is about the pair. */
  holdFor(from: string, to: string): boolean {
    for (const rule of this.rules) if (isAmong(rule.from, from) && isAmong(rule.to, to)) return true;
    return false;
  }
}

function isAmong({ among, except }: Side, uri: string): boolean {
  return some(among, uri) && !(except !== null && except.length === 0 ? false : some(except, uri));
}

function some(patterns: Patterns, uri: string): boolean {
  if (patterns === null) return true;
  for (const pattern of patterns) if (pattern.test(uri)) return true;
  return false;
}

/** Reads a file. `problem` is told of each line that is none, which is left out. */
export function parseRules(text: string, problem: (line: number, what: string) => void): Rules {
  const rules: Rule[] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    const rule = parseLine(line);
    if (typeof rule === "string") problem(i + 1, rule);
    else if (rule !== null) rules.push(rule);
  });
  return new Rules(rules);
}

const TOKEN = /\s*(?:"((?:\\.|[^"\\])*)"|(ALL|EXCEPT)\b|([:,])|(#.*)|(\S))/gy;

// Null for a line without a rule, a text for what is wrong with it.
function parseLine(line: string): Rule | string | null {
  const sides: Side[] = [];
  let lists: Patterns[] = [[]];
  const close = (): boolean => {
    if (lists[0] !== null && lists[0]!.length === 0) return false;
    sides.push({ among: lists[0]!, except: lists[1] ?? [] });
    lists = [[]];
    return true;
  };
  let isEmpty = true;
  for (const [, quoted, word, sign, comment, other] of line.matchAll(TOKEN)) {
    if (comment !== undefined) break;
    isEmpty = false;
    const list = lists[lists.length - 1]!;
    if (quoted !== undefined) {
      const pattern = posixRegex(quoted, true);
      if (typeof pattern === "string") return pattern;
      if (list !== null) lists[lists.length - 1] = [...list, pattern];
    } else if (word === "ALL") lists[lists.length - 1] = null;
    else if (word === "EXCEPT" && lists.length === 1) lists.push([]);
    else if (sign === ":" && sides.length === 0) {
      if (!close()) return "nothing stands before the colon";
    } else if (sign !== ",") return `"${other ?? word ?? sign}" is not understood`;
  }
  if (isEmpty) return null;
  if (sides.length === 0) return "a colon is missing";
  return close() ? { from: sides[0]!, to: sides[1]! } : "nothing stands behind the colon";
}
