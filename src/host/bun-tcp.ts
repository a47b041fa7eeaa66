// TCP ports on Bun by its own sockets: node:net costs a stream, a Buffer and several turns of its queue for each chunk, and a kilobyte or
// two a connection. What connects, TLS and unix sockets stay with node:net: an attempt of Bun.connect cannot be given up.
import type { Socket, SocketHandler } from "bun";
import type { FlushGate } from "./flush.ts";
import type { TcpListener, TcpListenOptions } from "./host.ts";
import { toHostError } from "./node-files.ts";
import { listenError } from "./node-tcp.ts";
import { endpoint, StreamConnection } from "./stream-connection.ts";

type BunSocket = Socket<BunConnection | null>;

/** Network.listenTcp for ports without TLS. */
export async function listenBunTcp(gate: FlushGate, options: TcpListenOptions): Promise<TcpListener> {
  const { local } = options;
  const connections = new Set<BunConnection>();
  const handlers: SocketHandler<BunConnection | null> = {
    binaryType: "uint8array",
    open(socket) {
      if (options.keepAlive !== undefined) socket.setKeepAlive(true, options.keepAlive);
      const connection = new BunConnection(gate, socket, options.maxQueue);
      const user = options.onConnection(connection);
      if (user === null) return connection.abort();
      connections.add(connection);
      connection.start(user, () => connections.delete(connection));
      socket.data = connection;
    },
    data: (socket, data: Uint8Array) => socket.data?.onData(data),
    drain: (socket) => socket.data?.onDrain(),
    end: (socket) => socket.data?.onEnd(),
    close(socket, error) {
      if (error !== undefined) socket.data?.onError(toHostError(error));
      socket.data?.onClose();
      socket.data = null;
    },
    // What a handler has thrown is nobody's here.
    error(_socket, error) {
      queueMicrotask(() => {
        throw error;
      });
    },
  };
  try {
    const server = Bun.listen<BunConnection | null>({
      hostname: local.address,
      port: local.port,
      allowHalfOpen: true,
      ...{ ipv6Only: true },
      socket: handlers,
    });
    return {
      local: { family: local.family, address: local.address, port: server.port },
      close() {
        server.stop();
        for (const connection of connections) connection.close();
      },
    };
  } catch (error) {
    throw listenError(error, local);
  }
}

/** One connection over a socket of Bun, which writes what the system takes at once and keeps nothing. */
class BunConnection extends StreamConnection {
  readonly #socket: BunSocket;
  #ended = false;

  constructor(gate: FlushGate, socket: BunSocket, maxQueue: number) {
    const local = endpoint(socket.localAddress, socket.localPort);
    super(gate, local, endpoint(socket.remoteAddress, socket.remotePort), maxQueue, null);
    this.#socket = socket;
  }

  /** The peer has closed its side. */
  onEnd(): void {
    this.#ended = true;
    this.close();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  // -1: it has closed, and its close is told soon.
  protected write(chunk: Uint8Array, start: number, end: number): number {
    return Math.max(0, this.#socket.write(chunk, start, end - start));
  }

  protected get held(): number {
    return 0;
  }

  protected finish(): void {
    if (this.#ended) this.#socket.close();
    else this.#socket.shutdown();
  }

  protected destroy(): void {
    this.#socket.close();
  }
}
