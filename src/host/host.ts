// The only door to the outside (design.md, D1). `bun.ts`, `deno.ts` and `simulated.ts` implement it; nothing outside
// src/host touches a clock, a timer, randomness, a socket, a file or a database directly.

import type { SctpOptions, SctpSocket } from "./sctp.ts";
import type { System } from "./system.ts";
import type { Tls, TlsAcceptor, TlsDialer, TlsInfo } from "./tls.ts";

/** An address and port. `address` is numeric text without brackets ("127.0.0.1", "::1"), never a name. */
export interface SocketAddress {
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
}

/** Wall clock and monotonic clock, in milliseconds. */
export interface Clock {
  /** Milliseconds since 1970, may jump. */
  wall(): number;
  /** Milliseconds from an arbitrary origin, never goes back; fractional. */
  mono(): number;
  /** Calls `fn` after `ms`; for the timer wheel and other coarse users, never one per transaction. Returns a canceller. */
  after(ms: number, fn: () => void): () => void;
  /** Calls `fn` in the next turn of the event loop. */
  soon(fn: () => void): void;
}

/** Random bytes. `fill` is cryptographic outside the simulation; `uint32` is cheap and only hard to guess. */
export interface Random {
  fill(bytes: Uint8Array): void;
  uint32(): number;
}

/** Digests over byte strings, as lower-case hex: the three algorithms of RFC 8760, SHA-1 for the WebSocket handshake. */
export interface Hashing {
  md5(text: string): string;
  sha1(text: string): string;
  sha256(text: string): string;
  sha384(text: string): string;
  sha512(text: string): string;
  sha512_256(text: string): string;
  hmacSha256(key: Uint8Array, text: string): string;
}

/**
 * The far end of datagrams as one socket sees it. The socket interns these in a bounded cache, so the same address
 * usually is the same object, and no object is made per datagram. It stays valid as long as somebody holds it.
 */
export interface UdpPeer {
  readonly remote: SocketAddress;
  /** A place for what the user of the socket keeps with this peer (net/udp.ts keeps its Flow); null at first. */
  attachment: unknown;
}

/** What a socket has counted since it was bound: datagrams. */
export interface UdpStats {
  readonly received: number;
  readonly sent: number;
  /** Thrown away because the system takes no more and the queue is full. */
  readonly droppedFull: number;
  /** Refused by the system (no route, too long, forbidden); each was told to onError. */
  readonly sendErrors: number;
  /** Failures of receiving other than "nothing there". */
  readonly receiveErrors: number;
}

export interface UdpSocket {
  readonly local: SocketAddress;
  readonly stats: UdpStats;
  /** Whether it sends by a raw socket (UdpOptions.raw). */
  readonly sendsRaw?: boolean;
  /** Begins to send so, or ends that with null. Whether it could; absent where nobody can. */
  sendRaw?(raw: UdpOptions["raw"] | null): boolean;
  /** A peer of this socket, from the cache or new. Null when the address is of another family. */
  peer(remote: SocketAddress): UdpPeer | null;
  /** Queues buf[start,end) to the peer; the bytes are copied before return. Sent at the end of the batch (see Host.beforeFlush). */
  send(peer: UdpPeer, buf: Uint8Array, start: number, end: number): void;
  close(): void;
}

export interface UdpOptions {
  readonly local: SocketAddress; // port 0: one that the system gives
  /** One datagram: valid only during the call, and buf must not be kept or changed beyond [start,end). Must not throw. */
  readonly onMessage: (buf: Uint8Array, start: number, end: number, peer: UdpPeer) => void;
  /** An ICMP error for something sent to that peer, where the system tells. */
  readonly onError?: (peer: UdpPeer | null, error: HostError) => void;
  /** Have onError called for ICMP errors too, where the system tells; else it is for what cannot be sent at all. */
  readonly icmp?: boolean;
  readonly receiveBuffer?: number; // SO_RCVBUF, bytes
  readonly sendBuffer?: number;
  /** For a few datagrams only: without the memory that sending and receiving many in one call takes. */
  readonly light?: boolean;
  /** Native sockets only. */
  readonly marks?: UdpMarks;
  /**
   * IPv4 over native sockets: packets up to `mtu` bytes are sent by a raw socket, with `ttl` hops (-1: as others have it). Where that is not permitted
   * the ordinary socket sends all; `sendsRaw` tells.
   */
  readonly raw?: { readonly mtu: number; readonly ttl: number };
}

/** Sends IPv4 datagrams in the name of any address. */
export interface RawUdp {
  /** Sends buf[start,end) at once, both addresses being numeric; false when the system does not take it, which is then lost. */
  send(from: SocketAddress, to: SocketAddress, buf: Uint8Array, start: number, end: number): boolean;
  close(): void;
}

