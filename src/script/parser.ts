// The parser: tokens to a typed tree. It reads on after an error, so that one run reports them all.

import { didYouMean } from "../registry/nearest.ts";
import type { ConfigTree, RouteKeyword, Scalar } from "./ast.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { Token } from "./lexer.ts";
import { ExpressionParser } from "./parser-expressions.ts";
import { StatementParser } from "./parser-statements.ts";
import { moduleName } from "./preprocess.ts";
import { type Place, span } from "./source.ts";
import { describe, SyntaxStop, TokenReader } from "./token-reader.ts";

/** Spellings of the route keywords. */
const ROUTE_KEYWORDS: Readonly<Record<string, RouteKeyword>> = {
  request_route: "request_route",
  route: "route",
  branch_route: "branch_route",
  failure_route: "failure_route",
  on_failure_route: "failure_route",
  onreply_route: "onreply_route",
  reply_route: "reply_route",
  event_route: "event_route",
  onsend_route: "onsend_route",
  error_route: "error_route",
  local_route: "local_route",
  startup_route: "startup_route",
  timer_route: "timer_route",
};

/** Route kinds whose blocks always have a name. */
const NAMED = new Set<RouteKeyword>(["branch_route", "failure_route", "event_route", "timer_route"]);
/** Route kinds whose blocks never have one. */
const UNNAMED = new Set<RouteKeyword>([
  "request_route",
  "reply_route",
  "onsend_route",
  "error_route",
  "local_route",
  "startup_route",
]);

/** Parses the tokens of a whole configuration. */
export function parse(tokens: readonly Token[], diagnostics: Diagnostics): ConfigTree {
  return new Parser(new TokenReader(tokens, diagnostics)).config();
}

class Parser {
  private readonly reader: TokenReader;
  private readonly expressions: ExpressionParser;
  private readonly statements: StatementParser;
  private readonly tree: ConfigTree = { globals: [], custom: [], modules: [], params: [], flags: [], routes: [] };

  constructor(reader: TokenReader) {
    this.reader = reader;
    this.expressions = new ExpressionParser(reader);
    this.statements = new StatementParser(reader, this.expressions);
  }

  config(): ConfigTree {
    while (!this.reader.atEnd) {
      const start = this.reader.position;
      try {
        this.section();
      } catch (error) {
        if (!(error instanceof SyntaxStop)) throw error;
        this.expressions.reset();
        if (!this.atSectionStart()) this.reader.skipLine();
      }
      if (this.reader.position === start) this.reader.advance();
    }
    return this.tree;
  }

  private atSectionStart(): boolean {
    const { token } = this.reader;
    return (
      token.first &&
      token.kind === "word" &&
      (Object.hasOwn(ROUTE_KEYWORDS, token.text) || /^(loadmodule|modparam)$/.test(token.text))
    );
  }

  private section(): void {
    const { token } = this.reader;
    if (this.reader.takeOp(";")) return;
    if (token.kind === "bad") this.reader.fail(token.text);
    if (token.kind !== "word") {
      const hint = token.text === "}" ? "there is one } too many before it" : null;
      this.reader.fail(`expected a parameter, a module or a route block, found ${describe(token)}`, hint);
    }
    const keyword = Object.hasOwn(ROUTE_KEYWORDS, token.text) ? ROUTE_KEYWORDS[token.text] : undefined;
    if (keyword !== undefined) this.routeBlock(keyword);
    else if (/^(loadmodule|loadmodulex)$/.test(token.text)) this.loadModule();
    else if (/^(modparam|modparamx)$/.test(token.text)) this.modParam();
    else if (
      (token.text === "flags" || token.text === "bool" || token.text === "avpflags") &&
      this.reader.following.kind === "word"
    ) {
      this.flagDeclarations(token.text === "avpflags" ? "avp" : "message");
    } else this.setting();
  }

  // ---- route blocks ----

  private routeBlock(keyword: RouteKeyword): void {
    const start = this.reader.advance();
    let name: string | null = null;
    let interval: number | null = null;
    if (this.reader.takeOp("[")) {
      const glued = this.reader.glued("],");
      if (glued === null) this.reader.fail(`expected the name of the ${keyword}`);
      name = glued.text;
      if (this.reader.takeOp(",")) interval = Number.parseInt(this.reader.glued("]")?.text ?? "", 10) || null;
      this.reader.expectOp("]", "after the name");
    }
    const nameAt = span(start.place, this.reader.last.place);
    if (NAMED.has(keyword) && name === null)
      this.reader.fail(`${keyword} needs a name`, `write ${keyword}[NAME] { ... }`);
    if (UNNAMED.has(keyword) && name !== null && name !== "0")
      this.reader.fail(`${keyword} takes no name`, null, nameAt);
    const isMain = keyword === "route" && (name === null || name === "0");
    const isReply = keyword === "onreply_route" && (name === null || name === "0");
    const kind = isMain ? "request_route" : isReply ? "reply_route" : keyword;
    const body = this.statements.block();
    this.tree.routes.push({
      keyword: kind,
      name: NAMED.has(kind) || kind === "route" || kind === "onreply_route" ? name : null,
      interval,
      body,
      at: start.place,
      nameAt,
    });
  }

