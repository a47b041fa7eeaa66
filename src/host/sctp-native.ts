// SCTP by native calls: one one-to-many socket for each address that is listened on. Messages and notifications come by recvmmsg, as UDP's
// datagrams do; which association they are of stands in their ancillary data.
import type { FlushGate } from "./flush.ts";
import { HostError, type SocketAddress } from "./host.ts";
import * as C from "./libc.ts";
import { MessageVector } from "./message-vector.ts";
import type { Polled, Poller } from "./poller.ts";
import type { SctpOptions, SctpSettings, SctpSocket } from "./sctp.ts";
import { NativeAssociation, SctpOutbox } from "./sctp-outbox.ts";
import * as S from "./sctp-structs.ts";
import { readTuning, tune } from "./sctp-tuning.ts";
import { boundAddress } from "./udp-native.ts";
import { NAME_WORDS, nameLength, readName, writeName } from "./udp-peers.ts";

const BATCH = 16;
/** A longer piece of a message comes in parts. */
const SLOT = 65_536 + 1024;
const CONTROL = 64;
const BACKLOG = 1024;
const DEFAULT_BUFFER = 8 << 20;

/** The SCTP sockets of one host. */
export class NativeSctp {
  readonly poller: Poller;
  readonly libc: C.Libc;
  readonly gate: FlushGate;
  #arena: Uint8Array | null = null;

  constructor(poller: Poller) {
    this.poller = poller;
    this.libc = poller.libc;
    this.gate = poller.gate;
  }

  /** Network.noSctp. */
  missing(): HostError | null {
    const fd = openSocket(this.libc, 4);
    if (fd < 0) return C.systemError(this.libc, "socket");
    this.libc.close(fd);
    return null;
  }

  /** Network.bindSctp; throws HostError. */
  bind(options: SctpOptions): SctpSocket {
    const fd = boundSocket(this.libc, options);
    // Both families share the arena, since a message is only valid during its call.
    this.#arena ??= C.nativeMemory(BATCH * SLOT);
    const vector = new MessageVector(this.libc, this.#arena, BATCH, options.local.family, CONTROL);
    for (let i = 0; i < BATCH; i++) vector.place(i, i * SLOT, SLOT);
    const socket = new NativeSctpSocket(this, fd, vector, options);
    this.poller.add(socket);
    return socket;
  }
}

class NativeSctpSocket implements SctpSocket, Polled {
  readonly local: SocketAddress;
  readonly id: number;
  readonly fd: number;
  readonly batch = BATCH;
  open = true;
  empty = 0;
  readonly #driver: NativeSctp;
  readonly #options: SctpOptions;
  readonly #vector: MessageVector;
  readonly #outbox: SctpOutbox;
  readonly #byId = new Map<number, NativeAssociation>();
  readonly #byRemote = new Map<string, NativeAssociation>();
  /** Ended, but told of only when the messages that they could not send have been read. */
  #lost: (readonly [NativeAssociation, HostError | null])[] = [];

