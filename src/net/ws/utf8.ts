// Whether bytes that come in pieces are UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.

/** A check that goes on from piece to piece; `reset` before each text. */
export class Utf8Check {
  #left = 0; // continuation octets still due
  #low = 0x80; // bounds of the next one: the first after a lead octet has narrower ones for some
  #high = 0xbf;

  reset(): void {
    this.#left = 0;
    this.#low = 0x80;
    this.#high = 0xbf;
  }

  /** Whether the text may end here. */
  get whole(): boolean {
    return this.#left === 0;
  }

  /** Takes buf[start,end); false as soon as no text goes on like this. */
  feed(buf: Uint8Array, start: number, end: number): boolean {
    let p = start;
    while (p < end) {
      if (this.#left === 0) {
        while (p < end && buf[p]! < 0x80) p++;
        if (p === end) return true;
        if (!this.#lead(buf[p++]!)) return false;
        continue;
      }
      const c = buf[p++]!;
      if (c < this.#low || c > this.#high) return false;
      this.#low = 0x80;
      this.#high = 0xbf;
      this.#left--;
    }
    return true;
  }

  #lead(c: number): boolean {
    if (c < 0xc2 || c > 0xf4) return false;
    this.#left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    if (c === 0xe0) this.#low = 0xa0;
    else if (c === 0xed) this.#high = 0x9f;
    else if (c === 0xf0) this.#low = 0x90;
    else if (c === 0xf4) this.#high = 0x8f;
    return true;
  }
}
