// The condition of #!ifexp and the value of #!defexp: numbers, strings, defined words and `defined NAME`, joined by comparison and logical operators.
// A word that is not defined counts as the number 0, one defined without value as 1.

type Atom = number | string;

/** The truth of an #!ifexp condition, or what is wrong with it. */
export function evaluateCondition(
  text: string,
  defines: ReadonlyMap<string, string | null>,
): boolean | { message: string } {
  const value = evaluate(text, defines);
  return typeof value === "object" ? value : truth(value);
}

/** `#!defexp NAME EXPRESSION` defines a name by the value of an expression, defexps by its text in quotes. Returns what is wrong, or null. */
export function parseExpression(directive: string, rest: string, defines: Map<string, string | null>): string | null {
  const found = /^([A-Za-z_]\w*)\s+([\s\S]+)$/.exec(rest);
  if (found === null) return `#!${directive} needs a name and an expression`;
  const value = evaluate(found[2]!, defines);
  if (typeof value === "object") return `#!${directive}: ${value.message}`;
  const isText = directive === "defexps" || typeof value === "string";
  defines.set(found[1]!, isText ? `"${String(value).replace(/(["\\])/g, "\\$1")}"` : String(value));
  return null;
}

function evaluate(text: string, defines: ReadonlyMap<string, string | null>): Atom | { message: string } {
  const tokens = text.match(/"[^"]*"|'[^']*'|\d+|[A-Za-z_]\w*|&&|\|\||==|!=|<=|>=|[<>!()+\-*/%]|\S/g) ?? [];
  const reader = new ConditionReader(tokens, defines);
  const value = reader.or(0);
  if (reader.problem !== null) return { message: reader.problem };
  return reader.atEnd ? value : { message: `cannot read ${reader.peek}` };
}

const MAX_DEPTH = 50;

class ConditionReader {
  problem: string | null = null;
  private pos = 0;
  private readonly tokens: readonly string[];
  private readonly defines: ReadonlyMap<string, string | null>;

  constructor(tokens: readonly string[], defines: ReadonlyMap<string, string | null>) {
    this.tokens = tokens;
    this.defines = defines;
  }

  get peek(): string {
    return this.tokens[this.pos] ?? "the end of the line";
  }
  get atEnd(): boolean {
    return this.pos >= this.tokens.length;
  }

  or(depth: number): Atom {
    let left = this.and(depth);
    while (this.take("||")) {
      const right = this.and(depth);
      left = truth(left) || truth(right) ? 1 : 0;
    }
    return left;
  }

  private and(depth: number): Atom {
    let left = this.compare(depth);
    while (this.take("&&")) {
      const right = this.compare(depth);
      left = truth(left) && truth(right) ? 1 : 0;
    }
    return left;
  }

  private compare(depth: number): Atom {
    const left = this.sum(depth);
    const op = this.peek;
    if (!/^([<>]=?|[!=]=)$/.test(op)) return left;
    this.pos++;
    const right = this.sum(depth);
    const [a, b] =
      typeof left === "number" && typeof right === "number" ? [left, right] : [String(left), String(right)];
    const results: Record<string, boolean> = {
      "==": a === b,
      "!=": a !== b,
      "<": a < b,
      ">": a > b,
      "<=": a <= b,
      ">=": a >= b,
    };
    return results[op] ? 1 : 0;
  }

  private sum(depth: number): Atom {
    let left = this.unary(depth);
    for (; /^[+\-*/%]$/.test(this.peek) && !this.atEnd; ) {
      const op = this.tokens[this.pos++]!;
      const right = this.unary(depth);
      if (op === "+" && (typeof left === "string" || typeof right === "string")) left = `${left}${right}`;
      else left = arithmetic(op, Number(left) | 0, Number(right) | 0);
    }
    return left;
  }

  private unary(depth: number): Atom {
    if (depth > MAX_DEPTH) {
      this.problem ??= "the condition is nested too deep";
      return 0;
    }
    if (this.take("!")) return truth(this.unary(depth + 1)) ? 0 : 1;
    if (this.take("-")) return -Number(this.unary(depth + 1)) | 0;
    if (this.take("(")) {
      const value = this.or(depth + 1);
      if (!this.take(")")) this.problem ??= "a parenthesis is not closed";
      return value;
    }
    return this.atom();
  }

  private atom(): Atom {
    const token = this.tokens[this.pos++];
    if (token === undefined) this.problem ??= "a value is missing";
    else if (/^\d/.test(token)) return Number.parseInt(token, 10) | 0;
    else if (/^["']/.test(token)) return token.slice(1, -1);
    else if (token === "defined") return this.defines.has(this.tokens[this.pos++] ?? "") ? 1 : 0;
    else if (/^\w/.test(token)) {
      if (!this.defines.has(token)) return 0;
      const value = this.defines.get(token) ?? "1";
      return /^-?\d+$/.test(value) ? Number.parseInt(value, 10) | 0 : value.replace(/^(["'])([\s\S]*)\1$/, "$2");
    } else this.problem ??= `cannot read ${token}`;
    return 0;
  }

  private take(text: string): boolean {
    if (this.tokens[this.pos] !== text) return false;
    this.pos++;
    return true;
  }
}

function arithmetic(op: string, a: number, b: number): number {
  if (op === "+") return (a + b) | 0;
  if (op === "-") return (a - b) | 0;
  if (op === "*") return Math.imul(a, b);
  if (b === 0) return 0;
  return op === "/" ? (a / b) | 0 : a % b;
}

function truth(value: Atom): boolean {
  return typeof value === "number" ? value !== 0 : value !== "";
}
