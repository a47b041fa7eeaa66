// Expressions. Precedence as measured on Kamailio 5.6.3, loosest first: || ; && ; | ; & ; ^ ; equality ; < > ; << >> ; + - ; * / mod ;
// unary. All are left-associative. After a core keyword (method, src_ip …) the right side may be a bare word or address.

import { parsePv } from "../pv/parse.ts";
import type { BinaryOp, Expr, UnaryOp } from "./ast.ts";
import type { Token } from "./lexer.ts";
import { type Place, span } from "./source.ts";
import { describe, type TokenReader } from "./token-reader.ts";

const LEVELS: readonly Readonly<Record<string, BinaryOp>>[] = [
  { "||": "||", or: "||" },
  { "&&": "&&", and: "&&" },
  { "|": "|" },
  { "&": "&" },
  { "^": "^" },
  {
    ...{ "==": "==", "!=": "!=", "=~": "=~", "!~": "!~" },
    ...{ eq: "eq", ne: "ne", ieq: "ieq", ine: "ine" },
  },
  { "<": "<", ">": ">", "<=": "<=", ">=": ">=" },
  { "<<": "<<", ">>": ">>" },
  { "+": "+", "-": "-" },
  { "*": "*", "/": "/", mod: "mod", "%": "mod" },
];

const EQUALITY = 5;

/** Core keywords that say something of the message. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  ...[
    "method",
    "uri",
    "from_uri",
    "to_uri",
    "status",
    "src_ip",
    "dst_ip",
    "src_port",
    "dst_port",
    "proto",
    "af",
    "msg:len",
  ],
  ...["snd_ip", "snd_port", "snd_proto", "snd_af", "to_ip", "to_port", "to_proto", "max_len", "retcode"],
]);

const UNARY_WORDS: Readonly<Record<string, UnaryOp>> = {
  not: "!",
  defined: "defined",
  strlen: "strlen",
  strempty: "strempty",
};
const MAX_DEPTH = 200;

/** Reads expressions from the parser's tokens. */
export class ExpressionParser {
  private readonly reader: TokenReader;
  private depth = 0;

  constructor(reader: TokenReader) {
    this.reader = reader;
  }

  /** One expression, assignments included (`$var(x) = 1`). Stops by SyntaxStop when there is none. */
  expression(): Expr {
    this.depth++;
    if (this.depth > MAX_DEPTH) this.reader.fail("the expression is nested too deep");
    const expr = this.assignment();
    this.depth--;
    return expr;
  }

  /** Forgets the nesting of an expression that could not be read. */
  reset(): void {
    this.depth = 0;
  }

  private assignment(): Expr {
    const start = this.reader.position;
    const left = this.binary(0);
    const op = this.reader.token;
    if (op.kind !== "op" || !/^(=|:=|[+\-*/]=)$/.test(op.text)) return left;
    if (left.kind !== "pv" || this.reader.position !== start + 1) {
      const hint = op.text === "=" ? "to compare write ==" : null;
      return this.reader.fail(`only a variable can stand left of ${op.text}`, hint);
    }
    this.reader.advance();
    const right = this.expression();
    const at = span(left.at, right.at);
    const target = op.text === ":=" && left.ref.index === null ? { ...left.ref, index: "*" as const } : left.ref;
    const operator = op.text[0] as BinaryOp;
    const value: Expr = /^[+\-*/]=$/.test(op.text) ? { kind: "binary", op: operator, left, right, at } : right;
    return { kind: "assign", target, targetAt: left.at, value, at };
  }

