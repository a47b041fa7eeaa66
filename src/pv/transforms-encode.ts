// Transformations {s.encode.…}, {s.decode.…}, {s.escape.…}, {s.unescape.…}: other spellings of the same bytes.

import type { TransformDef } from "../registry/define.ts";
import { unescapeUri } from "../sip/uri-text.ts";
import { ofText } from "./transform-define.ts";

const HEX = "0123456789abcdef";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL = `${BASE64.slice(0, 62)}-_`;
const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** Longest text that base 58 takes: its cost grows with the square of the length. */
const MAX_BASE58 = 1024;

function toHex(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) out += HEX[text.charCodeAt(i) >> 4]! + HEX[text.charCodeAt(i) & 15]!;
  return out;
}

/** Pairs of hexadecimal digits; a lone digit at the end is left out. */
function fromHex(text: string): string | null {
  if (/[^0-9a-fA-F]/.test(text)) return null;
  return text.slice(0, text.length & ~1).replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
}

function toBase64(text: string, alphabet: string, padded: boolean): string {
  let out = "";
  for (let i = 0; i < text.length; i += 3) {
    const left = text.length - i;
    const n =
      (text.charCodeAt(i) << 16) |
      ((left > 1 ? text.charCodeAt(i + 1) : 0) << 8) |
      (left > 2 ? text.charCodeAt(i + 2) : 0);
    out += alphabet[n >> 18]! + alphabet[(n >> 12) & 63]!;
    if (left > 1) out += alphabet[(n >> 6) & 63]!;
    else if (padded) out += "=";
    if (left > 2) out += alphabet[n & 63]!;
    else if (padded) out += "=";
  }
  return out;
}

function fromBase64(text: string, alphabet: string, padded: boolean): string | null {
  if (padded && text.length % 4 !== 0) return null;
  const bare = text.replace(/={1,2}$/, "");
  let out = "";
  let bits = 0;
  let held = 0;
  for (const c of bare) {
    const digit = alphabet.indexOf(c);
    if (digit < 0) return null;
    bits = ((bits << 6) | digit) & 0xffffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += String.fromCharCode((bits >> held) & 255);
  }
  return out;
}

function toBase58(text: string): string | null {
  if (text.length > MAX_BASE58) return null;
  const digits: number[] = [];
  for (let i = 0; i < text.length; i++) {
    let carry = text.charCodeAt(i);
    for (let j = 0; j < digits.length; j++) {
      carry += digits[j]! * 256;
      digits[j] = carry % 58;
      carry = Math.floor(carry / 58);
    }
    for (; carry > 0; carry = Math.floor(carry / 58)) digits.push(carry % 58);
  }
  const zeros = /^\0*/.exec(text)![0].length;
  return (
    "1".repeat(zeros) +
    digits
      .reverse()
      .map((d) => BASE58[d])
      .join("")
  );
}

function fromBase58(text: string): string | null {
  if (text.length > MAX_BASE58) return null;
  const bytes: number[] = [];
  for (const c of text) {
    let carry = BASE58.indexOf(c);
    if (carry < 0) return null;
    for (let j = 0; j < bytes.length; j++) {
      carry += bytes[j]! * 58;
      bytes[j] = carry & 255;
      carry >>= 8;
    }
    for (; carry > 0; carry >>= 8) bytes.push(carry & 255);
  }
  const zeros = /^1*/.exec(text)![0].length;
  return "\0".repeat(zeros) + String.fromCharCode(...bytes.reverse());
}

const COMMON: Readonly<Record<string, string>> = { "'": "\\'", '"': '\\"', "\\": "\\\\", "\0": "\\0" };

function urlEncode(text: string): string {
  return text.replace(/[^A-Za-z0-9_.~-]/g, (c) => `%${toHex(c)}`);
}

/** With %xx for what is not among `kept`; null when there is a character that is not printable ASCII. */
function escaped(text: string, kept: RegExp): string | null {
  if (/[^ -~]/.test(text)) return null;
  return text.replace(kept, (c) => `%${toHex(c)}`);
}

/** With %XX turned back; null when a percent sign stands without two digits. */
function unescaped(text: string): string | null {
  return /%(?![0-9a-fA-F]{2})/.test(text) ? null : unescapeUri(text);
}

