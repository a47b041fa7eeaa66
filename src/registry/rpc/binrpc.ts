// BINRPC, the binary form of commands that Kamailio's module ctl and kamcmd speak, as seen on the wire.
//
//   frame   1010 0001 | tttt llcc | length (ll+1 octets) | cookie (cc+1 octets) | records
//   record  0sss kkkk  value of sss octets;  1sss kkkk  size in sss octets, then the value;  1000 0011 ends a struct
//
// Numbers are big-endian without leading zeros; texts end with a zero octet, which counts; a double is a number of thousandths.

import { putText, textOf } from "../../util/bytes.ts";
import type { RpcValue } from "../define.ts";

const MAGIC = 0xa1;
/** What a frame is. */
export const Frame = { REQUEST: 0, REPLY: 1, FAULT: 3 } as const;

const Kind = { INT: 0, STR: 1, DOUBLE: 2, STRUCT: 3, ARRAY: 4, NAME: 5 } as const;
const END = 0x80;
/** Structs in structs; more is refused. */
const MAX_DEPTH = 32;

/** The head of a frame. */
export interface FrameHead {
  readonly type: number;
  readonly cookie: number;
  /** Where the records begin, and how long they are. */
  readonly body: number;
  readonly length: number;
}

/** Reads the head of the frame at buf[start,end): null when more octets are needed, "bad" when it is none. */
export function readHead(buf: Uint8Array, start: number, end: number): FrameHead | null | "bad" {
  if (end > start && buf[start] !== MAGIC) return "bad";
  if (end - start < 2) return null;
  const flags = buf[start + 1]!;
  const lengthOctets = ((flags >> 2) & 3) + 1;
  const cookieOctets = (flags & 3) + 1;
  const body = start + 2 + lengthOctets + cookieOctets;
  if (end < body) return null;
  return {
    type: flags >> 4,
    length: readNumber(buf, start + 2, lengthOctets),
    cookie: readNumber(buf, start + 2 + lengthOctets, cookieOctets),
    body,
  };
}

/** A record as read: a scalar, or a struct with its members in order, those of arrays without names. */
export type BinValue = string | number | BinStruct;
export interface BinStruct {
  readonly members: readonly { readonly name: string | null; readonly value: BinValue }[];
}

/** The records in buf[start,end), byte strings for texts; null when they are broken. */
export function readRecords(buf: Uint8Array, start: number, end: number): BinValue[] | null {
  const reader = new Reader(buf, start, end);
  const members = reader.members(false, 0);
  if (members === null || members.some(({ name }) => name !== null)) return null;
  return members.map(({ value }) => value);
}

class Reader {
  private readonly buf: Uint8Array;
  private readonly end: number;
  private at: number;

  constructor(buf: Uint8Array, start: number, end: number) {
    this.buf = buf;
    this.at = start;
    this.end = end;
  }

  /** Records up to the end, or up to the end of the struct they are in; null when broken. */
  members(inside: boolean, depth: number): { name: string | null; value: BinValue }[] | null {
    const out: { name: string | null; value: BinValue }[] = [];
    let name: string | null = null;
    while (this.at < this.end) {
      const tag = this.buf[this.at++]!;
      const kind = tag & 15;
      if ((kind === Kind.STRUCT || kind === Kind.ARRAY) && tag >> 4 === END >> 4)
        return inside && name === null ? out : null;
      if (kind === Kind.STRUCT || kind === Kind.ARRAY) {
        const within = depth < MAX_DEPTH ? this.members(true, depth + 1) : null;
        if (within === null) return null;
        out.push({ name, value: { members: within } });
        name = null;
        continue;
      }
      const size = this.size(tag);
      if (size < 0) return null;
      const from = this.at;
      this.at += size;
      if (kind === Kind.NAME) {
        if (name !== null || !inside) return null;
        name = this.text(from, size);
        if (name === null) return null;
        continue;
      }
      const value = this.scalar(kind, from, size);
      if (value === null) return null;
      out.push({ name, value });
      name = null;
    }
    return inside || name !== null ? null : out;
  }

  private size(tag: number): number {
    let size = (tag >> 4) & 7;
    if ((tag & END) !== 0) {
      if (size > 4 || this.at + size > this.end) return -1;
      this.at += size;
      size = readNumber(this.buf, this.at - size, size);
    }
    return this.at + size <= this.end ? size : -1;
  }

  private scalar(kind: number, from: number, size: number): BinValue | null {
    if (kind === Kind.STR) return this.text(from, size);
    if (kind !== Kind.INT && kind !== Kind.DOUBLE) return null;
    if (size > 4) return null;
    const number = readNumber(this.buf, from, size) | 0;
    return kind === Kind.INT ? number : number / 1000;
  }