  // ---- modules ----

  private loadModule(): void {
    const start = this.reader.advance();
    const isCall = this.reader.takeOp("(");
    const path = this.reader.token.kind === "str" ? this.reader.advance().value : this.reader.glued("();")?.text;
    if (path === undefined) this.reader.fail("loadmodule needs the name of a module", 'write loadmodule "name.so"');
    const at = span(start.place, this.reader.last.place);
    if (isCall) {
      if (this.reader.takeOp(",")) this.scalar(")");
      this.reader.expectOp(")", "after the module");
    }
    this.tree.modules.push({ name: moduleName(path), path, at });
  }

  private modParam(): void {
    const start = this.reader.advance();
    this.reader.expectOp("(", "after modparam");
    const modules = this.string("the module's name");
    this.reader.expectOp(",", "after the module's name");
    const param = this.string("the parameter's name");
    this.reader.expectOp(",", "after the parameter's name");
    const value = this.scalar("),");
    this.reader.expectOp(")", "after the value");
    const names = modules.value.split("|").map((name) => moduleName(name.trim()));
    const at = span(start.place, this.reader.last.place);
    this.tree.params.push({
      modules: names,
      param: param.value,
      value,
      at,
      moduleAt: modules.place,
      paramAt: param.place,
    });
  }

  private string(what: string): Token {
    if (this.reader.token.kind === "str") return this.reader.advance();
    return this.reader.fail(`expected ${what} in quotes, found ${describe(this.reader.token)}`);
  }

  /** A value as parameters take it: a number, a quoted string (several are joined), or glued words. */
  private scalar(stops: string): Scalar {
    const { token } = this.reader;
    if (token.kind === "str") {
      let value = "";
      while (this.reader.token.kind === "str") value += this.reader.advance().value;
      return { kind: "str", value, at: span(token.place, this.reader.last.place) };
    }
    const isNegative = this.reader.isOp("-") && this.reader.following.kind === "int";
    if (isNegative) this.reader.advance();
    const { token: number, following } = this.reader;
    const isAlone =
      following.spaced || following.kind !== "op" || stops.includes(following.text) || following.text === ";";
    if (number.kind === "int" && (isAlone || isNegative) && (following.spaced || following.kind !== "word")) {
      this.reader.advance();
      const value = Number(number.value) * (isNegative ? -1 : 1);
      return { kind: "int", value, at: span(token.place, number.place) };
    }
    const glued = this.reader.glued(`;{}${stops}`);
    if (glued === null) return this.reader.fail(`expected a value, found ${describe(token)}`);
    return { kind: "word", value: glued.text, at: glued.place };
  }

  // ---- flags ----

  private flagDeclarations(kind: "message" | "avp"): void {
    this.reader.advance();
    do {
      const { token } = this.reader;
      if (token.kind !== "word") this.reader.fail(`expected the name of a flag, found ${describe(token)}`);
      this.reader.advance();
      let bit: number | null = null;
      if (this.reader.takeOp(":")) {
        if (this.reader.token.kind !== "int") this.reader.fail("expected the number of the flag");
        bit = Number(this.reader.advance().value);
      }
      this.tree.flags.push({ name: token.text, bit, kind, at: token.place });
    } while (this.reader.takeOp(","));
  }

  // ---- global parameters ----

