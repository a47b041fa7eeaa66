// What a script does with KSR and sr, found in its words: calls with their constant arguments, and whatever says that a name may be there
// only sometimes. Where in doubt it says "may be": a false alarm is worse than a miss.

import { type Language, type Token, tokensOf } from "./tokens.ts";

/** One argument of a call. */
export interface UsedArgument {
  readonly start: number;
  readonly end: number;
  /** Its value when it is one constant; null when only a run can tell. */
  readonly value: string | number | null;
  /** Whether it is a constant that no function takes: nil, None, a table. */
  readonly isNothing: boolean;
}

/** One call of a function of the program. */
export interface ScriptUse {
  /** "KSR" or "sr". */
  readonly root: string;
  /** The names behind it: ["tm", "t_relay"]. */
  readonly path: readonly string[];
  readonly start: number;
  readonly end: number;
  /** Null when they cannot be told apart. */
  readonly args: readonly UsedArgument[] | null;
  /** Whether there may be more arguments than are written: the last one may give several values, or none. */
  readonly isOpen: boolean;
  /** Whether the script catches what goes wrong here. */
  readonly isCaught: boolean;
  /** Number of the function it stands in. */
  readonly section: number;
}

/** All that a script says. */
export interface ScriptUses {
  readonly calls: readonly ScriptUse[];
  /** Names below KSR or sr that are read without being called, or assigned, with the function this happens in: "dispatcher", "tm.t_relay". */
  readonly touched: ReadonlyMap<string, ReadonlySet<number>>;
  /** Names that it makes a function of, or may do so. */
  readonly defined: ReadonlySet<string>;
  /** Whether functions may come from elsewhere too. */
  readonly isOpen: boolean;
}

const ROOTS = new Set(["KSR", "sr"]);
const CATCHERS = new Set(["pcall", "xpcall"]);

/** Words of each language after which names may exist that its text does not show. */
const OPEN: Readonly<Record<Language, ReadonlySet<string>>> = {
  lua: new Set(["dofile", "require", "load", "loadstring", "loadfile", "_G", "_ENV", "setfenv", "rawset", "module"]),
  python: new Set(["exec", "eval", "setattr", "__getattr__", "__getattribute__", "__dict__", "globals"]),
};

/** What a script says of KSR and sr. */
export function usesOf(source: string, language: Language): ScriptUses {
  return new UseFinder(tokensOf(source, language), language).find();
}

interface Bracket {
  readonly isParameters: boolean;
  readonly catches: boolean;
}

class UseFinder {
  private readonly tokens: readonly Token[];
  private readonly language: Language;
  private readonly calls: ScriptUse[] = [];
  private readonly touched = new Map<string, Set<number>>();
  private readonly defined = new Set<string>();
  /** Names of the program that the script gives another meaning. */
  private readonly changed = new Set<string>();
  private readonly brackets: Bracket[] = [];
  /** Indentations of the open try blocks. */
  private readonly tries: number[] = [];
  private isOpen = false;
  private section = 0;

  constructor(tokens: readonly Token[], language: Language) {
    this.tokens = tokens;
    this.language = language;
  }

