// Settings of TCP sockets that the runtimes have no call for: their descriptors are looked for by address, and the options set natively.
// What a listening socket is given its connections inherit, so that nothing is done for each of them.
import type {
  SocketAddress,
  TcpConnection,
  TcpConnectOptions,
  TcpListener,
  TcpListenOptions,
  TcpTuning,
} from "./host.ts";
import * as C from "./libc.ts";
import type { NodeConnection } from "./node-tcp.ts";
import { NAME_WORDS, writeName } from "./udp-peers.ts";

const IPPROTO_TCP = 6;
const SO_KEEPALIVE = 9;
const SO_ACCEPTCONN = 30;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_SYNCNT = 7;
const TCP_LINGER2 = 8;
const TCP_DEFER_ACCEPT = 9;
const TCP_INFO = 11;
const SYN_SENT = 2; // the first octet of what TCP_INFO tells
const EBADF = 9;
/** Descriptors are given lowest first: behind so many that are free there are no more. */
const MOST_FREE = 1024;
/** Milliseconds after which an attempt to connect has its socket: its first packet is repeated after a second. */
const BEGUN = 50;

/** Network.listenTcp with all settings, by a driver that knows `keepAlive` alone. */
export async function listenTuned(
  tuner: TcpTuner | null,
  options: TcpListenOptions,
  listen: (options: TcpListenOptions) => Promise<TcpListener>,
): Promise<TcpListener> {
  if (tuner === null) return listen(options);
  const { keepAlive, ...rest } = options;
  const listener = await listen(rest);
  tuner.listening(listener.local, options);
  return listener;
}

/** Network.connectTcp with all settings, likewise. */
export async function connectTuned(
  tuner: TcpTuner | null,
  options: TcpConnectOptions,
  connect: (options: TcpConnectOptions) => Promise<NodeConnection>,
): Promise<TcpConnection> {
  if (tuner === null) return connect(options);
  const { keepAlive, ...rest } = options;
  const connecting = connect(rest);
  if (options.synRetries !== undefined) setTimeout(() => tuner.connecting(options), BEGUN);
  const connection = await connecting;
  tuner.connected(connection, options);
  return connection;
}

/** Sets options on the runtime's own TCP sockets. */
export class TcpTuner {
  readonly #libc: C.Libc;
  // one call at a time: its arguments
  readonly #name = new Int32Array(C.nativeMemory(4 * NAME_WORDS).buffer);
  readonly #value = new Int32Array(C.nativeMemory(8).buffer);
  readonly #length = new Int32Array(C.nativeMemory(8).buffer);

  constructor(libc: C.Libc) {
    this.#libc = libc;
  }

  /** Tunes the socket that listens there, and by it all connections that it accepts. False when it is not found. */
  listening(local: SocketAddress, tuning: TcpTuning & { readonly deferAccept?: number }): boolean {
    if (!asksFor(tuning) && tuning.synRetries === undefined && tuning.deferAccept === undefined) return true;
    const name = nameOf(local);
    const fd = this.#find((fd) => this.#isNamed(fd, name, true) && this.#get(fd, C.SOL_SOCKET, SO_ACCEPTCONN) === 1);
    if (fd < 0) return false;
    this.#tune(fd, local.family, tuning);
    this.#tuneOpening(fd, tuning);
    if (tuning.deferAccept !== undefined) this.#set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, tuning.deferAccept);
    return true;
  }

