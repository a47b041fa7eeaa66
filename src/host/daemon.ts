// Into the background: the program starts itself again in a session of its own and waits until that one is ready. Both runtimes have
// threads from the start, so a fork without exec is impossible.
import { readFileSync } from "node:fs";
import { HostError } from "./host.ts";
import type { NativeCalls } from "./native-calls.ts";
import type { Background } from "./system.ts";

const VARIABLE = "PORTICO_IN_BACKGROUND";
/** The descriptor by which the child says that it is ready. */
const READY = 3;
const O_CLOEXEC = 0x80000;
const O_RDWR = 2;
const POSIX_SPAWN_SETSID = 0x80;

/** System.startInBackground. */
export function startInBackground(calls: NativeCalls): number {
  const pipe = memory(8);
  if (calls.pipe2(pipe, O_CLOEXEC) < 0) throw new HostError("EMFILE", "cannot make a pipe");
  const ends = new DataView(pipe.buffer);
  const pid = spawn(calls, ends.getInt32(4, true));
  calls.close(ends.getInt32(4, true));
  const answer = memory(1);
  if (calls.read(ends.getInt32(0, true), answer, 1) === 1) return 0;
  const status = memory(4);
  calls.waitpid(pid, status, 0);
  const code = new DataView(status.buffer).getInt32(0, true);
  return (code & 0x7f) === 0 ? (code >> 8) & 0xff : 255;
}

function spawn(calls: NativeCalls, ready: number): number {
  // The very same words, so that runtime, its flags and the name it is called by stay what they are.
  const words = readFileSync("/proc/self/cmdline", "utf8").split("\0").slice(0, -1);
  const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
  const actions = memory(512);
  const attributes = memory(1024);
  calls.posix_spawn_file_actions_init(actions);
  calls.posix_spawn_file_actions_adddup2(actions, ready, READY);
  calls.posix_spawnattr_init(attributes);
  calls.posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID);
  const kept: Uint8Array[] = [];
  const argv = pointers(calls, words, kept);
  const envp = pointers(calls, [...environment, `${VARIABLE}=1`], kept);
  const pid = memory(4);
  const failed = calls.posix_spawn(pid, cText(process.execPath), actions, attributes, argv, envp);
  if (failed !== 0 || kept.length === 0) throw new HostError("EAGAIN", `cannot start in the background (${failed})`);
  return new DataView(pid.buffer).getInt32(0, true);
}

/** System.background. */
export function takeBackground(calls: () => NativeCalls): Background | null {
  if (process.env[VARIABLE] === undefined) return null;
  delete process.env[VARIABLE];
  const c = calls();
  const nothing = c.open(cText("/dev/null"), O_RDWR | O_CLOEXEC, 0); // now: a changed root may have none
  return {
    ready(keepsErrors) {
      for (const stream of keepsErrors ? [0, 1] : [0, 1, 2]) if (nothing >= 0) c.dup2(nothing, stream);
      c.write(READY, memory(1), 1);
      c.close(READY);
      if (nothing >= 0) c.close(nothing);
    },
  };
}

function memory(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(length));
}

function cText(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  const text = memory(bytes.length + 1);
  text.set(bytes);
  return text;
}

// An array of pointers to texts, ended by null, as argv and envp are.
function pointers(calls: NativeCalls, words: readonly string[], kept: Uint8Array[]): Uint8Array {
  const list = memory(8 * (words.length + 1));
  const view = new DataView(list.buffer);
  for (const [i, word] of words.entries()) {
    const text = cText(word);
    kept.push(text);
    view.setBigUint64(8 * i, calls.address(text), true);
  }
  return list;
}