  find(): ScriptUses {
    const { tokens } = this;
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i]!;
      if (token.indent >= 0 && this.brackets.length === 0) this.line(token);
      if (token.kind === "op") this.bracket(token.text!, i);
      else if (token.kind === "name") this.name(token, i);
    }
    const imported = this.language === "lua" ? ROOTS : this.importedRoots();
    const calls = this.calls.filter(({ root }) => !this.changed.has(root) && imported.has(root));
    return { calls, touched: this.touched, defined: this.defined, isOpen: this.isOpen };
  }

  private is(i: number, text: string): boolean {
    const token = this.tokens[i];
    return token !== undefined && token.text === text && token.kind !== "text";
  }

  // Python's blocks end where the indentation does.
  private line(token: Token): void {
    while (this.tries.length > 0 && token.indent <= this.tries.at(-1)!) this.tries.pop();
    if (this.language === "python" && token.kind === "name" && token.text === "try") this.tries.push(token.indent);
  }

  private bracket(text: string, i: number): void {
    if (text === "(" || text === "[" || text === "{")
      this.brackets.push({ isParameters: this.opensParameters(i), catches: CATCHERS.has(this.wordAt(i - 1)) });
    else if (text === ")" || text === "]" || text === "}") this.brackets.pop();
  }

  private wordAt(i: number): string {
    const token = this.tokens[i];
    return token?.kind === "name" ? token.text! : "";
  }

  // function (…), function a.b:c(…), def f(…)
  private opensParameters(i: number): boolean {
    let at = i - 1;
    while (this.tokens[at]?.kind === "name" && !isFunction(this.wordAt(at)) && /^[.:]$/.test(this.opAt(at - 1)))
      at -= 2;
    return isFunction(this.wordAt(at)) || isFunction(this.wordAt(at - 1));
  }

  private opAt(i: number): string {
    const token = this.tokens[i];
    return token?.kind === "op" ? token.text! : "";
  }

  private isMember(i: number): boolean {
    const before = this.opAt(i - 1);
    return before === "." || (before === ":" && this.language === "lua");
  }

  private name(token: Token, i: number): void {
    const word = token.text!;
    const isMember = this.isMember(i);
    if (isFunction(word) && !isMember) this.section++;
    if (this.opAt(i + 1) === "=" || isFunction(this.wordAt(i - 1)) || this.wordAt(i - 1) === "class")
      this.defined.add(word);
    if (this.is(i + 1, "(") && this.opensParameters(i + 1)) this.defined.add(word);
    if (OPEN[this.language].has(word) && !isMember) this.isOpen = true;
    if (this.language === "python") this.pythonName(word, i);
    if (ROOTS.has(word) && !isMember) this.root(word, i);
  }

  // Methods may come from a base class, functions from an import of all names.
  private pythonName(word: string, i: number): void {
    const isBase = word === "class" && this.is(i + 2, "(") && !this.is(i + 3, ")") && this.wordAt(i + 3) !== "object";
    if (isBase || (word === "import" && this.wordAt(i - 2) === "from" && this.wordAt(i - 1) !== "Router"))
      this.isOpen = true;
  }

  private root(root: string, i: number): void {
    const { tokens } = this;
    const path: string[] = [];
    let at = i + 1;
    while (this.is(at, ".") && tokens[at + 1]?.kind === "name") {
      path.push(tokens[at + 1]!.text!);
      at += 2;
    }
    if (path.length === 0) {
      this.bare(root, i);
      return;
    }
    const isDefinition = isFunction(this.wordAt(i - 1));
    const opens = this.opAt(at) === "(" && !isDefinition;
    const next = tokens[at];
    const isText = this.language === "lua" && next?.kind === "text";
    if (!opens && !isText) {
      this.touch(path.join("."));
      this.asked(at, `${path.join(".")}.`);
      if (isDefinition || this.opAt(at) === "=") this.touch(path[0]!);
      return;
    }
    const found = isText ? { args: [argumentOf([next!], this.language)], isOpen: false } : this.arguments(at);
    this.calls.push({
      root,
      path,
      start: tokens[i]!.start,
      end: tokens[at - 1]!.end,
      args: found?.args ?? null,
      isOpen: found?.isOpen ?? true,
      isCaught: this.tries.length > 0 || this.brackets.some(({ catches }) => catches),
      section: this.section,
    });
  }

  private touch(name: string): void {
    let sections = this.touched.get(name);
    if (sections === undefined) this.touched.set(name, (sections = new Set()));
    sections.add(this.section);
  }

  // KSR itself: given another meaning, passed on, or asked whether it has something.
  private bare(root: string, i: number): void {
    const before = this.wordAt(i - 1);
    const isImport = before === "import" || before === "from" || (before === "as" && this.wordAt(i - 2) === root);
    const isParameter = this.brackets.at(-1)?.isParameters === true;
    const isItself = this.opAt(i + 1) === "=" && this.is(i + 2, root) && this.opAt(i + 3) !== ".";
    const isAssigned = this.opAt(i + 1) === "=" || ["local", "for", "as", "lambda", "del"].includes(before);
    if (!isImport && !isItself && (isAssigned || isParameter)) this.changed.add(root);
    this.asked(i + 1, "");
  }

  // hasattr(KSR.tm, "t_relay"), KSR["tm"]
  private asked(i: number, before: string): void {
    const name = this.tokens[i + 1];
    if (/^[,[]$/.test(this.opAt(i)) && name?.kind === "text" && name.text !== null) this.touch(before + name.text);
  }

  private importedRoots(): ReadonlySet<string> {
    const found = new Set<string>();
    this.tokens.forEach((token, i) => {
      if (token.text === "import" || token.text === ",") {
        const word = this.wordAt(i + 1);
        const isOther = this.wordAt(i + 2) === "as" && this.wordAt(i + 3) !== word;
        if (ROOTS.has(word) && !isOther && token.kind === "name") found.add(word);
        else if (ROOTS.has(word) && this.startsWithImport(i)) found.add(word);
      }
    });
    return found;
  }

  // import sys, KSR
  private startsWithImport(i: number): boolean {
    let at = i;
    while (at > 0 && this.tokens[at]!.indent < 0) at--;
    return this.wordAt(at) === "import";
  }

  /** The arguments behind the bracket at `open`; null when they cannot be told apart. */
  private arguments(open: number): { args: UsedArgument[]; isOpen: boolean } | null {
    const { tokens, language } = this;
    const args: UsedArgument[] = [];
    let words: Token[] = [];
    let depth = 0;
    for (let i = open + 1; i < tokens.length; i++) {
      const token = tokens[i]!;
      const op = token.kind === "op" ? token.text! : "";
      if (isFunction(this.wordAt(i)) || this.wordAt(i) === "lambda") return null;
      if (depth === 0 && (op === "," || op === ")")) {
        if (words.length > 0) args.push(argumentOf(words, language));
        if (op === ")") return { args, isOpen: args.length > 0 && isSeveral(words, language) };
        words = [];
        continue;
      }
      if (language === "python" && depth === 0 && (op === "*" || op === "**" || op === "=") && words.length < 2) {
        if (words.length === 0 || op === "=") return null; // *args, name=value
      }
      if (op === "(" || op === "[" || op === "{") depth++;
      else if (op === ")" || op === "]" || op === "}") depth--;
      words.push(token);
    }
    return null;
  }
}

function isFunction(word: string): boolean {
  return word === "function" || word === "def";
}

// In Lua a call in the last place, or "...", stands for any number of values.
function isSeveral(words: readonly Token[], language: Language): boolean {
  const last = words.at(-1);
  if (language !== "lua" || last === undefined) return false;
  const isCall = last.text === ")" || last.text === "}" || last.kind === "text";
  return last.text === "..." || (isCall && words.length > 1);
}

function argumentOf(words: readonly Token[], language: Language): UsedArgument {
  const first = words[0]!;
  const last = words.at(-1)!;
  const place = { start: first.start, end: last.end };
  const number = words.length === 2 && first.text === "-" && last.kind === "number" ? -last.number : null;
  if (number !== null) return { ...place, value: number, isNothing: false };
  if (words.length > 1) return { ...place, value: null, isNothing: false };
  if (first.kind === "text") return { ...place, value: first.text, isNothing: false };
  if (first.kind === "number")
    return { ...place, value: Number.isNaN(first.number) ? null : first.number, isNothing: false };
  const nothings = language === "lua" ? ["nil", "true", "false"] : ["None"];
  return { ...place, value: null, isNothing: first.kind === "name" && nothings.includes(first.text!) };
}
