// One TCP or TLS connection as a flow: queues while it connects, frames what comes in, answers keep-alives.
import { HostError, type SocketAddress, type TcpConnection, type TcpHandlers } from "../host/host.ts";
import type { TlsInfo } from "../host/tls.ts";
import { bytesOf } from "../util/bytes.ts";
import { FlowStage, type Listener, nextFlowId } from "./flow.ts";
import type { StreamFlow } from "./flows.ts";
import { frameErrorText, httpStatusOf } from "./frame-rules.ts";
import { type FrameHandler, Framer } from "./framer.ts";
import { type HttpFlow, httpStatusReason, type StreamReader } from "./http-flow.ts";
import { Settling } from "./settling.ts";
import type { TcpTransport } from "./tcp.ts";

const PONG = bytesOf("\r\n");
/** Bytes of answers that may wait for an HTTP client before its next request does, and how often that is looked at, ms. */
const HIGH_WATER = 256 * 1024;
const DRAIN_STEP = 5;
const CONTINUE = bytesOf("HTTP/1.1 100 Continue\r\n\r\n");

/** The flow; it handles its own connection and its own frames. */
export class TcpFlow implements StreamFlow, HttpFlow, TcpHandlers, FrameHandler {
  readonly protocol: number;
  readonly reliable = true;
  readonly id = nextFlowId();
  readonly listener: Listener;
  readonly remote: SocketAddress;
  local: SocketAddress;
  open = true;
  lastActive: number;
  partialSince = 0;
  spoke = true;
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
  #settling: Settling | null = null;
  #answering = false; // an HTTP request is being answered: what comes after it waits
  #feeding = false;
  #reader: StreamReader | null = null;

  constructor(transport: TcpTransport, listener: Listener, local: SocketAddress, remote: SocketAddress) {
    this.#transport = transport;
    this.protocol = transport.protocol;
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
    this.#settling = new Settling(this.#transport.host.clock);
  }

  get settling(): Promise<void> | null {
    return this.#settling === null ? null : this.#settling.promise;
  }