  constructor(driver: NativeSctp, fd: number, vector: MessageVector, options: SctpOptions) {
    this.#driver = driver;
    this.fd = fd;
    this.id = driver.poller.newId();
    this.#options = options;
    this.#vector = vector;
    this.local = boundAddress(driver.libc, fd);
    this.#outbox = new SctpOutbox(driver.libc, driver.gate, fd, options, {
      onIdentified: (association) => void this.#byId.set(association.id, association),
      onFailed: (association, error) => this.#fail(association, error),
    });
  }

  associate(remote: SocketAddress): NativeAssociation | null {
    if (!this.open || !writeName(scratch, 0, remote, this.local.family)) return null;
    const known = this.#byRemote.get(keyOf(readName(scratch, 0)));
    if (known !== undefined) return known;
    const association = new NativeAssociation(scratch, 0);
    if (!this.#outbox.connect(association)) return null;
    this.#byRemote.set(keyOf(association.remote), association);
    return association;
  }

  send(association: NativeAssociation, buf: Uint8Array, start: number, end: number, mark: number): boolean {
    if (!this.open || !association.open) return false;
    return this.#outbox.add(association, buf, start, end, mark);
  }

  end(association: NativeAssociation, abort: boolean): void {
    if (!association.open) return;
    this.#close(association);
    if (association.id === 0 && association.queued === 0) return;
    this.#outbox.end(association, abort);
  }

  settings(): Required<SctpSettings> {
    return readTuning(this.#driver.libc, this.fd, this.#outbox.ttl);
  }

  change(settings: SctpSettings): HostError | null {
    if (settings.send_ttl !== undefined) this.#outbox.ttl = settings.send_ttl;
    return tune(this.#driver.libc, this.fd, settings);
  }

  close(): void {
    if (!this.open) return;
    this.#outbox.flush();
    this.open = false;
    this.#outbox.release();
    this.#driver.libc.close(this.fd); // ends its associations in order
    this.#driver.poller.forget(this);
    this.#vector.release();
  }

  /** Polled.receive. */
  receive(): number {
    const vector = this.#vector;
    vector.reset();
    const n = this.#driver.libc.recvmmsg(this.fd, vector.pinned, BATCH, C.MSG_DONTWAIT);
    for (let i = 0; i < n && this.open; i++) {
      const at = i * SLOT;
      const end = at + vector.length(i);
      const flags = vector.flags(i);
      if ((flags & S.MSG_NOTIFICATION) !== 0) this.#notice(at, end, i * NAME_WORDS);
      else this.#data(at, end, (flags & S.MSG_EOR) !== 0, i);
    }
    if (n < BATCH && this.open) this.#tellLost();
    return Math.max(0, n);
  }

  #data(start: number, end: number, whole: boolean, i: number): void {
    const vector = this.#vector;
    const id = S.associationOf(vector.control, i * vector.controlSize, vector.controlLength(i));
    const association = this.#byId.get(id) ?? this.#accept(id, i * NAME_WORDS);
    if (association === null || !association.open || end === start) return;
    const { maxMessage } = this.#options;
    if (whole && association.partial === null && end - start <= maxMessage) {
      this.#hand(association, vector.data, start, end);
      return;
    }
    const partial = association.append(vector.data, start, end);
    if (partial.length > maxMessage) {
      this.#fail(association, new HostError("EMSGSIZE", "a message is too long"));
      this.#outbox.end(association, true);
    } else if (whole) {
      association.partial = null;
      this.#hand(association, partial, 0, partial.length);
    }
  }

  #hand(association: NativeAssociation, buf: Uint8Array, start: number, end: number): void {
    try {
      this.#options.onMessage(buf, start, end, association);
    } catch (error) {
      // A bug above: the rest of the batch is still served, and the error still surfaces.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #notice(start: number, end: number, name: number): void {
    const { data } = this.#vector;
    const notice = S.readNotice(data, start, end);
    if (notice === null) return;
    const { id } = notice;
    if (notice.kind === "change") {
      this.#changed(id, notice.state, name);
      return;
    }
    const association = this.#byId.get(id);
    if (association === undefined) return;
    if (notice.kind === "cut") association.partial = null;
    else if (notice.kind === "shutdown") this.#lose(association, null);
    else if (notice.first && notice.last && notice.end > notice.start)
      this.#options.onUnsent(association, data.slice(notice.start, notice.end), notice.mark);
    else this.#unsentPart(association, notice);
  }

  // A long message comes back in the chunks that it was cut into.
  #unsentPart(association: NativeAssociation, { first, last, start, end, mark }: S.UnsentNotice): void {
    if (first) association.unsent = new Uint8Array(0);
    const message = association.appendUnsent(this.#vector.data, start, end, this.#options.maxMessage);
    if (message === null || !last) return;
    association.unsent = null;
    this.#options.onUnsent(association, message, mark);
  }

  #changed(id: number, state: number, name: number): void {
    const { UP, LOST, RESTARTED, SHUT_DOWN } = S.AssociationState;
    const association = this.#byId.get(id);
    if (state === UP) {
      const known = association ?? this.#byRemote.get(keyOf(readName(this.#vector.names, name)));
      if (known === undefined) this.#accept(id, name);
      else {
        known.id = id;
        this.#byId.set(id, known);
        if (known.open) this.#options.onOpen(known);
      }
      return;
    }
    const gone = association ?? this.#waitingFor(name);
    if (gone === undefined) return;
    if (state === RESTARTED) gone.partial = null;
    else if (state === SHUT_DOWN) this.#lose(gone, null);
    else if (state === LOST) this.#lose(gone, new HostError("ECONNRESET", "the association was lost: ECONNRESET"));
    else this.#lose(gone, new HostError("ECONNREFUSED", "no association could be opened: ECONNREFUSED"));
  }

  #waitingFor(name: number): NativeAssociation | undefined {
    const waiting = this.#byRemote.get(keyOf(readName(this.#vector.names, name)));
    return waiting?.id === 0 ? waiting : undefined;
  }

  // One that a peer has opened; null when it is not wanted.
  #accept(id: number, name: number): NativeAssociation | null {
    if (id === 0) return null;
    const association = new NativeAssociation(this.#vector.names, name);
    association.id = id;
    this.#byId.set(id, association);
    if (!this.#byRemote.has(keyOf(association.remote))) this.#byRemote.set(keyOf(association.remote), association);
    if (this.#options.onOpen(association)) return association;
    this.end(association, true);
    return null;
  }

  // Nothing more is sent over it; it is told when the socket has been read empty.
  #lose(association: NativeAssociation, error: HostError | null): void {
    const wasOpen = association.open;
    this.#close(association);
    if (wasOpen) this.#lost.push([association, error]);
    else this.#byId.delete(association.id);
  }

  #tellLost(): void {
    if (this.#lost.length === 0) return;
    const lost = this.#lost;
    this.#lost = [];
    for (const [association, error] of lost) {
      this.#byId.delete(association.id);
      this.#tellGone(association, error);
    }
  }

  // It cannot be used any more, as a call has shown.
  #fail(association: NativeAssociation, error: HostError): void {
    if (!association.open) return;
    this.#close(association);
    this.#tellGone(association, error);
  }

  #tellGone(association: NativeAssociation, error: HostError | null): void {
    for (const { bytes, mark } of association.takeQueue()) this.#options.onUnsent(association, bytes, mark);
    this.#options.onClose(association, error);
  }

  #close(association: NativeAssociation): void {
    association.open = false;
    association.partial = null;
    const key = keyOf(association.remote);
    if (this.#byRemote.get(key) === association) this.#byRemote.delete(key);
  }
}

