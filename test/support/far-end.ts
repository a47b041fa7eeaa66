// A next hop over TCP that a test holds: it listens, keeps what comes with the connection it came by, and answers what it is told to.

import { createServer, type Server, type Socket } from "node:net";
import { readSip, type SipText, writeSip } from "./sip-text.ts";

/** One connection to the far end. */
export class FarConnection {
  readonly socket: Socket;
  /** The proxy has closed its side. */
  ended = false;
  constructor(socket: Socket) {
    this.socket = socket;
  }
}

/** A message and the connection it came by. */
export interface Arrival {
  readonly message: SipText;
  readonly connection: FarConnection;
}

/** Listens on a port of 127.0.0.1. Open it with `openFarEnd`. */
export class FarEnd {
  readonly connections: FarConnection[] = [];
  readonly arrived: Arrival[] = [];
  /** Status of the reply to each request but ACK; 0: none. */
  answer = 0;
  /** Whether a connection is broken off as soon as a request has come. */
  breaks = false;
  port = 0;
  readonly #server: Server;

  constructor() {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  listen(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", () => {
        this.port = (this.#server.address() as { port: number }).port;
        resolve(this);
      });
    });
  }

  /** The URI parts behind the user: here, by TCP. */
  get hostPort(): string {
    return `127.0.0.1:${this.port};transport=tcp`;
  }

  /** The arrival of the message whose Call-ID and status or method these are; throws after `limit` ms. */
  async got(callId: string, what: string | number, limit = 15_000): Promise<Arrival> {
    const found = () =>
      this.arrived.find(
        ({ message }) => message.first("Call-ID") === callId && (message.method === what || message.status === what),
      );
    await until(() => found() !== undefined, `${what} of ${callId} at the far end`, limit);
    return found()!;
  }

  /** Closes all connections in order and waits until the proxy has done so too, which proves that it has noticed. */
  async closeAll(): Promise<void> {
    const { connections } = this;
    for (const { socket } of connections) socket.end();
    await until(() => connections.every(({ socket }) => socket.closed), "the end of connections");
    connections.length = 0;
  }

  async close(): Promise<void> {
    await this.closeAll();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  #accept(socket: Socket): void {
    const connection = new FarConnection(socket);
    this.connections.push(connection);
    let buffered = "";
    socket.on("error", () => {});
    socket.on("end", () => {
      connection.ended = true;
      socket.end();
    });
    socket.on("data", (data: Buffer) => {
      buffered += data.toString("latin1");
      for (let end = buffered.indexOf("\r\n\r\n"); end >= 0; end = buffered.indexOf("\r\n\r\n")) {
        const length = Number(/^Content-Length\s*:\s*(\d+)/im.exec(buffered.slice(0, end))?.[1] ?? 0);
        if (buffered.length < end + 4 + length) return;
        this.#take(readSip(buffered.slice(0, end + 4 + length)), connection);
        buffered = buffered.slice(end + 4 + length);
      }
    });
  }

  #take(message: SipText, connection: FarConnection): void {
    this.arrived.push({ message, connection });
    if (message.method === "" || message.method === "ACK") return;
    if (this.breaks) connection.socket.destroy();
    else if (this.answer > 0) connection.socket.write(farReply(message, this.answer), "latin1");
  }
}

/** A reply with everything copied that must be. */
export function farReply(request: SipText, status: number): string {
  return writeSip([
    `SIP/2.0 ${status} Far`,
    ...request.all("Via").map((via) => `Via: ${via}`),
    `From: ${request.first("From")}`,
    `To: ${request.first("To")};tag=far`,
    `Call-ID: ${request.first("Call-ID")}`,
    `CSeq: ${request.first("CSeq")}`,
  ]);
}

/** Opens a far end on a port that the system gives. */
export function openFarEnd(): Promise<FarEnd> {
  return new FarEnd().listen();
}

/** Waits until something holds; throws with its name after `limit` ms. */
export async function until(holds: () => boolean, what: string, limit = 15_000): Promise<void> {
  for (const deadline = Date.now() + limit; !holds(); ) {
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${limit} ms`);
    await new Promise((next) => setTimeout(next, 5));
  }
}
