// The words of a script in Lua or Python, with their places: enough to find calls and their constant arguments. It is no parser: what is
// not written correctly is for the language itself to say. Texts are byte strings.

/** A language whose words can be told apart. */
export type Language = "lua" | "python";

/** One word of a script: [start, end) of its text. */
export interface Token {
  readonly kind: "name" | "number" | "text" | "op";
  readonly start: number;
  readonly end: number;
  /** Of a name or an operator: itself. Of a text: what it holds; null when only a run can tell. */
  readonly text: string | null;
  /** Of a number: its value. */
  readonly number: number;
  /** Of the first word of a line: how far it is indented; -1 for others. */
  readonly indent: number;
}

const SPACE = /[ \t\r\n\f\v]+/y;
const NAME = /[A-Za-z_\x80-\xff][\w\x80-\xff]*/y;
const NUMBER =
  /(?:0[xX][\da-fA-F_]+(?:\.[\da-fA-F]*)?(?:[pP][+-]?\d+)?|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)[jJ]?/y;

/** How a language writes what the two do differently. */
interface Writing {
  readonly comment: RegExp;
  readonly text: RegExp;
  readonly op: RegExp;
  /** What a text holds; null when only a run can tell. */
  readonly held: (found: RegExpExecArray) => string | null;
}

const LUA: Writing = {
  comment: /--\[(=*)\[[\s\S]*?\]\1\]|--[^\n]*/y,
  // long: level, text; short: quote, text
  text: /\[(=*)\[([\s\S]*?)\]\1\]|(["'])((?:\\[\s\S]|(?!\3)[^\\\n])*)\3/y,
  op: /\.\.\.|\.\.|[=~<>]=|::|\/\/|[^\s\w]/y,
  held: (found) => (found[3] === undefined ? found[2]!.replace(/^\r?\n/, "") : unescaped(found[4]!)),
};

const PYTHON: Writing = {
  comment: /#[^\n]*|\\\r?\n/y,
  text: /([rRbBuUfFtT]{0,2})(?:("""|''')([\s\S]*?(?<!\\)(?:\\\\)*)\2|(["'])((?:\\[\s\S]|(?!\4)[^\\\n])*)\4)/y,
  op: /\.\.\.|->|:=|\*\*|\/\/|[=!<>]=|[^\s\w]/y,
  held: (found) => {
    const prefix = found[1]!.toLowerCase();
    const body = found[3] ?? found[5] ?? "";
    return /[fbt]/.test(prefix) ? null : prefix.includes("r") ? body : unescaped(body);
  },
};

/** The words of a script, up to the first place that cannot be one. */
export function tokensOf(source: string, language: Language): Token[] {
  const { comment, text, op, held } = language === "lua" ? LUA : PYTHON;
  const tokens: Token[] = [];
  let line = 0; // where the line of the last word ends
  let at = source.startsWith("#!") ? lineEnd(source, 0) : 0;
  let isFirst = true;
  const add = (kind: Token["kind"], end: number, word: string | null, number = 0): void => {
    const indent = isFirst ? at - line : -1;
    isFirst = false;
    tokens.push({ kind, start: at, end, text: word, number, indent });
    at = end;
  };
  while (at < source.length) {
    const space = match(SPACE, source, at);
    if (space !== null) {
      const newline = space[0].lastIndexOf("\n");
      if (newline >= 0) {
        isFirst = true;
        line = at + newline + 1;
      }
      at += space[0].length;
      continue;
    }
    const remark = match(comment, source, at);
    if (remark !== null) {
      at += remark[0].length;
      continue;
    }
    const string = match(text, source, at);
    if (string !== null) {
      add("text", at + string[0].length, held(string));
      if (language === "python" && /^\w*[fFtT]/.test(string[0])) tokens.push(...insideOf(string[0], string.index));
      continue;
    }
    const name = match(NAME, source, at);
    if (name !== null) {
      add("name", at + name[0].length, name[0]);
      continue;
    }
    const number = match(NUMBER, source, at);
    if (number !== null && /\d/.test(number[0])) {
      add("number", at + number[0].length, null, Number(number[0].replaceAll("_", "")));
      continue;
    }
    const operator = match(op, source, at);
    if (operator === null || operator[0] === '"' || operator[0] === "'") break; // a text without end
    add("op", at + operator[0].length, operator[0]);
  }
  return tokens;
}

// The words between the braces of an f-string, with the braces.
function insideOf(text: string, start: number): Token[] {
  const out: Token[] = [];
  for (const { index, 0: all, 1: inner } of text.matchAll(/\{\{|\}\}|\{([^{}]*)\}/g)) {
    if (inner === undefined) continue;
    const at = start + index + 1;
    const word = { kind: "op", number: 0, indent: -1 } as const;
    out.push({ ...word, start: at - 1, end: at, text: "{" });
    for (const token of tokensOf(inner, "python"))
      out.push({ ...token, start: at + token.start, end: at + token.end, indent: -1 });
    out.push({ ...word, start: at + inner.length, end: start + index + all.length, text: "}" });
  }
  return out;
}

function match(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function lineEnd(source: string, at: number): number {
  const end = source.indexOf("\n", at);
  return end < 0 ? source.length : end;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

// The escapes that mean the same in both languages; a text with others is not read.
function unescaped(text: string): string | null {
  if (!text.includes("\\")) return text;
  let isKnown = true;
  const out = text.replace(/\\([\s\S])/g, (_, letter: string) => {
    const meant = ESCAPES[letter];
    isKnown &&= meant !== undefined;
    return meant ?? "";
  });
  return isKnown ? out : null;
}
