// Batched UDP by recvmmsg and sendmmsg (design.md, D6), the same on every runtime: the calls come from `Libc`.
//
//   epoll (one-shot) → waker → ready list → turn(): recvmmsg → onMessage × n → hooks → sendmmsg → … → re-arm
//
// All sockets share one arena to receive into, since a datagram is only valid during its call.
import { ipFamily, parseIp } from "../util/ip.ts";
import type { FlushGate } from "./flush.ts";
import { HostError, type UdpMarks, type UdpOptions, type UdpSocket } from "./host.ts";
import * as C from "./libc.ts";
import { MessageVector } from "./message-vector.ts";
import type { Polled, Poller } from "./poller.ts";
import { errorQueueOption, UdpErrorQueue } from "./udp-errors.ts";
import { NAME_WORDS, type NativePeer, nameLength, PeerCache, readName, writeName } from "./udp-peers.ts";
import { HEADERS, openRaw, RawHeaders, type RawOptions } from "./udp-raw.ts";
import { UdpSendQueue } from "./udp-send-queue.ts";

const BATCH = 64;
/** Room for the largest datagram; the odd extra spreads the slots over the sets of the processor's caches. */
const SLOT = 65_536 + 64 * 17;
/** Places in each socket's cache of peers: half a megabyte. */
const PEERS = 65_536;
const DEFAULT_BUFFER = 8 << 20;

/** The UDP sockets of one host. Throws HostError "ENOSYS" when the system lacks what it needs. */
export class NativeUdp {
  readonly libc: C.Libc;
  readonly gate: FlushGate;
  readonly #poller: Poller;
  #receive4: MessageVector | null = null;
  #receive6: MessageVector | null = null;
  #arena: Uint8Array | null = null;
  /** The receiving slots, one after the other in the arena. */
  slots: readonly Uint8Array[] = [];

  constructor(poller: Poller) {
    this.libc = poller.libc;
    this.gate = poller.gate;
    this.#poller = poller;
  }

  /** Network.bindUdp. */
  bind(options: UdpOptions): UdpSocket {
    const fd = openSocket(this.libc, options);
    const socket = new NativeSocket(this, fd, this.#poller.newId(), options, this.#vector(options.local.family));
    this.#poller.add(socket);
    return socket;
  }

  /** Network.sourceFor: what a socket that is connected to the address (which sends nothing) has as its own. */
  sourceFor(address: string): string | null {
    const family = ipFamily(address);
    if (family === 0) return null;
    const fd = this.libc.socket(family === 4 ? C.AF_INET : C.AF_INET6, C.SOCK_DGRAM | C.SOCK_CLOEXEC, 0);
    if (fd < 0) return null;
    const name = C.nativeMemory(4 * NAME_WORDS);
    try {
      const known = writeName(new Int32Array(name.buffer), 0, { family, address, port: 5060 }, family);
      if (!known || this.libc.connect(fd, this.libc.pin(name), nameLength(family)) < 0) return null;
      return boundAddress(this.libc, fd).address;
    } finally {
      C.releaseMemory(name);
      this.libc.close(fd);
    }
  }

  /** Forgets a closed socket. */
  forget(socket: NativeSocket): void {
    this.#poller.forget(socket);
  }

  /** Calls `fn` a little later, for a send queue that the system would not take. */
  retry(fn: () => void): void {
    setTimeout(fn, 1);
  }

  #vector(family: 4 | 6): MessageVector {
    if (this.#arena === null) {
      const arena = C.nativeMemory(BATCH * SLOT);
      this.#arena = arena;
      // Each slot has a view of its own, so that a message begins at offset 0 and may be kept by one copy without moving offsets.
      this.slots = Array.from({ length: BATCH }, (_, i) => arena.subarray(i * SLOT, (i + 1) * SLOT));
    }
    if (family === 4) {
      this.#receive4 ??= receiveVector(this.libc, this.#arena, 4);
      return this.#receive4;
    }
    this.#receive6 ??= receiveVector(this.libc, this.#arena, 6);
    return this.#receive6;
  }
}

/** One bound socket. */
export class NativeSocket implements UdpSocket, Polled {
  readonly local;
  readonly id: number;
  readonly fd: number;
  readonly batch = BATCH;
  readonly #driver: NativeUdp;
  readonly #options: UdpOptions;
  readonly #vector: MessageVector;
  readonly #peers: PeerCache;
  readonly #queue: UdpSendQueue;
  #errors: UdpErrorQueue | null = null;
  #raw: { readonly fd: number; readonly headers: RawHeaders; readonly queue: UdpSendQueue } | null = null;
  readonly #counts = { received: 0, receiveErrors: 0 };
  /** What raw sockets have done that are closed. */
  readonly #ended = { sent: 0, droppedFull: 0, sendErrors: 0 };
  open = true;
  /** Looks in a row that found nothing. */
  empty = 0;

