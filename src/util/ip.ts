// IP addresses as text and as bytes: dotted quads, and IPv6 in the forms of RFC 4291 and the one form of RFC 5952.

/** Reads a numeric address into out[0,4) or out[0,16); returns its family, or 0 when it is none. No brackets, no zone. */
export function parseIp(text: string, out: Uint8Array): 0 | 4 | 6 {
  if (text.indexOf(":") >= 0) return parseIpv6(text, out) ? 6 : 0;
  return parseIpv4(text, 0, out, 0) ? 4 : 0;
}

/** The family of a numeric address (4 or 6), or 0 when the text is not one. */
export function ipFamily(text: string): 0 | 4 | 6 {
  return parseIp(text, scratch);
}

/** The text of the address in bytes[at, at+4) or bytes[at, at+16). */
export function formatIp(bytes: Uint8Array, at: number, family: 4 | 6): string {
  if (family === 4) return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
  let bestStart = -1;
  let bestLength = 1; // a single zero group is not shortened (RFC 5952 4.2.2)
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && group(bytes, at, i + n) === 0) n++;
    if (n > bestLength) {
      bestStart = i;
      bestLength = n;
    }
    if (n > 0) i += n;
  }
  let text = "";
  for (let i = 0; i < 8; i++) {
    if (i === bestStart) {
      text += "::";
      i += bestLength - 1;
      continue;
    }
    if (text !== "" && !text.endsWith(":")) text += ":";
    text += group(bytes, at, i).toString(16);
  }
  return text;
}

/** The one usual spelling of a numeric address (lower case, shortest), or null when the text is not one. */
export function canonicalIp(text: string): string | null {
  const family = parseIp(text, scratch);
  return family === 0 ? null : formatIp(scratch, 0, family);
}

const scratch = new Uint8Array(16);

function group(bytes: Uint8Array, at: number, index: number): number {
  return (bytes[at + 2 * index]! << 8) | bytes[at + 2 * index + 1]!;
}

function parseIpv4(text: string, from: number, out: Uint8Array, at: number): boolean {
  let i = from;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(i++) !== 46) return false;
    let value = 0;
    const start = i;
    for (; i < text.length && i < start + 3; i++) {
      const digit = text.charCodeAt(i) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    // A leading zero could mean octal elsewhere: refused, so that nobody reads another address than we do.
    if (i === start || value > 255 || (i - start > 1 && text.charCodeAt(start) === 48)) return false;
    out[at + part] = value;
  }
  return i === text.length;
}

function parseIpv6(text: string, out: Uint8Array): boolean {
  let count = 0;
  let gap = -1;
  let i = 0;
  if (text.startsWith("::")) {
    gap = 0;
    i = 2;
  }
  while (i < text.length) {
    if (count === 8) return false;
    const colon = text.indexOf(":", i);
    const end = colon < 0 ? text.length : colon;
    if (colon < 0 && text.indexOf(".", i) >= 0) {
      if (count > 6 || !parseIpv4(text, i, out, 2 * count)) return false;
      count += 2;
      break;
    }
    const value = hexGroup(text, i, end);
    if (value < 0) return false;
    out[2 * count] = value >> 8;
    out[2 * count + 1] = value & 255;
    count++;
    if (colon < 0) break;
    i = colon + 1;
    if (text.charCodeAt(i) === 58) {
      if (gap >= 0) return false;
      gap = count;
      i++;
    } else if (i === text.length) return false;
  }
  if (gap < 0) return count === 8;
  if (count === 8) return false;
  out.copyWithin(16 - 2 * (count - gap), 2 * gap, 2 * count);
  out.fill(0, 2 * gap, 16 - 2 * (count - gap));
  return true;
}

function hexGroup(text: string, from: number, to: number): number {
  if (to === from || to - from > 4) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    const digit = c >= 48 && c <= 57 ? c - 48 : (c | 32) >= 97 && (c | 32) <= 102 ? (c | 32) - 87 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}
