// Statements of route blocks. A statement that cannot be read is reported and skipped to its end; the rest of the block is read on.

import type { Case, Expr, Stmt } from "./ast.ts";
import type { ExpressionParser } from "./parser-expressions.ts";
import { span } from "./source.ts";
import { describe, SyntaxStop, type TokenReader } from "./token-reader.ts";

const MAX_DEPTH = 100;
const BARE_CALLS = /^[A-Za-z_]\w*$/;

/** Reads statements from the parser's tokens. */
export class StatementParser {
  private readonly reader: TokenReader;
  private readonly expressions: ExpressionParser;
  private depth = 0;

  constructor(reader: TokenReader, expressions: ExpressionParser) {
    this.reader = reader;
    this.expressions = expressions;
  }

  /** `{ statements }`, the brace being next. */
  block(): Stmt[] {
    const open = this.reader.expectOp("{", "to open the block");
    const body: Stmt[] = [];
    const depth = this.depth;
    while (!this.reader.isOp("}")) {
      if (this.reader.atEnd) {
        this.reader.diagnostics.error("unclosed-block", open.place, "this block is not closed", "add } where it ends");
        return body;
      }
      if (startsSection(this.reader)) {
        const hint = "a } is missing before this line";
        this.reader.diagnostics.error(
          "unclosed-block",
          open.place,
          `this block is not closed before ${this.reader.token.text}`,
          hint,
        );
        return body;
      }
      this.recovering(() => body.push(...this.statement()));
      this.depth = depth;
    }
    this.reader.advance();
    return body;
  }

  /** Runs one reader; after an error skips to where the next statement begins, and always moves on. */
  private recovering(read: () => void): void {
    const start = this.reader.position;
    const isIf = this.reader.isWord("if");
    try {
      read();
    } catch (error) {
      if (!(error instanceof SyntaxStop)) throw error;
      this.expressions.reset();
      this.reader.skipStatement();
      // the rest of an if whose condition could not be read is no mistake of its own
      while (isIf && this.reader.takeWord("else")) this.reader.skipStatement();
    }
    if (this.reader.position === start) this.reader.advance();
  }

  /** One statement; a block in braces gives its statements, a lone `;` none. */
  private statement(): Stmt[] {
    if (this.depth > MAX_DEPTH) this.reader.fail("statements are nested too deep");
    this.depth++;
    const read = this.oneStatement();
    this.depth--;
    return read;
  }

  private oneStatement(): Stmt[] {
    const { token } = this.reader;
    if (this.reader.takeOp(";")) return [];
    if (this.reader.isOp("{")) return this.block();
    if (token.kind === "directive") return this.reader.fail(`cannot read ${token.text}`);
    if (token.kind === "word") {
      switch (token.text) {
        case "if":
          return [this.ifStatement()];
        case "while":
          return [this.whileStatement()];
        case "switch":
          return [this.switchStatement()];
        case "return":
          return [this.returnStatement()];
        case "break":
        case "exit":
        case "drop":
          return [this.wordStatement(token.text)];
        case "case":
        case "default":
          return this.reader.fail(`${token.text} outside of switch`);
        case "else":
          return this.reader.fail("else without if", "an if takes one statement, or several in braces");
        default:
      }
    }
    const expr = this.simple();
    this.endStatement("after the statement");
    return [{ kind: "expr", expr, at: expr.at }];
  }

  /** A call, an assignment, or the bare name of a function without arguments. */
  private simple(): Expr {
    const expr = this.expressions.expression();
    if (expr.kind === "word" && BARE_CALLS.test(expr.text)) {
      return { kind: "call", name: expr.text, args: [], at: expr.at, nameAt: expr.at };
    }
    if (expr.kind === "call" || expr.kind === "route" || expr.kind === "assign") return expr;
    const hint = expr.kind === "binary" && expr.op === "==" ? "to assign write =" : null;
    return this.reader.fail("this value is not used: a statement is a call or an assignment", hint, expr.at);
  }

