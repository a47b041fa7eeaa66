// Writing WebSocket frames, and the mask (RFC 6455 5.2, 5.3).
import { copyBytes } from "../../util/bytes.ts";
import { MAX_CONTROL, Opcode } from "./rules.ts";

const FIN = 0x80;
const MASKED = 0x80;

/**
 * Applies the mask to buf[start,end) where it lies; the same call takes it away. `key` is its four octets, the first one highest; `phase`
 * is how many octets of the payload came before.
 */
export function mask(buf: Uint8Array, start: number, end: number, key: number, phase = 0): void {
  const k0 = octet(key, phase);
  const k1 = octet(key, phase + 1);
  const k2 = octet(key, phase + 2);
  const k3 = octet(key, phase + 3);
  let p = start;
  for (const fours = end - 3; p < fours; p += 4) {
    buf[p]! ^= k0;
    buf[p + 1]! ^= k1;
    buf[p + 2]! ^= k2;
    buf[p + 3]! ^= k3;
  }
  if (p < end) buf[p++]! ^= k0;
  if (p < end) buf[p++]! ^= k1;
  if (p < end) buf[p]! ^= k2;
}

function octet(key: number, i: number): number {
  return (key >>> (24 - 8 * (i & 3))) & 0xff;
}

/**
 * Writes the head of a final frame of `length` octets into out at `at`, in the shortest form; with the mask's key where one is given (a
 * client's frames). Returns the position after it.
 */
export function putHead(
  out: Uint8Array,
  at: number,
  opcode: number,
  length: number,
  key: number | null = null,
): number {
  const bit = key === null ? 0 : MASKED;
  let p = at;
  out[p++] = FIN | opcode;
  if (length < 126) out[p++] = bit | length;
  else if (length < 0x10000) {
    out[p++] = bit | 126;
    out[p++] = length >> 8;
    out[p++] = length & 0xff;
  } else {
    out[p++] = bit | 127;
    const high = Math.floor(length / 0x100000000);
    for (let shift = 24; shift >= 0; shift -= 8) out[p++] = (high >>> shift) & 0xff;
    for (let shift = 24; shift >= 0; shift -= 8) out[p++] = (length >>> shift) & 0xff;
  }
  if (key === null) return p;
  for (let i = 0; i < 4; i++) out[p++] = octet(key, i);
  return p;
}

/** Writes a whole frame whose payload is buf[start,end) into out, which must hold it; returns its length. */
export function putFrame(
  out: Uint8Array,
  opcode: number,
  buf: Uint8Array,
  start: number,
  end: number,
  key: number | null = null,
): number {
  const payload = putHead(out, 0, opcode, end - start, key);
  const p = copyBytes(out, payload, buf, start, end);
  if (key !== null) mask(out, payload, p, key);
  return p;
}

/**
 * A close frame's payload: the code, and as much of the reason (UTF-8) as a control frame holds, cut between characters. Code 0: empty.
 */
export function closePayload(code: number, reason: Uint8Array): Uint8Array {
  if (code === 0) return new Uint8Array(0);
  let length = Math.min(reason.length, MAX_CONTROL - 2);
  if (length < reason.length) while (length > 0 && (reason[length]! & 0xc0) === 0x80) length--;
  const out = new Uint8Array(2 + length);
  out[0] = (code >> 8) & 0xff;
  out[1] = code & 0xff;
  out.set(reason.subarray(0, length), 2);
  return out;
}

/** Whether an opcode is that of a control frame. */
export function isControl(opcode: number): boolean {
  return opcode >= Opcode.CLOSE;
}
