// Lexer: the tokens of one text (a file, or the value of a #!define). It knows nothing of includes and defines; a line that
// begins with #! or !! is one "directive" token, which preprocess.ts acts on.

import { charAt, readString } from "./lexer-strings.ts";
import type { Place, SourceFile } from "./source.ts";

/**
 * - word: an identifier; int: a number; str: a quoted string (value holds the text after escapes);
 * - pv: a variable with its inner name and transformations, as written; select: `@name.name`;
 * - op: an operator or punctuation; directive: a preprocessor line; bad: something that cannot be read; end: the end.
 */
export type TokenKind = "word" | "int" | "str" | "pv" | "select" | "op" | "directive" | "bad" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** The token as written; for operators the canonical spelling. */
  readonly text: string;
  /** Strings: the text after escapes; numbers: decimal text; otherwise as `text`. */
  readonly value: string;
  readonly place: Place;
  /** Whether white space or a comment stands before it; tokens without it can be glued (addresses, names with dashes). */
  readonly spaced: boolean;
  /** Whether it is the first one on its line. */
  readonly first: boolean;
}

const OPERATORS3 = ["<<=", ">>="];
const OPERATORS2 = [
  "==",
  "!=",
  "=~",
  "!~",
  ">=",
  "<=",
  "&&",
  "||",
  "<<",
  ">>",
  ":=",
  "+=",
  "-=",
  "*=",
  "/=",
  "=>",
  "::",
];
const isTwo = new Set(OPERATORS2);

/** Reads tokens one by one. After `start` the positions refer to `file`; `at` fixes all places (for a define's value). */
export class Lexer {
  private readonly file: SourceFile;
  private readonly text: string;
  private readonly fixed: Place | null;
  private pos = 0;
  /** Where a comment began that has no end; -1 without one. */
  private openComment = -1;
  private spaced = true;
  private first = true;

  constructor(file: SourceFile, text: string = file.text, fixed: Place | null = null) {
    this.file = file;
    this.text = text;
    this.fixed = fixed;
    if (fixed === null && text.startsWith("\xef\xbb\xbf")) this.pos = 3;
  }

  /** The next token; "end" for ever at the end. */
  next(): Token {
    this.skipBlank();
    if (this.openComment >= 0) {
      const start = this.openComment;
      this.openComment = -1;
      return this.token("bad", start, "this comment is not closed", "");
    }
    const start = this.pos;
    if (start >= this.text.length) return this.token("end", start, "", "");
    const c = this.text[start]!;
    if ((c === "#" || c === "!") && this.text[start + 1] === "!" && (c === "#" || this.first))
      return this.directive(start);
    if (isWordStart(c)) return this.word(start);
    if (c >= "0" && c <= "9") return this.number(start);
    if (c === '"' || c === "'") return this.string(start, c);
    if (c === "$") return this.variable(start);
    if (c === "@" && isWordStart(charAt(this.text, start + 1))) return this.select(start);
    return this.operator(start);
  }

