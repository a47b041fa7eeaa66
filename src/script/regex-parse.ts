// POSIX extended regular expressions (with GNU's \w \W \s \S \b \B \< \>) to a tree of sets of octets. What an octet may be is decided
// here: case, and line ends when lines are matched one by one.

import { own } from "../util/own.ts";

/** Octets as a table of 256 flags. */
export type OctetSet = Uint8Array;

export type Assertion = "start" | "end" | "boundary" | "inside";

export type Node =
  | { readonly kind: "set"; readonly set: OctetSet }
  | { readonly kind: "assert"; readonly what: Assertion }
  | { readonly kind: "group"; readonly number: number; readonly body: Node }
  | { readonly kind: "all"; readonly parts: readonly Node[] }
  | { readonly kind: "any"; readonly parts: readonly Node[] }
  /** `max` is Infinity without a bound. */
  | { readonly kind: "repeat"; readonly body: Node; readonly min: number; readonly max: number };

export interface Parsed {
  readonly tree: Node;
  readonly groups: number;
}

const CLASSES: Readonly<Record<string, (c: number) => boolean>> = {
  alnum: (c) => isDigit(c) || isAlpha(c),
  alpha: isAlpha,
  blank: (c) => c === 32 || c === 9,
  cntrl: (c) => c < 32 || c === 127,
  digit: isDigit,
  graph: (c) => c > 32 && c < 127,
  lower: (c) => c >= 97 && c <= 122,
  print: (c) => c >= 32 && c < 127,
  punct: (c) => c > 32 && c < 127 && !isDigit(c) && !isAlpha(c),
  space: (c) => c === 32 || (c >= 9 && c <= 13),
  upper: (c) => c >= 65 && c <= 90,
  xdigit: (c) => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102),
};

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}
function isAlpha(c: number): boolean {
  return (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
}
/** What \w and word boundaries mean. */
export function isWord(c: number): boolean {
  return isDigit(c) || isAlpha(c) || c === 95;
}

const MAX_REPEAT = 255;
const MAX_NESTING = 100;

class Problem {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** The tree of a pattern, or what is wrong with it. */
export function parseRegex(pattern: string, ignoreCase: boolean, byLine: boolean): Parsed | string {
  const parser = new Parser(pattern, ignoreCase, byLine);
  try {
    const tree = parser.alternatives(0);
    return parser.isAtEnd ? { tree, groups: parser.groups } : `not a regular expression: ${pattern}`;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}

class Parser {
  groups = 0;
  private readonly text: string;
  private readonly ignoreCase: boolean;
  private readonly byLine: boolean;
  private pos = 0;

  constructor(text: string, ignoreCase: boolean, byLine: boolean) {
    this.text = text;
    this.ignoreCase = ignoreCase;
    this.byLine = byLine;
  }

  get isAtEnd(): boolean {
    return this.pos >= this.text.length;
  }

  alternatives(nesting: number): Node {
    if (nesting > MAX_NESTING) throw this.bad();
    const parts = [this.sequence(nesting)];
    while (this.text[this.pos] === "|") {
      this.pos++;
      parts.push(this.sequence(nesting));
    }
    return parts.length === 1 ? parts[0]! : { kind: "any", parts };
  }

  private sequence(nesting: number): Node {
    const parts: Node[] = [];
    while (!this.isAtEnd && this.text[this.pos] !== "|" && !(this.text[this.pos] === ")" && nesting > 0))
      parts.push(this.repeated(nesting));
    return parts.length === 1 ? parts[0]! : { kind: "all", parts };
  }

  private repeated(nesting: number): Node {
    let node = this.atom(nesting);
    for (;;) {
      const c = this.text[this.pos];
      if (c === "*" || c === "+" || c === "?") {
        this.pos++;
        node = { kind: "repeat", body: node, min: c === "+" ? 1 : 0, max: c === "?" ? 1 : Number.POSITIVE_INFINITY };
        continue;
      }
      const bounds = c === "{" ? /^\{(\d+)(,(\d*))?\}/.exec(this.text.slice(this.pos, this.pos + 16)) : null;
      if (bounds === null) return node;
      const min = Number(bounds[1]);
      const max = bounds[2] === undefined ? min : bounds[3] === "" ? Number.POSITIVE_INFINITY : Number(bounds[3]);
      if (max < min || min > MAX_REPEAT || (max > MAX_REPEAT && max !== Number.POSITIVE_INFINITY)) throw this.bad();
      this.pos += bounds[0].length;
      node = { kind: "repeat", body: node, min, max };
    }
  }

  private atom(nesting: number): Node {
    const c = this.text[this.pos++]!;
    switch (c) {
      case "(": {
        const number = ++this.groups;
        const body = this.alternatives(nesting + 1);
        if (this.text[this.pos++] !== ")") throw this.bad();
        return { kind: "group", number, body };
      }
      case "[":
        return { kind: "set", set: this.bracket() };
      case ".":
        return { kind: "set", set: setOf((o) => !this.byLine || o !== 10) };
      case "^":
        return { kind: "assert", what: "start" };
      case "$":
        return { kind: "assert", what: "end" };
      case "*":
      case "+":
      case "?":
        throw this.bad();
      case "\\":
        return this.escaped();
      default:
        return this.octet(c);
    }
  }

  private octet(c: string): Node {
    const set = new Uint8Array(256);
    set[c.charCodeAt(0) & 255] = 1;
    return { kind: "set", set: this.cased(set) };
  }

  private escaped(): Node {
    const c = this.text[this.pos++];
    switch (c) {
      case undefined:
        return this.octet("\\");
      case "w":
        return { kind: "set", set: setOf(isWord) };
      case "W":
        return { kind: "set", set: setOf((o) => !isWord(o) && !(this.byLine && o === 10)) };
      case "s":
        return { kind: "set", set: setOf(CLASSES["space"]!) };
      case "S":
        return { kind: "set", set: setOf((o) => !CLASSES["space"]!(o)) };
      case "b":
      case "<":
      case ">":
        return { kind: "assert", what: "boundary" };
      case "B":
        return { kind: "assert", what: "inside" };
      default:
        if (c >= "1" && c <= "9") throw new Problem(`\\${c}: references to groups are not supported in expressions`);
        return this.octet(c);
    }
  }

  /** The rest of a bracket expression; a backslash is literal in it, and so is a ] that comes first. */
  private bracket(): OctetSet {
    const start = this.pos;
    const set = new Uint8Array(256);
    const negated = this.text[this.pos] === "^";
    if (negated) this.pos++;
    for (let first = true; ; first = false) {
      const c = this.text[this.pos];
      if (c === undefined) throw new Problem(`the bracket at character ${start} is not closed`);
      if (c === "]" && !first) break;
      const named = c === "[" ? /^\[:(\w+):\]/.exec(this.text.slice(this.pos, this.pos + 16)) : null;
      if (named !== null) {
        const test = own(CLASSES, named[1]!);
        if (test === undefined) throw new Problem(`unknown class [:${named[1]}:]`);
        for (let o = 0; o < 256; o++) if (test(o)) set[o] = 1;
        this.pos += named[0].length;
        continue;
      }
      const from = this.bracketOctet();
      const isRange =
        this.text[this.pos] === "-" && this.text[this.pos + 1] !== "]" && this.text[this.pos + 1] !== undefined;
      if (isRange) this.pos++;
      const to = isRange ? this.bracketOctet() : from;
      if (to < from) throw this.bad();
      for (let o = from; o <= to; o++) set[o] = 1;
    }
    this.pos++;
    const cased = this.cased(set);
    if (!negated) return cased;
    for (let o = 0; o < 256; o++) cased[o] = cased[o] === 0 && !(this.byLine && o === 10) ? 1 : 0;
    return cased;
  }

  private bracketOctet(): number {
    const single = /^\[([.=])([\s\S])\1\]/.exec(this.text.slice(this.pos, this.pos + 5));
    this.pos += single === null ? 1 : 5;
    return (single === null ? this.text.charCodeAt(this.pos - 1) : single[2]!.charCodeAt(0)) & 255;
  }

  private cased(set: OctetSet): OctetSet {
    if (!this.ignoreCase) return set;
    for (let o = 65; o <= 90; o++) if (set[o] === 1 || set[o + 32] === 1) set[o] = set[o + 32] = 1;
    return set;
  }

  private bad(): Problem {
    return new Problem(`not a regular expression: ${this.text}`);
  }
}

function setOf(test: (c: number) => boolean): OctetSet {
  const set = new Uint8Array(256);
  for (let o = 0; o < 256; o++) if (test(o)) set[o] = 1;
  return set;
}
