// What the connections of all stream drivers have in common: bounded queues, writes of one turn handed over together, the order of closing.
import { copyBytes } from "../util/bytes.ts";
import type { Flushable, FlushGate } from "./flush.ts";
import { HostError, type SocketAddress, type TcpConnection, type TcpHandlers } from "./host.ts";
import type { TlsInfo } from "./tls.ts";

const FIRST_CHUNK = 2048;
/** Chunks of that size are used again once the system has taken what was in them: so many of them wait for that. */
const MAX_SPARES = "Bun" in globalThis ? 64 : 0; // Bun writes within the call
const spares: Buffer[] = [];
const NO_CHUNK = Buffer.alloc(0);
/** Milliseconds between our close and the end of a connection whose peer keeps it open, or takes nothing of what is left for him. */
const LINGER = 5_000;
/** Bytes that he must take in that time while there are so many. */
const LEAST = 16_384;

/** One connection; a driver adds the socket and tells what happens to it by the methods that begin with `on`. */
export abstract class StreamConnection implements TcpConnection, Flushable {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly tls: TlsInfo | null;
  readonly #gate: FlushGate;
  readonly #maxQueue: number;
  #handlers: TcpHandlers | null = null;
  #onGone: (() => void) | null = null;
  #chunk: Buffer = NO_CHUNK; // what node:net writes without wrapping it
  #taken = 0; // of #chunk, bytes that the runtime has taken
  #used = 0;
  #marked = false;
  #closing = false;
  #finished = false;
  #closed = false;
  #lingers: ReturnType<typeof setTimeout> | null = null;
  #error: HostError | null = null;

  constructor(gate: FlushGate, local: SocketAddress, remote: SocketAddress, maxQueue: number, tls: TlsInfo | null) {
    this.#gate = gate;
    this.local = local;
    this.remote = remote;
    this.tls = tls;
    this.#maxQueue = maxQueue;
  }

  /** Gives bytes to the runtime; returns how many it has taken. What is left is tried again after `onDrain`. */
  protected abstract write(chunk: Uint8Array, start: number, end: number): number;
  /** Bytes that the runtime has taken and still holds; while there are some, the chunk they lie in is its own. */
  protected abstract get held(): number;
  /** Nothing more will be written: closes our side, or all of it when the peer has closed its own. */
  protected abstract finish(): void;
  /** Ends the connection now. */
  protected abstract destroy(): void;
  abstract pause(): void;
  abstract resume(): void;

  /** Begins to hand out what arrives; `onGone` is for the owner of the connection list. */
  start(handlers: TcpHandlers, onGone: () => void): void {
    this.#handlers = handlers;
    this.#onGone = onGone;
  }

  get queued(): number {
    return this.#closed ? 0 : this.#used - this.#taken + this.held;
  }

  send(buf: Uint8Array, start: number, end: number): boolean {
    if (this.#closed || this.#closing) return false;
    const length = end - start;
    if (this.queued + length > this.#maxQueue) {
      this.#error ??= new HostError("ENOBUFS", `${endpointText(this.remote)} does not take what is sent to it`);
      this.abort();
      return false;
    }
    this.#reserve(length);
    this.#used = copyBytes(this.#chunk, this.#used, buf, start, end);
    this.#mark();
    return true;
  }

  flush(): void {
    this.#marked = false;
    if (this.#closed) return;
    if (this.#used > 0) {
      const chunk = this.#chunk;
      this.#taken += this.write(chunk, this.#taken, this.#used);
      if (this.#taken < this.#used) return;
      if (chunk.length === FIRST_CHUNK && spares.length < MAX_SPARES && this.held === 0) spares.push(chunk);
      this.#chunk = NO_CHUNK;
      this.#taken = 0;
      this.#used = 0;
    }
    if (this.#closing) this.#finish();
  }

  close(): void {
    if (this.#closing || this.#closed) return;
    this.#closing = true;
    this.#linger(this.queued);
    this.#mark();
  }

  abort(): void {
    if (this.#closed) return;
    this.destroy();
    this.#report();
  }

  /** The socket takes bytes again: they leave with those of this turn. */
  onDrain(): void {
    if (this.#taken < this.#used) this.#mark();
  }

  /** Bytes have come. */
  onData(data: Uint8Array): void {
    if (this.#closed || this.#handlers === null) return;
    this.#gate.touch();
    this.#handlers.onData(this, data, 0, data.length);
  }

  /** Why it will close. */
  onError(error: HostError): void {
    this.#error ??= error;
  }

  /** The socket has gone. */
  onClose(): void {
    this.#onGone?.();
    this.#onGone = null;
    if (this.#lingers !== null) clearTimeout(this.#lingers);
    this.#report();
  }

  #mark(): void {
    if (this.#marked) return;
    this.#marked = true;
    this.#gate.mark(this);
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.finish();
  }

  // A peer that never closes its side is not waited for, nor one that leaves lying what is queued for him; `before`: how much that was.
  #linger(before: number): void {
    this.#lingers = setTimeout(() => {
      const { queued } = this;
      if (queued > 0 ? queued <= before - LEAST : before > 0) this.#linger(queued);
      else this.abort();
    }, LINGER);
  }

  #reserve(length: number): void {
    if (this.#used + length <= this.#chunk.length) return;
    const need = this.#used - this.#taken + length;
    const spare = need <= FIRST_CHUNK ? spares.pop() : undefined;
    const bigger = spare ?? Buffer.allocUnsafeSlow(Math.max(FIRST_CHUNK, need, 2 * (this.#used - this.#taken)));
    this.#used = copyBytes(bigger, 0, this.#chunk, this.#taken, this.#used);
    this.#taken = 0;
    this.#chunk = bigger;
  }

  #report(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#chunk = NO_CHUNK;
    this.#taken = 0;
    this.#used = 0;
    const handlers = this.#handlers;
    if (handlers !== null) queueMicrotask(() => handlers.onClose(this, this.#error));
  }
}

/** One end of a socket as the runtime tells it. Of a unix socket both ends are the address "" with port 0, and so is one that has gone. */
export function endpoint(address: string | undefined, port: number | undefined): SocketAddress {
  const text = address ?? "";
  return { family: text.includes(":") ? 6 : 4, address: text, port: port ?? 0 };
}

/** "127.0.0.1:5060", "[::1]:5060". */
export function endpointText({ family, address, port }: SocketAddress): string {
  return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
