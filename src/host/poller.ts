// Waits for native sockets of all kinds and reads them in turns: epoll (one-shot) → waker → ready list → turn(): receive() → hooks → …
import type { FlushGate } from "./flush.ts";
import * as C from "./libc.ts";

/** A socket that the poller reads. */
export interface Polled {
  readonly id: number;
  readonly fd: number;
  /** How much one `receive` reads at most. */
  readonly batch: number;
  readonly open: boolean;
  /** Looks in a row that found nothing; the poller's. */
  empty: number;
  /** Reads a batch and hands it out; returns how much that was, 0 when there was nothing. */
  receive(): number;
}

/** Batches of one socket before timers, TCP and other sockets get their turn. */
const BATCHES_PER_TURN = 4;
/** Empty looks, one a turn, before a socket is armed again: under load they save the way over the waker, which costs more. */
const EMPTY_LOOKS = 4;

/** The native sockets of one host, of whatever protocol. */
export class Poller {
  readonly libc: C.Libc;
  readonly gate: FlushGate;
  readonly #sockets = new Map<number, Polled>();
  readonly #soon: (fn: () => void) => void;
  readonly #turnBound = () => this.#turn();
  #ready: Polled[] = [];
  #turnPlanned = false;
  #waker: Waker | null = null;
  #lastId = 0;

  /** @param soon calls a function in the next turn of the loop, after input of other kinds was looked at */
  constructor(libc: C.Libc, gate: FlushGate, soon: (fn: () => void) => void) {
    this.libc = libc;
    this.gate = gate;
    this.#soon = soon;
  }

  /** The id of a new socket. */
  newId(): number {
    return ++this.#lastId;
  }

  /** Reads that socket from now on. */
  add(socket: Polled): void {
    this.#waker ??= new Waker(this.libc, (id) => this.#wake(id));
    this.#sockets.set(socket.id, socket);
    this.#waker.arm(socket, C.EPOLL_CTL_ADD);
  }

  /** Forgets a closed socket; the last one ends the waker. */
  forget(socket: Polled): void {
    this.#sockets.delete(socket.id);
    this.#ready = this.#ready.filter((other) => other !== socket);
    if (this.#sockets.size === 0) {
      this.#waker?.stop();
      this.#waker = null;
    }
  }

  #wake(id: number): void {
    const socket = this.#sockets.get(id);
    if (socket === undefined) return;
    this.#ready.push(socket);
    if (!this.#turnPlanned) this.#turn();
  }

  #turn(): void {
    this.#turnPlanned = false;
    const ready = this.#ready;
    this.#ready = [];
    for (let i = 0; i < ready.length; i++) {
      const socket = ready[i]!;
      if (this.#drain(socket)) this.#ready.push(socket);
      else if (socket.open) {
        socket.empty = 0;
        this.#waker?.arm(socket, C.EPOLL_CTL_MOD);
      }
    }
    if (this.#ready.length > 0) {
      this.#turnPlanned = true;
      this.#soon(this.#turnBound);
    }
  }

  /** Reads a few batches; false when the socket has nothing more, true to look again in the next turn. */
  #drain(socket: Polled): boolean {
    if (!socket.open) return false;
    for (let k = 0; k < BATCHES_PER_TURN; k++) {
      this.gate.startBatch();
      const n = socket.receive();
      this.gate.endBatch(n > 0);
      if (!socket.open) return false;
      if (n <= 0) return ++socket.empty < EMPTY_LOOKS;
      socket.empty = 0;
      // A short batch: one look in the next turn is cheaper than to arm, sleep and wake.
      if (n < socket.batch) return true;
    }
    return true;
  }
}

/** The epoll instance of a driver with the thread that waits on it. Sockets are armed for one event each. */
class Waker {
  readonly #libc: C.Libc;
  readonly #epoll: number;
  readonly #stopper: number;
  readonly #event = C.nativeMemory(16);
  readonly #eventView = new DataView(this.#event.buffer);
  readonly #eventPinned: C.Pinned;

  constructor(libc: C.Libc, onReady: (id: number) => void) {
    this.#libc = libc;
    this.#eventPinned = libc.pin(this.#event);
    this.#epoll = libc.epollCreate(C.EPOLL_CLOEXEC);
    this.#stopper = libc.eventfd(0, C.EFD_CLOEXEC);
    if (this.#epoll < 0 || this.#stopper < 0) throw C.systemError(libc, "cannot wait for sockets");
    this.#control(C.EPOLL_CTL_ADD, this.#stopper, C.EPOLLIN, 0);
    libc.watch(this.#epoll, onReady, () => {
      libc.close(this.#epoll);
      libc.close(this.#stopper);
      C.releaseMemory(this.#event);
    });
  }

  arm(socket: Polled, operation: number): void {
    this.#control(operation, socket.fd, C.EPOLLIN | C.EPOLLONESHOT, socket.id);
  }

  /** Ends the thread; descriptors are closed when it has gone. */
  stop(): void {
    this.#eventView.setBigUint64(0, 1n, true);
    this.#libc.write(this.#stopper, this.#eventPinned, 8);
  }

  #control(operation: number, fd: number, events: number, data: number): void {
    this.#eventView.setUint32(0, events, true);
    this.#eventView.setUint32(C.epollDataOffset, data, true);
    this.#eventView.setUint32(C.epollDataOffset + 4, 0, true);
    if (this.#libc.epollCtl(this.#epoll, operation, fd, this.#eventPinned) < 0)
      throw C.systemError(this.#libc, "cannot wait for a socket");
  }
}