  private binary(level: number): Expr {
    const table = LEVELS[level];
    if (table === undefined) return this.unary();
    let left = this.binary(level + 1);
    for (let count = 0; ; count++) {
      const token = this.reader.token;
      const op = token.kind === "op" || token.kind === "word" ? lookup(table, token.text) : undefined;
      if (op === undefined) return left;
      if (count > 5000) return this.reader.fail("the expression is too long");
      this.reader.advance();
      const right =
        left.kind === "keyword" && (level === EQUALITY || level === EQUALITY + 1)
          ? this.keywordValue(level + 1)
          : this.binary(level + 1);
      // myself == uri is uri == myself
      const isSwapped = left.kind === "word" && left.text === "myself" && right.kind === "keyword" && level === 5;
      const [a, b] = isSwapped ? [right, left] : [left, right];
      left = { kind: "binary", op, left: a, right: b, at: span(left.at, right.at) };
    }
  }

  /** What a core keyword is compared with: myself, INET, 10.0.0.0/8, [::1], or any expression. */
  private keywordValue(level: number): Expr {
    const { token, following } = this.reader;
    const isAddress =
      token.kind === "int" && following.kind === "op" && !following.spaced && ".:/".includes(following.text);
    const isHex6 = token.kind === "int" && following.kind === "word" && !following.spaced;
    const isWord =
      token.kind === "word" &&
      lookup(UNARY_WORDS, token.text) === undefined &&
      !(following.kind === "op" && following.text === "(");
    const isBracketed = token.kind === "op" && (token.text === "[" || token.text === "::");
    if (!isAddress && !isHex6 && !isWord && !isBracketed) return this.binary(level);
    const glued = this.reader.glued("(){};&|=!<>,");
    if (glued === null) return this.binary(level);
    return { kind: "word", text: glued.text, at: glued.place };
  }

  private unary(): Expr {
    const token = this.reader.token;
    const op = this.unaryOp(token);
    if (op === null) return this.primary();
    this.depth++;
    if (this.depth > MAX_DEPTH) this.reader.fail("the expression is nested too deep");
    // `!uri == myself` denies the comparison, since a keyword alone is no value
    const operand = op === "!" && this.atKeyword() ? this.binary(EQUALITY) : this.unary();
    this.depth--;
    const at = span(token.place, operand.at);
    // two operators that look like the one of patterns
    if (op === "!~") return { kind: "unary", op: "!", operand: { kind: "unary", op: "~", operand, at }, at };
    if (op === "-" && operand.kind === "int") return { kind: "int", value: -operand.value | 0, at };
    return { kind: "unary", op, operand, at };
  }

  private atKeyword(): boolean {
    const { token, following } = this.reader;
    return token.kind === "word" && (KEYWORDS.has(token.text) || (token.text === "msg" && following.text === ":"));
  }

  /** Takes a unary operator or a cast when there is one. */
  private unaryOp(token: Token): UnaryOp | "!~" | null {
    if (token.kind === "op" && (token.text === "!" || token.text === "~" || token.text === "-")) {
      return this.reader.advance().text as UnaryOp;
    }
    if (token.kind === "op" && token.text === "!~") {
      this.reader.advance();
      return "!~";
    }
    if (token.kind === "word") {
      const op = lookup(UNARY_WORDS, token.text);
      if (op !== undefined) this.reader.advance();
      return op ?? null;
    }
    const { following } = this.reader;
    if (
      token.kind === "op" &&
      token.text === "(" &&
      following.kind === "word" &&
      /^(int|str|string)$/.test(following.text)
    ) {
      this.reader.advance();
      this.reader.advance();
      this.reader.expectOp(")", "after the type of a cast");
      return following.text === "int" ? "int" : "str";
    }
    return null;
  }

  private primary(): Expr {
    const { token } = this.reader;
    switch (token.kind) {
      case "int":
        this.reader.advance();
        return { kind: "int", value: Number(token.value) | 0, at: token.place };
      case "str":
        return this.string();
      case "pv":
        return this.variable(token);
      case "select":
        this.reader.advance();
        return { kind: "select", text: token.text, at: token.place };
      case "word":
        return this.word(token);
      default:
        return this.bracketed(token);
    }
  }

  /** Strings that follow each other are one string. */
  private string(): Expr {
    const first = this.reader.advance();
    let value = first.value;
    while (this.reader.token.kind === "str") value += this.reader.advance().value;
    return { kind: "str", value, at: span(first.place, this.reader.last.place) };
  }