const scratch = new Int32Array(NAME_WORDS);

function keyOf({ address, port }: SocketAddress): string {
  return `${address} ${port}`;
}

function openSocket(libc: C.Libc, family: 4 | 6): number {
  const type = S.SOCK_SEQPACKET | C.SOCK_NONBLOCK | C.SOCK_CLOEXEC;
  return libc.socket(family === 4 ? C.AF_INET : C.AF_INET6, type, S.IPPROTO_SCTP);
}

function boundSocket(libc: C.Libc, { local, settings }: SctpOptions): number {
  const shown = `sctp:${local.family === 6 ? `[${local.address}]` : local.address}:${local.port}`;
  const memory = C.nativeMemory(4 * NAME_WORDS);
  const fd = openSocket(libc, local.family);
  try {
    if (fd < 0) throw C.systemError(libc, "cannot open an SCTP socket");
    const set = (level: number, option: number, value: readonly number[]): void => {
      memory.set(value);
      if (libc.setsockopt(fd, level, option, libc.pin(memory), value.length) < 0)
        throw C.systemError(libc, "cannot set an SCTP socket up");
    };
    if (local.family === 6) set(C.IPPROTO_IPV6, C.IPV6_V6ONLY, [1, 0, 0, 0]);
    set(S.IPPROTO_SCTP, S.SctpOption.EVENTS, S.EVENTS);
    set(S.IPPROTO_SCTP, S.SctpOption.NODELAY, [1, 0, 0, 0]);
    // long messages of two associations may come by turns: one slow sender holds up nobody
    set(S.IPPROTO_SCTP, S.SctpOption.FRAGMENT_INTERLEAVE, [1, 0, 0, 0]);
    const refused = tune(libc, fd, { socket_rcvbuf: DEFAULT_BUFFER, socket_sndbuf: DEFAULT_BUFFER, ...settings });
    if (refused !== null) throw refused;
    if (!writeName(new Int32Array(memory.buffer), 0, local, local.family))
      throw new HostError("EINVAL", `not an IPv${local.family} address: ${local.address}`);
    if (libc.bind(fd, libc.pin(memory), nameLength(local.family)) < 0 || libc.listen(fd, BACKLOG) < 0)
      throw C.systemError(libc, `cannot listen on ${shown}`);
    return fd;
  } catch (error) {
    if (fd >= 0) libc.close(fd);
    throw error;
  } finally {
    C.releaseMemory(memory);
  }
}
