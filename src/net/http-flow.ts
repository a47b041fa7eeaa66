// What a stream connection offers to who answers HTTP requests that came over it.
import type { HostError } from "../host/host.ts";
import type { Flow } from "./flow.ts";

/** Who reads the bytes of a connection once it speaks another protocol (a WebSocket). */
export interface StreamReader {
  /** Bytes in order; valid only during the call. */
  onData(buf: Uint8Array, start: number, end: number): void;
  /** The connection has gone, whoever closed it; called once. */
  onClose(error: HostError | null): void;
}

/** A flow that HTTP requests come over, one at a time: the next one, and any SIP message behind it, waits for `answered`. */
export interface HttpFlow extends Flow {
  /** Bytes that the system has not taken yet. */
  readonly queued: number;
  /** The request handed out last has its whole answer; without `keep` the connection ends once that has left. */
  answered(keep: boolean): void;
  /** In place of `answered`: from now on all bytes of the connection, those already here included, go to that reader. */
  upgrade(reader: StreamReader): void;
}

/** Takes a whole HTTP request; valid only during the call. `flags` are HttpFlag bits. Must not throw, and see to it that it is answered. */
export type ReceiveHttp = (buf: Uint8Array, start: number, end: number, flow: HttpFlow, flags: number) => void;

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  414: "URI Too Long",
  417: "Expectation Failed",
  421: "Misdirected Request",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

/** The reason phrase of an HTTP status that the program itself gives. */
export function httpStatusReason(status: number): string {
  return REASONS[status] ?? "Unknown";
}
