// An array of struct mmsghdr with its iovecs and names, as recvmmsg and sendmmsg take it (64-bit Linux, little-endian).
//
//   mmsghdr (64 bytes): name* 8 | namelen 4, pad | iov* 8 | iovlen 8 | control* 8 | controllen 8 | flags 4, pad | msg_len 4, pad
import { type Libc, nativeMemory, type Pinned, releaseMemory } from "./libc.ts";
import { NAME_WORDS, nameLength } from "./udp-peers.ts";

const HEADER_WORDS = 16;
const CONTROL = 8;
const CONTROL_LENGTH = 10;
const FLAGS = 12;
const MESSAGE_LENGTH = 14;
const TWO32 = 4_294_967_296;

/** `count` message headers over one data arena; a vector serves one address family, since the system writes name lengths back. */
export class MessageVector {
  readonly data: Uint8Array;
  /** Socket addresses, NAME_WORDS words each. */
  readonly names: Int32Array;
  readonly pinned: Pinned;
  readonly #headers: Uint32Array;
  readonly #iov: Uint32Array;
  readonly #memory: Uint8Array[];
  readonly #dataAddress: number;
  readonly #libc: Libc;
  readonly #count: number;
  readonly #nameLength: number;
  /** Bytes of ancillary data of each message, and where all of it lies, one after the other. */
  readonly controlSize: number;
  readonly control: DataView;

  constructor(libc: Libc, data: Uint8Array, count: number, family: 4 | 6, controlSize = 0) {
    const headers = nativeMemory(count * HEADER_WORDS * 4);
    const iov = nativeMemory(count * 16);
    const names = nativeMemory(count * NAME_WORDS * 4);
    this.#libc = libc;
    const control = nativeMemory(Math.max(8, count * controlSize));
    this.#memory = [headers, iov, names, control];
    this.#count = count;
    this.#nameLength = nameLength(family);
    this.controlSize = controlSize;
    this.control = new DataView(control.buffer);
    this.data = data;
    this.names = new Int32Array(names.buffer);
    this.pinned = libc.pin(headers);
    this.#headers = new Uint32Array(headers.buffer);
    this.#iov = new Uint32Array(iov.buffer);
    this.#dataAddress = libc.address(data);
    for (let i = 0; i < count; i++) {
      const h = i * HEADER_WORDS;
      putAddress(this.#headers, h, libc.address(names) + i * NAME_WORDS * 4);
      this.#headers[h + 2] = nameLength(family);
      putAddress(this.#headers, h + 4, libc.address(iov) + i * 16);
      this.#headers[h + 6] = 1;
      if (controlSize === 0) continue;
      putAddress(this.#headers, h + CONTROL, libc.address(control) + i * controlSize);
      this.#headers[h + CONTROL_LENGTH] = controlSize;
    }
  }

  /** Message i uses data[at, at+length). */
  place(i: number, at: number, length: number): void {
    putAddress(this.#iov, 4 * i, this.#dataAddress + at);
    this.#iov[4 * i + 2] = length;
  }

  /** How many bytes the system received into message i, or sent of it. */
  length(i: number): number {
    return this.#headers[i * HEADER_WORDS + MESSAGE_LENGTH]!;
  }

  /** What the system tells of message i: MSG_EOR and the like. */
  flags(i: number): number {
    return this.#headers[i * HEADER_WORDS + FLAGS]!;
  }

  /** Bytes of ancillary data that came with message i. */
  controlLength(i: number): number {
    return this.#headers[i * HEADER_WORDS + CONTROL_LENGTH]!;
  }

  /** Makes room again for names and ancillary data, whose lengths the system has written over. */
  reset(): void {
    for (let h = 0; h < this.#count * HEADER_WORDS; h += HEADER_WORDS) {
      this.#headers[h + 2] = this.#nameLength;
      this.#headers[h + CONTROL_LENGTH] = this.controlSize;
    }
  }

  /** The headers from message i on, for a call that goes on where the last one stopped. */
  pinnedFrom(i: number): Pinned {
    if (i === 0) return this.pinned;
    return this.#libc.pin(new Uint8Array(this.#headers.buffer, i * HEADER_WORDS * 4));
  }

  release(): void {
    for (const memory of this.#memory) releaseMemory(memory);
  }
}

function putAddress(words: Uint32Array, at: number, address: number): void {
  words[at] = address % TWO32;
  words[at + 1] = Math.floor(address / TWO32);
}
