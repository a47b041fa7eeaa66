// Numbers and values as C's printf writes them: for tostring() and string.format() of Lua.

/** One conversion of a format: "%-05.2f". */
export interface Conversion {
  readonly left: boolean;
  readonly plus: boolean;
  readonly space: boolean;
  readonly alternate: boolean;
  readonly zero: boolean;
  readonly width: number;
  /** -1 when none is given. */
  readonly precision: number;
  readonly kind: string;
}

const SPEC = /%([-+ #0]*)(\d{0,2})(?:(\.)(\d{0,2}))?([a-zA-Z%])/y;

/** Reads the conversion at a "%"; null when there is none. `end` is where the format goes on. */
export function readConversion(format: string, at: number): { readonly spec: Conversion; readonly end: number } | null {
  SPEC.lastIndex = at;
  const found = SPEC.exec(format);
  if (found === null) return null;
  const [, flags = "", width = "", dot, precision = "", kind = ""] = found;
  const spec = {
    left: flags.includes("-"),
    plus: flags.includes("+"),
    space: flags.includes(" "),
    alternate: flags.includes("#"),
    zero: flags.includes("0"),
    width: Number(width),
    precision: dot === undefined ? -1 : Number(precision),
    kind,
  };
  return { spec, end: SPEC.lastIndex };
}

/** A number as "%.<digits>g" writes it. */
export function general(n: number, digits: number): string {
  if (!Number.isFinite(n)) return notFinite(n);
  if (n === 0) return Object.is(n, -0) ? "-0" : "0";
  if (Number.isInteger(n) && Math.abs(n) < 1e9 && digits > 9) return String(n);
  const [mantissa = "", power = "0"] = exponential(n, Math.max(digits, 1) - 1).split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= Math.max(digits, 1)) return withPower(withoutZeros(mantissa), exponent);
  return withoutZeros(decimal(n, Math.max(0, Math.max(digits, 1) - 1 - exponent)));
}

/** Digits that tell whether a number lies exactly between two roundings: no double is nearer to the middle without being there. */
const BEYOND = 25;
const MIDDLE = /^50*$/;

// toExponential rounds what lies in the middle up, C to the even digit.
function exponential(n: number, digits: number): string {
  if (Object.is(n, -0)) return `-${(0).toExponential(digits)}`;
  const rounded = n.toExponential(digits);
  const [mantissa = "", power = ""] = n.toExponential(Math.min(100, digits + BEYOND)).split("e");
  const kept = mantissa.length - Math.min(BEYOND, 100 - digits);
  if (!MIDDLE.test(mantissa.slice(kept))) return rounded;
  const down = mantissa.slice(0, kept).replace(/\.$/, "");
  return isEven(down) ? `${down}e${power}` : rounded;
}

// The same for toFixed.
function decimal(n: number, digits: number): string {
  const rounded = n.toFixed(digits);
  const long = n.toFixed(Math.min(100, digits + BEYOND));
  const kept = long.length - Math.min(BEYOND, 100 - digits);
  if (!MIDDLE.test(long.slice(kept))) return rounded;
  const down = long.slice(0, kept).replace(/\.$/, "");
  return isEven(down) ? down : rounded;
}

function isEven(digits: string): boolean {
  return Number(digits.at(-1)) % 2 === 0;
}

function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function withPower(mantissa: string, exponent: number): string {
  const digits = String(Math.abs(exponent)).padStart(2, "0");
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${digits}`;
}

function notFinite(n: number): string {
  return Number.isNaN(n) ? (Object.is(n, Number.NaN) ? "-nan" : "nan") : n > 0 ? "inf" : "-inf";
}

/** A number by one of d i u o x X e E f g G c. Integers: the fraction is cut off, negative ones of u o x X are those of 64 bits. */
export function formatNumber(spec: Conversion, n: number): string {
  const { kind } = spec;
  if ("eEfgG".includes(kind)) return padded(spec, signed(spec, floating(spec, n)), Number.isFinite(n));
  if (kind === "c") return padded(spec, String.fromCharCode(n & 0xff), false);
  const whole = Number.isFinite(n) ? BigInt(Math.trunc(n)) : 0n;
  if (kind === "d" || kind === "i") return padded(spec, signed(spec, digitsOf(spec, whole, 10)), spec.precision < 0);
  const unsigned = BigInt.asUintN(64, whole);
  const base = kind === "u" ? 10 : kind === "o" ? 8 : 16;
  let text = digitsOf(spec, unsigned, base);
  if (spec.alternate && unsigned !== 0n) text = (base === 16 ? "0x" : base === 8 ? "0" : "") + text;
  return padded(spec, kind === "X" ? text.toUpperCase() : text, spec.precision < 0);
}

function digitsOf({ precision }: Conversion, n: bigint, base: number): string {
  const isNegative = n < 0n;
  const digits = (isNegative ? -n : n).toString(base).padStart(Math.max(0, precision), "0");
  return isNegative ? `-${digits}` : digits;
}

function floating({ kind, precision, alternate }: Conversion, n: number): string {
  if (!Number.isFinite(n)) return notFinite(n);
  const digits = precision < 0 ? 6 : precision;
  let text: string;
  if (kind === "f") text = fixed(n, digits);
  else if (kind === "g" || kind === "G") text = general(n, digits === 0 ? 1 : digits);
  else {
    const [mantissa = "", power = "0"] = exponential(n, digits).split("e");
    text = withPower(mantissa, Number(power));
  }
  if (alternate && digits === 0 && kind === "f") text += ".";
  return kind === "E" || kind === "G" ? text.toUpperCase() : text;
}

// toFixed writes numbers from 1e21 on with an exponent.
function fixed(n: number, digits: number): string {
  if (Math.abs(n) < 1e21) return Object.is(n, -0) ? `-${(0).toFixed(digits)}` : decimal(n, digits);
  return BigInt(n).toString() + (digits > 0 ? `.${"0".repeat(digits)}` : "");
}

function signed({ plus, space }: Conversion, text: string): string {
  return text.startsWith("-") ? text : plus ? `+${text}` : space ? ` ${text}` : text;
}

/** A text padded to the width of its conversion; with zeros where that is asked for and makes sense. */
export function padded({ left, zero, width }: Conversion, text: string, mayZero: boolean): string {
  if (text.length >= width) return text;
  if (left) return text.padEnd(width);
  if (!zero || !mayZero) return text.padStart(width);
  const sign = /^(?:[-+ ]|0[xX])/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}

/** A text as "%q" writes it: it reads as the same text in Lua. */
export function quotedForLua(text: string): string {
  let out = '"';
  for (const c of text) {
    if (c === '"' || c === "\\") out += `\\${c}`;
    else if (c === "\n") out += "\\\n";
    else if (c === "\r") out += "\\r";
    else if (c === "\0") out += "\\000";
    else out += c;
  }
  return `${out}"`;
}
