// Words and numbers of the WebSocket protocol (RFC 6455): opcodes, close codes, limits.

/** Kinds of frames (RFC 6455 5.2). */
export const Opcode = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

/** Why a connection is closed (RFC 6455 7.4.1); the last two never stand in a frame. */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL: 1002,
  UNSUPPORTED: 1003,
  BAD_DATA: 1007,
  POLICY: 1008,
  TOO_BIG: 1009,
  /** The far end closed without a code. */
  NONE: 1005,
  /** It went without closing. */
  LOST: 1006,
} as const;

/** Octets that a control frame may carry (RFC 6455 5.5). */
export const MAX_CONTROL = 125;

/** Octets of the longest frame head that is written: two, eight of length, four of mask. */
export const MAX_HEAD = 14;

/** What one end accepts. */
export interface WsLimits {
  /** Octets of a message, all its fragments together; more is closed with 1009. */
  readonly maxMessage: number;
  /** Frames of one message: a message in countless empty pieces keeps an end busy for nothing. */
  readonly maxFragments: number;
}

export const DEFAULT_WS_LIMITS: WsLimits = { maxMessage: 196_608, maxFragments: 4096 };

/** Whether a close frame may carry that code (RFC 6455 7.4 and the registry of IANA). */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

/** A few words for the codes that we close with; "" for others. */
export function closeText(code: number): string {
  switch (code) {
    case CloseCode.NORMAL:
      return "Normal closure";
    case CloseCode.GOING_AWAY:
      return "Going away";
    case CloseCode.PROTOCOL:
      return "Protocol error";
    case CloseCode.UNSUPPORTED:
      return "Unsupported data";
    case CloseCode.BAD_DATA:
      return "Invalid UTF-8";
    case CloseCode.POLICY:
      return "Policy violation";
    case CloseCode.TOO_BIG:
      return "Message too big";
    default:
      return "";
  }
}
