// STUN on SIP ports (RFC 5389; RFC 3489 for clients without the magic cookie): who asks by UDP is told the address he is seen from.

import { crc32 } from "../util/bytes.ts";
import { parseIp } from "../util/ip.ts";
import type { Flow } from "./flow.ts";

const COOKIE = 0x2112a442;
const HEADER = 20;
const Type = { REQUEST: 0x0001, SUCCESS: 0x0101, ERROR: 0x0111 } as const;
const Attribute = {
  MAPPED_ADDRESS: 0x0001,
  ERROR_CODE: 0x0009,
  UNKNOWN_ATTRIBUTES: 0x000a,
  XOR_MAPPED_ADDRESS: 0x0020,
  REFRESH_INTERVAL: 0x8024,
  FINGERPRINT: 0x8028,
} as const;
/** Attributes that must be understood and are: they change nothing about a binding request without credentials. */
const UNDERSTOOD: ReadonlySet<number> = new Set([0x0001, 0x0002, 0x0003, 0x0006, 0x0008, 0x0014, 0x0015]);
const FINGERPRINT_XOR = 0x5354554e;
/** The longest request looked at, bytes; and the most attributes told as unknown. */
const MAX_REQUEST = 548;
const MAX_UNKNOWN = 4;

/** What the configuration says of answers. */
export interface StunSettings {
  /** Milliseconds after which the client is to ask again (stun_refresh_interval); 0 does not say. */
  readonly refresh: number;
  /** Whether answers end with FINGERPRINT (stun_allow_fp). */
  readonly fingerprint: boolean;
}

/** Answers binding requests; nobody is ever asked. */
export class StunServer {
  private readonly settings: StunSettings;
  private readonly out = new Uint8Array(128);
  private readonly view = new DataView(this.out.buffer);
  private readonly ip = new Uint8Array(16);

  constructor(settings: StunSettings) {
    this.settings = settings;
  }

  /** Answers the datagram [start, end) when it is STUN; false when it is not, and is somebody else's. */
  take(buf: Uint8Array, start: number, end: number, flow: Flow): boolean {
    const length = end - start - HEADER;
    if (flow.reliable || length < 0 || length % 4 !== 0 || end - start > MAX_REQUEST) return false;
    const view = new DataView(buf.buffer, buf.byteOffset + start, end - start);
    if (view.getUint16(2) !== length || (view.getUint16(0) & 0xc000) !== 0) return false;
    if (view.getUint16(0) !== Type.REQUEST) return true; // an indication, or an answer nobody has asked for
    this.out.set(buf.subarray(start, start + HEADER));
    const unknown = unknownAttributes(view);
    const at = unknown.length > 0 ? this.refuse(unknown) : this.answer(view.getUint32(4) === COOKIE, flow);
    if (at > 0) flow.send(this.out, 0, this.finish(at));
    return true;
  }

  private answer(isModern: boolean, flow: Flow): number {
    const { address, port } = flow.remote;
    const family = parseIp(address, this.ip);
    if (family === 0) return 0;
    const ip = family === 6 ? this.ip : this.ip.subarray(0, 4);
    const { out, view } = this;
    view.setUint16(0, Type.SUCCESS);
    view.setUint16(HEADER, isModern ? Attribute.XOR_MAPPED_ADDRESS : Attribute.MAPPED_ADDRESS);
    view.setUint16(HEADER + 2, 4 + ip.length);
    view.setUint16(HEADER + 4, family === 6 ? 2 : 1);
    view.setUint16(HEADER + 6, isModern ? port ^ (COOKIE >>> 16) : port);
    // cookie and transaction id stand together in the header: RFC 5389 15.2
    for (let i = 0; i < ip.length; i++) out[HEADER + 8 + i] = isModern ? ip[i]! ^ out[4 + i]! : ip[i]!;
    let at = HEADER + 8 + ip.length;
    if (this.settings.refresh > 0) {
      at = this.head(at, Attribute.REFRESH_INTERVAL, 4);
      view.setUint32(at - 4, this.settings.refresh);
    }
    return at;
  }

  private refuse(unknown: readonly number[]): number {
    const { view } = this;
    view.setUint16(0, Type.ERROR);
    let at = this.head(HEADER, Attribute.ERROR_CODE, 4);
    view.setUint32(at - 4, 0x0414); // 420
    const padded = unknown.length + (unknown.length % 2);
    at = this.head(at, Attribute.UNKNOWN_ATTRIBUTES, padded * 2);
    view.setUint16(at - padded * 2 - 2, unknown.length * 2);
    for (let i = 0; i < padded; i++) view.setUint16(at - padded * 2 + i * 2, unknown[i] ?? 0);
    return at;
  }

  /** Writes the head of an attribute; returns where it ends. */
  private head(at: number, type: number, length: number): number {
    this.view.setUint16(at, type);
    this.view.setUint16(at + 2, length);
    return at + 4 + length;
  }

  private finish(at: number): number {
    if (!this.settings.fingerprint) {
      this.view.setUint16(2, at - HEADER);
      return at;
    }
    const end = this.head(at, Attribute.FINGERPRINT, 4);
    this.view.setUint16(2, end - HEADER);
    this.view.setUint32(at + 4, (crc32(this.out, 0, at) ^ FINGERPRINT_XOR) >>> 0);
    return end;
  }
}

/** Attributes that must be understood and are not; empty when all are. */
function unknownAttributes(view: DataView): number[] {
  const unknown: number[] = [];
  for (let at = HEADER; at + 4 <= view.byteLength; ) {
    const type = view.getUint16(at);
    if (type < 0x8000 && !UNDERSTOOD.has(type) && unknown.length < MAX_UNKNOWN) unknown.push(type);
    at += 4 + ((view.getUint16(at + 2) + 3) & ~3);
  }
  return unknown;
}
