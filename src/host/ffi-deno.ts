// The C library through Deno.dlopen; epoll_wait runs as a non-blocking call on one of the runtime's own threads.
import { HostError } from "./host.ts";
import { epollDataOffset, epollEventSize, type Libc, nativeMemory, releaseMemory } from "./libc.ts";

const signatures = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  recvmmsg: { parameters: ["i32", "buffer", "u32", "i32", "pointer"], result: "i32" },
  sendmmsg: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32", nonblocking: true },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

const EVENTS = 64;

/** Opens the C library; throws HostError "ENOSYS" where it cannot be had. */
export function openDenoLibc(): Libc {
  const deno = (globalThis as any).Deno;
  const c = open(deno);
  const errnoView = new deno.UnsafePointerView(c.__errno_location());
  return {
    socket: (family, type, protocol) => c.socket(family, type, protocol),
    bind: (fd, name, length) => c.bind(fd, name, length),
    connect: (fd, name, length) => c.connect(fd, name, length),
    getsockname: (fd, name, length) => c.getsockname(fd, name, length),
    getpeername: (fd, name, length) => c.getpeername(fd, name, length),
    setsockopt: (fd, level, option, value, length) => c.setsockopt(fd, level, option, value, length),
    getsockopt: (fd, level, option, value, length) => c.getsockopt(fd, level, option, value, length),
    listen: (fd, backlog) => c.listen(fd, backlog),
    recvmmsg: (fd, headers, count, flags) => c.recvmmsg(fd, headers, count, flags, null),
    sendmmsg: (fd, headers, count, flags) => c.sendmmsg(fd, headers, count, flags),
    close: (fd) => c.close(fd),
    epollCreate: (flags) => c.epoll_create1(flags),
    epollCtl: (epoll, operation, fd, event) => c.epoll_ctl(epoll, operation, fd, event),
    eventfd: (initial, flags) => c.eventfd(initial, flags),
    write: (fd, buf, length) => Number(c.write(fd, buf, BigInt(length))),
    errno: () => errnoView.getInt32(),
    address: (buf) => Number(deno.UnsafePointer.value(deno.UnsafePointer.of(buf))),
    pin: (buf) => buf,
    prepare: () => Promise.resolve(),
    watch: (epoll, onReady, onEnd) => {
      void wait(c, epoll, onReady).then(onEnd);
    },
  };
}

function open(deno: any): any {
  for (const name of ["libc.so.6", `libc.musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`]) {
    try {
      return deno.dlopen(name, signatures).symbols;
    } catch {}
  }
  throw new HostError("ENOSYS", "the C library cannot be opened");
}

async function wait(c: any, epoll: number, onReady: (data: number) => void): Promise<void> {
  const events = nativeMemory(EVENTS * epollEventSize);
  const view = new DataView(events.buffer);
  for (let running = true; running; ) {
    // -1 can only be a signal here: the descriptor stays open until this loop has ended.
    const n: number = await c.epoll_wait(epoll, events, EVENTS, -1);
    for (let i = 0; i < n; i++) {
      const data = view.getUint32(i * epollEventSize + epollDataOffset, true);
      if (data === 0) running = false;
      else onReady(data);
    }
  }
  releaseMemory(events);
}
