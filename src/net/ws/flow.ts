// One WebSocket connection as a flow of SIP messages (RFC 7118): one message, one WebSocket message. It stands on a TCP or TLS flow.
import type { HostError, SocketAddress } from "../../host/host.ts";
import type { TlsInfo } from "../../host/tls.ts";
import { Transport } from "../../sip/transports.ts";
import { bytesOf } from "../../util/bytes.ts";
import { FlowStage, type Listener } from "../flow.ts";
import type { StreamFlow } from "../flows.ts";
import type { StreamReader } from "../http-flow.ts";
import type { WsConnections } from "./connections.ts";
import { closePayload } from "./frames.ts";
import { Role, type WsHandler, WsReader } from "./reader.ts";
import { CloseCode, closeText, Opcode } from "./rules.ts";

const CR = 13;
const LF = 10;
const PONG = bytesOf("\r\n");
const NOTHING = new Uint8Array(0);
const NORMAL = bytesOf(closeText(CloseCode.NORMAL));

/** Who ended a connection; NONE while it is open, LOST: it went without a word. */
export const Ended = { NONE: 0, HERE: 1, THERE: 2, FAILED: 3, LOST: 4 } as const;
export type Ended = (typeof Ended)[keyof typeof Ended];

/** The flow. It has the id of the connection below: $conid is one number before and after the handshake. */
export class WsFlow implements StreamFlow, StreamReader, WsHandler {
  readonly protocol: number;
  readonly reliable = true;
  readonly id: number;
  readonly listener: Listener;
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
  readonly settling = null;
  readonly dialled = false;
  readonly spoke = true;
  /** However it ends, what waits for something over it waits in vain: nobody can be connected to anew from here. */
  readonly stage = FlowStage.CONNECTED;
  open = true;
  partialSince = 0;
  /** The host names of its client, which stand for no address ("df7jal23ls0d.invalid"). */
  readonly names: string[] = [];
  /** Monotonic milliseconds of the last frame either way. */
  lastUsed: number;
  /** Whether a ping has had no answer yet. */
  awaitsPong = false;
  ended: Ended = Ended.NONE;
  /** Whether it is out of all tables. */
  left = false;
  readonly #below: StreamFlow;
  readonly #owner: WsConnections;
  readonly #reader: WsReader;
  #gone = false;
  #cancelClose: (() => void) | null = null;

  constructor(owner: WsConnections, below: StreamFlow, listener: Listener) {
    this.#owner = owner;
    this.#below = below;
    this.id = below.id;
    this.protocol = below.protocol === Transport.TLS ? Transport.WSS : Transport.WS;
    this.listener = listener;
    this.remote = below.remote;
    this.local = below.local;
    this.lastUsed = owner.clock.mono();
    this.#reader = new WsReader(this, Role.SERVER, owner.limits);
  }

  get below(): StreamFlow {
    return this.#below;
  }
  get lastActive(): number {
    return this.#below.lastActive;
  }
  get queued(): number {
    return this.#below.queued;
  }
  get tls(): TlsInfo | null {
    return this.#below.tls ?? null;
  }

  isStuck(now: number): boolean {
    return this.#below.isStuck(now);
  }

  /** Sends a message: as text, or as binary where it is no UTF-8, which a client would refuse as text (RFC 7118 5). */
  send(buf: Uint8Array, start: number, end: number): boolean {
    if (!this.open) return false;
    const other = this.#owner.wire.outgoing?.(buf, start, end, this) ?? null;
    return other === null ? this.#message(buf, start, end) : this.#message(other, 0, other.length);
  }

