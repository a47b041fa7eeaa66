// The PROXY protocol (haproxy's proxy-protocol.txt, versions 1 and 2): what a load balancer says in front of a connection about who is at its
// other end (tcp_accept_haproxy).

import type { HostError, SocketAddress, TcpConnection, TcpHandlers } from "../host/host.ts";
import { canonicalIp, ipFamily } from "../util/ip.ts";

/** What a header says: its length, and who is connected; null when it leaves that to the connection itself. */
export interface ProxyHeader {
  readonly length: number;
  readonly remote: SocketAddress | null;
}

/** The longest header of version 1, its line end included, and the longest of version 2 that is read. */
const LONGEST_V1 = 107;
const LONGEST_V2 = 2048;
/** Milliseconds until the header must have come. */
const PATIENCE = 5000;

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const V1 = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20]; // "PROXY "

/** Reads a header at the beginning of bytes[0,end). "more" when it is not whole yet, "bad" when there is none. */
export function readProxyHeader(bytes: Uint8Array, end: number): ProxyHeader | "more" | "bad" {
  if (begins(bytes, end, SIGNATURE)) return end < 16 ? "more" : readBinary(bytes, end);
  return begins(bytes, end, V1) ? readText(bytes, end) : "bad";
}

// Whether the bytes there are agree with a beginning.
function begins(bytes: Uint8Array, end: number, beginning: readonly number[]): boolean {
  for (let i = 0; i < beginning.length && i < end; i++) if (bytes[i] !== beginning[i]) return false;
  return true;
}

function readText(bytes: Uint8Array, end: number): ProxyHeader | "more" | "bad" {
  let line = "";
  for (let i = 0; i < end && i < LONGEST_V1; i++) {
    if (bytes[i] === 10 && bytes[i - 1] === 13) return fromLine(line.slice(0, -1), i + 1);
    line += String.fromCharCode(bytes[i]!);
  }
  return end >= LONGEST_V1 ? "bad" : "more";
}

function fromLine(line: string, length: number): ProxyHeader | "bad" {
  const [, protocol, source, , port, ...rest] = line.split(" ");
  if (protocol === "UNKNOWN") return { length, remote: null };
  const family = protocol === "TCP4" ? 4 : protocol === "TCP6" ? 6 : 0;
  if (family === 0 || rest.length !== 1 || source === undefined || ipFamily(source) !== family) return "bad";
  if (port === undefined || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) return "bad";
  return { length, remote: { family, address: canonicalIp(source) ?? source, port: Number(port) } };
}

function readBinary(bytes: Uint8Array, end: number): ProxyHeader | "more" | "bad" {
  const version = bytes[12]! >> 4;
  const command = bytes[12]! & 15;
  const length = 16 + ((bytes[14]! << 8) | bytes[15]!);
  if (version !== 2 || command > 1 || length > LONGEST_V2) return "bad";
  if (end < length) return "more";
  if (command === 0) return { length, remote: null }; // the balancer's own, to see whether we live
  const kind = bytes[13]!;
  if (kind === 0x11) return length < 28 ? "bad" : { length, remote: address4(bytes) };
  if (kind === 0x21) return length < 52 ? "bad" : { length, remote: address6(bytes) };
  return { length, remote: null };
}

function address4(bytes: Uint8Array): SocketAddress {
  const address = Array.from(bytes.subarray(16, 20)).join(".");
  return { family: 4, address, port: (bytes[24]! << 8) | bytes[25]! };
}

function address6(bytes: Uint8Array): SocketAddress {
  const groups: string[] = [];
  for (let i = 16; i < 32; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  const text = groups.join(":");
  return { family: 6, address: canonicalIp(text) ?? text, port: (bytes[48]! << 8) | bytes[49]! };
}

/** A connection in front of whose stream a header is awaited; what follows goes to the handlers that `accept` gives for its client. */
export class AwaitsHeader implements TcpHandlers {
  #inner: TcpHandlers | null = null;
  #held = new Uint8Array(0);
  #over = false;
  readonly #connection: TcpConnection;
  readonly #accept: (remote: SocketAddress) => TcpHandlers | null;
  readonly #cancel: () => void;

  /** `after` is the host's clock; `accept` returns null to refuse the client. */
  constructor(
    connection: TcpConnection,
    after: (ms: number, fn: () => void) => () => void,
    accept: (remote: SocketAddress) => TcpHandlers | null,
  ) {
    this.#connection = connection;
    this.#accept = accept;
    this.#cancel = after(PATIENCE, () => connection.abort());
  }

  onData(connection: TcpConnection, buf: Uint8Array, start: number, end: number): void {
    if (this.#inner !== null) {
      this.#inner.onData(connection, buf, start, end);
      return;
    }
    if (this.#over) return;
    const bytes = new Uint8Array(this.#held.length + end - start);
    bytes.set(this.#held);
    bytes.set(buf.subarray(start, end), this.#held.length);
    const header = readProxyHeader(bytes, bytes.length);
    if (header === "more") {
      this.#held = bytes;
      return;
    }
    this.#over = true;
    this.#cancel();
    const inner = header === "bad" ? null : this.#accept(header.remote ?? connection.remote);
    if (header === "bad" || inner === null) {
      this.#connection.abort();
      return;
    }
    this.#inner = inner;
    if (header.length < bytes.length) inner.onData(connection, bytes, header.length, bytes.length);
  }

  onClose(connection: TcpConnection, error: HostError | null): void {
    this.#over = true;
    this.#cancel();
    this.#inner?.onClose(connection, error);
  }
}
