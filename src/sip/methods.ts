// SIP methods (and the HTTP ones that arrive on the same ports) as small numbers.
// Method names are case-sensitive: RFC 3261 section 7.1.

/** Numbers of the methods we know; any other valid token is `UNKNOWN`. */
export const Method = {
  UNKNOWN: 0,
  INVITE: 1,
  ACK: 2,
  CANCEL: 3,
  BYE: 4,
  REGISTER: 5,
  OPTIONS: 6,
  MESSAGE: 7,
  SUBSCRIBE: 8,
  NOTIFY: 9,
  PUBLISH: 10,
  INFO: 11,
  PRACK: 12,
  UPDATE: 13,
  REFER: 14,
  KDMQ: 15,
  GET: 16,
  POST: 17,
  PUT: 18,
  DELETE: 19,
} as const;

/** Method names by number. */
const NAMES = Object.keys(Method);

/** How many numbers of methods there are. */
export const METHOD_COUNT = NAMES.length;

/** Length and first letter tell all known methods apart; the test beside this file holds that. */
const keyOf = (length: number, first: number): number => (length << 5) | (first & 31);
const BY_KEY = new Uint8Array(16 << 5);
for (let id = 1; id < NAMES.length; id++) {
  const name = NAMES[id]!;
  BY_KEY[keyOf(name.length, name.charCodeAt(0))] = id;
}

/** Number of the method that is exactly [start, end), or `Method.UNKNOWN`. */
export function parseMethod(buf: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 3 || length > 15) return Method.UNKNOWN;
  const id = BY_KEY[keyOf(length, buf[start]!)]!;
  const name = NAMES[id]!;
  if (id === 0 || name.length !== length) return Method.UNKNOWN;
  for (let i = 0; i < length; i++) if (buf[start + i] !== name.charCodeAt(i)) return Method.UNKNOWN;
  return id;
}

/** Name of a method number, "UNKNOWN" for 0 and for numbers out of range. */
export function methodName(id: number): string {
  return NAMES[id] ?? "UNKNOWN";
}

/** Number of a method given as text, for configuration and commands. */
export function methodFromName(name: string): number {
  const id = NAMES.indexOf(name);
  return id < 0 ? Method.UNKNOWN : id;
}