  /** Tunes the sockets that are just being connected, whose far ends the system does not tell yet. */
  connecting(tuning: TcpTuning): void {
    if (tuning.synRetries === undefined) return;
    this.#find((fd) => {
      if (this.#get(fd, IPPROTO_TCP, TCP_INFO) % 256 === SYN_SENT) this.#tuneOpening(fd, tuning);
      return false;
    });
  }

  /** Tunes one that has been connected. False when it is not found. */
  connected({ remote, local, descriptor: hint }: NodeConnection, tuning: TcpTuning): boolean {
    if (!asksFor(tuning)) return true;
    const far = nameOf(remote);
    const near = nameOf(local);
    const isIt = (fd: number): boolean => this.#isNamed(fd, far, false) && this.#isNamed(fd, near, true);
    const fd = hint >= 0 && isIt(hint) ? hint : this.#find(isIt);
    if (fd < 0) return false;
    this.#tune(fd, remote.family, tuning);
    return true;
  }

  #tune(fd: number, family: 4 | 6, { keepAlive, keepInterval, keepCount, finWait, trafficClass }: TcpTuning): void {
    if (keepAlive !== undefined) this.#set(fd, C.SOL_SOCKET, SO_KEEPALIVE, 1);
    if (keepAlive !== undefined && keepAlive > 0) this.#set(fd, IPPROTO_TCP, TCP_KEEPIDLE, Math.ceil(keepAlive / 1000));
    if (keepInterval !== undefined) this.#set(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepInterval);
    if (keepCount !== undefined) this.#set(fd, IPPROTO_TCP, TCP_KEEPCNT, keepCount);
    if (finWait !== undefined) this.#set(fd, IPPROTO_TCP, TCP_LINGER2, finWait);
    if (trafficClass === undefined) return;
    if (family === 4) this.#set(fd, C.IPPROTO_IP, C.IP_TOS, trafficClass);
    else this.#set(fd, C.IPPROTO_IPV6, C.IPV6_TCLASS, trafficClass);
  }

  #tuneOpening(fd: number, { synRetries }: TcpTuning): void {
    if (synRetries !== undefined) this.#set(fd, IPPROTO_TCP, TCP_SYNCNT, synRetries);
  }

  // The first descriptor that passes; -1 when none does.
  #find(passes: (fd: number) => boolean): number {
    for (let fd = 0, free = 0; free < MOST_FREE; fd++) {
      if (passes(fd)) return fd;
      free = this.#isFree(fd) ? free + 1 : 0;
    }
    return -1;
  }

  #isFree(fd: number): boolean {
    const asked = this.#ask(fd, C.SOL_SOCKET, SO_ACCEPTCONN);
    return asked < 0 && this.#libc.errno() === EBADF;
  }

  // Whether that is the socket's own name, or that of its far end.
  #isNamed(fd: number, wanted: Int32Array, own: boolean): boolean {
    const libc = this.#libc;
    const name = this.#name;
    name.fill(0);
    this.#length[0] = 4 * NAME_WORDS;
    const ask = own ? libc.getsockname : libc.getpeername;
    if (ask(fd, this.#pin(name), this.#pin(this.#length)) < 0) return false;
    return wanted.every((word, i) => word === name[i]);
  }

  #get(fd: number, level: number, option: number): number {
    return this.#ask(fd, level, option) < 0 ? -1 : this.#value[0]! & 0xff;
  }

  #ask(fd: number, level: number, option: number): number {
    this.#length[0] = 4;
    this.#value[0] = 0;
    return this.#libc.getsockopt(fd, level, option, this.#pin(this.#value), this.#pin(this.#length));
  }

  #set(fd: number, level: number, option: number, value: number): void {
    this.#value[0] = value;
    this.#libc.setsockopt(fd, level, option, this.#pin(this.#value), 4);
  }

  #pin(words: Int32Array): C.Pinned {
    return this.#libc.pin(new Uint8Array(words.buffer));
  }
}

// As the system writes it.
function nameOf(address: SocketAddress): Int32Array {
  const name = new Int32Array(NAME_WORDS);
  writeName(name, 0, address, address.family);
  return name;
}

// Whether there is anything to set on a connection that is open.
function asksFor({ keepAlive, keepInterval, keepCount, finWait, trafficClass }: TcpTuning): boolean {
  return [keepAlive, keepInterval, keepCount, finWait, trafficClass].some((value) => value !== undefined);
}
