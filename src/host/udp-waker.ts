// The helper thread of the native UDP driver on Bun: blocks in epoll_wait and posts the data of each event.
// It knows no socket: sockets are armed for one event each by the main thread, which re-arms them when they are drained.
declare const self: {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(data: number): void;
  close(): void;
};

const EVENTS = 64;
const EINTR = 4;

self.onmessage = (event: MessageEvent) => wait(event.data as number);
self.postMessage(-1); // this file is loaded: ffi-bun.ts may be waiting for that

function wait(epoll: number): void {
  const ffi = (process as any).getBuiltinModule("bun:ffi");
  const c = open(ffi);
  const size = process.arch === "x64" ? 12 : 16;
  const dataOffset = process.arch === "x64" ? 4 : 8;
  const events = new Uint8Array(new ArrayBuffer(EVENTS * size));
  (globalThis as any).porticoWakerMemory = events;
  const view = new DataView(events.buffer);
  const pointer = ffi.ptr(events);
  const errnoAt = c.__errno_location();
  let running = true;
  while (running) {
    const n = c.epoll_wait(epoll, pointer, EVENTS, -1);
    if (n < 0 && ffi.read.i32(errnoAt, 0) !== EINTR) running = false;
    for (let i = 0; i < n; i++) {
      const data = view.getUint32(i * size + dataOffset, true);
      if (data === 0) running = false;
      else self.postMessage(data);
    }
  }
  self.postMessage(0);
}

function open(ffi: any): any {
  const signatures = {
    epoll_wait: { args: ["i32", "ptr", "i32", "i32"], returns: "i32" },
    __errno_location: { args: [], returns: "ptr" },
  };
  try {
    return ffi.dlopen("libc.so.6", signatures).symbols;
  } catch {
    return ffi.dlopen(`libc.musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`, signatures).symbols;
  }
}
