// System by calls of the C library (native-calls.ts), the same on Bun and on Deno.

import { constants } from "node:os";
import { startInBackground, takeBackground } from "./daemon.ts";
import { HostError } from "./host.ts";
import { nativeMemory, releaseMemory } from "./libc.ts";
import { bindUnixDatagram, openFifo, writeFifo } from "./local-channels.ts";
import { type NativeArgument, type NativeCalls, openNativeCalls } from "./native-calls.ts";
import { runCommand, shell, shellNow } from "./node-shell.ts";
import { openSyslog } from "./syslog.ts";
import type { Account, System } from "./system.ts";

const RLIMIT_CORE = 4;
const RLIMIT_NOFILE = 7;
const RLIMIT_MEMLOCK = 8;
const UNLIMITED = 0xffff_ffff_ffff_ffffn;
const MCL_CURRENT = 1;
const MCL_FUTURE = 2;
const MCL_ONFAULT = 4;
const KEEP = 0xffff_ffff;

/** The System of a process. @param beforeChroot makes sure that all of the program's own files that it needs are loaded */
export function makeSystem(beforeChroot: () => Promise<void>): System {
  let opened: NativeCalls | null = null;
  const calls = (): NativeCalls => {
    opened ??= openNativeCalls();
    return opened;
  };
  return {
    user: (name) => findUser(calls(), name),
    group: (name) => findGroup(calls(), name),
    give: (path, uid, gid) => must(calls(), "chown", path, calls().chown(text(path), uid, gid)),
    actAs(uid, gid) {
      must(calls(), "setegid", String(gid), calls().setresgid(KEEP, gid, KEEP));
      must(calls(), "seteuid", String(uid), calls().setresuid(KEEP, uid, KEEP));
    },
    actAsOneself() {
      const c = calls();
      must(c, "seteuid", "back", c.setresuid(KEEP, process.getuid?.() ?? 0, KEEP));
      must(c, "setegid", "back", c.setresgid(KEEP, process.getgid?.() ?? 0, KEEP));
    },
    become: (uid, gid) => become(calls(), uid, gid),
    async changeRoot(path) {
      const c = calls();
      await beforeChroot();
      must(c, "chroot", path, c.chroot(text(path)));
      process.chdir("/");
    },
    allowFiles: (count) => allowFiles(calls(), count),
    allowCoreDumps: (allowed) => allowCoreDumps(calls(), allowed),
    lockMemory() {
      // Else the runtime would get no memory any more once it is not root.
      setLimits(calls(), RLIMIT_MEMLOCK, UNLIMITED, UNLIMITED, "lock memory without limit");
      // What a runtime has only reserved must not be filled: pages are locked when they are first touched.
      must(calls(), "mlockall", "", calls().mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT));
    },
    schedule(policy, priority) {
      const parameter = new Uint8Array(new ArrayBuffer(4));
      new DataView(parameter.buffer).setInt32(0, priority, true);
      must(calls(), "sched_setscheduler", `priority ${priority}`, calls().sched_setscheduler(0, policy, parameter));
    },
    run: runCommand,
    shell,
    shellNow,
    openSyslog(path) {
      try {
        return openSyslog(calls(), path);
      } catch {
        return null;
      }
    },
    openFifo: (path, mode) => openFifo(calls(), path, mode),
    writeFifo: (path, bytes) => writeFifo(calls(), path, bytes),
    bindUnixDatagram: (path, mode) => bindUnixDatagram(calls(), path, mode),
    timestamp: localTimestamp,
    startInBackground: () => startInBackground(calls()),
    background: () => takeBackground(calls),
  };
}

// A text as C has it, ended by a zero byte.
function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  const memory = new Uint8Array(new ArrayBuffer(bytes.length + 1));
  memory.set(bytes);
  return memory;
}

