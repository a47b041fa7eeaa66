// What the parser's parts share: the tokens, a cursor, the diagnostics, and how they recover after an error.

import type { Diagnostics } from "./diagnostics.ts";
import type { Token } from "./lexer.ts";
import type { Place } from "./source.ts";

/** Thrown inside the parser only, and always caught there: the statement or setting at hand cannot be read. */
export class SyntaxStop extends Error {}

const STOP = new SyntaxStop("syntax");

/** A cursor over the tokens of a configuration. */
export class TokenReader {
  readonly diagnostics: Diagnostics;
  private readonly tokens: readonly Token[];
  private index = 0;

  constructor(tokens: readonly Token[], diagnostics: Diagnostics) {
    this.tokens = tokens;
    this.diagnostics = diagnostics;
  }

  get token(): Token {
    return this.tokens[this.index]!;
  }
  get position(): number {
    return this.index;
  }
  /** The token after the current one. */
  get following(): Token {
    return this.tokens[Math.min(this.index + 1, this.tokens.length - 1)]!;
  }
  /** The last token taken. */
  get last(): Token {
    return this.tokens[Math.max(0, this.index - 1)]!;
  }
  get atEnd(): boolean {
    return this.token.kind === "end";
  }

  advance(): Token {
    const token = this.token;
    if (token.kind !== "end") this.index++;
    return token;
  }

  isOp(text: string): boolean {
    return this.token.kind === "op" && this.token.text === text;
  }
  isWord(text: string): boolean {
    return this.token.kind === "word" && this.token.text === text;
  }
  takeOp(text: string): boolean {
    if (!this.isOp(text)) return false;
    this.index++;
    return true;
  }
  takeWord(text: string): boolean {
    if (!this.isWord(text)) return false;
    this.index++;
    return true;
  }

  /** Takes an operator or stops with "expected …". */
  expectOp(text: string, where: string): Token {
    if (this.isOp(text)) return this.advance();
    return this.fail(`expected ${text} ${where}, found ${describe(this.token)}`);
  }

  /** Reports an error at the current token (or a place) and stops reading what is at hand. */
  fail(message: string, hint: string | null = null, place: Place = this.token.place): never {
    this.diagnostics.error("syntax", place, this.token.kind === "bad" ? this.token.text : message, hint);
    throw STOP;
  }

  /** Joins the tokens that stand together without space, as in 127.0.0.1:5060 or NAT-CHECK. Stops before any of `stops`. */
  glued(stops: string): { text: string; place: Place } | null {
    const first = this.token;
    let text = "";
    for (let token = first; token.kind !== "end" && (text === "" || !token.spaced); token = this.token) {
      const isStop = token.kind === "op" && stops.includes(token.text);
      if (isStop || token.kind === "directive" || token.kind === "pv") break;
      text += token.kind === "str" ? token.value : token.text;
      this.index++;
    }
    if (text === "") return null;
    return { text, place: { ...first.place, end: Math.max(first.place.end, this.sameFileEnd(first)) } };
  }

  private sameFileEnd(first: Token): number {
    return this.last.place.file === first.place.file ? this.last.place.end : first.place.end;
  }

  /** Skips to the end of a spoiled statement: past the next `;` of this block, or before its `}`. */
  skipStatement(): void {
    let depth = 0;
    for (; !this.atEnd; this.index++) {
      if (this.token.kind === "bad") this.diagnostics.error("syntax", this.token.place, this.token.text);
      if (this.token.kind !== "op") continue;
      const text = this.token.text;
      if (text === "{") depth++;
      else if (text === "}" && depth-- === 0) return;
      else if (text === "}" && depth === 0) {
        this.index++;
        return;
      } else if (text === ";" && depth === 0) {
        this.index++;
        return;
      }
    }
  }

  /** Skips to the start of the next line outside braces: after an error among the global parameters. */
  skipLine(): void {
    let depth = 0;
    for (this.advance(); !this.atEnd; this.index++) {
      if (this.token.first && depth <= 0) return;
      if (this.isOp("{")) depth++;
      if (this.isOp("}")) depth--;
    }
  }
}

/** A token as errors name it. */
export function describe(token: Token): string {
  if (token.kind === "end") return "the end of the file";
  if (token.kind === "str") return "a string";
  return token.text.length > 40 ? `${token.text.slice(0, 37)}...` : token.text;
}
