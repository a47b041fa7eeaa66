// Text given in hexadecimal.

/** The byte string of pairs of hexadecimal digits, blanks between them left out; null when it is none or empty. */
export function bytesOfHex(hex: string): string | null {
  const digits = hex.replace(/\s+/g, "");
  if (digits === "" || digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) return null;
  return digits.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
}
