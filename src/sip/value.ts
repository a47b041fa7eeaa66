// What script expressions hold: byte strings (one character an octet), 32-bit integers, or null.

/** A script value. Strings are byte strings; numbers are 32-bit signed integers (5.6 wraps); null is Kamailio's $null. */
export type Value = string | number | null;

/** The integer a value counts as where a number is needed: text by its leading decimal number (0 without one), null as 0. */
export function toInt(v: Value): number {
  if (typeof v === "number") return v;
  return v === null ? 0 : intOfText(v);
}

/** The byte string a value counts as where text is needed: null is the empty string. */
export function toText(v: Value): string {
  if (typeof v === "string") return v;
  return v === null ? "" : String(v);
}

/** The leading decimal integer of a text, wrapped to 32 bits; 0 when there is none. */
export function intOfText(text: string): number {
  let i = 0;
  let sign = 1;
  while (i < text.length && text.charCodeAt(i) === 32) i++;
  if (text.charCodeAt(i) === 45 || text.charCodeAt(i) === 43) sign = text.charCodeAt(i++) === 45 ? -1 : 1;
  let n = 0;
  for (; i < text.length; i++) {
    const d = text.charCodeAt(i) - 48;
    if (d < 0 || d > 9) break;
    n = (Math.imul(n, 10) + d) | 0;
  }
  return (sign * n) | 0;
}
