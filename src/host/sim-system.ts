// System of a simulated host: nothing happens, what was asked for is kept for the test to read.
import { HostError } from "./host.ts";
import type { System } from "./system.ts";

/** A System that records. */
export interface SimSystem extends System {
  /** Each call as a line: "become 65534 65534", "changeRoot /jail" … */
  readonly calls: string[];
  /** What was sent to the log daemon. */
  readonly syslog: string[];
  /** What the log daemon does with lines. At first: takes them. */
  daemon: "sent" | "full" | "gone";
}

/** Users "nobody" (65534) and "portico" (100, group 101) are known, and any number. `after` is how commands take time. */
export function simSystem(after: (ms: number, fn: () => void) => void): SimSystem {
  const calls: string[] = [];
  const syslog: string[] = [];
  const note = (...words: readonly unknown[]): void => void calls.push(words.join(" "));
  const users: Readonly<Record<string, { uid: number; gid: number }>> = {
    nobody: { uid: 65534, gid: 65534 },
    portico: { uid: 100, gid: 101 },
  };
  const number = (name: string): number | null => (/^\d+$/.test(name) ? Number(name) : null);
  const system: SimSystem = {
    calls,
    syslog,
    daemon: "sent",
    user(name) {
      const uid = number(name);
      return users[name] ?? (uid === null ? null : { uid, gid: null });
    },
    group: (name) => users[name]?.gid ?? number(name),
    give: (path, uid, gid) => note("give", path, uid, gid),
    actAs: (uid, gid) => note("actAs", uid, gid),
    actAsOneself: () => note("actAsOneself"),
    become: (uid, gid) => note("become", uid, gid),
    changeRoot: async (path) => note("changeRoot", path),
    allowFiles: (count) => note("allowFiles", count),
    allowCoreDumps: (allowed) => note("allowCoreDumps", allowed),
    lockMemory: () => note("lockMemory"),
    schedule: (policy, priority) => note("schedule", policy, priority),
    openSyslog(path) {
      note("openSyslog", path);
      if (system.daemon === "gone") return null;
      return {
        send(line) {
          if (system.daemon === "sent") syslog.push(new TextDecoder().decode(line));
          return system.daemon;
        },
        close: () => note("closeSyslog"),
      };
    },
    openFifo: (path) => {
      throw new HostError("ENOSYS", `cannot open the fifo ${path}: not in a simulation`);
    },
    writeFifo: () => "failed",
    bindUnixDatagram: (path) => {
      throw new HostError("ENOSYS", `cannot listen on unixd:${path}: not in a simulation`);
    },
    timestamp: () => "Jan  1 00:00:00",
    // "false", "exit N" and "sleep N" do as in a shell, whatever else is done well at once
    run: (command) => {
      note("run", command);
      const code = command === "false" ? 1 : Number(/^exit (\d+)$/.exec(command)?.[1] ?? 0);
      const seconds = Number(/^sleep ([\d.]+)$/.exec(command)?.[1] ?? 0);
      return seconds === 0 ? Promise.resolve(code) : new Promise((done) => after(seconds * 1000, () => done(code)));
    },
    // "echo WORDS" and "cat" write, "exit N" and "sleep N" do as above
    shell: async (command, input) => {
      const code = await system.run(command, 0);
      return { ...system.shellNow(command, input, 0), code };
    },
    shellNow(command, input) {
      const code = Number(/^exit (\d+)$/.exec(command)?.[1] ?? 0);
      const words = /^echo (.*)$/.exec(command)?.[1];
      const output = words !== undefined ? new TextEncoder().encode(`${words}\n`) : input;
      return { output: words !== undefined || command === "cat" ? output : new Uint8Array(0), code, signal: 0 };
    },
    startInBackground() {
      note("startInBackground");
      return 0;
    },
    background: () => null,
  };
  return system;
}