/** What is written into the IP headers of sent datagrams, and what is joined; what is left out is up to the system. */
export interface UdpMarks {
  /** Octet of IP_TOS or IPV6_TCLASS. */
  readonly trafficClass?: number;
  /** Whether datagrams that are too long for the path are refused in place of being cut (IP_MTU_DISCOVER). */
  readonly neverCut?: boolean;
  /** Hops of multicast datagrams. */
  readonly multicastHops?: number;
  /** Whether we hear our own multicast datagrams. */
  readonly multicastLoop?: boolean;
  /** For a socket bound to a multicast address: the address of the interface that joins the group; the system chooses without. */
  readonly joinOn?: string;
}

export interface TcpConnection {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /** What its handshake has agreed on; null without TLS. */
  readonly tls: TlsInfo | null;
  /** Queues a copy of buf[start,end). Returns false and closes when the connection's bounded queue is full or it is gone. */
  send(buf: Uint8Array, start: number, end: number): boolean;
  /** Bytes accepted by send but not yet taken by the system. */
  readonly queued: number;
  /** Sends what is queued, then closes; `abort` throws the queue away. */
  close(): void;
  abort(): void;
  /** Stops and starts reading, to push back on a peer that sends faster than we handle. */
  pause(): void;
  resume(): void;
}

export interface TcpHandlers {
  /** Bytes in order; valid only during the call. */
  readonly onData: (connection: TcpConnection, buf: Uint8Array, start: number, end: number) => void;
  /** Called exactly once, whoever closed; `error` when it was not orderly. */
  readonly onClose: (connection: TcpConnection, error: HostError | null) => void;
}

export interface TcpListener {
  readonly local: SocketAddress;
  close(): void;
}

/** Settings of the system for a connection; what is left out stays as it has them. Elsewhere than on Linux only `keepAlive` holds. */
export interface TcpTuning {
  /** Idle milliseconds before the system asks whether the far end is alive; 0: the system's own time; none asks without it. */
  readonly keepAlive?: number;
  /** Seconds between further questions, and how many stay unanswered until the connection is given up (TCP_KEEPINTVL, TCP_KEEPCNT). */
  readonly keepInterval?: number;
  readonly keepCount?: number;
  /** Seconds for which the system waits for the far end's close when we have closed (TCP_LINGER2). */
  readonly finWait?: number;
  /** How often the first packet of a connection is repeated (TCP_SYNCNT); of one that listens, its answer. */
  readonly synRetries?: number;
  /** The octet of IP headers that says what is urgent (TOS, DSCP). */
  readonly trafficClass?: number;
}

export interface TcpListenOptions extends TcpTuning {
  readonly local: SocketAddress;
  readonly backlog?: number;
  /** A new connection: returns what handles it, or null to refuse it at once. */
  readonly onConnection: (connection: TcpConnection) => TcpHandlers | null;
  readonly maxQueue: number; // bytes a connection may queue for sending
  /** Seconds for which a connection is held back until something comes over it (TCP_DEFER_ACCEPT). */
  readonly deferAccept?: number;
  /** With TLS a connection is told of when its handshake has succeeded. */
  readonly tls?: TlsAcceptor;
  /** With TLS: whether a handshake is begun with that far end at all; without it with everybody. */
  readonly mayBegin?: (remote: SocketAddress) => boolean;
}

export interface TcpConnectOptions extends TcpTuning {
  readonly remote: SocketAddress;
  readonly localAddress?: string;
  readonly timeout: number; // ms until the attempt fails
  readonly handlers: TcpHandlers;
  readonly maxQueue: number;
  /** With TLS it is there when the handshake has succeeded; a far end that must not be believed is EPROTO. */
  readonly tls?: TlsDialer;
}

/** A unix stream socket to listen on. A name that nobody listens on any more is taken over. */
export interface UnixListenOptions {
  readonly path: string;
  /** Permissions of the name from the moment it is there. */
  readonly mode: number;
  readonly onConnection: TcpListenOptions["onConnection"];
  readonly maxQueue: number;
}

/** A unix stream socket to connect to. */
export interface UnixConnectOptions {
  readonly path: string;
  readonly handlers: TcpHandlers;
  readonly maxQueue: number;
}

export interface Network {
  /** Whether UDP goes by native batched calls, or by the runtime's own datagram sockets. */
  readonly nativeUdp: boolean;
  /** Resolves when bound; rejects with HostError (code "EADDRINUSE", "EACCES", "EADDRNOTAVAIL" …). */
  bindUdp(options: UdpOptions): Promise<UdpSocket>;
  /** A raw socket; null where that is not permitted or not offered. */
  openRawUdp(): RawUdp | null;
  /** Why there is no SCTP: the error of the attempt to open a socket of it; null when there is. */
  noSctp(): HostError | null;
  /** Resolves when bound; rejects with HostError, "EPROTONOSUPPORT" where the system has no SCTP. */
  bindSctp(options: SctpOptions): Promise<SctpSocket>;
  listenTcp(options: TcpListenOptions): Promise<TcpListener>;
  /** Resolves when connected; rejects with HostError. */
  connectTcp(options: TcpConnectOptions): Promise<TcpConnection>;
  /** Resolves when the name is there; rejects with HostError: "EADDRINUSE" when somebody listens on it. `close` takes the name away. */
  listenUnix(options: UnixListenOptions): Promise<{ close(): void }>;
  connectUnix(options: UnixConnectOptions): Promise<TcpConnection>;
  /** Addresses of this machine's interfaces: [name, address]. */
  interfaces(): readonly (readonly [string, string])[];
  /** The address that the system sends from to that address (numeric); null when it cannot be told. Sends nothing. */
  sourceFor(address: string): string | null;
  /** The name of an address by the system's resolver; null when it has none. */
  nameOf(address: string): Promise<string | null>;
  /** Looks up A (4) or AAAA (6) records by the system's resolver; an empty list when there are none. */
  lookup(name: string, family: 4 | 6): Promise<readonly string[]>;
}