/** Seven bits a character, packed as in short messages, in hexadecimal. */
function toSevenBit(text: string): string {
  let out = "";
  let bits = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    bits |= (text.charCodeAt(i) & 127) << held;
    held += 7;
    if (held < 8) continue;
    out += toHex(String.fromCharCode(bits & 255));
    bits >>= 8;
    held -= 8;
  }
  return (held > 0 ? out + toHex(String.fromCharCode(bits & 255)) : out).toUpperCase();
}

function fromSevenBit(text: string): string | null {
  const bytes = fromHex(text);
  if (bytes === null) return null;
  let out = "";
  let bits = 0;
  let held = 0;
  for (let i = 0; i < bytes.length; i++) {
    bits |= bytes.charCodeAt(i) << held;
    for (held += 8; held >= 7; held -= 7) {
      out += String.fromCharCode(bits & 127);
      bits >>= 7;
    }
  }
  return out;
}

/** A text in base 64 for URLs, without padding. */
export function toBase64Url(text: string): string {
  return toBase64(text, BASE64URL, false);
}

/** The text that base 64 for URLs, padded or not, stands for; null when it is none. */
export function fromBase64Url(text: string): string | null {
  return fromBase64(text, BASE64URL, false);
}

/** Other spellings, by name. */
export const ENCODING_TRANSFORMS: Readonly<Record<string, TransformDef>> = {
  "s.encode.hexa": ofText("in hexadecimal", 0, 0, toHex),
  "s.decode.hexa": ofText("from hexadecimal", 0, 0, fromHex),
  "s.encode.base64": ofText("in base 64", 0, 0, (t) => toBase64(t, BASE64, true)),
  "s.decode.base64": ofText("from base 64", 0, 0, (t) => fromBase64(t, BASE64, true)),
  "s.encode.base64t": ofText("in base 64 without padding", 0, 0, (t) => toBase64(t, BASE64, false)),
  "s.decode.base64t": ofText("from base 64, padding or not", 0, 0, (t) => fromBase64(t, BASE64, false)),
  "s.encode.base64url": ofText("in base 64 for URLs", 0, 0, (t) => toBase64(t, BASE64URL, true)),
  "s.decode.base64url": ofText("from base 64 for URLs", 0, 0, (t) => fromBase64(t, BASE64URL, false)),
  "s.encode.base64urlt": ofText("in base 64 for URLs without padding", 0, 0, (t) => toBase64(t, BASE64URL, false)),
  "s.decode.base64urlt": ofText("from base 64 for URLs, padding or not", 0, 0, (t) => fromBase64(t, BASE64URL, false)),
  "s.encode.base58": ofText("in base 58", 0, 0, toBase58),
  "s.decode.base58": ofText("from base 58", 0, 0, fromBase58),
  "s.encode.7bit": ofText("seven bits a character, in hexadecimal", 0, 0, toSevenBit),
  "s.decode.7bit": ofText("from seven bits a character, in hexadecimal", 0, 0, fromSevenBit),
  "s.escape.common": ofText("quotes, backslashes and zeros after a backslash", 0, 0, (t) =>
    t.replace(/['"\\\0]/g, (c) => COMMON[c]!),
  ),
  "s.unescape.common": ofText("reverse of s.escape.common", 0, 0, (t) =>
    t.replace(/\\(['"\\0])/g, (_, c: string) => (c === "0" ? "\0" : c)),
  ),
  "s.escape.user": ofText("with %XX where the user part of a URI needs it", 0, 0, (t) =>
    escaped(t, /[^A-Za-z0-9\-_.!~*'()&=+$,;?]/g),
  ),
  "s.unescape.user": ofText("with %XX turned back", 0, 0, unescaped),
  "s.escape.param": ofText("with %XX where a URI parameter needs it", 0, 0, (t) =>
    escaped(t, /[^A-Za-z0-9\-_.!~*'()[\]/:&+$]/g),
  ),
  "s.unescape.param": ofText("with %XX turned back", 0, 0, unescaped),
  "s.escape.csv": ofText("as a field of a CSV line", 0, 0, (t) => `"${t.replace(/"/g, '""')}"`),
  "s.urlencode.param": ofText("as the value in a URL's query", 0, 0, urlEncode),
  "s.urldecode.param": ofText("from the value in a URL's query", 0, 0, (t) => unescapeUri(t.replace(/\+/g, " "))),
};
