// Preprocessor: turns files into one list of tokens. Acts on #! directives, splices includes, replaces defined words, and applies
// #!subst to strings. Every token keeps the place where the author wrote it (for a defined word: where the word was used).

import { didYouMean } from "../registry/nearest.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { Lexer, type Token } from "./lexer.ts";
import { parseDefine, parseEnvDefine, parseSubst, type Substitution } from "./preprocess-defines.ts";
import { evaluateCondition, parseExpression } from "./preprocess-ifexp.ts";
import { type Place, SourceFile } from "./source.ts";

/** Reads an included file: the name as written, and the name of the file that includes it. Null when there is none. */
export type ReadFile = (name: string, from: string) => { name: string; text: string } | null;

export interface PreprocessOptions {
  readonly readFile?: ReadFile;
  /** Names defined on the command line (-A NAME or -A NAME=VALUE). */
  readonly defines?: readonly string[];
  /** Environment variables, for #!defenv and $env(NAME) in substitutions. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const MAX_INCLUDES = 10;
const MAX_EXPANSION_DEPTH = 16;
const MAX_TOKENS = 1_000_000;
const PREDEFINED = ["KAMAILIO", "KAMAILIO_5", "KAMAILIO_5_6", "KAMAILIO_5_6_3", "PORTICO"];
/** Lines that only say which dialect the file is written for. */
const DIALECTS = new Set(["KAMAILIO", "OPENSER", "SER", "MAXCOMPAT", "ALL", "PORTICO", "OPENSIPS"]);
const DIRECTIVES = [
  ...[
    "define",
    "def",
    "trydefine",
    "trydef",
    "redefine",
    "redef",
    "defexp",
    "defexps",
    "ifdef",
    "ifndef",
    "ifexp",
    "else",
  ],
  ...[
    "endif",
    "subst",
    "substdef",
    "substdefs",
    "defenv",
    "defenvs",
    "trydefenv",
    "trydefenvs",
    "include_file",
    "import_file",
  ],
];

interface Branch {
  readonly place: Place;
  taken: boolean;
  elseSeen: boolean;
}

/** The tokens of a configuration, ending with one "end" token. Errors go to `diagnostics`; words defined go into `defines`. */
export function preprocess(
  source: SourceFile,
  options: PreprocessOptions,
  diagnostics: Diagnostics,
  defines: Map<string, string | null> = new Map(),
): Token[] {
  return new Preprocessor(options, diagnostics, defines).run(source);
}

class Preprocessor {
  private readonly out: Token[] = [];
  private readonly defines: Map<string, string | null>;
  private readonly substitutions: Substitution[] = [];
  private readonly branches: Branch[] = [];
  private readonly options: PreprocessOptions;
  private readonly diagnostics: Diagnostics;
  private depth = 0;

  constructor(options: PreprocessOptions, diagnostics: Diagnostics, defines: Map<string, string | null>) {
    this.defines = defines;
    this.options = options;
    this.diagnostics = diagnostics;
    for (const name of PREDEFINED) this.defines.set(name, null);
    for (const text of options.defines ?? []) {
      const [name, ...value] = text.split("=");
      this.defines.set(name!.trim(), value.length === 0 ? null : value.join("="));
    }
  }

  run(source: SourceFile): Token[] {
    this.file(source);
    const end = { file: source, start: source.text.length, end: source.text.length };
    this.out.push({ kind: "end", text: "end of file", value: "", place: end, spaced: true, first: true });
    return this.out;
  }

  private file(source: SourceFile): void {
    const lexer = new Lexer(source);
    const outer = this.branches.length;
    for (let token = lexer.next(); token.kind !== "end"; token = lexer.next()) {
      if (token.kind === "directive") this.directive(token, lexer, source);
      else if (isInclude(token)) this.includeWord(token, lexer.next(), source);
      else this.emit(token);
      if (this.out.length > MAX_TOKENS) {
        this.diagnostics.error("too-long", token.place, "the configuration is too long after its defines are replaced");
        break;
      }
    }
    while (this.branches.length > outer) {
      const open = this.branches.pop()!;
      this.diagnostics.error("unclosed-ifdef", open.place, "this region has no #!endif", "add #!endif where it ends");
    }
  }

