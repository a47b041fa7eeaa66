// One TCP connection as a flow: queues while it connects, frames what comes in, answers keep-alives.
import { HostError, type SocketAddress, type TcpConnection, type TcpHandlers } from "../host/host.ts";
import { Transport } from "../sip/transports.ts";
import { bytesOf } from "../util/bytes.ts";
import { FlowStage, type Listener, nextFlowId } from "./flow.ts";
import type { StreamFlow } from "./flows.ts";
import { frameErrorText } from "./frame-rules.ts";
import { type FrameHandler, Framer } from "./framer.ts";
import type { TcpTransport } from "./tcp.ts";

const PONG = bytesOf("\r\n");
/** Milliseconds that senders wait to hear whether a new connection is refused: on one machine or network that is known sooner. */
const SETTLE_TIME = 100;
const NO_HTTP = bytesOf("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

/** The flow; it handles its own connection and its own frames. */
export class TcpFlow implements StreamFlow, TcpHandlers, FrameHandler {
  readonly protocol: number = Transport.TCP;
  readonly reliable = true;
  readonly id = nextFlowId();
  readonly listener: Listener;
  readonly remote: SocketAddress;
  local: SocketAddress;
  open = true;
  lastActive: number;
  partialSince = 0;
  spoke = true;
  settling: Promise<void> | null = null;
  dialled = false;
  stage: FlowStage = FlowStage.CONNECTING;
  readonly #transport: TcpTransport;
  readonly #framer: Framer;
  #connection: TcpConnection | null = null;
  #waiting: Uint8Array[] = []; // until it is connected
  #waitingBytes = 0;
  #lastQueued = 0; // when last asked whether it is stuck
  #stuckSince = 0;
  #error: HostError | null = null;
  #reported = false;
  #finishing = false;
  #settled: (() => void) | null = null;

  constructor(transport: TcpTransport, listener: Listener, local: SocketAddress, remote: SocketAddress) {
    this.#transport = transport;
    this.listener = listener;
    this.local = local;
    this.remote = remote;
    this.lastActive = transport.host.clock.mono();
    this.#framer = new Framer(this, transport.limits);
  }

  /** A peer has connected to us: it is expected to say something. */
  accepted(connection: TcpConnection): void {
    this.spoke = false;
    this.connected(connection);
    this.partialSince = this.lastActive;
  }

  /** We open it: who wants to send is told soon whether that was refused. */
  connecting(): void {
    this.dialled = true;
    this.settling = new Promise((resolve) => {
      const cancel = this.#transport.host.clock.after(SETTLE_TIME, () => this.#settle());
      this.#settled = () => {
        cancel();
        resolve();
      };
    });
  }

  #settle(): void {
    this.settling = null;
    this.#settled?.();
    this.#settled = null;
  }

  /** The connection is there: what waited is sent. */
  connected(connection: TcpConnection): void {
    if (!this.open && !this.#finishing) {
      connection.abort();
      return;
    }
    this.#connection = connection;
    this.stage = this.#finishing ? FlowStage.FINISHED : FlowStage.CONNECTED;
    this.#settle();
    this.local = connection.local;
    this.lastActive = this.#transport.host.clock.mono();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) connection.send(bytes, 0, bytes.length);
    if (this.#finishing) connection.close();
  }

  send(buf: Uint8Array, start: number, end: number): boolean {
    if (!this.open || !this.#transport.mayQueue(end - start)) return false;
    this.lastActive = this.#transport.host.clock.mono();
    if (this.#connection !== null) return this.#connection.send(buf, start, end);
    if (this.#waitingBytes + end - start > this.#transport.maxQueue) return false;
    this.#waiting.push(buf.slice(start, end));
    this.#waitingBytes += end - start;
    return true;
  }

  get queued(): number {
    return this.#connection === null ? this.#waitingBytes : this.#connection.queued;
  }

  isStuck(now: number): boolean {
    const { queued } = this;
    if (queued === 0 || queued < this.#lastQueued || this.#connection === null) this.#stuckSince = now;
    this.#lastQueued = queued;
    return now - this.#stuckSince >= this.#transport.rules.sendTimeout;
  }

  close(): void {
    if (!this.open) return;
    if (this.#connection === null) this.fail(new HostError("ECANCELED", "closed before it was connected"));
    else this.#end(this.#connection, false);
  }

  finish(): void {
    if (!this.open) return;
    this.open = false;
    this.#finishing = true;
    this.#transport.flows.remove(this);
    if (this.#connection === null) return;
    this.stage = FlowStage.FINISHED;
    this.#connection.close();
  }

  fail(error: HostError): void {
    if (!this.open && !this.#finishing) return;
    this.#error ??= error;
    if (this.#connection !== null) this.#end(this.#connection, true);
    else this.#gone();
  }

  onData(_connection: TcpConnection, buf: Uint8Array, start: number, end: number): void {
    if (!this.open && !this.#finishing) return;
    const now = this.#transport.host.clock.mono();
    this.lastActive = now;
    const wasPartial = this.#framer.partial;
    const bad = this.#framer.feed(buf, start, end);
    if (bad !== 0) {
      this.#transport.countFrameError(bad);
      this.fail(new HostError("EPROTO", frameErrorText(bad)));
      return;
    }
    if (!this.spoke) return;
    if (!this.#framer.partial) this.partialSince = 0;
    else if (!wasPartial || this.partialSince === 0) this.partialSince = now;
  }

  onClose(_connection: TcpConnection, error: HostError | null): void {
    this.#error ??= error;
    this.#gone();
  }

  onSip(buf: Uint8Array, start: number, end: number): void {
    this.spoke = true;
    this.partialSince = 0;
    this.#transport.receive(buf, start, end, this);
  }

  onHttp(buf: Uint8Array, start: number, end: number, upgrade: boolean): void {
    this.spoke = true;
    this.partialSince = 0;
    const { onHttp } = this.#transport;
    if (onHttp) {
      onHttp(buf, start, end, this, upgrade);
      return;
    }
    this.send(NO_HTTP, 0, NO_HTTP.length);
    this.close();
  }

  onPing(): void {
    if (this.#transport.rules.answerPings) this.send(PONG, 0, PONG.length);
  }

  /** Closes the connection; the flow is closed at once, so that nobody sends over it any more. */
  #end(connection: TcpConnection, abort: boolean): void {
    this.#shut();
    if (abort) connection.abort();
    else connection.close();
  }

  #shut(): void {
    this.open = false;
    this.#finishing = false;
    this.#framer.stop();
    this.#waiting = [];
    this.#transport.flows.remove(this);
  }

  #gone(): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#shut();
    this.#settle();
    this.#transport.gone(this, this.#error);
  }
}
