// What one native SCTP socket has to send: a bounded queue for each association, emptied at the end of a batch, message by message.
import { copyBytes } from "../util/bytes.ts";
import type { Flushable, FlushGate } from "./flush.ts";
import type { HostError, SocketAddress } from "./host.ts";
import * as C from "./libc.ts";
import { MessageVector } from "./message-vector.ts";
import type { SctpAssociation, SctpOptions } from "./sctp.ts";
import * as S from "./sctp-structs.ts";
import { associationWith } from "./sctp-tuning.ts";
import { NAME_WORDS, nameLength, readName } from "./udp-peers.ts";

/** Bytes of the longest message that is sent, as for UDP. */
const LONGEST = 65_535;
/** Milliseconds until a socket whose buffer was full is tried again. */
const RETRY = 2;
const NOTHING = new Uint8Array(0);

interface Waiting {
  readonly bytes: Uint8Array;
  readonly flags: number;
  readonly mark: number;
}

/** An association of a native socket. */
export class NativeAssociation implements SctpAssociation {
  readonly remote: SocketAddress;
  readonly name: Int32Array;
  attachment: unknown = null;
  /** The system's number for it; 0 until it is known. */
  id = 0;
  open = true;
  queued = 0;
  /** What has come of a message whose end has not; null between messages. */
  partial: Uint8Array | null = null;
  /** What has come back of a message that could not be sent. */
  unsent: Uint8Array | null = null;
  queue: Waiting[] = [];

  constructor(names: Int32Array, at: number) {
    this.name = names.slice(at, at + NAME_WORDS);
    this.remote = readName(this.name, 0);
  }

  /** Takes what waits in the queue out of it: messages that will not be sent. */
  takeQueue(): readonly Waiting[] {
    const queue = this.queue.filter(({ bytes }) => bytes.length > 0);
    this.queue.length = 0;
    this.queued = 0;
    return queue;
  }

  /** Adds a piece to `partial`; returns all of it. */
  append(buf: Uint8Array, start: number, end: number): Uint8Array {
    this.partial = joined(this.partial ?? NOTHING, buf, start, end);
    return this.partial;
  }

  /** Adds a piece to `unsent`; null when its beginning is missing or it is longer than anything we send. */
  appendUnsent(buf: Uint8Array, start: number, end: number, longest: number): Uint8Array | null {
    if (this.unsent === null) return null;
    const whole = joined(this.unsent, buf, start, end);
    this.unsent = whole.length > Math.max(longest, LONGEST) ? null : whole;
    return this.unsent;
  }
}

function joined(a: Uint8Array, buf: Uint8Array, start: number, end: number): Uint8Array {
  const whole = new Uint8Array(a.length + end - start);
  whole.set(a);
  copyBytes(whole, a.length, buf, start, end);
  return whole;
}

interface OutboxEvents {
  /** The number of an association is known now. */
  onIdentified(association: NativeAssociation): void;
  onFailed(association: NativeAssociation, error: HostError): void;
}

/** The queues of one socket. */
export class SctpOutbox implements Flushable {
  /** Milliseconds after which the system gives a message up; 0: never. */
  ttl: number;
  readonly #libc: C.Libc;
  readonly #gate: FlushGate;
  readonly #fd: number;
  readonly #events: OutboxEvents;
  readonly #maxQueue: number;
  readonly #arena = C.nativeMemory(LONGEST + 1);
  readonly #vector: MessageVector;
  readonly #name: Uint8Array;
  #dirty: NativeAssociation[] = [];
  #marked = false;
  #retrying = false;
  #released = false;

  constructor(
    libc: C.Libc,
    gate: FlushGate,
    fd: number,
    { local, settings, maxQueue }: SctpOptions,
    events: OutboxEvents,
  ) {
    this.#libc = libc;
    this.#gate = gate;
    this.#fd = fd;
    this.#events = events;
    this.#maxQueue = maxQueue;
    this.ttl = settings.send_ttl ?? 0;
    this.#vector = new MessageVector(libc, this.#arena, 1, local.family, S.CONTROL_SIZE);
    this.#name = new Uint8Array(this.#vector.names.buffer, 0, nameLength(local.family));
  }

