// SCTP as the rest of the program sees it: messages over associations of one-to-many sockets (RFC 6458 section 3, RFC 4168).
import type { HostError, SocketAddress } from "./host.ts";

/** Settings of a socket, by the names of Kamailio's parameters without their "sctp_"; what is left out is up to the system. */
export interface SctpSettings {
  /** SO_RCVBUF and SO_SNDBUF, bytes. */
  readonly socket_rcvbuf?: number;
  readonly socket_sndbuf?: number;
  /** Seconds after which an idle association is closed; 0: never. */
  readonly autoclose?: number;
  /** Milliseconds after which a message that could not be sent is given up; 0: never. */
  readonly send_ttl?: number;
  /** Retransmission timeout, ms. */
  readonly srto_initial?: number;
  readonly srto_max?: number;
  readonly srto_min?: number;
  /** Retransmissions before an association, and a path, is given up. */
  readonly asocmaxrxt?: number;
  readonly pathmaxrxt?: number;
  /** Attempts to open an association, and the longest time between two of them, ms. */
  readonly init_max_attempts?: number;
  readonly init_max_timeo?: number;
  /** Milliseconds between heartbeats; below zero: none. */
  readonly hbinterval?: number;
  /** Milliseconds and packets until an acknowledgement is sent. */
  readonly sack_delay?: number;
  readonly sack_freq?: number;
  /** Packets sent in one go. */
  readonly max_burst?: number;
}

export type SctpSetting = keyof SctpSettings;

/** What Linux has where nothing is set; the simulation shows these. */
export const SCTP_DEFAULTS: Required<SctpSettings> = {
  socket_rcvbuf: 106_496,
  socket_sndbuf: 106_496,
  autoclose: 0,
  send_ttl: 0,
  srto_initial: 3000,
  srto_max: 60_000,
  srto_min: 1000,
  asocmaxrxt: 10,
  pathmaxrxt: 5,
  init_max_attempts: 8,
  init_max_timeo: 60_000,
  hbinterval: 30_000,
  sack_delay: 200,
  sack_freq: 2,
  max_burst: 4,
};

/** One association as one socket sees it. */
export interface SctpAssociation {
  /** The primary address of the far end. */
  readonly remote: SocketAddress;
  /** Bytes that the system has not taken yet. */
  readonly queued: number;
  /** A place for what the user of the socket keeps with it; null at first. */
  attachment: unknown;
}

export interface SctpSocket {
  readonly local: SocketAddress;
  /**
   * The association with that address: one that is there, else one that is being opened and takes messages meanwhile. Null when that cannot be: an
   * address of another family, no way there.
   */
  associate(remote: SocketAddress): SctpAssociation | null;
  /**
   * Queues a copy of buf[start,end) as one message, sent at the end of the batch (Host.beforeFlush). False when the queue is full or the
   * association has gone. `mark` (32 bits) comes back with the message when it could not be sent.
   */
  send(association: SctpAssociation, buf: Uint8Array, start: number, end: number, mark: number): boolean;
  /** Ends it in order, what is queued being sent before, or at once. `onClose` is not called for it any more. */
  end(association: SctpAssociation, abort: boolean): void;
  /** The settings in force. */
  settings(): Required<SctpSettings>;
  /** Changes settings, most of them for new associations only; the error of the first one that the system refuses. */
  change(settings: SctpSettings): HostError | null;
  /** Ends all associations in order. */
  close(): void;
}

export interface SctpOptions {
  readonly local: SocketAddress; // port 0: one that the system gives
  readonly settings: SctpSettings;
  /** Bytes of the longest message; a longer one ends its association. */
  readonly maxMessage: number;
  /** Bytes one association may queue. */
  readonly maxQueue: number;
  /** One is there: one that a peer has opened when it has no attachment. It is ended at once when false is returned. */
  readonly onOpen: (association: SctpAssociation) => boolean;
  /** One message: valid only during the call. Must not throw. */
  readonly onMessage: (buf: Uint8Array, start: number, end: number, association: SctpAssociation) => void;
  /** The system gave a message up; called before `onClose` where the association has failed. */
  readonly onUnsent: (association: SctpAssociation, message: Uint8Array, mark: number) => void;
  /** It has gone; `error` when that was not orderly, ECONNREFUSED when it never was there. Called once. */
  readonly onClose: (association: SctpAssociation, error: HostError | null) => void;
}