  /** The connection is there: what waited is sent. */
  connected(connection: TcpConnection): void {
    if (!this.open && !this.#finishing) {
      connection.abort();
      return;
    }
    this.#connection = connection;
    this.stage = this.#finishing ? FlowStage.FINISHED : FlowStage.CONNECTED;
    this.#settling?.end();
    this.local = connection.local;
    this.lastActive = this.#transport.host.clock.mono();
    if (this.dialled && this.#transport.tls?.mayUse(this) === false) {
      this.fail(new HostError("ECANCELED", "the script does not want this connection"));
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) connection.send(bytes, 0, bytes.length);
    if (this.#finishing) connection.close();
  }

  send(buf: Uint8Array, start: number, end: number): boolean {
    const { outgoing } = this.#transport.wire;
    if (outgoing === null || this.#answering || this.#reader !== null) return this.#put(buf, start, end);
    const other = outgoing(buf, start, end, this);
    return other === null ? this.#put(buf, start, end) : this.#put(other, 0, other.length);
  }

  #put(buf: Uint8Array, start: number, end: number): boolean {
    if (!this.open) return false;
    if (!this.#transport.mayQueue(this.queued, end - start)) {
      this.fail(new HostError("ENOBUFS", "too much waits to be sent on all connections, and much of it on this one"));
      return false;
    }
    if (!this.#feeding) this.lastActive = this.#transport.host.clock.mono(); // else onData has just looked
    if (this.#connection !== null) return this.#connection.send(buf, start, end);
    if (this.#waitingBytes + end - start > this.#transport.maxQueue) return false;
    this.#waiting.push(buf.slice(start, end));
    this.#waitingBytes += end - start;
    return true;
  }

  get tls(): TlsInfo | null {
    return this.#connection?.tls ?? null;
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
    if (this.#reader !== null) {
      this.#reader.onData(buf, start, end);
      return;
    }
    const wasPartial = this.#framer.partial;
    this.#feeding = true;
    const bad = this.#framer.feed(buf, start, end);
    this.#feeding = false;
    this.#fed(bad, now, wasPartial);
  }

  #fed(bad: number, now: number, wasPartial: boolean): void {
    if (bad !== 0) {
      this.#refuse(bad);
      return;
    }
    if (this.#reader !== null) this.#handOver(this.#reader);
    if (!this.spoke) return;
    if (!this.#framer.partial) this.partialSince = 0;
    else if (!wasPartial || this.partialSince === 0) this.partialSince = now;
  }

  // A stream that cannot go on. An HTTP client is told why; what it still says is read and dropped until it has closed.
  #refuse(bad: number): void {
    this.#transport.countFrameError(bad, this.remote);
    const status = httpStatusOf(bad);
    if (status === 0) {
      this.fail(new HostError("EPROTO", frameErrorText(bad)));
      return;
    }
    this.#say(status, `${frameErrorText(bad)}\n`);
  }

  // An answer of the connection itself; the last one.
  #say(status: number, body: string): void {
    const head = `HTTP/1.1 ${status} ${httpStatusReason(status)}\r\nContent-Type: text/plain\r\n`;
    const text = bytesOf(`${head}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    this.#put(text, 0, text.length);
    this.finish();
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

  onHttp(buf: Uint8Array, start: number, end: number, flags: number): void {
    this.spoke = true;
    this.partialSince = 0;
    const { onHttp } = this.#transport;
    if (onHttp === null) {
      this.#say(404, "nothing is served here\n");
      this.#framer.stop();
      return;
    }
    this.#answering = true;
    onHttp(buf, start, end, this, flags);
    if (!this.#answering && this.#reader === null && !this.#isFull()) return;
    this.#framer.pause();
    if (this.#reader !== null) return;
    this.#connection?.pause();
    if (!this.#answering) this.#untilDrained();
  }

  // Who asks for more than he takes waits: answers must not fill the queue until it breaks.
  #isFull(): boolean {
    return this.open && this.queued > Math.min(HIGH_WATER, this.#transport.maxQueue >> 1);
  }

  #untilDrained(): void {
    this.#transport.host.clock.after(DRAIN_STEP, () => {
      if (!this.open || this.#answering || this.#reader !== null || !this.#framer.paused) return;
      if (this.#isFull()) this.#untilDrained();
      else this.#goOn();
    });
  }

  onExpect(): void {
    this.#put(CONTINUE, 0, CONTINUE.length);
  }

  answered(keep: boolean): void {
    if (!this.#answering) return;
    this.#answering = false;
    if (!this.open) return;
    if (!keep) {
      const wasPaused = this.#framer.paused;
      this.finish();
      this.#framer.stop();
      if (wasPaused) this.#connection?.resume(); // what still comes is dropped
    } else if (this.#framer.paused) {
      if (this.#isFull()) this.#untilDrained();
      else this.#goOn();
    }
  }

  // What came while a request was being answered.
  #goOn(): void {
    this.#feeding = true;
    const bad = this.#framer.resume();
    this.#feeding = false;
    this.#fed(bad, this.#transport.host.clock.mono(), false);
    if (!this.#framer.paused) this.#connection?.resume();
  }

  upgrade(reader: StreamReader): void {
    if (!this.open) return;
    const wasPaused = this.#framer.paused;
    this.#answering = false;
    this.#reader = reader;
    this.partialSince = 0;
    this.#framer.pause();
    if (!this.#feeding) this.#handOver(reader);
    if (wasPaused) this.#connection?.resume();
  }

  // What the framer has not handed out belongs to the new reader; this happens once.
  #handOver(reader: StreamReader): void {
    const rest = this.#framer.takeRest();
    if (rest.length > 0) reader.onData(rest, 0, rest.length);
  }

  onPing(): void {
    if (this.#transport.rules.answerPings) this.#put(PONG, 0, PONG.length);
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
    this.#settling?.end();
    this.#reader?.onClose(this.#error);
    this.#transport.gone(this, this.#error);
  }
}
