// Patterns of Lua 5.1 (reference manual, §5.4.1) over octets. Work is counted, so that a pattern that backtracks without end is one for the
// budget of the run.

/** A pattern that is none. */
export class PatternError extends Error {}

const MAX_CAPTURES = 32;
const MAX_DEPTH = 2000;
/** Lengths of captures that are no texts. */
export const OPEN = -1;
export const POSITION = -2;

const PERCENT = 37;
const OPENING = 40;
const CLOSING = 41;
const STAR = 42;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const QUESTION = 63;
const BRACKET = 91;
const BRACKET_END = 93;
const CARET = 94;
const DOLLAR = 36;

// Bits of octets, for the classes.
const ALPHA = 1;
const DIGIT = 2;
const LOWER = 4;
const SPACE = 8;
const UPPER = 16;
const HEX = 32;
const PUNCT = 64;
const CONTROL = 128;

const BITS = new Uint8Array(256).map((_, c) => {
  if (c < 32 || c === 127) return CONTROL | (c >= 9 && c <= 13 ? SPACE : 0);
  if (c > 127) return 0;
  if (c === 32) return SPACE;
  const hex = (c >= 48 && c <= 57) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102) ? HEX : 0;
  if (c >= 48 && c <= 57) return DIGIT | hex;
  if (c >= 65 && c <= 90) return ALPHA | UPPER | hex;
  if (c >= 97 && c <= 122) return ALPHA | LOWER | hex;
  return PUNCT;
});

/** Bits of the class that a letter behind "%" names, by the letter in lower case; 0 for none. */
const CLASSES = new Uint8Array(256);
for (const [letter, bits] of Object.entries({
  a: ALPHA,
  c: CONTROL,
  d: DIGIT,
  l: LOWER,
  p: PUNCT,
  s: SPACE,
  u: UPPER,
  w: ALPHA | DIGIT,
  x: HEX,
}))
  CLASSES[letter.charCodeAt(0)] = bits;
const LETTER_Z = 122;

/** One pattern over one subject. `spend` is told of work, in units of about a thousand octets looked at; it may throw. */
export class Matcher {
  readonly starts: number[] = [];
  readonly lengths: number[] = [];
  /** How many captures there are. */
  level = 0;
  private readonly src: Uint8Array;
  private readonly pat: Uint8Array;
  private readonly spend: () => void;
  private work = 0;
  private depth = 0;

  constructor(src: Uint8Array, pat: Uint8Array, spend: () => void) {
    this.src = src;
    this.pat = pat;
    this.spend = spend;
  }

  /** Where a match that begins at `at` ends, the pattern being read from `from`; -1 for none. Throws PatternError. */
  matchAt(at: number, from: number): number {
    this.level = 0;
    this.depth = 0;
    return this.match(at, from);
  }

  private step(): void {
    if (++this.work < 1000) return;
    this.work = 0;
    this.spend();
  }

  private match(start: number, from: number): number {
    const { src, pat } = this;
    if (++this.depth > MAX_DEPTH) throw new PatternError("pattern too complex");
    let s = start;
    let p = from;
    let result = -1;
    for (;;) {
      this.step();
      if (p >= pat.length) {
        result = s;
        break;
      }
      const c = pat[p]!;
      if (c === OPENING) {
        const isPosition = pat[p + 1] === CLOSING;
        result = this.opened(s, isPosition ? p + 2 : p + 1, isPosition ? POSITION : OPEN);
        break;
      }
      if (c === CLOSING) {
        result = this.closed(s, p + 1);
        break;
      }
      if (c === DOLLAR && p + 1 === pat.length) {
        result = s === src.length ? s : -1;
        break;
      }
      if (c === PERCENT) {
        const kind = pat[p + 1];
        if (kind === 98) {
          s = this.balanced(s, p + 2); // %b
          if (s < 0) break;
          p += 4;
          continue;
        }
        if (kind === 102) {
          const end = this.frontier(s, p + 2); // %f
          if (end < 0) break;
          p = end;
          continue;
        }
        if (kind !== undefined && kind >= 48 && kind <= 57) {
          s = this.repeated(s, kind);
          if (s < 0) break;
          p += 2;
          continue;
        }
      }
      const end = this.itemEnd(p);
      const quantifier = pat[end];
      if (quantifier === STAR || quantifier === PLUS) {
        result = this.most(s, p, end, quantifier === PLUS ? 1 : 0);
        break;
      }
      if (quantifier === MINUS) {
        result = this.least(s, p, end);
        break;
      }
      const matches = s < src.length && this.single(src[s]!, p, end);
      if (quantifier === QUESTION) {
        if (matches) {
          result = this.match(s + 1, end + 1);
          if (result >= 0) break;
        }
        p = end + 1;
        continue;
      }
      if (!matches) break;
      s++;
      p = end;
    }
    this.depth--;
    return result;
  }

  private opened(s: number, p: number, length: number): number {
    const { level } = this;
    if (level >= MAX_CAPTURES) throw new PatternError("too many captures");
    this.starts[level] = s;
    this.lengths[level] = length;
    this.level = level + 1;
    const result = this.match(s, p);
    if (result < 0) this.level = level;
    return result;
  }