  private emit(token: Token): void {
    if (token.kind === "word" && this.defines.get(token.text) != null) this.expand(token, token, 0, new Set());
    else if (token.kind === "str" && this.substitutions.length > 0) this.out.push(this.substitute(token));
    else this.out.push(token);
    if (token.kind === "str") this.noteModule(token.value);
  }

  /** Replaces a defined word by the tokens of its value, all at the place of the word. */
  private expand(word: Token, use: Token, depth: number, active: Set<string>): void {
    if (depth > MAX_EXPANSION_DEPTH) {
      this.diagnostics.error("define-depth", use.place, `#!define ${use.text} is nested too deep`);
      this.out.push({ ...use, kind: "int", text: "1", value: "1" }); // so that what follows is read as it was meant
      return;
    }
    const lexer = new Lexer(use.place.file, this.defines.get(word.text)!, use.place);
    let isFirst = true;
    for (let token = lexer.next(); token.kind !== "end"; token = lexer.next()) {
      if (this.out.length > MAX_TOKENS) return;
      const placed: Token = isFirst ? { ...token, spaced: use.spaced, first: use.first } : { ...token, first: false };
      isFirst = false;
      const again = token.kind === "word" && !active.has(token.text) && token.text !== word.text;
      if (again && this.defines.get(token.text) != null) {
        this.expand(token, use, depth + 1, new Set([...active, word.text]));
      } else this.out.push(this.substitute(placed));
    }
  }

  private substitute(token: Token): Token {
    if (token.kind !== "str") return token;
    let value = token.value;
    for (const s of this.substitutions) value = s.apply(value);
    return value === token.value ? token : { ...token, value };
  }

  /** `loadmodule "x.so"` defines MOD_x. */
  private noteModule(path: string): void {
    const before = this.out.at(-2);
    if (before?.kind === "word" && before.text === "loadmodule") this.defines.set(`MOD_${moduleName(path)}`, null);
  }

