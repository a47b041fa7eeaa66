// Handshakes under way on one port: bounded, and when there are too many, those who hold most give way first.

interface Handshake<T> {
  readonly address: string;
  readonly socket: T;
}

/** The handshakes under way. */
export class Handshakes<T> {
  readonly #most: number;
  readonly #drop: (socket: T) => void;
  /** By "address port", oldest first. */
  readonly #all = new Map<string, Handshake<T>>();
  readonly #byAddress = new Map<string, Set<string>>();

  constructor(most: number, drop: (socket: T) => void) {
    this.#most = most;
    this.#drop = drop;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Notes a new one; when there are too many, the oldest of the address with the most is dropped. */
  begin(key: string, address: string, socket: T): void {
    if (this.#all.size >= this.#most) this.#makeRoom();
    this.#all.set(key, { address, socket });
    const own = this.#byAddress.get(address);
    if (own === undefined) this.#byAddress.set(address, new Set([key]));
    else own.add(key);
  }

  /** One is over; false when it was not under way. With a socket only when it is that one's. */
  end(key: string, socket: T | null): boolean {
    const found = this.#all.get(key);
    if (found === undefined || (socket !== null && found.socket !== socket)) return false;
    this.#all.delete(key);
    const own = this.#byAddress.get(found.address)!;
    own.delete(key);
    if (own.size === 0) this.#byAddress.delete(found.address);
    return true;
  }

  endAll(): void {
    for (const [key, { socket }] of [...this.#all]) {
      this.end(key, socket);
      this.#drop(socket);
    }
  }

  #makeRoom(): void {
    let heaviest: Set<string> | null = null;
    for (const own of this.#byAddress.values()) if (heaviest === null || own.size > heaviest.size) heaviest = own;
    const [key] = heaviest ?? [];
    if (key === undefined) return;
    const { socket } = this.#all.get(key)!;
    this.end(key, socket);
    this.#drop(socket);
  }
}
