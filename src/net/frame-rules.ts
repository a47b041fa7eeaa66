// What ends a stream, and the limits that hold for one.

/** Why a stream cannot go on; 0 is none. */
export const FrameError = {
  NONE: 0,
  NOT_SIP: 1,
  HEAD_TOO_LONG: 2,
  MESSAGE_TOO_LONG: 3,
  BAD_LENGTH: 4,
  NO_LENGTH: 5,
  CHUNKED: 6,
  BARE_LF: 7,
} as const;

const TEXTS: readonly string[] = [
  "no error",
  "neither SIP nor HTTP",
  "head too long",
  "message too long",
  "bad Content-Length",
  "no Content-Length",
  "chunked HTTP body",
  "HTTP line without CR",
];

/** A few words for a FrameError. */
export function frameErrorText(code: number): string {
  return TEXTS[code] ?? `frame error ${code}`;
}

/** Limits of one stream, in bytes. */
export interface FrameLimits {
  readonly maxHead: number;
  readonly maxMessage: number;
  /** A SIP message without Content-Length has no body, instead of ending the connection (RFC 3261 20.14 requires it on streams). */
  readonly acceptNoLength: boolean;
}

export const DEFAULT_LIMITS: FrameLimits = { maxHead: 65_536, maxMessage: 196_608, acceptNoLength: false };