  private closed(s: number, p: number): number {
    let at = this.level - 1;
    while (at >= 0 && this.lengths[at] !== OPEN) at--;
    if (at < 0) throw new PatternError("invalid pattern capture");
    this.lengths[at] = s - this.starts[at]!;
    const result = this.match(s, p);
    if (result < 0) this.lengths[at] = OPEN;
    return result;
  }

  private most(s: number, p: number, end: number, least: number): number {
    const { src } = this;
    let count = 0;
    while (s + count < src.length && this.single(src[s + count]!, p, end)) {
      this.step();
      count++;
    }
    for (; count >= least; count--) {
      const result = this.match(s + count, end + 1);
      if (result >= 0) return result;
    }
    return -1;
  }

  private least(start: number, p: number, end: number): number {
    const { src } = this;
    for (let s = start; ; s++) {
      const result = this.match(s, end + 1);
      if (result >= 0) return result;
      if (s >= src.length || !this.single(src[s]!, p, end)) return -1;
    }
  }

  private balanced(s: number, p: number): number {
    const { src, pat } = this;
    if (p + 1 >= pat.length) throw new PatternError("unbalanced pattern");
    if (src[s] !== pat[p]) return -1;
    let open = 1;
    for (let at = s + 1; at < src.length; at++) {
      this.step();
      const c = src[at];
      if (c === pat[p + 1]) {
        if (--open === 0) return at + 1;
      } else if (c === pat[p]) open++;
    }
    return -1;
  }

  // Where the pattern goes on behind %f[set]; -1 when there is no frontier here.
  private frontier(s: number, p: number): number {
    const { src, pat } = this;
    if (pat[p] !== BRACKET) throw new PatternError("missing '[' after '%f' in pattern");
    const end = this.itemEnd(p);
    const before = s === 0 ? 0 : src[s - 1]!;
    const here = s < src.length ? src[s]! : 0;
    return !this.inSet(before, p, end - 1) && this.inSet(here, p, end - 1) ? end : -1;
  }

  // %1: what was captured once more.
  private repeated(s: number, digit: number): number {
    const { src } = this;
    const at = digit - 49;
    if (at < 0 || at >= this.level || this.lengths[at] === OPEN) throw new PatternError("invalid capture index");
    const start = this.starts[at]!;
    const length = this.lengths[at]!;
    if (src.length - s < length) return -1;
    for (let i = 0; i < length; i++) if (src[start + i] !== src[s + i]) return -1;
    return s + length;
  }

  // Where the single item at p ends.
  private itemEnd(start: number): number {
    const { pat } = this;
    let p = start;
    const c = pat[p++];
    if (c === PERCENT) {
      if (p >= pat.length) throw new PatternError("malformed pattern (ends with '%')");
      return p + 1;
    }
    if (c !== BRACKET) return p;
    if (pat[p] === CARET) p++;
    do {
      if (p >= pat.length) throw new PatternError("malformed pattern (missing ']')");
      if (pat[p++] === PERCENT && p < pat.length) p++;
    } while (pat[p] !== BRACKET_END);
    return p + 1;
  }

  private single(c: number, p: number, end: number): boolean {
    const { pat } = this;
    switch (pat[p]) {
      case DOT:
        return true;
      case PERCENT:
        return inClass(c, pat[p + 1]!);
      case BRACKET:
        return this.inSet(c, p, end - 1);
      default:
        return pat[p] === c;
    }
  }

  // Whether an octet is in the set from "[" to "]".
  private inSet(c: number, start: number, end: number): boolean {
    const { pat } = this;
    let p = start + 1;
    const isNegative = pat[p] === CARET;
    if (isNegative) p++;
    for (; p < end; p++) {
      if (pat[p] === PERCENT) {
        p++;
        if (inClass(c, pat[p]!)) return !isNegative;
      } else if (pat[p + 1] === MINUS && p + 2 < end) {
        if (pat[p]! <= c && c <= pat[p + 2]!) return !isNegative;
        p += 2;
      } else if (pat[p] === c) return !isNegative;
    }
    return isNegative;
  }
}

function inClass(c: number, letter: number): boolean {
  const lower = letter | 32;
  const isLetter = (BITS[letter]! & ALPHA) !== 0;
  if (isLetter && lower === LETTER_Z) return (c === 0) === (letter === LETTER_Z);
  const bits = isLetter ? CLASSES[lower]! : 0;
  if (bits === 0) return letter === c;
  return ((BITS[c]! & bits) !== 0) === (letter === lower);
}

const SPECIAL = new Set([..."^$*+?.([%-"].map((c) => c.charCodeAt(0)));

/** Whether a pattern is a plain text. */
export function isPlain(pat: Uint8Array): boolean {
  for (const c of pat) if (SPECIAL.has(c)) return false;
  return true;
}

/** Where octets are found in others, from `from` on; -1 for nowhere. */
export function indexOfBytes(src: Uint8Array, what: Uint8Array, from: number): number {
  if (what.length === 0) return from;
  const first = what[0]!;
  for (let at = src.indexOf(first, from); at >= 0; at = src.indexOf(first, at + 1)) {
    if (at + what.length > src.length) return -1;
    let i = 1;
    while (i < what.length && src[at + i] === what[i]) i++;
    if (i === what.length) return at;
  }
  return -1;
}
