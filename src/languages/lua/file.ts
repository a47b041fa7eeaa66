// LuaFile: one file of Lua's library io: reading by lines, numbers and octets over a buffer, writing at once.

import { HostError, type OpenFile } from "../../host/host.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";

const BUFFER = 4096;

/** What a file can read and write. Failures are HostErrors. */
export class LuaFile {
  private readonly file: OpenFile;
  private readonly canRead: boolean;
  private readonly canWrite: boolean;
  private readonly appends: boolean;
  private buffer = new Uint8Array(0);
  private at = 0;
  /** Where the buffer ends in the file. */
  private position = 0;

  /** @param mode as in fopen(), "b" left out */
  constructor(file: OpenFile, mode: string) {
    this.file = file;
    this.canRead = mode.startsWith("r") || mode.includes("+");
    this.canWrite = !mode.startsWith("r") || mode.includes("+");
    this.appends = mode.startsWith("a");
  }

  /** A line, its end left out; null at the end of the file. */
  readLine(): string | null {
    let line = "";
    for (;;) {
      if (!this.fill()) return line === "" ? null : line;
      const end = this.buffer.indexOf(10, this.at);
      const to = end < 0 ? this.buffer.length : end;
      line += textOf(this.buffer, this.at, to);
      this.at = to;
      if (end < 0) continue;
      this.at++;
      return line;
    }
  }

  /** Up to `count` octets; null at the end of the file. */
  read(count: number): string | null {
    if (!this.fill()) return null;
    const parts: string[] = [];
    for (let left = count; left > 0 && this.fill(); ) {
      const to = Math.min(this.buffer.length, this.at + left);
      parts.push(textOf(this.buffer, this.at, to));
      left -= to - this.at;
      this.at = to;
    }
    return parts.join("");
  }

  /** Everything up to the end. */
  readAll(): string {
    return this.read(Number.POSITIVE_INFINITY) ?? "";
  }

  /** A number as scanf("%lf") reads one; null when there is none. */
  readNumber(): number | null {
    while (this.peek() === 32 || (this.peek() >= 9 && this.peek() <= 13)) this.at++;
    let text = "";
    // what may stand in a numeral, as long as it could become one
    while (text.length < 200 && PREFIX.test(text + String.fromCharCode(this.peek()))) {
      text += String.fromCharCode(this.peek());
      this.at++;
    }
    if (!WHOLE.test(text)) return null;
    const sign = text.startsWith("-") ? -1 : 1;
    return sign * Number(text.replace(/^[+-]/, ""));
  }

  write(text: string): void {
    if (!this.canWrite) throw new HostError("EBADF", "not open for writing");
    const from = this.where();
    this.file.write(bytesOf(text), from);
    this.moveTo(this.appends ? this.file.size() : from + text.length);
  }

  /** Moves to an offset from the beginning ("set"), here ("cur") or the end ("end"); where that is. */
  seek(whence: string, offset: number): number {
    const base = whence === "set" ? 0 : whence === "cur" ? this.where() : this.file.size();
    if (base + offset < 0) throw new HostError("EINVAL", "before the beginning");
    this.moveTo(base + offset);
    return base + offset;
  }

  close(): void {
    this.file.close();
  }

  private where(): number {
    return this.position - (this.buffer.length - this.at);
  }

  private moveTo(position: number): void {
    this.position = position;
    this.buffer = this.buffer.subarray(0, 0);
    this.at = 0;
  }

  private peek(): number {
    return this.fill() ? this.buffer[this.at]! : -1;
  }

  // Whether there is an octet in the buffer to read.
  private fill(): boolean {
    if (this.at < this.buffer.length) return true;
    if (!this.canRead) throw new HostError("EBADF", "not open for reading");
    const into = new Uint8Array(BUFFER);
    const count = this.file.read(into, this.position);
    this.position += count;
    this.buffer = into.subarray(0, count);
    this.at = 0;
    return count > 0;
  }
}

const PREFIX = /^[+-]?(?:0[xX]?[0-9a-fA-F]*|\d*\.?\d*(?:[eE][+-]?\d*)?)$/;
const WHOLE = /^[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/;

/** A file over octets in memory: what a command wrote. */
export function memoryFile(bytes: Uint8Array): OpenFile {
  return {
    read(into, position) {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    write: () => {
      throw new HostError("EBADF", "not open for writing");
    },
    size: () => bytes.length,
    close: () => {},
  };
}
