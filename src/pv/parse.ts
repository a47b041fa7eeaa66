// Parses how a variable is written: $name, $name(inner), $(name(inner)[index]{class.function,arguments…}…).
// Only the form is read here; resolve.ts finds what the names mean. Wrong input gives a problem, never an exception.

/** Text with variables in it: strings and variables in turn. */
export type Template = readonly (string | PvRef)[];

export interface TransformRef {
  /** "s.len", "uri.user". */
  readonly name: string;
  /** What follows the first comma, as written; split when the transformation is known. */
  readonly rest: string | null;
}

/** A variable as written. */
export interface PvRef {
  readonly name: string;
  readonly inner: Template | null;
  readonly index: number | "*" | PvRef | null;
  readonly transforms: readonly TransformRef[];
  /** As written, for messages. */
  readonly text: string;
}

export interface PvProblem {
  readonly problem: string;
  /** Offset in the text where it was found. */
  readonly offset: number;
}

/** Whether a name takes an inner name in parentheses; without it, `$name(` always opens one. */
export type TakesInner = (name: string) => boolean;

const MAX_NESTING = 8;

/** Parses a text that is one whole variable. */
export function parsePv(text: string): PvRef | PvProblem {
  const found = parsePvAt(text, 0, undefined, 0);
  if ("problem" in found) return found;
  return found.end === text.length ? found.ref : { problem: `cannot read ${text.slice(found.end)}`, offset: found.end };
}

/** Parses text with variables. `$$` is one dollar sign. */
export function parseTemplate(text: string, takesInner?: TakesInner, nesting = 0): Template | PvProblem {
  const parts: (string | PvRef)[] = [];
  let plain = "";
  for (let i = 0; i < text.length; ) {
    const dollar = text.indexOf("$", i);
    if (dollar < 0) {
      plain += text.slice(i);
      break;
    }
    plain += text.slice(i, dollar);
    if (text[dollar + 1] === "$") {
      plain += "$";
      i = dollar + 2;
      continue;
    }
    const found = parsePvAt(text, dollar, takesInner, nesting);
    if ("problem" in found) return found;
    if (plain !== "") parts.push(plain);
    plain = "";
    parts.push(found.ref);
    i = found.end;
  }
  if (plain !== "" || parts.length === 0) parts.push(plain);
  return parts;
}

/** Parses the variable that begins with the dollar sign at `start`; `end` is the offset after it. */
export function parsePvAt(
  text: string,
  start: number,
  takesInner: TakesInner | undefined,
  nesting: number,
): { ref: PvRef; end: number } | PvProblem {
  if (nesting > MAX_NESTING) return { problem: "variables are nested too deep", offset: start };
  const reader = new PvReader(text, start + 1, takesInner, nesting);
  return reader.read(start);
}

class PvReader {
  private readonly text: string;
  private readonly takesInner: TakesInner | undefined;
  private readonly nesting: number;
  private pos: number;

  constructor(text: string, pos: number, takesInner: TakesInner | undefined, nesting: number) {
    this.text = text;
    this.pos = pos;
    this.takesInner = takesInner;
    this.nesting = nesting;
  }

  read(start: number): { ref: PvRef; end: number } | PvProblem {
    const isWrapped = this.text[this.pos] === "(";
    if (isWrapped) this.pos++;
    const name = this.name();
    if (name === "") return this.problem("a name must follow the dollar sign; write $$ for the sign itself");
    let inner: Template | null = null;
    if (this.text[this.pos] === "(" && (isWrapped || (this.takesInner?.(name) ?? true))) {
      const found = this.inner();
      if ("problem" in found) return found;
      inner = found;
    }
    let index: PvRef["index"] = null;
    const transforms: TransformRef[] = [];
    if (isWrapped) {
      if (this.text[this.pos] === "[") {
        const found = this.index();
        if (found !== null && typeof found === "object" && "problem" in found) return found;
        index = found;
      }
      while (this.text[this.pos] === "{") {
        const found = this.transform();
        if ("problem" in found) return found;
        transforms.push(found);
      }
      if (this.text[this.pos] !== ")") return this.problem(`expected ) to close $(${name}`);
      this.pos++;
    }
    return { ref: { name, inner, index, transforms, text: this.text.slice(start, this.pos) }, end: this.pos };
  }

  /** Letters, digits, underscores and dots; a dot at the end belongs to the text after it. */
  private name(): string {
    const match = /^[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*/.exec(this.text.slice(this.pos, this.pos + 128))?.[0] ?? "";
    const sign = match === "" ? (/^[?]/.exec(this.text[this.pos] ?? "")?.[0] ?? "") : match;
    this.pos += sign.length;
    return sign;
  }

  private inner(): Template | PvProblem {
    const end = closing(this.text, this.pos, "(", ")");
    if (end < 0) return this.problem("the parenthesis is not closed");
    const inside = this.text.slice(this.pos + 1, end);
    this.pos = end + 1;
    return inside.includes("$") ? parseTemplate(inside, undefined, this.nesting + 1) : [inside];
  }

  private index(): PvRef["index"] | PvProblem {
    const end = closing(this.text, this.pos, "[", "]");
    if (end < 0) return this.problem("the index is not closed");
    const inside = this.text.slice(this.pos + 1, end).trim();
    const at = this.pos + 1;
    this.pos = end + 1;
    if (inside === "*") return "*";
    if (/^[+-]?\d{1,9}$/.test(inside)) return Number.parseInt(inside, 10);
    if (!inside.startsWith("$")) return { problem: `an index is a number, * or a variable, not ${inside}`, offset: at };
    const found = parsePvAt(inside, 0, undefined, this.nesting + 1);
    if ("problem" in found) return found;
    return found.end === inside.length ? found.ref : { problem: `cannot read the index ${inside}`, offset: at };
  }

  private transform(): TransformRef | PvProblem {
    const end = closing(this.text, this.pos, "{", "}");
    if (end < 0) return this.problem("the transformation is not closed");
    const inside = this.text.slice(this.pos + 1, end);
    const at = this.pos + 1;
    this.pos = end + 1;
    const found = /^\s*([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)+)\s*(?:,([\s\S]*))?$/.exec(inside);
    if (found === null) return { problem: `{${inside}} is not a transformation`, offset: at };
    return { name: found[1]!.toLowerCase(), rest: found[2] ?? null };
  }

  private problem(problem: string): PvProblem {
    return { problem, offset: this.pos };
  }
}

/** Offset of the sign that closes the one at `open`, nested pairs of the same kind counted; -1 when there is none. */
function closing(text: string, open: number, opener: string, closer: string): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === opener) depth++;
    else if (text[i] === closer && --depth === 0) return i;
  }
  return -1;
}

/** Splits what follows a transformation's name at commas into at most `max` arguments; the last one takes the rest. */
export function splitTransformArgs(rest: string | null, max: number): string[] {
  if (rest === null) return [];
  const args: string[] = [];
  let from = 0;
  let depth = 0;
  for (let i = 0; i < rest.length && args.length < max - 1; i++) {
    const c = rest[i];
    if (c === "(" && (depth > 0 || /\$\w*$/.test(rest.slice(from, i)))) depth++;
    else if (c === ")" && depth > 0) depth--;
    else if (c === "," && depth === 0) {
      args.push(rest.slice(from, i));
      from = i + 1;
    }
  }
  args.push(rest.slice(from));
  return args;
}
