// Layouts of the Linux SCTP interface (linux/sctp.h, RFC 6458), little-endian: ancillary data, notifications, socket options.
import type { SctpSetting, SctpSettings } from "./sctp.ts";

export const IPPROTO_SCTP = 132;
export const SOCK_SEQPACKET = 5;
export const MSG_EOR = 0x80;
export const MSG_NOTIFICATION = 0x8000;

/** Socket options of level IPPROTO_SCTP. */
export const SctpOption = {
  RTOINFO: 0,
  ASSOCINFO: 1,
  INITMSG: 2,
  NODELAY: 3,
  AUTOCLOSE: 4,
  PEER_ADDR_PARAMS: 9,
  EVENTS: 11,
  GET_PEER_ADDR_INFO: 15,
  DELAYED_SACK: 16,
  FRAGMENT_INTERLEAVE: 18,
  MAX_BURST: 20,
} as const;

/** Flags of a sent message. */
export const SendFlag = { UNORDERED: 1, ABORT: 4, EOF: 0x200 } as const;

/** What notifications we ask for, as a struct sctp_event_subscribe: data_io, association, send_failure, shutdown, partial_delivery. */
export const EVENTS: readonly number[] = [1, 1, 0, 1, 0, 1, 1];

/** Bytes of one message's ancillary data: a struct cmsghdr and a struct sctp_sndrcvinfo. */
export const CONTROL_SIZE = 48;
const SNDRCV = 1;
const CMSG_HEADER = 16;
const INFO_ASSOCIATION = 28;

/** Writes the ancillary data of one message at view[at]: flags, the mark that comes back with it, its time to live in ms, its association. */
export function writeControl(view: DataView, at: number, flags: number, mark: number, ttl: number, id: number): void {
  for (let i = 0; i < CONTROL_SIZE; i += 4) view.setUint32(at + i, 0, true);
  view.setUint32(at, CONTROL_SIZE, true);
  view.setInt32(at + 8, IPPROTO_SCTP, true);
  view.setInt32(at + 12, SNDRCV, true);
  const info = at + CMSG_HEADER;
  view.setUint16(info + 4, flags, true);
  view.setUint32(info + 12, mark, true);
  view.setUint32(info + 16, ttl, true);
  view.setInt32(info + INFO_ASSOCIATION, id, true);
}

/** The association that `length` bytes of received ancillary data at view[at] name; 0 when they name none. */
export function associationOf(view: DataView, at: number, length: number): number {
  const end = at + length;
  for (let p = at; p + CMSG_HEADER <= end; ) {
    const size = view.getUint32(p, true);
    if (size < CMSG_HEADER || p + size > end) return 0;
    const isInfo = view.getInt32(p + 8, true) === IPPROTO_SCTP && view.getInt32(p + 12, true) === SNDRCV;
    if (isInfo && size >= CONTROL_SIZE) return view.getInt32(p + CMSG_HEADER + INFO_ASSOCIATION, true);
    p += (size + 7) & ~7;
  }
  return 0;
}

/** States of an association as a change of it tells. */
export const AssociationState = { UP: 0, LOST: 1, RESTARTED: 2, SHUT_DOWN: 3, NOT_STARTED: 4 } as const;

const ASSOC_CHANGE = 0x8001;
const SEND_FAILED = 0x8003;
const SHUTDOWN_EVENT = 0x8005;
const PARTIAL_DELIVERY = 0x8006;
const FAILED_HEADER = 48;
const FAILED_INFO = 12;
const LAST_FRAGMENT = 1;
const FIRST_FRAGMENT = 2;

/** A notification that we use. */
export type SctpNotice =
  | { readonly kind: "change"; readonly id: number; readonly state: number; readonly error: number }
  | { readonly kind: "shutdown"; readonly id: number }
  /** What has come of a message so far is all that comes. */
  | { readonly kind: "cut"; readonly id: number }
  | UnsentNotice;

/** The system gave a message up; it, or a part of it, stands at [start, end). */
export interface UnsentNotice {
  readonly kind: "unsent";
  readonly id: number;
  readonly mark: number;
  /** Whether it is the first part, and the last. */
  readonly first: boolean;
  readonly last: boolean;
  readonly start: number;
  readonly end: number;
}

