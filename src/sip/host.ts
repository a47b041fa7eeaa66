// Hosts as URIs and Via carry them: names, IPv4 addresses, IPv6 references in brackets.
// Works on bytes and returns positions; nothing is copied.
import { C, CLASS, isClass } from "./tokens.ts";

const DOT = 0x2e;
const COLON = 0x3a;

/** Kinds of host text. */
export const HostKind = { NONE: 0, NAME: 1, IPV4: 2, IPV6: 3 } as const;

/** Whether [start, end) is a dotted IPv4 address of four numbers up to 255. */
export function isIPv4(buf: Uint8Array, start: number, end: number): boolean {
  let parts = 0;
  let i = start;
  for (;;) {
    const from = i;
    let n = 0;
    while (i < end && i - from < 4) {
      const d = buf[i]! - 0x30;
      if (d < 0 || d > 9) break;
      n = n * 10 + d;
      i++;
    }
    if (i === from || i - from > 3 || n > 255) return false;
    parts++;
    if (i === end) return parts === 4;
    if (parts === 4 || buf[i] !== DOT) return false;
    i++;
  }
}

/**
 * Whether [start, end) is an IPv6 address without brackets (RFC 5954 section 4.1). One error is forgiven, the third
 * colon before a dotted quad that the first grammar of RFC 3261 led to (RFC 5118 section 4.10).
 */
export function isIPv6(buf: Uint8Array, start: number, end: number): boolean {
  let groups = 0;
  let compressed = false;
  let i = start;
  if (i < end && buf[i] === COLON) {
    if (i + 1 >= end || buf[i + 1] !== COLON) return false;
    compressed = true;
    i = skipThirdColon(buf, i + 2, end);
  }
  while (i < end) {
    const from = i;
    while (i < end && i - from < 5 && isClass(buf[i]!, C.HEX)) i++;
    if (i < end && buf[i] === DOT) {
      if (!isIPv4(buf, from, end)) return false;
      groups += 2;
      break;
    }
    if (i === from || i - from > 4) return false;
    groups++;
    if (i === end) break;
    if (buf[i] !== COLON || ++i === end) return false;
    if (buf[i] === COLON) {
      if (compressed) return false;
      compressed = true;
      i = skipThirdColon(buf, i + 1, end);
    }
  }
  return compressed ? groups <= 7 : groups === 8;
}

function skipThirdColon(buf: Uint8Array, pos: number, end: number): number {
  return pos < end && buf[pos] === COLON && isIPv4(buf, pos + 1, end) ? pos + 1 : pos;
}

/**
 * Position after the host that begins at `pos`, or -1 when there is no well-formed host.
 * Names follow RFC 3261 hostname with two allowances met in practice: `_` in labels, and a last label that begins with
 * a digit, as long as it is not all digits (then the whole must be an IPv4 address).
 */
export function skipHost(buf: Uint8Array, pos: number, end: number): number {
  if (pos >= end) return -1;
  if (buf[pos] === 0x5b) {
    let i = pos + 1;
    while (i < end && (isClass(buf[i]!, C.HEX) || buf[i] === COLON || buf[i] === DOT)) i++;
    return i < end && buf[i] === 0x5d && isIPv6(buf, pos + 1, i) ? i + 1 : -1;
  }
  let i = pos;
  let labelStart = pos;
  let numeric = true;
  let lastNumeric = true;
  while (i < end) {
    const b = buf[i]!;
    if ((CLASS[b]! & C.HOST) === 0) break;
    if (b === DOT) {
      if (i === labelStart || buf[i - 1] === 0x2d) return -1;
      labelStart = i + 1;
      lastNumeric = numeric;
      numeric = true;
    } else {
      if (b === 0x2d && i === labelStart) return -1;
      if (b < 0x30 || b > 0x39) numeric = false;
    }
    i++;
  }
  if (i === pos || buf[i - 1] === 0x2d) return -1;
  if (labelStart === i) {
    // A single trailing dot (fully qualified name) is legal; a lone dot is not.
    return labelStart - 1 > pos && !lastNumeric ? i : -1;
  }
  return !numeric || isIPv4(buf, pos, i) ? i : -1;
}

/** What kind of host a range accepted by `skipHost` is (brackets or not for IPv6). */
export function hostKind(buf: Uint8Array, start: number, end: number): number {
  if (start < 0 || end <= start) return HostKind.NONE;
  if (buf[start] === 0x5b) return HostKind.IPV6;
  if (isIPv4(buf, start, end)) return HostKind.IPV4;
  return isIPv6(buf, start, end) ? HostKind.IPV6 : HostKind.NAME;
}

/** Read an IPv6 address (without brackets) that `isIPv6` accepts into eight 16-bit groups. */
export function readIPv6(buf: Uint8Array, start: number, end: number, out: Uint16Array): void {
  out.fill(0);
  let count = 0;
  let gap = -1;
  let i = start;
  while (i < end && count < 8) {
    if (buf[i] === COLON) {
      if (i + 1 < end && buf[i + 1] === COLON) {
        gap = count;
        i++;
      }
      i++;
      continue;
    }
    const from = i;
    let value = 0;
    while (i < end && isClass(buf[i]!, C.HEX)) {
      const b = buf[i++]!;
      value = (value << 4) | (b <= 0x39 ? b - 0x30 : (b | 32) - 0x57);
    }
    if (i < end && buf[i] === DOT) {
      readIPv4(buf, from, end, count, out);
      count += 2;
      break;
    }
    out[count++] = value;
  }
  if (gap < 0) return;
  // What was read after the `::` belongs at the end.
  const moved = count - gap;
  for (let k = 0; k < moved; k++) out[7 - k] = out[count - 1 - k]!;
  for (let k = gap; k < 8 - moved; k++) out[k] = 0;
}

function readIPv4(buf: Uint8Array, start: number, end: number, at: number, out: Uint16Array): void {
  let part = 0;
  let value = 0;
  for (let i = start; i <= end; i++) {
    if (i < end && buf[i] !== DOT) {
      value = value * 10 + buf[i]! - 0x30;
      continue;
    }
    const group = at + (part >> 1);
    out[group] = (out[group]! << 8) | value;
    part++;
    value = 0;
  }
}