  private variable(token: Token): Expr {
    this.reader.advance();
    const ref = parsePv(token.text);
    if ("problem" in ref) return this.reader.fail(`${token.text}: ${ref.problem}`, null, token.place);
    if (this.reader.isOp("[") && !this.reader.token.spaced) {
      this.reader.fail("an index stands inside the parentheses of $(...)", `write $(${token.text.slice(1)}[0])`);
    }
    return { kind: "pv", ref, at: token.place };
  }

  private bracketed(token: Token): Expr {
    const close = token.text === "[" ? "]" : ")";
    if (token.kind !== "op" || (token.text !== "(" && token.text !== "[")) {
      return this.reader.fail(`expected an expression, found ${describe(token)}`);
    }
    this.reader.advance();
    const inner = this.expression();
    this.reader.expectOp(close, "to close the expression");
    return inner;
  }

  private word(token: Token): Expr {
    const { following } = this.reader;
    if (following.kind === "op" && following.text === "(") return this.call();
    if (/^(yes|true|on|no|false|off)$/.test(token.text)) {
      this.reader.advance();
      return { kind: "int", value: /^(yes|true|on)$/.test(token.text) ? 1 : 0, at: token.place };
    }
    if (token.text === "msg" && following.text === ":") {
      this.reader.advance();
      this.reader.advance();
      if (!this.reader.takeWord("len")) this.reader.fail("expected len after msg:");
      return { kind: "keyword", name: "msg:len", at: span(token.place, this.reader.last.place) };
    }
    this.reader.advance();
    if (KEYWORDS.has(token.text)) return { kind: "keyword", name: token.text, at: token.place };
    return { kind: "word", text: token.text, at: token.place };
  }

  /** name(arguments), the parenthesis being next. */
  private call(): Expr {
    const name = this.reader.advance();
    this.reader.advance();
    const args: Expr[] = [];
    while (!this.reader.isOp(")")) {
      args.push(this.argument());
      const isMore = this.reader.takeOp(",");
      if (isMore && this.reader.isOp(")")) this.reader.fail("an argument is missing after the comma");
      if (!isMore && !this.reader.isOp(")")) {
        this.reader.fail(`expected , or ) in the arguments of ${name.text}, found ${describe(this.reader.token)}`);
      }
    }
    this.reader.advance();
    const at: Place = span(name.place, this.reader.last.place);
    if (name.text === "selval") {
      const [cond, yes, no] = args;
      if (cond === undefined || yes === undefined || no === undefined || args.length > 3)
        return this.reader.fail("selval() takes a condition and two values", null, at);
      return { kind: "choice", cond, yes, no, at };
    }
    if (name.text !== "route") return { kind: "call", name: name.text, args, at, nameAt: name.place };
    const target = args[0];
    if (target === undefined || args.length > 1) return this.reader.fail("route() takes one name", null, at);
    return {
      kind: "route",
      name: target.kind === "int" ? { kind: "str", value: String(target.value), at: target.at } : target,
      at,
    };
  }

  /** An argument: an expression, or a bare word such as a route or flag name, glued (NAT-CHECK, uri:host, 10.0.0.1). */
  private argument(): Expr {
    const { token, following } = this.reader;
    if (token.kind === "op" && (token.text === "," || token.text === ")")) {
      return this.reader.fail("an argument is missing");
    }
    const joins = following.kind === "op" && !following.spaced && /^([-.:]|::)$/.test(following.text);
    if (token.kind === "word" && joins && lookup(UNARY_WORDS, token.text) === undefined) return this.bareWord();
    if (token.kind === "int" && joins && following.text !== "-") return this.bareWord();
    return this.expression();
  }

  private bareWord(): Expr {
    const glued = this.reader.glued("(),;{}");
    return glued === null ? this.reader.fail("expected a name") : { kind: "word", text: glued.text, at: glued.place };
  }
}

function lookup<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
