// What ends a stream, and the limits that hold for one.

/** Why a stream cannot go on; 0 is none. Those from HTTP_LINE on are about HTTP requests, which are answered before the close. */
export const FrameError = {
  NONE: 0,
  NOT_SIP: 1,
  HEAD_TOO_LONG: 2,
  MESSAGE_TOO_LONG: 3,
  BAD_LENGTH: 4,
  NO_LENGTH: 5,
  HTTP_LINE: 6,
  BARE_LF: 7,
  HTTP_VERSION: 8,
  HTTP_TARGET: 9,
  TARGET_TOO_LONG: 10,
  HTTP_HEADER: 11,
  FOLDED: 12,
  TOO_MANY_HEADERS: 13,
  HTTP_HEAD_TOO_LONG: 14,
  HOST: 15,
  HTTP_LENGTH: 16,
  TWO_LENGTHS: 17,
  CODING: 18,
  CHUNK: 19,
  TRAILER: 20,
  BODY_TOO_LONG: 21,
  EXPECTATION: 22,
  CONNECT: 23,
  OLD_CHUNKED: 24,
} as const;

// Words for the log and for the client, and the status that an HTTP client gets; 0: the connection just ends.
const ROWS: readonly (readonly [string, number])[] = [
  ["no error", 0],
  ["neither SIP nor HTTP", 0],
  ["head too long", 0],
  ["message too long", 0],
  ["bad Content-Length", 0],
  ["no Content-Length", 0],
  ["malformed HTTP request line", 400],
  ["HTTP line without CR", 400],
  ["HTTP version is neither 1.0 nor 1.1", 505],
  ["malformed HTTP request target", 400],
  ["HTTP request target too long", 414],
  ["malformed HTTP header", 400],
  ["folded HTTP header", 400],
  ["too many HTTP headers", 431],
  ["HTTP head too long", 431],
  ["Host missing, repeated or malformed", 400],
  ["bad or repeated Content-Length", 400],
  ["both Content-Length and Transfer-Encoding", 400],
  ["unknown transfer coding", 501],
  ["malformed chunk", 400],
  ["malformed trailer", 400],
  ["HTTP body too long", 413],
  ["unknown expectation", 417],
  ["CONNECT is not for us", 501],
  ["Transfer-Encoding in HTTP/1.0", 400],
];

/** A few words for a FrameError. */
export function frameErrorText(code: number): string {
  return ROWS[code]?.[0] ?? `frame error ${code}`;
}

/** The reason under which a FrameError is counted: "stream-bad-content-length". */
export function frameDrop(code: number): string {
  return `stream-${frameErrorText(code)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")}`;
}

/** The HTTP status that answers a FrameError; 0 when nothing does. */
export function httpStatusOf(code: number): number {
  return ROWS[code]?.[1] ?? 0;
}

/** Limits of one stream, in bytes where nothing else is said. */
export interface FrameLimits {
  readonly maxHead: number;
  readonly maxMessage: number;
  /** A SIP message without Content-Length has no body, instead of ending the connection (RFC 3261 20.14 requires it on streams). */
  readonly acceptNoLength: boolean;
  /** Of HTTP requests: the whole head, the target in its first line, and how many headers. */
  readonly maxHttpHead: number;
  readonly maxTarget: number;
  readonly maxHttpHeaders: number;
}

export const DEFAULT_LIMITS: FrameLimits = {
  maxHead: 65_536,
  maxMessage: 196_608,
  acceptNoLength: false,
  maxHttpHead: 32_768,
  maxTarget: 8_192,
  maxHttpHeaders: 100,
};

/** What the framer has seen of a whole HTTP request, as bits. */
export const HttpFlag = {
  /** It has an Upgrade header, and its version is 1.1. */
  UPGRADE: 1,
  /** The connection stays open after it (RFC 9112 9.3). */
  KEEP: 2,
  /** It is of HTTP/1.0. */
  OLD: 4,
  HEAD: 8,
} as const;
