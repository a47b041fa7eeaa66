// The C library through bun:ffi, and the helper thread that waits for sockets to turn readable.
import { HostError } from "./host.ts";
import type { Libc, Pinned } from "./libc.ts";

const signatures = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  getpeername: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  listen: { args: ["i32", "i32"], returns: "i32" },
  recvmmsg: { args: ["i32", "ptr", "u32", "i32", "ptr"], returns: "i32" },
  sendmmsg: { args: ["i32", "ptr", "u32", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  epoll_create1: { args: ["i32"], returns: "i32" },
  epoll_ctl: { args: ["i32", "i32", "i32", "ptr"], returns: "i32" },
  eventfd: { args: ["u32", "i32"], returns: "i32" },
  write: { args: ["i32", "ptr", "u64"], returns: "i64_fast" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

/** Opens the C library; throws HostError "ENOSYS" where it cannot be had. */
export function openBunLibc(): Libc {
  // By name and not by import: the same source must load on Deno, which does not know the scheme.
  const ffi = (process as any).getBuiltinModule("bun:ffi");
  const c = open(ffi);
  const errnoAt = c.__errno_location();
  const pointer = (p: Pinned) => p as number;
  return {
    socket: c.socket,
    bind: c.bind,
    connect: c.connect,
    getsockname: c.getsockname,
    getpeername: c.getpeername,
    setsockopt: c.setsockopt,
    getsockopt: c.getsockopt,
    listen: c.listen,
    recvmmsg: (fd, headers, count, flags) => c.recvmmsg(fd, headers, count, flags, null),
    sendmmsg: c.sendmmsg,
    close: c.close,
    epollCreate: c.epoll_create1,
    epollCtl: c.epoll_ctl,
    eventfd: c.eventfd,
    write: (fd, buf, length) => Number(c.write(fd, pointer(buf), length)),
    errno: () => ffi.read.i32(errnoAt, 0),
    address: (buf) => ffi.ptr(buf),
    pin: (buf) => ffi.ptr(buf),
    prepare,
    watch,
  };
}

function open(ffi: any): any {
  for (const name of ["libc.so.6", `libc.musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`]) {
    try {
      return ffi.dlopen(name, signatures).symbols;
    } catch {}
  }
  throw new HostError("ENOSYS", "the C library cannot be opened");
}

let prepared: Worker | null = null;

function prepare(): Promise<void> {
  const worker = new Worker(wakerUrl());
  prepared = worker;
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = () => reject(new HostError("EIO", "the helper thread for UDP cannot be started"));
  });
}

function watch(epoll: number, onReady: (data: number) => void, onEnd: () => void): void {
  const worker = prepared ?? new Worker(wakerUrl());
  prepared = null;
  worker.onmessage = (event: MessageEvent) => {
    const data = event.data as number;
    if (data !== 0) {
      if (data > 0) onReady(data);
      return;
    }
    worker.terminate();
    onEnd();
  };
  worker.onerror = (event: ErrorEvent) => {
    throw new HostError("EIO", `the helper thread for UDP failed: ${event.message}`);
  };
  worker.postMessage(epoll);
}

/** In the compiled executable the helper is a second entry point, which keeps its folder below src. */
function wakerUrl(): string {
  const here = import.meta.url;
  const compiled = here.includes("/$bunfs/") || here.includes("/~BUN/");
  return new URL(compiled ? "./host/udp-waker.js" : "./udp-waker.ts", here).href;
}
