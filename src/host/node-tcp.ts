// TCP by node:net, the same on Bun and on Deno: bounded queues, and writes of one turn handed over together.
import { createConnection, createServer, type Socket } from "node:net";
import { copyBytes } from "../util/bytes.ts";
import type { Flushable, FlushGate } from "./flush.ts";
import {
  HostError,
  type SocketAddress,
  type TcpConnection,
  type TcpConnectOptions,
  type TcpHandlers,
  type TcpListener,
  type TcpListenOptions,
} from "./host.ts";
import { interfaces } from "./node-basics.ts";
import { toHostError } from "./node-files.ts";
import { dialTls, TlsDoor } from "./node-tls.ts";
import type { TlsDialer, TlsInfo } from "./tls.ts";

const BACKLOG = 1024;
const FIRST_CHUNK = 2048;
/** Chunks of that size are used again once the system has taken what was in them: so many of them wait for that. */
const MAX_SPARES = "Bun" in globalThis ? 64 : 0; // Bun writes within the call
const spares: Buffer[] = [];
const NO_CHUNK = Buffer.alloc(0);
/** Milliseconds between our close and the end of a connection whose peer keeps it open. */
const LINGER = 5_000;

/** Network.listenTcp. */
export function listenTcp(gate: FlushGate, options: TcpListenOptions): Promise<TcpListener> {
  const { local } = options;
  return new Promise((resolve, reject) => {
    const connections = new Set<NodeTcpConnection>();
    let door: TlsDoor | null = null;
    const accept = (socket: Socket, tls: TlsInfo | null) => {
      const connection = new NodeTcpConnection(gate, socket, options.maxQueue, tls);
      const handlers = options.onConnection(connection);
      if (handlers === null) return connection.abort();
      connections.add(connection);
      connection.start(handlers, () => connections.delete(connection));
    };
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      askAlive(socket, options.keepAlive);
      if (door === null) accept(socket, null);
      else if (options.mayBegin?.(endpoint(socket.remoteAddress, socket.remotePort)) === false) socket.destroy();
      else door.admit(socket);
    });
    server.once("error", (error) => reject(listenError(error, local)));
    server.listen(
      { host: local.address, port: local.port, backlog: options.backlog ?? BACKLOG, ipv6Only: true },
      () => {
        const bound = server.address() as { address: string; port: number };
        server.removeAllListeners("error");
        server.on("error", () => {}); // accept may fail for want of descriptors; the listener lives on
        const own: SocketAddress = { family: local.family, address: bound.address, port: bound.port };
        if (options.tls !== undefined) door = new TlsDoor(own, options.tls, accept);
        resolve({
          local: own,
          close() {
            server.close();
            door?.close();
            for (const connection of connections) connection.close();
          },
        });
      },
    );
  });
}

/** Network.connectTcp. */
export function connectTcp(gate: FlushGate, options: TcpConnectOptions): Promise<TcpConnection> {
  const { remote, localAddress } = options;
  if (options.tls !== undefined) return connectTls(gate, options, options.tls);
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      host: remote.address,
      port: remote.port,
      allowHalfOpen: true,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    const fail = (error: HostError) => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on("error", () => {});
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(lateError(options)), options.timeout);
    socket.once("error", (error) => fail(toHostError(error)));
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      askAlive(socket, options.keepAlive);
      const connection = new NodeTcpConnection(gate, socket, options.maxQueue, null);
      connection.start(options.handlers, () => {});
      resolve(connection);
    });
  });
}

async function connectTls(gate: FlushGate, options: TcpConnectOptions, dialer: TlsDialer): Promise<TcpConnection> {
  let begun: Socket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(lateError(options)), options.timeout);
  });
  try {
    const dialled = dialTls(options, dialer, (socket) => {
      begun = socket;
    });
    const { socket, info } = await Promise.race([dialled, late]);
    askAlive(socket, options.keepAlive);
    const connection = new NodeTcpConnection(gate, socket, options.maxQueue, info);
    connection.start(options.handlers, () => {});
    return connection;
  } catch (error) {
    const socket = begun as Socket | null;
    socket?.on("error", () => {});
    socket?.destroy();
    throw error instanceof HostError ? error : toHostError(error);
  } finally {
    clearTimeout(timer);
  }
}

function lateError({ remote, timeout }: TcpConnectOptions): HostError {
  return new HostError("ETIMEDOUT", `no connection to ${text(remote)} within ${timeout} ms`);
}

function askAlive(socket: Socket, idle: number | undefined): void {
  if (idle !== undefined) socket.setKeepAlive(true, idle);
}

