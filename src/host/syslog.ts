// The log daemon's unix datagram socket. Neither runtime has such sockets, so by native calls; never blocks.
import { EAGAIN, EMSGSIZE, ENOBUFS, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "./libc.ts";
import type { NativeCalls } from "./native-calls.ts";
import type { SyslogSocket } from "./system.ts";

const AF_UNIX = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** sockaddr_un: the family and 108 bytes of path. */
const NAME_LENGTH = 110;

/** Connects to the socket at `path`; null when nobody listens there. A daemon that was started anew is found again. */
export function openSyslog(calls: NativeCalls, path: string): SyslogSocket | null {
  let fd = connect(calls, path);
  if (fd < 0) return null;
  const send = (line: Uint8Array): number => calls.send(fd, line, line.length, MSG_DONTWAIT | MSG_NOSIGNAL);
  return {
    send(line) {
      if (fd >= 0 && send(line) >= 0) return "sent";
      if (fd >= 0 && [EAGAIN, ENOBUFS, EMSGSIZE].includes(calls.errno())) return "full";
      if (fd >= 0) calls.close(fd);
      fd = connect(calls, path);
      return fd >= 0 && send(line) >= 0 ? "sent" : "gone";
    },
    close() {
      if (fd >= 0) calls.close(fd);
      fd = -1;
    },
  };
}

function connect(calls: NativeCalls, path: string): number {
  const bytes = new TextEncoder().encode(path);
  const name = new Uint8Array(new ArrayBuffer(NAME_LENGTH));
  if (bytes.length > NAME_LENGTH - 3) return -1;
  name[0] = AF_UNIX;
  name.set(bytes, 2);
  const fd = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || calls.connect(fd, name, NAME_LENGTH) === 0) return fd;
  calls.close(fd);
  return -1;
}
