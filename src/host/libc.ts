// The C library as the native UDP driver sees it, whichever runtime calls it, and the Linux constants that it needs.
import { constants } from "node:os";
import { HostError } from "./host.ts";

/** Memory that native code may use: what the runtime's call wants in place of a pointer (an address on Bun, the array on Deno). */
export type Pinned = object | number;

/** The few calls the drivers of UDP and SCTP need; each returns what C returns (-1 on failure, then `errno()` tells why). */
export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, name: Pinned, length: number): number;
  connect(fd: number, name: Pinned, length: number): number;
  getsockname(fd: number, name: Pinned, length: Pinned): number;
  getpeername(fd: number, name: Pinned, length: Pinned): number;
  setsockopt(fd: number, level: number, option: number, value: Pinned, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: Pinned, length: Pinned): number;
  listen(fd: number, backlog: number): number;
  recvmmsg(fd: number, headers: Pinned, count: number, flags: number): number;
  sendmmsg(fd: number, headers: Pinned, count: number, flags: number): number;
  close(fd: number): number;
  epollCreate(flags: number): number;
  epollCtl(epoll: number, operation: number, fd: number, event: Pinned): number;
  eventfd(initial: number, flags: number): number;
  write(fd: number, buf: Pinned, length: number): number;
  errno(): number;
  /** Where the array's memory lies. The array must have been made on `new ArrayBuffer(n)` and be kept by `keep`. */
  address(buf: Uint8Array): number;
  /** The form in which this array is passed to the calls above. */
  pin(buf: Uint8Array): Pinned;
  /** Loads what `watch` needs of the program's own files, so that it starts also where they are out of reach. */
  prepare(): Promise<void>;
  /**
   * Waits for events of `epoll` without blocking the event loop and calls `onReady` with the 32-bit data of each;
   * data 0 ends it and `onEnd` is called once.
   */
  watch(epoll: number, onReady: (data: number) => void, onEnd: () => void): void;
}

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const IPPROTO_RAW = 255;
export const SOCK_CLOEXEC = 0x80000;
export const SOCK_NONBLOCK = 0x800;
export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const IPPROTO_IP = 0;
export const IP_TOS = 1;
export const IP_MTU_DISCOVER = 10;
export const IP_PMTUDISC_DONT = 0;
export const IP_PMTUDISC_DO = 2;
export const IP_MULTICAST_TTL = 33;
export const IP_MULTICAST_LOOP = 34;
export const IP_ADD_MEMBERSHIP = 35;
export const IPV6_MULTICAST_HOPS = 18;
export const IPV6_MULTICAST_LOOP = 19;
export const IPV6_JOIN_GROUP = 20;
export const IPV6_MTU_DISCOVER = 23;
export const IPV6_TCLASS = 67;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 1;
export const EPOLLONESHOT = 1 << 30;
export const EPOLL_CLOEXEC = 0x80000;
export const EFD_CLOEXEC = 0x80000;
export const EINTR = 4;
export const EAGAIN = 11;
export const EMSGSIZE = 90;
export const ENOBUFS = 105;
export const ESOCKTNOSUPPORT = 94;
export const EISCONN = 106;
export const EINPROGRESS = 115;

/** Bytes of a struct epoll_event: packed on x86-64 only. */
export const epollEventSize = process.arch === "x64" ? 12 : 16;
/** Where its 64-bit data begins. */
export const epollDataOffset = process.arch === "x64" ? 4 : 8;

/**
 * Memory for native code. It is allocated as a buffer first (a small typed array moves when `.buffer` is read) and kept
 * from a place that the engine cannot drop (an unreferenced module constant was collected): design.md, D6.
 */
export function nativeMemory(bytes: number): Uint8Array {
  const memory = new Uint8Array(new ArrayBuffer(bytes));
  kept.add(memory);
  return memory;
}

/** Lets the memory go; native code must have no pointer to it any more. */
export function releaseMemory(memory: Uint8Array): void {
  kept.delete(memory);
}

const registry = globalThis as unknown as { porticoNativeMemory?: Set<Uint8Array> };
registry.porticoNativeMemory ??= new Set();
const kept = registry.porticoNativeMemory;

/** The HostError of what the last call left in errno. */
export function systemError(libc: Libc, what: string, errno = libc.errno()): HostError {
  let code = errno === ESOCKTNOSUPPORT ? "ESOCKTNOSUPPORT" : `E${errno}`; // the one that the runtimes have no name for
  for (const [name, value] of Object.entries(constants.errno)) if (value === errno) code = name;
  return new HostError(code, `${what}: ${code}`);
}