/** One connection over a node:net socket. Of a unix socket both ends are the address "" with port 0. */
export class NodeTcpConnection implements TcpConnection, Flushable {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly tls: TlsInfo | null;
  readonly #gate: FlushGate;
  readonly #socket: Socket;
  readonly #maxQueue: number;
  #handlers: TcpHandlers | null = null;
  #chunk: Buffer = NO_CHUNK; // what node:net writes without wrapping it
  #used = 0;
  #marked = false;
  #closing = false;
  #closed = false;
  #error: HostError | null = null;

  constructor(gate: FlushGate, socket: Socket, maxQueue: number, tls: TlsInfo | null) {
    this.tls = tls;
    this.#gate = gate;
    this.#socket = socket;
    this.#maxQueue = maxQueue;
    this.local = endpoint(socket.localAddress, socket.localPort);
    this.remote = endpoint(socket.remoteAddress, socket.remotePort);
    socket.setNoDelay(true);
  }

  /** Begins to hand out what arrives; `onGone` is for the owner of the connection list. */
  start(handlers: TcpHandlers, onGone: () => void): void {
    this.#handlers = handlers;
    const socket = this.#socket;
    socket.on("data", (data: Uint8Array) => {
      // A Buffer's own slice() would not copy: nobody above must meet one.
      if (this.#closed) return;
      this.#gate.touch();
      handlers.onData(this, new Uint8Array(data.buffer, data.byteOffset, data.length), 0, data.length);
    });
    socket.on("end", () => this.close());
    socket.on("error", (error) => {
      this.#error ??= toHostError(error);
    });
    socket.on("close", () => {
      onGone();
      this.#report();
    });
  }

  get queued(): number {
    return this.#closed ? 0 : this.#used + this.#socket.writableLength;
  }

  send(buf: Uint8Array, start: number, end: number): boolean {
    if (this.#closed || this.#closing) return false;
    const length = end - start;
    if (this.queued + length > this.#maxQueue) {
      this.#error ??= new HostError("ENOBUFS", `${text(this.remote)} does not take what is sent to it`);
      this.abort();
      return false;
    }
    this.#reserve(length);
    this.#used = copyBytes(this.#chunk, this.#used, buf, start, end);
    if (!this.#marked) {
      this.#marked = true;
      this.#gate.mark(this);
    }
    return true;
  }

  flush(): void {
    this.#marked = false;
    if (this.#closed) return;
    if (this.#used > 0) {
      const chunk = this.#chunk;
      this.#socket.write(chunk.subarray(0, this.#used));
      // What the system does not take at once node:net keeps: then the chunk is given away.
      if (this.#socket.writableLength === 0 && chunk.length === FIRST_CHUNK && spares.length < MAX_SPARES)
        spares.push(chunk);
      this.#chunk = NO_CHUNK;
      this.#used = 0;
    }
    if (this.#closing) this.#finish();
  }

  close(): void {
    if (this.#closing || this.#closed) return;
    this.#closing = true;
    if (!this.#marked) {
      this.#marked = true;
      this.#gate.mark(this);
    }
  }

  abort(): void {
    if (this.#closed) return;
    this.#socket.destroy();
    this.#used = 0;
    this.#report();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** A peer that never closes its side is not waited for. */
  #finish(): void {
    this.#socket.end();
    const timer = setTimeout(() => this.abort(), LINGER);
    this.#socket.once("close", () => clearTimeout(timer));
  }

  #reserve(length: number): void {
    const need = this.#used + length;
    if (need <= this.#chunk.length) return;
    const spare = need <= FIRST_CHUNK ? spares.pop() : undefined;
    const bigger = spare ?? Buffer.allocUnsafeSlow(Math.max(FIRST_CHUNK, need, 2 * this.#chunk.length));
    copyBytes(bigger, 0, this.#chunk, 0, this.#used);
    this.#chunk = bigger;
  }

  #report(): void {
    if (this.#closed) return;
    this.#closed = true;
    const handlers = this.#handlers;
    if (handlers !== null) queueMicrotask(() => handlers.onClose(this, this.#error));
  }
}

function endpoint(address: string | undefined, port: number | undefined): SocketAddress {
  const text = address ?? "";
  return { family: text.includes(":") ? 6 : 4, address: text, port: port ?? 0 };
}

function listenError(error: unknown, local: SocketAddress): HostError {
  let { code } = toHostError(error);
  // What Deno says of an address that is not ours.
  if (code === "EINVAL" && !isOurs(local.address)) code = "EADDRNOTAVAIL";
  return new HostError(code, `cannot listen on tcp:${text(local)}: ${code}`);
}

function isOurs(address: string): boolean {
  return interfaces().some(([, own]) => own === address);
}

function text({ family, address, port }: SocketAddress): string {
  return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
