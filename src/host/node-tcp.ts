// TCP and TLS by node:net and node:tls, the same on Bun and on Deno. Ports without TLS on Bun are in bun-tcp.ts.
import { createConnection, createServer, type Socket } from "node:net";
import type { FlushGate } from "./flush.ts";
import {
  HostError,
  type SocketAddress,
  type TcpConnectOptions,
  type TcpHandlers,
  type TcpListener,
  type TcpListenOptions,
  type TcpTuning,
} from "./host.ts";
import { interfaces } from "./node-basics.ts";
import { toHostError } from "./node-files.ts";
import { dialTls, TlsDoor } from "./node-tls.ts";
import { endpoint, endpointText, StreamConnection } from "./stream-connection.ts";
import type { TlsDialer, TlsInfo } from "./tls.ts";

const BACKLOG = 1024;

/** Network.listenTcp. */
export function listenTcp(gate: FlushGate, options: TcpListenOptions): Promise<TcpListener> {
  const { local } = options;
  return new Promise((resolve, reject) => {
    const connections = new Set<NodeConnection>();
    let door: TlsDoor | null = null;
    const accept = (socket: Socket, tls: TlsInfo | null) => {
      const connection = new NodeConnection(gate, socket, options.maxQueue, tls);
      const handlers = options.onConnection(connection);
      if (handlers === null) return connection.abort();
      connections.add(connection);
      connection.start(handlers, () => connections.delete(connection));
    };
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      setUp(socket, options);
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
export function connectTcp(gate: FlushGate, options: TcpConnectOptions): Promise<NodeConnection> {
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
      setUp(socket, options);
      const connection = new NodeConnection(gate, socket, options.maxQueue, null);
      connection.start(options.handlers, () => {});
      resolve(connection);
    });
  });
}

async function connectTls(gate: FlushGate, options: TcpConnectOptions, dialer: TlsDialer): Promise<NodeConnection> {
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
    setUp(socket, options);
    const connection = new NodeConnection(gate, socket, options.maxQueue, info);
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
  return new HostError("ETIMEDOUT", `no connection to ${endpointText(remote)} within ${timeout} ms`);
}

// The other settings are set on the descriptor (tcp-tuning.ts), and this one too where that can be done.
function setUp(socket: Socket, { keepAlive }: TcpTuning): void {
  if (keepAlive !== undefined) socket.setKeepAlive(true, keepAlive);
}

/** One connection over a node:net socket, be it TCP, TLS or a unix socket. */
export class NodeConnection extends StreamConnection {
  readonly #socket: Socket;

  constructor(gate: FlushGate, socket: Socket, maxQueue: number, tls: TlsInfo | null) {
    const local = endpoint(socket.localAddress, socket.localPort);
    super(gate, local, endpoint(socket.remoteAddress, socket.remotePort), maxQueue, tls);
    this.#socket = socket;
    socket.setNoDelay(true);
  }

  override start(handlers: TcpHandlers, onGone: () => void): void {
    super.start(handlers, onGone);
    const socket = this.#socket;
    // A Buffer's own slice() would not copy: nobody above must meet one.
    socket.on("data", (data: Uint8Array) => this.onData(new Uint8Array(data.buffer, data.byteOffset, data.length)));
    socket.on("end", () => this.close());
    socket.on("error", (error) => this.onError(toHostError(error)));
    socket.on("close", () => this.onClose());
  }

  /** The number of its descriptor where the runtime tells it, else -1. */
  get descriptor(): number {
    const handle = (this.#socket as { _handle?: { fd?: number } })._handle;
    return handle?.fd ?? -1;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  // What the system does not take at once node:net keeps.
  protected write(chunk: Uint8Array, start: number, end: number): number {
    this.#socket.write(chunk.subarray(start, end));
    return end - start;
  }

  protected get held(): number {
    return this.#socket.writableLength;
  }

  protected finish(): void {
    this.#socket.end();
  }

  protected destroy(): void {
    this.#socket.destroy();
  }
}

/** What a port that cannot be listened on fails with. */
export function listenError(error: unknown, local: SocketAddress): HostError {
  let { code } = toHostError(error);
  // What Deno says of an address that is not ours.
  if (code === "EINVAL" && !isOurs(local.address)) code = "EADDRNOTAVAIL";
  return new HostError(code, `cannot listen on tcp:${endpointText(local)}: ${code}`);
}

function isOurs(address: string): boolean {
  return interfaces().some(([, own]) => own === address);
}
