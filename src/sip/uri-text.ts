// URIs as text, for configuration, commands and scripts: the byte parser of uri.ts behind a convenient surface.
import { bytesOf, textOf } from "../util/bytes.ts";
import { findUriParam, parseUri, UriParamRange, UriRange } from "./uri.ts";
import { uriRules } from "./uri-rules.ts";

const found = new UriParamRange();

/** A parsed URI with its parts as byte strings (one character an octet). Absent parts are "". */
export class UriText {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly range: UriRange;

  constructor(text: string, bytes: Uint8Array, range: UriRange) {
    this.text = text;
    this.bytes = bytes;
    this.range = range;
  }

  /** Scheme in lower case, without the colon. */
  get scheme(): string {
    return textOf(this.bytes, this.range.start, this.range.restStart - 1).toLowerCase();
  }
  /** User part as written, escapes kept; the number of a tel URI. */
  get user(): string {
    return part(this.bytes, this.range.userStart, this.range.userEnd);
  }
  /** Whether it is a SIP URI that counts as a telephone number (user=phone, in lower case as the oracle wants it; phone2tel). */
  get isPhone(): boolean {
    return uriRules.phone2tel && this.range.userParamStart >= 0 && this.param("user") === "phone";
  }
  /** The user part; of a telephone number what stands in front of its parameters. */
  get userOrNumber(): string {
    const { user } = this;
    return this.isPhone ? user.split(";", 1)[0]! : user;
  }
  get password(): string {
    return part(this.bytes, this.range.passwordStart, this.range.passwordEnd);
  }
  /** Host; IPv6 with its brackets. */
  get host(): string {
    return part(this.bytes, this.range.hostStart, this.range.hostEnd);
  }
  /** Port number, or -1. */
  get port(): number {
    return this.range.port;
  }
  /** All parameters, joined by `;`, without a leading one. */
  get params(): string {
    return part(this.bytes, this.range.paramsStart, this.range.paramsEnd);
  }
  /** All headers, joined by `&`, without the `?`. */
  get headers(): string {
    return part(this.bytes, this.range.headersStart, this.range.headersEnd);
  }
  /** Value of a parameter (name in lower case): "" when it stands without a value, undefined when absent. */
  param(lowerName: string): string | undefined {
    if (!findUriParam(this.bytes, this.range.paramsStart, this.range.paramsEnd, lowerName, found)) return undefined;
    return part(this.bytes, found.valueStart, found.valueEnd);
  }
}

function part(bytes: Uint8Array, start: number, end: number): string {
  return start < 0 ? "" : textOf(bytes, start, end);
}

/** Parse a URI given as a byte string. Returns the URI, or a `SipError` number saying why it is none. */
export function parseUriText(text: string): UriText | number {
  const bytes = bytesOf(text);
  const range = new UriRange();
  const code = parseUri(bytes, 0, bytes.length, range);
  return code === 0 ? new UriText(text, bytes, range) : code;
}

/** `text` with every whole `%XX` replaced by its byte; anything else stays as it is. */
export function unescapeUri(text: string): string {
  if (!text.includes("%")) return text;
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const hex = text.charAt(i) === "%" ? text.slice(i + 1, i + 3) : "";
    if (hex.length === 2 && /^[0-9A-Fa-f]{2}$/.test(hex)) {
      out += String.fromCharCode(Number.parseInt(hex, 16));
      i += 2;
    } else out += text.charAt(i);
  }
  return out;
}