  private text(from: number, size: number): string | null {
    if (size === 0 || this.buf[from + size - 1] !== 0) return null;
    return textOf(this.buf, from, from + size - 1);
  }
}

function readNumber(buf: Uint8Array, from: number, octets: number): number {
  let number = 0;
  for (let i = from; i < from + octets; i++) number = number * 256 + buf[i]!;
  return number;
}

/** A request: method and arguments. */
export function requestFrame(cookie: number, method: string, args: readonly (string | number)[]): Uint8Array {
  const out = new Writer();
  out.scalar(method);
  for (const arg of args) out.scalar(arg);
  return out.frame(Frame.REQUEST, cookie);
}

/**
 * The answer to a command. An array at the top is a row of records; one of objects that have one member each, itself an object, is the struct
 * Kamailio makes of it (core.sockets_list).
 */
export function replyFrame(cookie: number, value: RpcValue): Uint8Array {
  const out = new Writer();
  if (!Array.isArray(value)) {
    if (value !== null) out.value(value);
  } else if (value.length > 0 && value.every(isNamedStruct)) out.value(value);
  else for (const one of value) out.value(one);
  return out.frame(Frame.REPLY, cookie);
}

/** A refusal. */
export function faultFrame(cookie: number, code: number, message: string): Uint8Array {
  const out = new Writer();
  out.scalar(code);
  out.scalar(message);
  return out.frame(Frame.FAULT, cookie);
}

function isObject(value: RpcValue | undefined): value is { [key: string]: RpcValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNamedStruct(value: RpcValue): boolean {
  if (!isObject(value)) return false;
  const members = Object.values(value);
  return members.length === 1 && isObject(members[0]);
}

class Writer {
  private buf: Uint8Array = new Uint8Array(256);
  private at = 0;

  value(value: RpcValue): void {
    if (Array.isArray(value)) {
      this.open();
      for (const one of value) {
        if (isNamedStruct(one)) this.members(one as { [key: string]: RpcValue });
        else this.value(one);
      }
      this.close();
    } else if (isObject(value)) {
      this.open();
      this.members(value);
      this.close();
    } else if (value === null) this.scalar("");
    else this.scalar(typeof value === "boolean" ? Number(value) : value);
  }

  scalar(value: string | number): void {
    if (typeof value === "string") this.text(Kind.STR, value);
    else if (!Number.isInteger(value)) this.number(Kind.DOUBLE, Math.round(value * 1000));
    else if (value >= -0x8000_0000 && value <= 0xffff_ffff) this.number(Kind.INT, value);
    else this.text(Kind.STR, String(value)); // wider than the format's numbers
  }

  frame(type: number, cookie: number): Uint8Array {
    const octets = Math.max(1, octetsOf(this.at));
    const cookieOctets = Math.max(1, octetsOf(cookie));
    const head = new Writer();
    head.octet(MAGIC);
    head.octet((type << 4) | ((octets - 1) << 2) | (cookieOctets - 1));
    head.big(this.at, octets);
    head.big(cookie, cookieOctets);
    const all = new Uint8Array(head.at + this.at);
    all.set(head.buf.subarray(0, head.at));
    all.set(this.buf.subarray(0, this.at), head.at);
    return all;
  }

  private members(object: { readonly [key: string]: RpcValue }): void {
    for (const [name, value] of Object.entries(object)) {
      this.text(Kind.NAME, name);
      this.value(value);
    }
  }

  private open(): void {
    this.octet(Kind.STRUCT);
  }

  private close(): void {
    this.octet(END | Kind.STRUCT);
  }

  private text(kind: number, text: string): void {
    const size = text.length + 1;
    if (size < 8) this.octet((size << 4) | kind);
    else {
      const octets = octetsOf(size);
      this.octet(END | (octets << 4) | kind);
      this.big(size, octets);
    }
    this.room(size);
    this.at = putText(this.buf, this.at, text);
    this.octet(0);
  }

  private number(kind: number, number: number): void {
    const octets = octetsOf(number >>> 0);
    this.octet((octets << 4) | kind);
    this.big(number >>> 0, octets);
  }

  private big(number: number, octets: number): void {
    for (let shift = 8 * (octets - 1); shift >= 0; shift -= 8) this.octet((number >>> shift) & 255);
  }

  private octet(value: number): void {
    this.room(1);
    this.buf[this.at++] = value;
  }

  private room(octets: number): void {
    if (this.at + octets <= this.buf.length) return;
    const bigger = new Uint8Array(Math.max(2 * this.buf.length, this.at + octets));
    bigger.set(this.buf.subarray(0, this.at));
    this.buf = bigger;
  }
}

function octetsOf(number: number): number {
  return number === 0 ? 0 : number < 0x100 ? 1 : number < 0x1_0000 ? 2 : number < 0x100_0000 ? 3 : 4;
}