  #message(buf: Uint8Array, start: number, end: number): boolean {
    return this.#frame(this.#owner.isText(buf, start, end) ? Opcode.TEXT : Opcode.BINARY, buf, start, end);
  }

  /** Sends a ping, or a pong that nobody has asked for; at most 125 octets. */
  keepAlive(opcode: typeof Opcode.PING | typeof Opcode.PONG, data: Uint8Array): boolean {
    if (!this.open || !this.#frame(opcode, data, 0, data.length)) return false;
    if (opcode === Opcode.PING) this.awaitsPong = true;
    return true;
  }

  #frame(opcode: number, buf: Uint8Array, start: number, end: number): boolean {
    const length = this.#owner.write(opcode, buf, start, end);
    if (!this.#below.send(this.#owner.out, 0, length)) return false;
    this.lastUsed = this.#owner.clock.mono();
    this.#owner.counts.sent++;
    if (opcode <= Opcode.BINARY) this.#owner.counts.sipSent++;
    return true;
  }

  /**
   * Begins the closing handshake: nothing is sent after it, and the far end's own close frame, or a few seconds, end the connection. False
   * when it has begun already. `reason` is UTF-8.
   */
  closeWith(code: number, reason: Uint8Array): boolean {
    if (!this.open) return false;
    this.#sayClose(code, reason, Ended.HERE);
    this.#cancelClose = this.#owner.clock.after(this.#owner.closeTimeout, () => this.#below.close());
    return true;
  }

  /** Going away: the far end is told, and not waited for. */
  close(): void {
    if (!this.open) return;
    this.#sayClose(CloseCode.GOING_AWAY, bytesOf(closeText(CloseCode.GOING_AWAY)), Ended.HERE);
    this.#below.close();
  }

  finish(): void {
    if (!this.open) return;
    this.#sayClose(CloseCode.NORMAL, bytesOf(closeText(CloseCode.NORMAL)), Ended.HERE);
    this.#below.finish();
  }

  fail(error: HostError): void {
    if (this.ended === Ended.NONE) this.ended = Ended.FAILED;
    this.#below.fail(error);
  }

  #sayClose(code: number, reason: Uint8Array, ended: Ended): void {
    const payload = closePayload(code, reason);
    this.#frame(Opcode.CLOSE, payload, 0, payload.length);
    this.open = false;
    if (this.ended === Ended.NONE) this.ended = ended;
    this.#owner.leaving(this);
  }

  onData(buf: Uint8Array, start: number, end: number): void {
    const now = this.#owner.clock.mono();
    this.lastUsed = now;
    const wasPartial = this.#reader.partial;
    const bad = this.#reader.feed(buf, start, end);
    if (bad !== 0) this.#refuse(bad);
    else if (!this.#reader.partial) this.partialSince = 0;
    else if (!wasPartial || this.partialSince === 0) this.partialSince = now;
  }

  // What the far end sent cannot be: it is told why, and nothing more is heard of it (RFC 6455 7.1.7).
  #refuse(code: number): void {
    const text = closeText(code);
    this.#owner.refused(this, text);
    if (this.open) this.#sayClose(code, bytesOf(text), Ended.FAILED);
    this.#below.finish();
  }

  onMessage(buf: Uint8Array, start: number, end: number): void {
    this.#heard();
    this.partialSince = 0;
    if (!this.open) return; // it has been told that we close
    this.#owner.counts.sipReceived++;
    if (isBlank(buf, start, end)) {
      // RFC 5626 4.4.1: two line ends ask for one.
      if (end - start >= 4 && this.#owner.answerPings) this.#message(PONG, 0, PONG.length);
      return;
    }
    this.#owner.learnName(this, buf, start, end);
    this.#owner.receive(buf, start, end, this);
  }

  onPing(buf: Uint8Array, start: number, end: number): void {
    this.#heard();
    if (this.open) this.#frame(Opcode.PONG, buf, start, end);
  }

  onPong(): void {
    this.#heard();
  }

  #heard(): void {
    this.awaitsPong = false;
    this.#owner.counts.received++;
  }

  // The same code goes back (with the words for it), then the connection ends from this side (RFC 6455 5.5.1, 7.1.1).
  onCloseFrame(code: number): void {
    this.#owner.counts.received++;
    const back = code === CloseCode.NONE ? CloseCode.NORMAL : code;
    if (this.open) this.#sayClose(back, back === CloseCode.NORMAL ? NORMAL : NOTHING, Ended.THERE);
    this.#below.finish();
  }

  onClose(error: HostError | null): void {
    if (this.#gone) return;
    this.#gone = true;
    this.open = false;
    this.#reader.stop();
    this.#cancelClose?.();
    if (this.ended === Ended.NONE) this.ended = error === null ? Ended.LOST : Ended.FAILED;
    this.#owner.closed(this);
  }
}

function isBlank(buf: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (buf[i] !== CR && buf[i] !== LF) return false;
  return true;
}