  /** Begins to open an association; false when the system sees no way there. */
  connect(association: NativeAssociation): boolean {
    const libc = this.#libc;
    this.#vector.names.set(association.name);
    const failed = libc.connect(this.#fd, libc.pin(this.#name), this.#name.length) < 0;
    const errno = failed ? libc.errno() : 0;
    if (errno !== 0 && errno !== C.EINPROGRESS && errno !== C.EISCONN) return false;
    association.id = associationWith(libc, this.#fd, association.name);
    if (association.id !== 0) this.#events.onIdentified(association);
    return true;
  }

  /** SctpSocket.send. */
  add(association: NativeAssociation, buf: Uint8Array, start: number, end: number, mark: number): boolean {
    const length = end - start;
    if (length === 0 || length > LONGEST || association.queued + length > this.#maxQueue) return false;
    this.#put(association, { bytes: buf.slice(start, end), flags: S.SendFlag.UNORDERED, mark });
    return true;
  }

  /** Ends it: after what is queued, or in place of that. */
  end(association: NativeAssociation, abort: boolean): void {
    if (abort) {
      association.queue.length = 0;
      association.queued = 0;
    }
    this.#put(association, { bytes: NOTHING, flags: abort ? S.SendFlag.ABORT : S.SendFlag.EOF, mark: 0 });
  }

  #put(association: NativeAssociation, message: Waiting): void {
    association.queue.push(message);
    association.queued += message.bytes.length;
    if (association.queue.length === 1) this.#dirty.push(association);
    if (this.#marked) return;
    this.#marked = true;
    this.#gate.mark(this);
  }

  flush(): void {
    this.#marked = false;
    if (this.#released) return;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const association of dirty) if (!this.#sendAll(association)) this.#dirty.push(association);
    if (this.#dirty.length > 0) this.#retryLater();
  }

  /** Frees the memory; what is queued is lost. */
  release(): void {
    this.#released = true;
    this.#dirty = [];
    this.#vector.release();
    C.releaseMemory(this.#arena);
  }

  // False when the system takes no more now.
  #sendAll(association: NativeAssociation): boolean {
    const { queue } = association;
    if (association.id === 0) return true; // refused within the call that opened it: the notification is on its way
    for (let i = 0; i < queue.length; i++) {
      const errno = this.#sendOne(association, queue[i]!);
      if (errno === C.EAGAIN || errno === C.ENOBUFS) {
        queue.splice(0, i);
        return false;
      }
      if (errno !== 0) {
        queue.splice(0, i);
        const { address, port } = association.remote;
        this.#events.onFailed(association, C.systemError(this.#libc, `cannot send to ${address}:${port}`, errno));
        return true;
      }
      association.queued -= queue[i]!.bytes.length;
    }
    queue.length = 0;
    return true;
  }

  // The error number, 0 when it is sent.
  #sendOne(association: NativeAssociation, { bytes, flags, mark }: Waiting): number {
    const vector = this.#vector;
    this.#arena.set(bytes);
    vector.place(0, 0, bytes.length);
    vector.names.set(association.name);
    vector.reset();
    S.writeControl(vector.control, 0, flags, mark, this.ttl, association.id);
    let errno = C.EINTR;
    while (errno === C.EINTR)
      errno =
        this.#libc.sendmmsg(this.#fd, vector.pinned, 1, C.MSG_DONTWAIT | C.MSG_NOSIGNAL) < 0 ? this.#libc.errno() : 0;
    return errno;
  }

  #retryLater(): void {
    if (this.#retrying) return;
    this.#retrying = true;
    setTimeout(() => {
      this.#retrying = false;
      this.flush();
    }, RETRY);
  }
}
