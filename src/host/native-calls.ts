// Calls of the C library by declaration, whichever runtime makes them: one table of names and types, one function a runtime that opens it.
import { HostError } from "./host.ts";

/** A number of that width, or memory: a buffer of ours, or null. */
type Type = "i32" | "u32" | "u64" | "memory";

/** What C is given. */
export type NativeArgument = number | Uint8Array | null;
/** Results are numbers; those of 64 bits beyond 2^53 are not used. */
export type NativeCall = (...args: readonly NativeArgument[]) => number;

const CALLS = {
  getpwnam_r: ["i32", "memory", "memory", "memory", "u64", "memory"],
  getgrnam_r: ["i32", "memory", "memory", "memory", "u64", "memory"],
  getpwuid_r: ["i32", "u32", "memory", "memory", "u64", "memory"],
  setgroups: ["i32", "u64", "memory"],
  setresuid: ["i32", "u32", "u32", "u32"],
  setresgid: ["i32", "u32", "u32", "u32"],
  chroot: ["i32", "memory"],
  chown: ["i32", "memory", "u32", "u32"],
  prlimit: ["i32", "i32", "i32", "memory", "memory"],
  mlockall: ["i32", "i32"],
  sched_setscheduler: ["i32", "i32", "i32", "memory"],
  socket: ["i32", "i32", "i32", "i32"],
  connect: ["i32", "i32", "memory", "u32"],
  send: ["i32", "i32", "memory", "u64", "i32"],
  bind: ["i32", "i32", "memory", "u32"],
  recvfrom: ["i32", "i32", "memory", "u64", "i32", "memory", "memory"],
  sendto: ["i32", "i32", "memory", "u64", "i32", "memory", "u32"],
  mkfifo: ["i32", "memory", "u32"],
  open: ["i32", "memory", "i32", "i32"],
  read: ["i32", "i32", "memory", "u64"],
  write: ["i32", "i32", "memory", "u64"],
  close: ["i32", "i32"],
  dup2: ["i32", "i32", "i32"],
  pipe2: ["i32", "memory", "i32"],
  waitpid: ["i32", "i32", "memory", "i32"],
  posix_spawn: ["i32", "memory", "memory", "memory", "memory", "memory", "memory"],
  posix_spawnattr_init: ["i32", "memory"],
  posix_spawnattr_setflags: ["i32", "memory", "i32"],
  posix_spawn_file_actions_init: ["i32", "memory"],
  posix_spawn_file_actions_adddup2: ["i32", "memory", "i32", "i32"],
} as const satisfies Record<string, readonly [Type, ...Type[]]>;

/** The calls by name, `errno` of the last one, and where memory lies. */
export type NativeCalls = Readonly<Record<keyof typeof CALLS, NativeCall>> & {
  errno(): number;
  address(memory: Uint8Array): bigint;
};

const libraries = () => ["libc.so.6", `libc.musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`];

/** Opens them on the runtime that runs us; throws HostError "ENOSYS" where they cannot be had. */
export function openNativeCalls(): NativeCalls {
  if (process.platform !== "linux") throw new HostError("ENOSYS", "not available on this system");
  for (const name of libraries()) {
    try {
      return "Deno" in globalThis ? openDeno(name) : openBun(name);
    } catch {}
  }
  throw new HostError("ENOSYS", "the C library cannot be opened");
}

function openBun(name: string): NativeCalls {
  const ffi = (process as any).getBuiltinModule("bun:ffi");
  const types: Record<Type, string> = { i32: "i32", u32: "u32", u64: "u64", memory: "ptr" };
  const signatures: Record<string, unknown> = { __errno_location: { args: [], returns: "ptr" } };
  for (const [call, [result, ...args]] of Object.entries(CALLS))
    signatures[call] = { args: args.map((t) => types[t]), returns: types[result] };
  const { symbols } = ffi.dlopen(name, signatures);
  const calls: Record<string, unknown> = {
    errno: () => ffi.read.i32(symbols.__errno_location(), 0),
    address: (memory: Uint8Array) => BigInt(ffi.ptr(memory)),
  };
  for (const call of Object.keys(CALLS))
    calls[call] = (...args: NativeArgument[]) =>
      Number(symbols[call](...args.map((a) => (a instanceof Uint8Array ? ffi.ptr(a) : a))));
  return calls as unknown as NativeCalls;
}

function openDeno(name: string): NativeCalls {
  const deno = (globalThis as any).Deno;
  const types: Record<Type, string> = { i32: "i32", u32: "u32", u64: "u64", memory: "buffer" };
  const signatures: Record<string, unknown> = { __errno_location: { parameters: [], result: "pointer" } };
  for (const [call, [result, ...args]] of Object.entries(CALLS))
    signatures[call] = { parameters: args.map((t) => types[t]), result: types[result] };
  const { symbols } = deno.dlopen(name, signatures);
  const calls: Record<string, unknown> = {
    errno: () => new deno.UnsafePointerView(symbols.__errno_location()).getInt32(),
    address: (memory: Uint8Array) => BigInt(deno.UnsafePointer.value(deno.UnsafePointer.of(memory))),
  };
  for (const call of Object.keys(CALLS))
    calls[call] = (...args: NativeArgument[]) =>
      Number(symbols[call](...args.map((a, i) => (types64(call, i) && typeof a === "number" ? BigInt(a) : a))));
  return calls as unknown as NativeCalls;
}

// Deno wants 64-bit arguments as bigint or number; the former is always right.
function types64(call: string, index: number): boolean {
  return (CALLS as Record<string, readonly Type[]>)[call]?.[index + 1] === "u64";
}
