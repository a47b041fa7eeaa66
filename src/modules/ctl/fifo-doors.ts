// The FIFO protocol of module ctl over a FIFO, UDP or TCP.

import type { TcpConnection, TcpHandlers, UdpPeer, UdpSocket } from "../../host/host.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { answerIntoFifo, listenFifo } from "../../registry/rpc/fifo.ts";
import { answerFifo, type FifoRequest, FifoRequests } from "../../registry/rpc/fifo-protocol.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import { Level } from "../../util/log.ts";

/** Where clients of a FIFO keep those for answers. */
const REPLIES = "/tmp";
/** Connections at a time, and requests of all clients that run at a time; what comes beyond is dropped. */
const MAX_CONNECTIONS = 128;
const MAX_RUNNING = 64;
/** The longest answer in one datagram. */
const MAX_DATAGRAM = 65_000;
/** Requests that a connection may have waiting. */
const MAX_WAITING = 256;

/** Takes requests of the FIFO protocol, wherever they come from. */
export class FifoServer {
  private readonly host: ModuleHost;
  private readonly open = new Set<TcpConnection>();
  private running = 0;

  constructor(host: ModuleHost) {
    this.host = host;
  }

  /** Reads a FIFO. Throws HostError. */
  listen(path: string, mode: number): { close(): void } {
    const { host, log } = this.host;
    const requests = new FifoRequests();
    return listenFifo(host, path, mode, {
      get hasPart(): boolean {
        return requests.hasPart;
      },
      drop: () => requests.drop(),
      take: (text) => {
        for (const request of requests.add(text)) {
          if (request.method === null) log.info(`in ${path}: ${request.wrong}`);
          else
            this.serve(request, (answer) => {
              if (request.replyName !== "") answerIntoFifo(host, log, REPLIES, request.replyName, answer);
            });
        }
      },
    });
  }

  /** One datagram, which holds one request. */
  datagram(socket: UdpSocket, buf: Uint8Array, start: number, end: number, peer: UdpPeer): void {
    const [request] = new FifoRequests().add(textOf(buf, start, end));
    if (request === undefined) return;
    this.serve(request, (answer) => {
      const bytes = bytesOf(answer.length <= MAX_DATAGRAM ? answer : "500 the answer is too long for a datagram\n");
      socket.send(peer, bytes, 0, bytes.length);
    });
  }

  /** What serves a new connection; null when there are too many. */
  connection(connection: TcpConnection, onEnd: () => void): TcpHandlers | null {
    if (this.open.size >= MAX_CONNECTIONS) return null;
    this.open.add(connection);
    const requests = new FifoRequests();
    const waiting: FifoRequest[] = [];
    let busy = false;
    const next = (): void => {
      for (let request = waiting.shift(); request !== undefined; request = waiting.shift()) {
        const answer = this.run(request);
        if (typeof answer === "string") {
          send(answer);
          continue;
        }
        busy = true;
        void answer.then((text) => {
          busy = false;
          if (!this.open.has(connection)) return;
          send(text);
          next();
        });
        return;
      }
    };
    const send = (text: string): void => void connection.send(bytesOf(text), 0, text.length);
    return {
      onData: (_connection, buf, start, end) => {
        waiting.push(...requests.add(textOf(buf, start, end)));
        if (waiting.length > MAX_WAITING) connection.abort();
        else if (!busy) next();
      },
      onClose: () => {
        waiting.length = 0;
        this.open.delete(connection);
        onEnd();
      },
    };
  }

  private run(request: FifoRequest): string | Promise<string> {
    return answerFifo(this.host.commands, request, (text) => this.host.log.write(Level.BUG, text));
  }

  private serve(request: FifoRequest, send: (answer: string) => void): void {
    if (this.running >= MAX_RUNNING) return;
    const answer = this.run(request);
    if (typeof answer === "string") {
      send(answer);
      return;
    }
    this.running++;
    void answer.then((text) => {
      this.running--;
      send(text);
    });
  }
}
