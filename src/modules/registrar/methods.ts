// Kamailio's bits for methods, as its location table holds them; they differ from our numbers.

import { Method } from "../../sip/methods.ts";
import { methodBits } from "../../sip/misc.ts";

/** Kamailio's bit by our method number; what it does not know is its "other". */
const BITS: Readonly<Record<number, number>> = {
  [Method.UNKNOWN]: 1 << 19,
  [Method.INVITE]: 1,
  [Method.CANCEL]: 2,
  [Method.ACK]: 4,
  [Method.BYE]: 8,
  [Method.INFO]: 16,
  [Method.REGISTER]: 32,
  [Method.SUBSCRIBE]: 64,
  [Method.NOTIFY]: 128,
  [Method.MESSAGE]: 256,
  [Method.OPTIONS]: 512,
  [Method.PRACK]: 1024,
  [Method.UPDATE]: 2048,
  [Method.REFER]: 4096,
  [Method.PUBLISH]: 8192,
  [Method.KDMQ]: 16384,
  [Method.GET]: 32768,
  [Method.POST]: 65536,
  [Method.PUT]: 131072,
  [Method.DELETE]: 262144,
};

/** Kamailio's bit of one of our method numbers. */
export function kamailioBit(method: number): number {
  return BITS[method] ?? BITS[Method.UNKNOWN]!;
}

/** Kamailio's bits of a list such as Allow. */
export function kamailioBits(buf: Uint8Array, start: number, end: number): number {
  const ours = methodBits(buf, start, end);
  let bits = 0;
  for (let n = 0; n <= Method.DELETE; n++) if ((ours & (1 << n)) !== 0) bits |= kamailioBit(n);
  return bits;
}