  private ifStatement(): Stmt {
    const start = this.reader.advance();
    const cond = this.expressions.expression();
    const then = this.body();
    // A `;` may follow the body; it ends the statement unless else follows.
    if (this.reader.isOp(";") && this.reader.following.kind === "word" && this.reader.following.text === "else")
      this.reader.advance();
    const otherwise = this.reader.takeWord("else") ? this.body() : [];
    return { kind: "if", cond, then, else: otherwise, at: span(start.place, cond.at) };
  }

  private whileStatement(): Stmt {
    const start = this.reader.advance();
    const cond = this.expressions.expression();
    return { kind: "while", cond, body: this.body(), at: span(start.place, cond.at) };
  }

  /** What if, else and while run: a block or one statement. */
  private body(): Stmt[] {
    if (this.reader.isOp("{")) return this.block();
    if (this.reader.isOp("}") || this.reader.atEnd)
      return this.reader.fail(`expected a statement, found ${describe(this.reader.token)}`);
    return this.statement();
  }

  private switchStatement(): Stmt {
    const start = this.reader.advance();
    const value = this.expressions.expression();
    const open = this.reader.expectOp("{", "after switch(...)");
    const cases: Case[] = [];
    while (!this.reader.takeOp("}")) {
      if (this.reader.atEnd || startsSection(this.reader)) {
        this.reader.diagnostics.error("unclosed-block", open.place, "this switch is not closed", "add } where it ends");
        break;
      }
      if (this.reader.takeOp(";")) continue;
      this.recovering(() => cases.push(this.oneCase()));
    }
    return { kind: "switch", value, cases, at: span(start.place, value.at) };
  }

  private oneCase(): Case {
    const start = this.reader.token;
    let value: Expr | null = null;
    let isRegex = false;
    if (this.reader.takeWord("case")) {
      isRegex = this.reader.takeOp("/");
      value = this.expressions.expression();
    } else if (!this.reader.takeWord("default")) {
      this.reader.fail(`expected case, default or } in the switch, found ${describe(start)}`);
    }
    this.reader.expectOp(":", value === null ? "after default" : "after the value of the case");
    const body: Stmt[] = [];
    while (
      !this.reader.atEnd &&
      !this.reader.isOp("}") &&
      !this.reader.isWord("case") &&
      !this.reader.isWord("default")
    ) {
      this.recovering(() => body.push(...this.statement()));
    }
    return { value, isRegex, body, at: start.place };
  }

  private returnStatement(): Stmt {
    const start = this.reader.advance();
    let value: Expr | null = null;
    if (this.reader.isOp("(") && this.reader.following.text === ")" && this.reader.following.kind === "op") {
      this.reader.advance();
      this.reader.advance();
    } else if (!this.reader.isOp(";") && !this.reader.isOp("}")) value = this.expressions.expression();
    this.endStatement("after return");
    return { kind: "return", value, at: start.place };
  }

  private wordStatement(kind: "break" | "exit" | "drop"): Stmt {
    const start = this.reader.advance();
    if (this.reader.takeOp("(")) {
      if (kind === "drop" && this.reader.token.kind === "int") this.reader.advance();
      this.reader.expectOp(")", `after ${kind}(`);
    }
    this.endStatement(`after ${kind}`);
    return { kind, at: start.place };
  }

  /** A `;`, or the end of the block; otherwise the statement ends where the next line begins, and is reported. */
  private endStatement(where: string): void {
    if (this.reader.takeOp(";") || this.reader.isOp("}")) return;
    const { token, last } = this.reader;
    const end = { file: last.place.file, start: last.place.end, end: last.place.end + 1 };
    if (token.first || token.kind === "end") {
      this.reader.diagnostics.error("syntax", end, `expected ; ${where}`);
      return;
    }
    this.reader.fail(`expected ; ${where}, found ${describe(token)}`);
  }
}

const SECTION =
  /^((request|branch|failure|onreply|reply|event|onsend|error|local|startup|timer)_route|route|loadmodule|modparam)$/;

/** Whether a new section begins here, at the start of a line: what is open before it has lost its brace. */
function startsSection(reader: TokenReader): boolean {
  const { token, following } = reader;
  if (token.kind !== "word" || !token.first || !SECTION.test(token.text)) return false;
  if (token.text === "loadmodule") return following.kind === "str";
  if (token.text === "modparam") return true;
  return following.kind === "op" && (following.text === "[" || following.text === "{");
}