/** A value SQLite stores. Text is a JavaScript string in Unicode. */
export type SqlValue = string | number | bigint | Uint8Array | null;

export interface SqliteStatement {
  all(...values: SqlValue[]): Record<string, SqlValue>[];
  run(...values: SqlValue[]): { changes: number; lastId: number };
}

export interface SqliteDatabase {
  /** One or several statements without results. Throws HostError. */
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export interface Files {
  read(path: string): Uint8Array; // throws HostError "ENOENT" …
  write(path: string, data: Uint8Array, mode?: number): void;
  exists(path: string): boolean;
  list(path: string): string[];
  makeDirectory(path: string, mode?: number): void; // with parents; what exists keeps its mode
  remove(path: string): void;
  rename(from: string, to: string): void;
  resolve(...parts: string[]): string; // absolute path
  workingDirectory(): string;
  /** Makes relative names mean another directory from now on. Throws HostError. */
  changeDirectory(path: string): void;
  /** Opens a file for reading and writing bit by bit, as fopen() of C does. Throws HostError. */
  open(path: string, mode: OpenMode): OpenFile;
}

export type OpenMode = "r" | "w" | "a" | "r+" | "w+" | "a+";

/** An open file. Positions count octets from its beginning; what has none (a pipe, a terminal) goes on where it is. All throw HostError. */
export interface OpenFile {
  /** How many octets were read; 0 at the end. */
  read(into: Uint8Array, position: number): number;
  /** Writes them all; at the end of the file when it is open for appending. */
  write(data: Uint8Array, position: number): void;
  size(): number;
  close(): void;
}

export interface Process {
  readonly args: readonly string[]; // without the program
  readonly programName: string; // the name it was called by
  readonly pid: number;
  env(name: string): string | undefined;
  /** All of them. */
  environment(): Readonly<Record<string, string>>;
  write(to: 1 | 2, text: string): void;
  /** Whether that stream is a terminal. */
  isTerminal(to: 0 | 1 | 2): boolean;
  /** Reads standard input to its end. */
  readInput(): Promise<Uint8Array>;
  /** Reads a line from the terminal without echo. */
  readSecret(prompt: string): Promise<string>;
  onSignal(signal: "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGUSR1" | "SIGUSR2", fn: () => void): void;
  /** Sends itself a signal by its number, as kill(1) does. */
  raise(signal: number): void;
  /** Errors that nobody caught, in callbacks and promises; with a handler the process goes on. */
  onFault(fn: (error: unknown) => void): void;
  exit(code: number): never;
  memory(): { rss: number; heapUsed: number };
  /** From now on, memory that a burst of work left behind goes back to the system once the process is idle; returns how to stop that. */
  releaseWhenIdle(): () => void;
  userId(): number | null;
}

/** A failed operation of the outside world, with the system's stable code ("EADDRINUSE", "ENOENT", "SQLITE_BUSY" …). */
export class HostError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = "HostError";
    this.code = code;
  }
}

export interface Host {
  readonly name: "bun" | "deno" | "simulated";
  readonly clock: Clock;
  readonly random: Random;
  readonly hashing: Hashing;
  readonly network: Network;
  readonly files: Files;
  readonly process: Process;
  readonly system: System;
  readonly tls: Tls;
  /** Opens or creates an SQLite file (":memory:" for none), WAL mode is up to the caller. Throws HostError. */
  openSqlite(path: string, options?: { readOnly?: boolean }): SqliteDatabase;
  /**
   * Registers a hook that runs once before whatever was sent since is handed to the system: at the end of each batch of
   * datagrams or stream reads, and whenever a send queue must be emptied earlier. Databases commit there, so that a 200 OK never
   * leaves before its binding is on disk (design.md, D9). Must not throw.
   */
  beforeFlush(fn: () => void): void;
  /** What travels inside the executable, by name ("default.cfg", "kamailio.tables", "schema/…"); see assets.ts. */
  asset(name: string): Uint8Array;
  /** The folder with the files of Python (Pyodide), with a slash behind. */
  pythonFolder(): string;
}
