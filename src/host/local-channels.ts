// FIFOs and unix datagram sockets by native calls, none of which blocks: who uses them looks every now and then. Neither runtime has them.
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { constants } from "node:os";
import { HostError } from "./host.ts";
import { EAGAIN, nativeMemory, releaseMemory, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "./libc.ts";
import type { NativeCalls } from "./native-calls.ts";
import type { DatagramChannel, FifoChannel } from "./system.ts";

const AF_UNIX = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const O_WRONLY = 1;
const O_RDWR = 2;
const O_NONBLOCK = 0x800;
const O_CLOEXEC = 0x80000;
const O_NOFOLLOW = process.arch === "arm64" ? 0x8000 : 0x20000;
const ENXIO = 6;
/** sockaddr_un: the family and 108 bytes of path. */
const NAME_LENGTH = 110;
const FIFO_ROOM = 65_536;
const DATAGRAM_ROOM = 65_536;

/** System.openFifo. It is opened for writing too, so that it does not end when a writer goes. */
export function openFifo(calls: NativeCalls, path: string, mode: number): FifoChannel {
  if (is(path, "fifo")) refuseIfRead(calls, path);
  else if (calls.mkfifo(cString(path), mode) < 0) throw failure(calls, `cannot make the fifo ${path}`);
  const fd = calls.open(cString(path), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, 0);
  if (fd < 0) throw failure(calls, `cannot open the fifo ${path}`);
  chmodSync(path, mode);
  const room = nativeMemory(FIFO_ROOM);
  return {
    read() {
      const n = calls.read(fd, room, FIFO_ROOM);
      return n > 0 ? room.slice(0, n) : null;
    },
    close() {
      calls.close(fd);
      releaseMemory(room);
      remove(path, "fifo");
    },
  };
}

// Two readers of one FIFO would get half the commands each.
function refuseIfRead(calls: NativeCalls, path: string): void {
  const fd = calls.open(cString(path), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, 0);
  if (fd < 0) return;
  calls.close(fd);
  throw new HostError("EADDRINUSE", `cannot open the fifo ${path}: another server reads it`);
}

/** System.writeFifo. */
export function writeFifo(calls: NativeCalls, path: string, bytes: Uint8Array): "sent" | "nobody" | "failed" {
  if (!is(path, "fifo")) return "failed";
  const fd = calls.open(cString(path), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, 0);
  if (fd < 0) return calls.errno() === ENXIO ? "nobody" : "failed";
  const memory = new Uint8Array(new ArrayBuffer(bytes.length + 1)); // an empty one has no address
  memory.set(bytes);
  const n = calls.write(fd, memory, bytes.length);
  calls.close(fd);
  return n === bytes.length ? "sent" : "failed";
}

/** System.bindUnixDatagram. A name left behind by a server that was killed is taken over. */
export function bindUnixDatagram(calls: NativeCalls, path: string, mode: number): DatagramChannel {
  const name = nameOf(path);
  if (name === null) throw new HostError("ENAMETOOLONG", `the name of a unix socket is too long: ${path}`);
  const fd = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw failure(calls, "cannot open a unix datagram socket");
  if (is(path, "socket")) {
    const refused = calls.connect(fd, name, NAME_LENGTH) < 0;
    if (!refused) {
      calls.close(fd);
      throw new HostError("EADDRINUSE", `cannot listen on unixd:${path}: another server listens there`);
    }
    remove(path, "socket");
  }
  if (calls.bind(fd, name, NAME_LENGTH) < 0) {
    const error = failure(calls, `cannot listen on unixd:${path}`);
    calls.close(fd);
    throw error;
  }
  chmodSync(path, mode);
  const room = nativeMemory(DATAGRAM_ROOM);
  const from = nativeMemory(NAME_LENGTH);
  const length = nativeMemory(4);
  const lengthView = new DataView(length.buffer);
  return {
    receive() {
      lengthView.setUint32(0, NAME_LENGTH, true);
      const n = calls.recvfrom(fd, room, DATAGRAM_ROOM, MSG_DONTWAIT, from, length);
      if (n < 0) return null;
      const named = Math.min(NAME_LENGTH, lengthView.getUint32(0, true));
      return { bytes: room.slice(0, n), from: from.slice(0, named) };
    },
    send(to, bytes) {
      const memory = new Uint8Array(new ArrayBuffer(bytes.length + 1)); // an empty one has no address
      memory.set(bytes);
      const target = new Uint8Array(new ArrayBuffer(to.length));
      target.set(to);
      if (to.length <= 2) return "failed"; // a client without a name cannot be answered
      const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
      if (calls.sendto(fd, memory, bytes.length, flags, target, target.length) >= 0) return "sent";
      return calls.errno() === EAGAIN ? "full" : "failed";
    },
    close() {
      calls.close(fd);
      for (const memory of [room, from, length]) releaseMemory(memory);
      remove(path, "socket");
    },
  };
}

function nameOf(path: string): Uint8Array | null {
  const bytes = new TextEncoder().encode(path);
  if (bytes.length > NAME_LENGTH - 3) return null;
  const name = new Uint8Array(new ArrayBuffer(NAME_LENGTH));
  name[0] = AF_UNIX;
  name.set(bytes, 2);
  return name;
}

function is(path: string, kind: "fifo" | "socket"): boolean {
  try {
    const stat = lstatSync(path);
    return kind === "fifo" ? stat.isFIFO() : stat.isSocket();
  } catch {
    return false;
  }
}

function remove(path: string, kind: "fifo" | "socket"): void {
  try {
    if (is(path, kind)) unlinkSync(path);
  } catch {}
}

function cString(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  const memory = new Uint8Array(new ArrayBuffer(bytes.length + 1));
  memory.set(bytes);
  return memory;
}

function failure(calls: NativeCalls, what: string): HostError {
  const errno = calls.errno();
  const code = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `E${errno}`;
  return new HostError(code, `${what}: ${code}`);
}