  constructor(driver: NativeUdp, fd: number, id: number, options: UdpOptions, vector: MessageVector) {
    this.#driver = driver;
    this.fd = fd;
    this.id = id;
    this.#options = options;
    this.#vector = vector;
    this.local = boundAddress(driver.libc, fd);
    this.#peers = new PeerCache(options.local.family, PEERS);
    const { family } = options.local;
    const { icmp = false } = options;
    this.#queue = new UdpSendQueue(driver, fd, family, (peer, error) => options.onError?.(peer, error), icmp);
    if (icmp) this.#errors = new UdpErrorQueue(driver.libc, fd, family);
    if (options.raw !== undefined) this.sendRaw(options.raw);
  }

  sendRaw(raw: RawOptions | null): boolean {
    if (raw === null) {
      this.#endRaw();
      return true;
    }
    const driver = this.#driver;
    const fd = this.local.family === 4 && this.open ? openRaw(driver.libc) : null;
    if (fd === null) return false;
    this.#endRaw();
    const { address, port } = this.local;
    const headers = new RawHeaders(address, port, this.#options.marks?.trafficClass ?? 0, raw);
    const onError = (peer: NativePeer, error: HostError): void => this.#options.onError?.(peer, error);
    this.#raw = { fd, headers, queue: new UdpSendQueue(driver, fd, 4, onError, false, headers) };
    return true;
  }

  #endRaw(): void {
    if (this.#raw === null) return;
    const { queue, fd } = this.#raw;
    queue.flush();
    for (const count of ["sent", "droppedFull", "sendErrors"] as const) this.#ended[count] += queue[count];
    queue.release();
    this.#driver.libc.close(fd);
    this.#raw = null;
  }

  get sendsRaw(): boolean {
    return this.#raw !== null;
  }

  get stats() {
    const { sent, droppedFull, sendErrors } = this.#queue;
    const raw = this.#raw?.queue;
    return {
      ...this.#counts,
      sent: sent + this.#ended.sent + (raw?.sent ?? 0),
      droppedFull: droppedFull + this.#ended.droppedFull + (raw?.droppedFull ?? 0),
      sendErrors: sendErrors + this.#ended.sendErrors + (raw?.sendErrors ?? 0),
    };
  }

  peer(remote: UdpOptions["local"]): NativePeer | null {
    if (!writeName(scratchName, 0, remote, this.local.family)) return null;
    return this.#peers.find(scratchName, 0);
  }

  send(peer: NativePeer, buf: Uint8Array, start: number, end: number): void {
    if (!this.open) return;
    const raw = this.#raw;
    if (raw !== null && end - start + HEADERS <= raw.headers.mtu) raw.queue.add(peer, buf, start, end);
    else this.#queue.add(peer, buf, start, end);
  }

  close(): void {
    if (!this.open) return;
    this.#queue.flush();
    this.#endRaw();
    this.open = false;
    this.#queue.release();
    this.#errors?.release();
    // Closing the last descriptor also takes it out of epoll, at once and whoever waits there.
    this.#driver.libc.close(this.fd);
    this.#driver.forget(this);
  }

  /** Receives one batch and hands out its datagrams; returns their number, 0 when there was none. */
  receive(): number {
    const { libc } = this.#driver;
    const vector = this.#vector;
    const n = libc.recvmmsg(this.fd, vector.pinned, BATCH, C.MSG_DONTWAIT);
    if (n <= 0) {
      const errno = n < 0 ? libc.errno() : C.EAGAIN;
      if (this.#errors !== null && this.empty === 0) this.#readErrors(this.#errors);
      else if (errno !== C.EAGAIN && errno !== C.EINTR) this.#counts.receiveErrors++;
      return 0;
    }
    this.#counts.received += n;
    const { onMessage } = this.#options;
    const { names } = vector;
    const slots = this.#driver.slots;
    for (let i = 0; i < n; i++) {
      const peer = this.#peers.find(names, i * NAME_WORDS);
      try {
        onMessage(slots[i]!, 0, vector.length(i), peer);
      } catch (error) {
        // A bug above: the rest of the batch is still served, and the error still surfaces.
        queueMicrotask(() => {
          throw error;
        });
      }
      if (!this.open) break;
    }
    return n;
  }

  // Looked for when the socket woke up and there is no datagram: as long as errors are there, the system wakes it again.
  #readErrors(errors: UdpErrorQueue): void {
    errors.drain((errno) => {
      if (!this.open) return;
      const peer = this.#peers.find(errors.name, 0);
      const { address, port } = peer.remote;
      this.#options.onError?.(peer, C.systemError(this.#driver.libc, `${address}:${port} was not reached`, errno));
    });
  }
}

const scratchName = new Int32Array(NAME_WORDS);

function receiveVector(libc: C.Libc, arena: Uint8Array, family: 4 | 6): MessageVector {
  const vector = new MessageVector(libc, arena, BATCH, family);
  for (let i = 0; i < BATCH; i++) vector.place(i, i * SLOT, SLOT);
  return vector;
}

function openSocket(libc: C.Libc, options: UdpOptions): number {
  const { family } = options.local;
  const name = C.nativeMemory(4 * NAME_WORDS);
  const value = C.nativeMemory(4);
  const fd = libc.socket(family === 4 ? C.AF_INET : C.AF_INET6, C.SOCK_DGRAM | C.SOCK_NONBLOCK | C.SOCK_CLOEXEC, 0);
  try {
    if (fd < 0) throw C.systemError(libc, "cannot open a UDP socket");
    const set = (level: number, option: number, number: number) => {
      new DataView(value.buffer).setInt32(0, number, true);
      return libc.setsockopt(fd, level, option, libc.pin(value), 4) === 0;
    };
    if (family === 6) set(C.IPPROTO_IPV6, C.IPV6_V6ONLY, 1);
    const receive = options.receiveBuffer ?? DEFAULT_BUFFER;
    if (!set(C.SOL_SOCKET, C.SO_RCVBUFFORCE, receive)) set(C.SOL_SOCKET, C.SO_RCVBUF, receive);
    const send = options.sendBuffer ?? DEFAULT_BUFFER;
    if (!set(C.SOL_SOCKET, C.SO_SNDBUFFORCE, send)) set(C.SOL_SOCKET, C.SO_SNDBUF, send);
    if (options.icmp === true) set(...errorQueueOption(family), 1);
    if (options.marks !== undefined) mark(family, options.marks, set);
    if (!writeName(new Int32Array(name.buffer), 0, options.local, family))
      throw new HostError("EINVAL", `not an IPv${family} address: ${options.local.address}`);
    if (libc.bind(fd, libc.pin(name), nameLength(family)) < 0)
      throw C.systemError(libc, `cannot listen on ${describe(options)}`);
    if (isMulticast(options.local.address)) joinGroup(libc, fd, options);
    return fd;
  } catch (error) {
    if (fd >= 0) libc.close(fd);
    throw error;
  } finally {
    C.releaseMemory(name);
    C.releaseMemory(value);
  }
}

type SetOption = (level: number, option: number, value: number) => boolean;

// Where the system refuses a mark, it goes without: none of them decides whether a message arrives.
function mark(family: 4 | 6, marks: UdpMarks, set: SetOption): void {
  const v4 = family === 4;
  const level = v4 ? C.IPPROTO_IP : C.IPPROTO_IPV6;
  const { trafficClass, neverCut, multicastHops, multicastLoop } = marks;
  if (trafficClass !== undefined) set(level, v4 ? C.IP_TOS : C.IPV6_TCLASS, trafficClass);
  if (neverCut !== undefined)
    set(level, v4 ? C.IP_MTU_DISCOVER : C.IPV6_MTU_DISCOVER, neverCut ? C.IP_PMTUDISC_DO : C.IP_PMTUDISC_DONT);
  if (multicastHops !== undefined) set(level, v4 ? C.IP_MULTICAST_TTL : C.IPV6_MULTICAST_HOPS, multicastHops);
  if (multicastLoop !== undefined) set(level, v4 ? C.IP_MULTICAST_LOOP : C.IPV6_MULTICAST_LOOP, multicastLoop ? 1 : 0);
}

function isMulticast(address: string): boolean {
  const first = Number.parseInt(address, 10);
  return address.includes(":") ? /^ff/i.test(address) : first >= 224 && first < 240;
}

// struct ip_mreq: the group, then the interface's address; struct ipv6_mreq: the group, then the interface's number (0: any).
function joinGroup(libc: C.Libc, fd: number, { local, marks }: UdpOptions): void {
  const v4 = local.family === 4;
  const request = C.nativeMemory(v4 ? 8 : 20);
  const scratch = new Uint8Array(16);
  parseIp(local.address, scratch);
  request.set(scratch.subarray(0, v4 ? 4 : 16));
  if (v4 && marks?.joinOn !== undefined && parseIp(marks.joinOn, scratch) === 4) request.set(scratch.subarray(0, 4), 4);
  const [level, option] = v4 ? [C.IPPROTO_IP, C.IP_ADD_MEMBERSHIP] : [C.IPPROTO_IPV6, C.IPV6_JOIN_GROUP];
  const failed = libc.setsockopt(fd, level, option, libc.pin(request), request.length) < 0;
  C.releaseMemory(request);
  if (failed) throw C.systemError(libc, `cannot join the group ${local.address}`);
}

/** What a descriptor is bound to. */
export function boundAddress(libc: C.Libc, fd: number): UdpOptions["local"] {
  const name = C.nativeMemory(4 * NAME_WORDS);
  const length = C.nativeMemory(4);
  new DataView(length.buffer).setUint32(0, 28, true);
  const failed = libc.getsockname(fd, libc.pin(name), libc.pin(length)) < 0;
  C.releaseMemory(name);
  C.releaseMemory(length);
  if (failed) throw C.systemError(libc, "cannot read a socket's address");
  return readName(new Int32Array(name.buffer), 0);
}

function describe({ local }: UdpOptions): string {
  return local.family === 6 ? `udp:[${local.address}]:${local.port}` : `udp:${local.address}:${local.port}`;
}