// Calls that give -1 and errno on failure.
function must(calls: NativeCalls, what: string, about: string, result: number): void {
  if (result >= 0) return;
  const errno = calls.errno();
  const code = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `E${errno}`;
  throw new HostError(code, `${what}${about === "" ? "" : ` ${about}`}: ${code}`);
}

// struct passwd and struct group begin with two pointers; ids follow at 16 (uid or gid) and 20 (gid of a user), the same on
// 64-bit glibc and musl.
function lookUp(call: (...args: NativeArgument[]) => number, key: NativeArgument): DataView | null {
  const record = nativeMemory(64);
  const strings = nativeMemory(16_384);
  const found = nativeMemory(8);
  call(key, record, strings, strings.length, found);
  const isThere = new DataView(found.buffer).getBigUint64(0, true) !== 0n;
  for (const memory of [record, strings, found]) releaseMemory(memory);
  return isThere ? new DataView(record.buffer) : null;
}

const NUMBER = /^\d{1,9}$/;

function findUser(calls: NativeCalls, name: string): Account | null {
  const record = NUMBER.test(name) ? lookUp(calls.getpwuid_r, Number(name)) : lookUp(calls.getpwnam_r, text(name));
  if (record !== null) return { uid: record.getUint32(16, true), gid: record.getUint32(20, true) };
  return NUMBER.test(name) ? { uid: Number(name), gid: null } : null;
}

function findGroup(calls: NativeCalls, name: string): number | null {
  if (NUMBER.test(name)) return Number(name);
  return lookUp(calls.getgrnam_r, text(name))?.getUint32(16, true) ?? null;
}

function become(calls: NativeCalls, uid: number | null, gid: number | null): void {
  // Groups first: the new user may not change them any more.
  if (gid !== null) must(calls, "change the group to", String(gid), calls.setresgid(gid, gid, gid));
  if (uid === null) return;
  const own = new Uint8Array(new ArrayBuffer(4));
  new DataView(own.buffer).setUint32(0, gid ?? process.getgid?.() ?? 0, true);
  if (process.getuid?.() === 0) must(calls, "drop groups", "", calls.setgroups(1, own));
  must(calls, "change the user to", String(uid), calls.setresuid(uid, uid, uid));
}

function limits(calls: NativeCalls, resource: number): DataView {
  const now = new Uint8Array(new ArrayBuffer(16));
  must(calls, "read limits", "", calls.prlimit(0, resource, null, now));
  return new DataView(now.buffer);
}

function setLimits(calls: NativeCalls, resource: number, soft: bigint, hard: bigint, what: string): void {
  const wanted = new Uint8Array(new ArrayBuffer(16));
  const view = new DataView(wanted.buffer);
  view.setBigUint64(0, soft, true);
  view.setBigUint64(8, hard, true);
  must(calls, what, "", calls.prlimit(0, resource, wanted, null));
}

function allowFiles(calls: NativeCalls, count: number): void {
  const now = limits(calls, RLIMIT_NOFILE);
  const hard = now.getBigUint64(8, true);
  if (now.getBigUint64(0, true) >= BigInt(count)) return;
  const what = `raise the limit of open files to ${count}`;
  setLimits(calls, RLIMIT_NOFILE, BigInt(count), hard > BigInt(count) ? hard : BigInt(count), what);
}

function allowCoreDumps(calls: NativeCalls, allowed: boolean): void {
  if (!allowed) {
    setLimits(calls, RLIMIT_CORE, 0n, 0n, "forbid core dumps");
    return;
  }
  try {
    setLimits(calls, RLIMIT_CORE, UNLIMITED, UNLIMITED, "allow core dumps");
  } catch {
    const hard = limits(calls, RLIMIT_CORE).getBigUint64(8, true);
    setLimits(calls, RLIMIT_CORE, hard, hard, "allow core dumps");
  }
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function localTimestamp(): string {
  const now = new Date();
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = String(now.getDate()).padStart(2);
  return `${MONTHS[now.getMonth()]} ${day} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
}