/** Reads the notification at buf[start,end); null when it is not for us, or cut short. */
export function readNotice(buf: Uint8Array, start: number, end: number): SctpNotice | null {
  const view = new DataView(buf.buffer, buf.byteOffset + start, end - start);
  const length = end - start;
  if (length < 12) return null;
  switch (view.getUint16(0, true)) {
    case ASSOC_CHANGE:
      if (length < 20) return null;
      return {
        kind: "change",
        id: view.getInt32(16, true),
        state: view.getUint16(8, true),
        error: view.getUint16(10, true),
      };
    case SHUTDOWN_EVENT:
      return { kind: "shutdown", id: view.getInt32(8, true) };
    case PARTIAL_DELIVERY:
      return length < 16 ? null : { kind: "cut", id: view.getInt32(12, true) };
    case SEND_FAILED: {
      if (length < FAILED_HEADER) return null;
      const flags = view.getUint16(FAILED_INFO + 4, true);
      return {
        kind: "unsent",
        id: view.getInt32(44, true),
        mark: view.getUint32(FAILED_INFO + 12, true),
        first: (flags & FIRST_FRAGMENT) !== 0,
        last: (flags & LAST_FRAGMENT) !== 0,
        start: start + FAILED_HEADER,
        end: Math.min(end, start + view.getUint32(4, true)),
      };
    }
    default:
      return null;
  }
}

/** One field of a socket option's structure. */
interface Field {
  readonly setting: SctpSetting;
  readonly at: number;
  readonly size: 2 | 4;
}

/** A socket option whose structure holds settings; fields that stay 0 leave what is set as it is. */
export interface OptionLayout {
  readonly option: number;
  readonly size: number;
  readonly fields: readonly Field[];
}

const field = (setting: SctpSetting, at: number, size: 2 | 4 = 4): Field => ({ setting, at, size });

/** Where struct sctp_paddrparams, which is packed, has its flags; what switches heartbeats on and off there. */
export const HEARTBEAT_FLAGS = 146;
export const Heartbeat = { ON: 1, OFF: 2 } as const;

/** The options that hold the settings, but for the sizes of buffers and what goes with each message. */
export const LAYOUTS: readonly OptionLayout[] = [
  {
    option: SctpOption.RTOINFO,
    size: 16,
    fields: [field("srto_initial", 4), field("srto_max", 8), field("srto_min", 12)],
  },
  { option: SctpOption.ASSOCINFO, size: 20, fields: [field("asocmaxrxt", 4, 2)] },
  {
    option: SctpOption.INITMSG,
    size: 8,
    fields: [field("init_max_attempts", 4, 2), field("init_max_timeo", 6, 2)],
  },
  { option: SctpOption.AUTOCLOSE, size: 4, fields: [field("autoclose", 0)] },
  {
    option: SctpOption.PEER_ADDR_PARAMS,
    size: 156,
    fields: [field("hbinterval", 132), field("pathmaxrxt", 136, 2)],
  },
  { option: SctpOption.DELAYED_SACK, size: 12, fields: [field("sack_delay", 4), field("sack_freq", 8)] },
  { option: SctpOption.MAX_BURST, size: 8, fields: [field("max_burst", 4)] },
];

/** Writes what `settings` says of an option into its structure, which is empty; false when they say nothing of it. */
export function writeOption({ option, fields }: OptionLayout, settings: SctpSettings, view: DataView): boolean {
  let any = false;
  for (const { setting, at, size } of fields) {
    const value = settings[setting];
    if (value === undefined) continue;
    any = true;
    if (size === 2) view.setUint16(at, Math.min(value, 0xffff), true);
    else view.setUint32(at, Math.max(0, value), true);
  }
  if (option === SctpOption.PEER_ADDR_PARAMS && settings.hbinterval !== undefined)
    view.setUint32(HEARTBEAT_FLAGS, settings.hbinterval < 0 ? Heartbeat.OFF : Heartbeat.ON, true);
  return any;
}

/** Reads the settings of an option out of its structure. */
export function readOption(
  { option, fields }: OptionLayout,
  view: DataView,
  into: Partial<Record<SctpSetting, number>>,
): void {
  for (const { setting, at, size } of fields)
    into[setting] = size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  const isOff = option === SctpOption.PEER_ADDR_PARAMS && (view.getUint32(HEARTBEAT_FLAGS, true) & Heartbeat.OFF) !== 0;
  if (isOff) into.hbinterval = -1;
}
