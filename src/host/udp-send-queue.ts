// What one native socket has to send: copied into an arena, handed to the system by one sendmmsg at the end of a batch.
import { copyBytes } from "../util/bytes.ts";
import type { Flushable, FlushGate } from "./flush.ts";
import type { HostError } from "./host.ts";
import {
  EAGAIN,
  EINTR,
  EMSGSIZE,
  ENOBUFS,
  type Libc,
  MSG_DONTWAIT,
  nativeMemory,
  releaseMemory,
  systemError,
} from "./libc.ts";
import { MessageVector } from "./message-vector.ts";
import { NAME_WORDS, type NativePeer } from "./udp-peers.ts";
import { HEADERS, type RawHeaders } from "./udp-raw.ts";

const SLOTS = 128;
const ARENA = 256 * 1024;
const MAX_DATAGRAM = 65_535;

/** What the queue needs of its driver. */
interface Driver {
  readonly libc: Libc;
  readonly gate: FlushGate;
  retry(fn: () => void): void;
}

/** The send queue; bounded by its slots and its arena, which are emptied early when full. */
export class UdpSendQueue implements Flushable {
  sent = 0;
  droppedFull = 0;
  sendErrors = 0;
  readonly #driver: Driver;
  readonly #fd: number;
  readonly #onError: (peer: NativePeer, error: HostError) => void;
  readonly #arena = nativeMemory(ARENA);
  readonly #vector: MessageVector;
  readonly #peers: (NativePeer | null)[] = new Array(SLOTS).fill(null);
  #first = 0; // slots before it are sent; not zero only while the system takes no more
  #count = 0;
  #used = 0;
  #blocked = false;
  #released = false;

  readonly #icmp: boolean;
  #again = -1;

  readonly #raw: RawHeaders | null;

  /**
   * @param icmp the socket tells ICMP errors: one of an earlier datagram fails the next call, whatever that is for
   * @param raw the descriptor is a raw socket's: each datagram gets these headers in front
   */
  constructor(
    driver: Driver,
    fd: number,
    family: 4 | 6,
    onError: (peer: NativePeer, error: HostError) => void,
    icmp = false,
    raw: RawHeaders | null = null,
  ) {
    this.#icmp = icmp;
    this.#raw = raw;
    this.#driver = driver;
    this.#fd = fd;
    this.#onError = onError;
    this.#vector = new MessageVector(driver.libc, this.#arena, SLOTS, family);
  }

  /** Queues a copy of buf[start,end). */
  add(peer: NativePeer, buf: Uint8Array, start: number, end: number): void {
    const front = this.#raw === null ? 0 : HEADERS;
    const length = front + end - start;
    if (length > MAX_DATAGRAM) {
      this.sendErrors++;
      this.#onError(peer, systemError(this.#driver.libc, "datagram too long", EMSGSIZE));
      return;
    }
    if (this.#count === SLOTS || this.#used + length > ARENA) {
      this.#driver.gate.flush();
      if (this.#count === SLOTS || this.#used + length > ARENA) this.flush();
      if (this.#count === SLOTS || this.#used + length > ARENA) {
        this.droppedFull++;
        return;
      }
    }
    const i = this.#count++;
    const at = this.#used;
    copyBytes(this.#arena, at + front, buf, start, end);
    if (this.#raw !== null) this.#raw.write(this.#arena, at, end - start, peer);
    this.#used = (at + length + 63) & ~63;
    this.#vector.place(i, at, length);
    const names = this.#vector.names;
    const n = i * NAME_WORDS;
    names[n] = this.#raw === null ? peer.word0 : peer.word0 & 0xffff; // a raw socket wants no port
    names[n + 1] = peer.word1;
    names[n + 2] = peer.word2;
    names[n + 3] = peer.word3;
    names[n + 4] = peer.word4;
    names[n + 5] = peer.word5;
    names[n + 6] = peer.word6;
    this.#peers[i] = peer;
    if (i === 0) this.#driver.gate.mark(this);
  }

  flush(): void {
    const { libc } = this.#driver;
    while (this.#first < this.#count) {
      const n = libc.sendmmsg(this.#fd, this.#vector.pinnedFrom(this.#first), this.#count - this.#first, MSG_DONTWAIT);
      if (n > 0) {
        this.sent += n;
        this.#first += n;
        continue;
      }
      const errno = libc.errno();
      if (errno === EINTR) continue;
      if (errno === EAGAIN || errno === ENOBUFS) {
        this.#waitForRoom();
        return;
      }
      if (this.#icmp && this.#again !== this.#first) {
        this.#again = this.#first;
        continue;
      }
      const peer = this.#peers[this.#first++]!;
      this.sendErrors++;
      this.#onError(peer, systemError(libc, `cannot send to ${peer.remote.address}:${peer.remote.port}`, errno));
    }
    this.#first = 0;
    this.#count = 0;
    this.#used = 0;
    this.#again = -1;
  }

  /** Frees the memory; what is queued is lost. */
  release(): void {
    this.#released = true;
    this.#first = 0;
    this.#count = 0;
    this.#used = 0;
    this.#vector.release();
    releaseMemory(this.#arena);
  }

  #waitForRoom(): void {
    if (this.#blocked) return;
    this.#blocked = true;
    this.#driver.retry(() => {
      this.#blocked = false;
      if (!this.#released) this.flush();
    });
  }
}