  /** Skips to the next directive line and gives it, or null at the end: what an ifdef leaves out is not read as tokens. */
  skipToDirective(): Token | null {
    const directive = /^[ \t]*([#!]![A-Za-z])/gm;
    directive.lastIndex = this.lineStart();
    const found = directive.exec(this.text);
    if (found === null) {
      this.pos = this.text.length;
      return null;
    }
    this.pos = found.index + found[0].length - 3;
    this.spaced = this.first = true;
    return this.directive(this.pos);
  }

  private lineStart(): number {
    const before = this.text.lastIndexOf("\n", this.pos - 1);
    return /^[ \t]*$/.test(this.text.slice(before + 1, this.pos)) ? before + 1 : this.pos;
  }

  private skipBlank(): void {
    for (; this.pos < this.text.length; ) {
      const c = this.text[this.pos]!;
      if (c === "\n") this.first = this.spaced = true;
      if (c === " " || c === "\t" || c === "\r" || c === "\n") this.pos++;
      else if (c === "\\" && /^\\\r?\n/.test(this.text.slice(this.pos, this.pos + 3))) this.pos++;
      else if (c === "#" && this.text[this.pos + 1] !== "!") this.skipLine();
      else if (c === "/" && this.text[this.pos + 1] === "/") this.skipLine();
      else if (c === "/" && this.text[this.pos + 1] === "*") this.skipBlock();
      else return;
      this.spaced = true;
    }
  }

  private skipLine(): void {
    const end = this.text.indexOf("\n", this.pos);
    this.pos = end < 0 ? this.text.length : end;
  }
  private skipBlock(): void {
    const end = this.text.indexOf("*/", this.pos + 2);
    if (end < 0) this.openComment = this.pos;
    this.pos = end < 0 ? this.text.length : end + 2;
  }

  /** A directive reaches to the end of its line; a backslash at the end joins the next line. */
  private directive(start: number): Token {
    let end = start;
    for (;;) {
      const eol = this.text.indexOf("\n", end);
      end = eol < 0 ? this.text.length : eol;
      if (eol < 0 || !/\\\r?$/.test(this.text.slice(Math.max(start, end - 2), end))) break;
      end++;
    }
    this.pos = end;
    const text = this.text.slice(start, end).replace(/\r$/, "");
    return this.token("directive", start, text, text);
  }

  private word(start: number): Token {
    while (isWordPart(charAt(this.text, this.pos))) this.pos++;
    const text = this.text.slice(start, this.pos);
    return this.token("word", start, text, text);
  }

  private number(start: number): Token {
    const rest = this.text.slice(start, start + 24);
    const hex = /^0[xX][0-9a-fA-F]+/.exec(rest)?.[0];
    const digits = hex ?? /^[0-9]+/.exec(rest)![0];
    this.pos += digits.length;
    const base = hex !== undefined ? 16 : digits.length > 1 && digits[0] === "0" && /^[0-7]+$/.test(digits) ? 8 : 10;
    return this.token(
      "int",
      start,
      digits,
      String(Number.parseInt(hex === undefined ? digits : digits.slice(2), base)),
    );
  }

  private string(start: number, quote: string): Token {
    const { value, end, closed: hasEnd } = readString(this.text, start, quote);
    const eol = this.text.indexOf("\n", start);
    // A string over several lines that ends right before a word has lost its quote: it met the next string's.
    const closed = hasEnd && !(eol >= 0 && eol < end && isWordPart(charAt(this.text, end)));
    this.pos = closed || eol < 0 ? end : eol; // an open string spoils its own line only
    return this.token(
      closed ? "str" : "bad",
      start,
      closed ? this.text.slice(start, end) : "unterminated string",
      value,
    );
  }

  /** `$name`, `$name(inner)` or `$(…)`; parentheses are balanced, whatever else stands in them. */
  private variable(start: number): Token {
    this.pos++;
    if (charAt(this.text, this.pos) === "?") {
      this.pos++;
      return this.token("pv", start, "$retcode", "$retcode"); // SER's name of it
    }
    if (charAt(this.text, this.pos) !== "(") {
      while (isPvPart(charAt(this.text, this.pos))) this.pos++;
      if (this.text[this.pos - 1] === ".") this.pos--;
      if (this.pos === start + 1) return this.token("bad", start, "a $ without a name", "$");
    }
    if (charAt(this.text, this.pos) === "(") {
      const end = closingParen(this.text, this.pos);
      if (end < 0) {
        this.pos = start + 1;
        return this.token("bad", start, "unclosed parenthesis in a variable", "$");
      }
      this.pos = end + 1;
    }
    const text = this.text.slice(start, this.pos);
    return this.token("pv", start, text, text);
  }

  private select(start: number): Token {
    const name = /^@[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*|\.?\[[^\]\n]*\]|\.\*)*/.exec(
      this.text.slice(start, start + 400),
    )![0];
    this.pos += name.length;
    return this.token("select", start, name, name);
  }

  private operator(start: number): Token {
    const three = this.text.slice(start, start + 3);
    const two = three.slice(0, 2);
    const text = OPERATORS3.includes(three) ? three : isTwo.has(two) ? two : this.text[start]!;
    this.pos += text.length;
    const known = text.length > 1 || "(){}[];,.:=<>!+-*/%&|^~?".includes(text);
    return this.token(known ? "op" : "bad", start, known ? text : `unexpected character ${text}`, text);
  }

  private token(kind: TokenKind, start: number, text: string, value: string): Token {
    const place = this.fixed ?? { file: this.file, start, end: this.pos };
    const token = { kind, text, value, place, spaced: this.spaced, first: this.first };
    this.spaced = this.first = false;
    return token;
  }
}

/** Offset of the parenthesis that closes the one at `open`, on one logical line; -1 when there is none. */
export function closingParen(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const c = text[i];
    if (c === "(") depth++;
    else if (c === ")" && --depth === 0) return i;
    else if (c === "\n") return -1;
  }
  return -1;
}

/** Whether a character can begin an identifier. */
export function isWordStart(c: string): boolean {
  return (c >= "a" && c <= "z") || (c >= "A" && c <= "Z") || c === "_";
}
/** Whether a character can stand inside an identifier. */
export function isWordPart(c: string): boolean {
  return isWordStart(c) || (c >= "0" && c <= "9");
}
function isPvPart(c: string): boolean {
  return isWordPart(c) || c === ".";
}
