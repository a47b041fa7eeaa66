// What script expressions hold: byte strings (one character an octet), 32-bit integers, or null; and how they become integers and
// texts, as measured on Kamailio 5.6.3: only a text that is wholly a number within 32 bits counts as one.

/** A script value. Strings are byte strings; numbers are 32-bit signed integers (5.6 wraps); null is Kamailio's $null. */
export type Value = string | number | null;

/** The integer a value counts as where a number is needed: a text that is wholly a number as that, any other text and null as 0. */
export function toInt(v: Value | undefined): number {
  if (typeof v === "number") return v;
  return v === null || v === undefined ? 0 : intOfText(v);
}

/** The byte string a value counts as where text is needed: null is the empty string. */
export function toText(v: Value | undefined): string {
  if (typeof v === "string") return v;
  return v === null || v === undefined ? "" : String(v);
}

/** The text a value shows as inside a text with variables: null prints <null>, as in Kamailio. */
export function printed(v: Value | undefined): string {
  if (typeof v === "string") return v;
  return v === null || v === undefined ? "<null>" : String(v);
}

/** The integer a whole text spells (sign, decimal or 0x digits, within 32 bits); 0 otherwise. */
export function intOfText(text: string): number {
  const n = text.length;
  if (n === 0 || n > 12) return 0;
  let i = 0;
  const first = text.charCodeAt(0);
  const isNegative = first === 45;
  if (isNegative || first === 43) i = 1;
  if (i === n) return 0;
  if (text.charCodeAt(i) === 48 && (text.charCodeAt(i + 1) | 32) === 120) return hexOf(text, i + 2, isNegative);
  let value = 0;
  for (; i < n; i++) {
    const d = text.charCodeAt(i) - 48;
    if (d < 0 || d > 9) return 0;
    value = value * 10 + d;
  }
  if (value > (isNegative ? 2147483648 : 2147483647)) return 0;
  return isNegative ? -value | 0 : value;
}

function hexOf(text: string, start: number, isNegative: boolean): number {
  let value = 0;
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i) | 32;
    const d = c >= 97 ? c - 87 : c - 48;
    if (d < 0 || d > 15) return 0;
    value = value * 16 + d;
  }
  if (start === text.length || value > 2147483647) return 0;
  return isNegative ? -value | 0 : value;
}
