// Nonces that say by themselves when they were made and that they are ours, so that nothing is kept for a challenge nobody
// answers. Only where replays must be refused, a bounded table remembers how often each was used.
//
//   8 hex seconds since 1970 | 8 hex serial | 24 hex HMAC of both | 16 hex HMAC of parts of the request (auth_checks_*), if asked for

import type { Hashing, Random } from "../../host/host.ts";
import { hex8 } from "../../proxy/proxy.ts";

const MAC = 24;
const PARTS_MAC = 16;
const BASE = 16 + MAC;

/** What a nonce that came back is worth. STALE: expired, or its place in the table has been taken since; FOREIGN: not ours. */
export const NonceState = { FRESH: 0, STALE: 1, REUSED: 2, FOREIGN: 3 } as const;

/** Uses of the nonces given last: serial numbers and counts in rings, so that a flood of challenges only shortens memory. */
class Uses {
  readonly size: number;
  private readonly serials: Uint32Array;
  private readonly counts: Uint32Array;

  constructor(size: number) {
    this.size = 2 ** Math.floor(Math.log2(Math.max(2, size)));
    this.serials = new Uint32Array(this.size);
    this.counts = new Uint32Array(this.size);
  }
  given(serial: number): void {
    const at = serial & (this.size - 1);
    this.serials[at] = serial;
    this.counts[at] = 0;
  }
  /** The highest count used, -1 when it is no longer known. */
  count(serial: number): number {
    const at = serial & (this.size - 1);
    return this.serials[at] === serial ? this.counts[at]! : -1;
  }
  use(serial: number, count: number): void {
    this.counts[serial & (this.size - 1)] = count;
  }
}

/** What of it a generation of the configuration sets. */
export interface NonceSettings {
  /** Seconds. */
  readonly expire: number;
  readonly maxDrift: number;
  readonly countChecked: boolean;
  readonly oneTime: boolean;
  readonly countSize: number;
  readonly oneTimeSize: number;
}

/** Makes and checks nonces; one a process, kept over reloads so that phones need not start anew. */
export class Nonces {
  private readonly hashing: Hashing;
  private readonly now: () => number;
  private key: Uint8Array;
  private serial: number;
  private counts: Uses | null = null;
  private oneTime: Uses | null = null;

  /** @param now seconds since 1970 */
  constructor(hashing: Hashing, random: Random, now: () => number) {
    this.hashing = hashing;
    this.now = now;
    this.key = new Uint8Array(32);
    random.fill(this.key);
    this.serial = random.uint32();
  }

  /** Sets the key from a configured secret, and makes the tables that are wanted. */
  configure(secret: string, settings: NonceSettings): void {
    if (secret !== "") this.key = new TextEncoder().encode(secret);
    if (settings.countChecked && this.counts?.size !== settings.countSize) this.counts = new Uses(settings.countSize);
    if (settings.oneTime && this.oneTime?.size !== settings.oneTimeSize) this.oneTime = new Uses(settings.oneTimeSize);
  }

  /** A new nonce. `parts` is what of the request it is bound to, null nothing. */
  make(parts: string | null): string {
    this.serial = (this.serial + 1) >>> 0;
    this.counts?.given(this.serial);
    this.oneTime?.given(this.serial);
    const head = hex8(this.now()) + hex8(this.serial);
    const nonce = head + this.mac(head, MAC);
    return parts === null ? nonce : nonce + this.mac(`${head}|${parts}`, PARTS_MAC);
  }

  private mac(text: string, length: number): string {
    return this.hashing.hmacSha256(this.key, text).slice(0, length);
  }

  /**
   * What a nonce is worth for a request. `count` is the nc of the credentials, -1 without one; `parts` as for `make`.
   * Nothing is changed: see `used`.
   */
  check(nonce: string, count: number, parts: string | null, s: NonceSettings): number {
    if (nonce.length !== BASE && nonce.length !== BASE + PARTS_MAC) return NonceState.FOREIGN;
    const head = nonce.slice(0, 16);
    if (!/^[0-9a-f]{16}$/.test(head) || !equalTexts(nonce.slice(16, BASE), this.mac(head, MAC)))
      return NonceState.FOREIGN;
    const made = Number.parseInt(head.slice(0, 8), 16);
    const now = this.now();
    if (made + s.expire < now || made > now + s.maxDrift) return NonceState.STALE;
    const serial = Number.parseInt(head.slice(8), 16);
    if (s.countChecked && count >= 0) {
      const known = this.counts?.count(serial) ?? -1;
      return known < 0 || count <= known ? NonceState.STALE : NonceState.FRESH;
    }
    if (s.oneTime) {
      const known = this.oneTime?.count(serial) ?? -1;
      return known < 0 ? NonceState.STALE : known > 0 ? NonceState.REUSED : NonceState.FRESH;
    }
    if (parts !== null && !equalTexts(nonce.slice(BASE), this.mac(`${head}|${parts}`, PARTS_MAC)))
      return NonceState.STALE;
    return NonceState.FRESH;
  }

  /** Remembers that credentials with it were right; who only guesses uses nothing up. */
  used(nonce: string, count: number, s: NonceSettings): void {
    const serial = Number.parseInt(nonce.slice(8, 16), 16);
    if (s.countChecked && count >= 0) this.counts?.use(serial, count);
    else if (s.oneTime) this.oneTime?.use(serial, 1);
  }
}

/** Whether two texts are equal, in a time that does not tell how much of them is. */
export function equalTexts(a: string, b: string): boolean {
  let different = a.length ^ b.length;
  for (let i = 0; i < b.length; i++) different |= (i < a.length ? a.charCodeAt(i) : 0) ^ b.charCodeAt(i);
  return different === 0;
}