  private directive(token: Token, lexer: Lexer, source: SourceFile): void {
    const found = /^[#!]!\s*([A-Za-z_][A-Za-z0-9_]*)?\s*([\s\S]*)$/.exec(token.text);
    const name = found?.[1] ?? "";
    const rest = (found?.[2] ?? "").trim();
    if (DIALECTS.has(name) || (token.place.start === 0 && token.text.startsWith("#!/"))) return;
    switch (name) {
      case "ifdef":
      case "ifndef":
      case "ifexp":
        this.branches.push({ place: token.place, taken: this.condition(name, rest, token), elseSeen: false });
        if (!this.branches.at(-1)!.taken) this.skip(lexer);
        return;
      case "else":
        this.alone(name, rest, token);
        if (this.openElse(token)) this.skip(lexer);
        return;
      case "endif":
        this.alone(name, rest, token);
        if (this.branches.pop() === undefined)
          this.diagnostics.error("stray-endif", token.place, "#!endif without #!ifdef");
        return;
      case "include_file":
      case "import_file":
        this.include(name, rest.replace(/^(["'])(.*)\1.*$/, "$2"), token.place, source);
        return;
      default:
        this.define(name, rest, token);
    }
  }

  private condition(name: string, rest: string, token: Token): boolean {
    if (name === "ifexp") {
      const value = evaluateCondition(rest, this.defines);
      if (typeof value === "boolean") return value;
      this.diagnostics.error("bad-directive", token.place, `#!ifexp: ${value.message}`);
      return false;
    }
    if (!/^\w/.test(rest)) {
      this.diagnostics.error("bad-directive", token.place, `#!${name} needs a name`, `write #!${name} NAME`);
    } else this.alone(name, rest.replace(/^\w+\s*/, ""), token);
    return this.defines.has(rest.split(/\s/)[0]!) === (name === "ifdef");
  }

  /** Warns of text behind a directive: Kamailio reads over it behind a name, and takes `#!else x` and `#!endif x` as comments. */
  private alone(name: string, rest: string, token: Token): void {
    if (rest === "" || (name.startsWith("if") && /^(#|\/\/|\/\*)/.test(rest))) return;
    const hint = /^(else|endif)$/.test(name)
      ? "Kamailio takes the whole line as a comment: put the text on its own line"
      : null;
    this.diagnostics.warning("directive-text", token.place, `the text behind #!${name} is not read`, hint);
  }

  /** An #!else met while its first part was read: true when what follows is to be skipped. */
  private openElse(token: Token): boolean {
    const branch = this.branches.at(-1);
    if (branch === undefined) {
      this.diagnostics.warning("stray-else", token.place, "#!else without #!ifdef does nothing");
      return false;
    }
    if (branch.elseSeen) {
      this.diagnostics.error("stray-else", token.place, "a second #!else for the same #!ifdef");
      return false;
    }
    branch.elseSeen = true;
    return branch.taken;
  }

  /** Skips what the innermost region leaves out, nested regions included, to its #!else or #!endif. */
  private skip(lexer: Lexer): void {
    let nested = 0;
    for (let token = lexer.skipToDirective(); token !== null; token = lexer.skipToDirective()) {
      const [, name = "", rest = ""] = /^..\s*([A-Za-z_]+)\s*([\s\S]*)$/.exec(token.text) ?? [];
      if (nested === 0 && /^(else|endif)$/.test(name)) this.alone(name, rest, token);
      if (name === "ifdef" || name === "ifndef" || name === "ifexp") nested++;
      else if (name === "endif" && nested-- === 0) {
        this.branches.pop();
        return;
      } else if (name === "else" && nested === 0 && !this.openElse(token)) return;
    }
  }

  private define(name: string, rest: string, token: Token): void {
    if (!DIRECTIVES.includes(name)) {
      const hint = name === "" ? null : didYouMean(name, DIRECTIVES);
      if (hint !== null) this.diagnostics.warning("unknown-directive", token.place, `#!${name} is a comment`, hint);
      return;
    }
    const env = this.options.env ?? {};
    const problem = ((): string | null => {
      switch (name) {
        case "define":
        case "def":
        case "trydefine":
        case "trydef":
        case "redefine":
        case "redef":
          return parseDefine(name, rest, this.defines);
        case "defenv":
        case "defenvs":
        case "trydefenv":
        case "trydefenvs":
          return parseEnvDefine(name, rest, this.defines, env);
        case "subst":
        case "substdef":
        case "substdefs":
          return parseSubst(name, rest, this.defines, this.substitutions, env);
        default:
          return parseExpression(name, rest, this.defines);
      }
    })();
    if (problem !== null) this.diagnostics.error("bad-directive", token.place, problem);
  }

  private includeWord(word: Token, path: Token, source: SourceFile): void {
    if (path.kind === "str") {
      this.include(word.text, this.substitute(path).value, path.place, source);
      return;
    }
    this.diagnostics.error("bad-directive", word.place, `${word.text} needs a quoted file name`);
    if (path.first) this.emit(path);
  }

  private include(kind: string, name: string, place: Place, source: SourceFile): void {
    if (this.depth >= MAX_INCLUDES) {
      this.diagnostics.error("include-depth", place, `files include each other more than ${MAX_INCLUDES} deep`);
      return;
    }
    const read = this.options.readFile?.(name, source.name) ?? null;
    if (read === null) {
      if (kind === "include_file") {
        const hint =
          "it is looked for from the working directory, then beside the including file; import_file lets it be absent";
        this.diagnostics.error("no-file", place, `cannot read ${name}`, hint);
      }
      return;
    }
    this.depth++;
    this.file(new SourceFile(read.name, read.text));
    this.depth--;
  }
}

function isInclude(token: Token): boolean {
  return token.kind === "word" && (token.text === "include_file" || token.text === "import_file");
}

/** The name of a module from what loadmodule is given: a path, with or without .so. */
export function moduleName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.so$/, "");
}