  private setting(): void {
    const nameToken = this.reader.advance();
    let name = nameToken.text;
    const id = this.instance();
    let isDotted = false;
    while (this.reader.isOp(".") && this.reader.following.kind === "word") {
      this.reader.advance();
      name += `.${this.reader.advance().text}`;
      isDotted = true;
    }
    const nameAt = span(nameToken.place, this.reader.last.place);
    const takesNoSign =
      /^(mpath|loadpath|cfgengine|include_file|import_file)$/.test(name) && this.reader.token.kind === "str";
    if (!takesNoSign && !this.reader.takeOp("=")) {
      const hint = didYouMean(name, [...Object.keys(ROUTE_KEYWORDS), "loadmodule", "modparam", "flags"]);
      this.reader.fail(`expected = after ${name}, found ${describe(this.reader.token)}`, hint);
    }
    if (name === "listen") this.listen(nameToken);
    else if (name === "alias") this.alias(nameToken);
    else {
      const value = this.scalar("");
      const at = span(nameToken.place, this.reader.last.place);
      if (isDotted && !name.startsWith("kemi.")) this.customSetting(name, id, value, nameToken);
      else this.tree.globals.push({ name, value, advertise: null, socketName: null, at, nameAt });
    }
    if (this.reader.takeOp(";") || this.atLineEnd || this.reader.following.text === "=") return;
    this.reader.fail(`unexpected ${describe(this.reader.token)} after the value of ${name}`);
  }

  private get atLineEnd(): boolean {
    return this.reader.token.first || this.reader.atEnd;
  }

  /** The number in brackets of group[3].name; null without. */
  private instance(): number | null {
    if (!this.reader.isOp("[") || this.reader.following.kind !== "int") return null;
    this.reader.advance();
    const id = Number(this.reader.advance().value);
    this.reader.expectOp("]", "after the number of the instance");
    if (!this.reader.isOp(".")) this.reader.fail(`expected . and a name, found ${describe(this.reader.token)}`);
    return id;
  }

  private customSetting(dotted: string, id: number | null, value: Scalar, first: Token): void {
    const [group, ...rest] = dotted.split(".");
    const isDescribed = this.reader.isWord("desc") || this.reader.isWord("descr") || this.reader.isWord("description");
    if (isDescribed) this.reader.advance();
    const doc = isDescribed ? this.string("the description").value : "";
    const at = span(first.place, value.at);
    this.tree.custom.push({ group: group!, id, name: rest.join("."), value, doc, at });
  }

  /** listen=ADDRESS [advertise ADDRESS] [name "x"] [virtual], any number of addresses on the line. */
  private listen(nameToken: Token): void {
    do {
      const values = this.addresses();
      let advertise: Scalar | null = null;
      let socketName: Scalar | null = null;
      for (;;) {
        if (this.reader.takeWord("advertise") || this.reader.takeWord("ADVERTISE")) advertise = this.addresses()[0]!;
        else if (this.reader.takeWord("name") || this.reader.takeWord("NAME")) socketName = this.scalar("");
        else if (!this.reader.takeWord("virtual")) break;
      }
      const at = span(nameToken.place, this.reader.last.place);
      for (const value of values)
        this.tree.globals.push({ name: "listen", value, advertise, socketName, at, nameAt: nameToken.place });
    } while (!this.listEnds());
  }

  /** alias=NAME, any number of them on the line. */
  private alias(nameToken: Token): void {
    do {
      for (const value of this.addresses()) {
        const at = span(nameToken.place, this.reader.last.place);
        const nameAt = nameToken.place;
        this.tree.globals.push({ name: "alias", value, advertise: null, socketName: null, at, nameAt });
      }
    } while (!this.listEnds());
  }

  // The line, the statement or the next setting on the same line ends a list of addresses.
  private listEnds(): boolean {
    return this.atLineEnd || this.reader.isOp(";") || this.reader.following.text === "=";
  }

  /** `[proto:]host[:port]`, or several of the same protocol and port in parentheses: `[proto:](host, host)[:port]`. */
  private addresses(): readonly Scalar[] {
    const first = this.reader.token;
    if (first.kind === "str") {
      this.reader.advance();
      const rest = this.reader.isOp(":") && !this.reader.token.spaced ? (this.reader.glued(";{}")?.text ?? "") : "";
      return [{ kind: "str", value: `${first.value}${rest}`, at: span(first.place, this.reader.last.place) }];
    }
    const head = this.reader.glued(";{}()");
    if (!this.reader.takeOp("(")) {
      if (head === null) return this.reader.fail(`expected an address, found ${describe(first)}`);
      return [{ kind: "word", value: head.text, at: head.place }];
    }
    const hosts: { text: string; place: Place }[] = [];
    do {
      const host = this.reader.glued(",()");
      if (host === null) this.reader.fail(`expected an address, found ${describe(this.reader.token)}`);
      else hosts.push(host);
    } while (this.reader.takeOp(","));
    this.reader.expectOp(")", "after the addresses");
    const port = this.reader.isOp(":") && !this.reader.token.spaced ? (this.reader.glued(";{}")?.text ?? "") : "";
    return hosts.map(({ text, place }) => ({ kind: "word", value: `${head?.text ?? ""}${text}${port}`, at: place }));
  }
}
