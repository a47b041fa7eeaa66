// Commands over BINRPC: what stands between a socket and `Commands`. One command of a connection runs at a time; what a client may make
// us keep is bounded.

import type { TcpConnection, TcpHandlers } from "../../host/host.ts";
import type { Commands } from "../commands.ts";
import { RpcError, type RpcValue } from "../define.ts";
import { Frame, type FrameHead, faultFrame, readHead, readRecords, replyFrame } from "./binrpc.ts";

/** The longest request, in octets of records. Kamailio's own client sends at most 2 kB. */
export const MAX_REQUEST = 65_536;
/** Connections one server takes at a time. */
const MAX_CONNECTIONS = 128;
/** What a connection may have waiting to be sent: a long list. */
export const MAX_QUEUE = 64 << 20;
/** The longest answer in one datagram. */
const MAX_DATAGRAM = 65_000;

const CORRUPTED = "bad request: corrupted packet";

/** What commands answer over one kind of transport. */
export interface CommandServer {
  readonly commands: Commands;
  /** Hears of failures that are bugs of ours. */
  readonly onFault: (text: string) => void;
}

/** Connections that are open now. */
export class RpcConnections {
  private readonly open = new Set<TcpConnection>();
  private readonly server: CommandServer;

  constructor(server: CommandServer) {
    this.server = server;
  }

  /** What serves a new connection; null when there are too many. */
  take(connection: TcpConnection, onEnd: () => void = () => {}): TcpHandlers | null {
    if (this.open.size >= MAX_CONNECTIONS) return null;
    this.open.add(connection);
    const session = new Session(this.server, connection);
    return {
      onData: (_connection, buf, start, end) => session.take(buf, start, end),
      onClose: () => {
        session.end();
        this.open.delete(connection);
        onEnd();
      },
    };
  }
}

class Session {
  private readonly server: CommandServer;
  private readonly connection: TcpConnection;
  private kept: Uint8Array = new Uint8Array(0);
  private busy = false;
  private ended = false;

  constructor(server: CommandServer, connection: TcpConnection) {
    this.server = server;
    this.connection = connection;
  }

  take(buf: Uint8Array, start: number, end: number): void {
    if (this.ended) return;
    const all = new Uint8Array(this.kept.length + end - start);
    all.set(this.kept);
    all.set(buf.subarray(start, end), this.kept.length);
    this.kept = all;
    if (!this.busy) this.next();
    // Reading stops while a command runs, but what was under way still comes.
    else if (all.length > 4 * MAX_REQUEST) this.drop();
  }

  end(): void {
    this.ended = true;
    this.kept = new Uint8Array(0);
  }

  // Runs the frames that are there, one after the other.
  private next(): void {
    while (!this.ended && !this.busy) {
      const head = readHead(this.kept, 0, this.kept.length);
      if (head === null) return;
      if (head === "bad" || head.length > MAX_REQUEST || head.type !== Frame.REQUEST) {
        this.refuse();
        return;
      }
      const end = head.body + head.length;
      if (this.kept.length < end) return;
      const answer = answerTo(this.server, this.kept, head);
      this.kept = this.kept.slice(end);
      if (answer instanceof Uint8Array) this.send(answer);
      else this.wait(answer);
    }
  }

  private wait(answer: Promise<Uint8Array>): void {
    this.busy = true;
    this.connection.pause();
    void answer.then((bytes) => {
      this.busy = false;
      if (this.ended) return;
      this.send(bytes);
      this.connection.resume();
      this.next();
    });
  }

  private send(bytes: Uint8Array): void {
    this.connection.send(bytes, 0, bytes.length);
  }

  // Where the next frame would begin cannot be known.
  private refuse(): void {
    this.send(faultFrame(0, 400, CORRUPTED));
    this.end();
    this.connection.close();
  }

  private drop(): void {
    this.end();
    this.connection.abort();
  }
}

/** The answer to the request in one datagram; null when it is none. */
export function answerDatagram(
  server: CommandServer,
  buf: Uint8Array,
  start: number,
  end: number,
): Promise<Uint8Array> | Uint8Array | null {
  const head = readHead(buf, start, end);
  if (head === null || head === "bad" || head.length > MAX_REQUEST || head.body + head.length > end) return null;
  if (head.type !== Frame.REQUEST) return null;
  const checked = (bytes: Uint8Array): Uint8Array =>
    bytes.length <= MAX_DATAGRAM ? bytes : faultFrame(head.cookie, 500, "the answer is too long for a datagram");
  const answer = answerTo(server, buf, head);
  return answer instanceof Uint8Array ? checked(answer) : answer.then(checked);
}

function answerTo(server: CommandServer, buf: Uint8Array, head: FrameHead): Uint8Array | Promise<Uint8Array> {
  const { cookie, body, length } = head;
  const records = readRecords(buf, body, body + length);
  if (records === null) return faultFrame(cookie, 400, CORRUPTED);
  const [method, ...args] = records;
  if (method === undefined) return faultFrame(cookie, 400, "bad request method: end of packet encountered");
  if (typeof method !== "string") return faultFrame(cookie, 400, "bad request method: record doesn't match type");
  const given: (string | number)[] = [];
  for (const arg of args) {
    if (typeof arg === "object") return faultFrame(cookie, 400, "structures are no arguments");
    given.push(arg);
  }
  if (server.commands.find(method) === null) return faultFrame(cookie, 500, `command ${method} not found`);
  try {
    const result = server.commands.run(method, given);
    if (!(result instanceof Promise)) return replyFrame(cookie, result);
    return result.then(
      (value: RpcValue) => replyFrame(cookie, value),
      (error: unknown) => refusal(server, cookie, method, error),
    );
  } catch (error) {
    return refusal(server, cookie, method, error);
  }
}

function refusal(server: CommandServer, cookie: number, method: string, error: unknown): Uint8Array {
  if (error instanceof RpcError) return faultFrame(cookie, error.code, error.message);
  server.onFault(`${method}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return faultFrame(cookie, 500, "internal error");
}
