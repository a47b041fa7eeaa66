// What the system has to tell about datagrams that did not arrive (ICMP): the error queue of a UDP socket (ip(7), IP_RECVERR).
//
//   recvmmsg(MSG_ERRQUEUE) gives one message an error: its name is where the datagram went, its control data a cmsghdr (16 bytes)
//   and a sock_extended_err: errno 4 | origin 1 | type 1 | code 1 | pad 1 | info 4 | data 4
import * as C from "./libc.ts";
import { NAME_WORDS, nameLength } from "./udp-peers.ts";

const IP_RECVERR = 11;
const IPV6_RECVERR = 25;
const MSG_ERRQUEUE = 0x2000;
const ORIGIN_ICMP = 2;
const ORIGIN_ICMP6 = 3;
/** Errors read in one go: whoever makes us send to closed ports must not keep us busy. */
const MOST = 64;

/** Level and number of the socket option that switches the queue on. */
export function errorQueueOption(family: 4 | 6): readonly [level: number, option: number] {
  return family === 4 ? [C.IPPROTO_IP, IP_RECVERR] : [C.IPPROTO_IPV6, IPV6_RECVERR];
}

/** Reads the error queue of one socket. */
export class UdpErrorQueue {
  /** The destination of the datagram that the last error was about. */
  readonly name: Int32Array;
  readonly #libc: C.Libc;
  readonly #fd: number;
  readonly #family: 4 | 6;
  readonly #memory = C.nativeMemory(HEADER + IOV + NAME + DATA + CONTROL);
  readonly #words: Uint32Array;
  readonly #pinned: C.Pinned;

  constructor(libc: C.Libc, fd: number, family: 4 | 6) {
    this.#libc = libc;
    this.#fd = fd;
    this.#family = family;
    this.#words = new Uint32Array(this.#memory.buffer);
    this.name = new Int32Array(this.#memory.buffer, NAME_AT, NAME_WORDS);
    this.#pinned = libc.pin(this.#memory);
    const base = libc.address(this.#memory);
    const w = this.#words;
    putAddress(w, 0, base + NAME_AT);
    putAddress(w, 4, base + IOV_AT);
    w[6] = 1;
    putAddress(w, 8, base + CONTROL_AT);
    putAddress(w, IOV_AT / 4, base + DATA_AT);
    w[IOV_AT / 4 + 2] = DATA;
  }

  /** Calls `told` with the errno of each ICMP error there is, `name` being set; other kinds of error are passed over. */
  drain(told: (errno: number) => void): void {
    const w = this.#words;
    for (let i = 0; i < MOST; i++) {
      w[2] = nameLength(this.#family);
      w[10] = CONTROL;
      if (this.#libc.recvmmsg(this.#fd, this.#pinned, 1, MSG_ERRQUEUE | C.MSG_DONTWAIT) <= 0) return;
      const errno = w[CONTROL_AT / 4 + 4]!;
      const origin = this.#memory[CONTROL_AT + 20]!;
      const isIcmp = origin === ORIGIN_ICMP || origin === ORIGIN_ICMP6;
      // a datagram that is too long for a link says nothing of its destination
      if (isIcmp && errno !== C.EMSGSIZE && w[2]! >= nameLength(4)) told(errno);
    }
  }

  release(): void {
    C.releaseMemory(this.#memory);
  }
}

const HEADER = 64;
const IOV = 16;
const NAME = 4 * NAME_WORDS;
const DATA = 16;
const CONTROL = 128;
const IOV_AT = HEADER;
const NAME_AT = IOV_AT + IOV;
const DATA_AT = NAME_AT + NAME;
const CONTROL_AT = DATA_AT + DATA;

function putAddress(words: Uint32Array, at: number, address: number): void {
  words[at] = address % 4_294_967_296;
  words[at + 1] = Math.floor(address / 4_294_967_296);
}
