// The process as the system sees it: into the background under the name kamailio, another user, another root, the log daemon.
// From source on Bun and on Deno and as the executable; Kamailio itself with PORTICO_TARGETS=kamailio.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { type Finished, isInstalled, run, start as startProgram } from "../support/programs.ts";
import { chosenTargets, whyMissing } from "../support/server.ts";
import { openAgent } from "../support/sip-agent.ts";

const isRoot = process.getuid?.() === 0;
/** The number of nobody and its group, on Debian and most others. */
const NOBODY = "65534";

let directory = "";
let port = 0;
let pids: number[] = [];
let daemon: ChildProcess | null = null;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "portico-process-"));
  chmodSync(directory, 0o777);
  port = await freePort();
});

afterEach(async () => {
  for (const pid of pids.filter((one) => one > 0)) {
    if (isThere(pid)) process.kill(pid, "SIGTERM");
    for (const end = Date.now() + 20_000; isThere(pid) && Date.now() < end; ) await turn();
    if (isThere(pid)) process.kill(pid, "SIGKILL");
  }
  pids = [];
  daemon?.kill();
  daemon = null;
  rmSync(directory, { recursive: true, force: true });
});

const turn = (): Promise<void> => new Promise((done) => setTimeout(done, 20));

function isThere(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

/** A status line of /proc, its numbers. */
function status(pid: number, name: string): string[] {
  const line =
    readFileSync(`/proc/${pid}/status`, "utf8")
      .split("\n")
      .find((l) => l.startsWith(`${name}:`)) ?? "";
  return line
    .split(/\s+/)
    .slice(1)
    .filter((word) => word !== "");
}

const SCRIPT = `
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "pv.so"
request_route {
  xlog("L_WARN", "warned of $rm\\n");
  xlog("L_NOTICE", "noticed\\n");
  sl_send_reply("404", "No");
}
`;

/** Starts a program of that name with a configuration; what it prints and how it ends, which for a daemon is at once. */
async function launch(
  command: readonly string[],
  env: Record<string, string>,
  config: string,
  args: readonly string[],
): Promise<Finished> {
  writeFileSync(join(directory, "a.cfg"), `listen=udp:127.0.0.1:${port}\n${config}${SCRIPT}`);
  return run([...command, "-f", join(directory, "a.cfg"), ...args], { env, limit: 20_000 });
}

function pidIn(file: string): number {
  const pid = Number(readFileSync(file, "utf8"));
  pids.push(pid);
  return pid;
}

async function answers(): Promise<number> {
  const agent = await openAgent("udp", port);
  try {
    return (await agent.ask({ method: "OPTIONS" })).status;
  } finally {
    agent.close();
  }
}

/** Asks until somebody listens: a process in the foreground does not say when. */
async function untilAnswered(): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    const agent = await openAgent("udp", port);
    const reply = await agent.ask({ method: "OPTIONS" }, 200).catch(() => null);
    agent.close();
    if (reply !== null) return;
  }
}

/** A log daemon of our own: a unix datagram socket, its lines. Neither runtime has such sockets, Python has. */
async function openDaemon(path: string): Promise<() => string[]> {
  const program = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
import os; os.chmod(sys.argv[1], 0o666)
print("ready", flush=True)
while True: print(s.recv(65536).decode().rstrip("\\n"), flush=True)
`;
  daemon = spawn("python3", ["-c", program, path], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  daemon.stdout?.on("data", (chunk) => {
    output += String(chunk);
  });
  while (!output.includes("ready")) await once(daemon.stdout!, "data");
  return () => output.split("\n").slice(1, -1);
}

async function until(is: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !is() && Date.now() < end; ) await turn();
}

for (const target of chosenTargets()) {
  const isOracle = target.name === "kamailio";
  // The program under the name kamailio.
  const named = (): string[] => {
    if (isOracle) return ["kamailio", "-Y", directory];
    const link = join(directory, "kamailio");
    if (!existsSync(link)) symlinkSync(target.command[0]!, link);
    return [link];
  };
  const start = (config: string, args: readonly string[], env: Record<string, string> = {}): Promise<Finished> =>
    launch(named(), { ...target.env, ...env }, config, args);

  describe(`the process (${target.name})`, async () => {
    const missing = await whyMissing(target);
    if (missing !== null) {
      // a visible skip on a developer's machine, a failure where everything must be there
      test("is there", ({ skip }) => {
        if (process.env["CI"] === "true") throw new Error(missing);
        skip(missing);
      });
      return;
    }

    test("goes into the background when it serves, in a session of its own without streams", async () => {
      const ended = await start("", ["-P", join(directory, "pid")]);
      expect(ended.code, ended.output).toBe(0);
      const pid = pidIn(join(directory, "pid"));
      expect(await answers()).toBe(404);
      expect([0, 1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))).toEqual(Array(3).fill("/dev/null"));
      expect(readlinkSync(`/proc/${pid}/cwd`)).toBe("/");
      const [, , , , , session] = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
      expect(Number(session)).not.toBe(process.pid);
    });

    test("ends with 255 and says why when it cannot start", async () => {
      const bad = await start("no_such_parameter=1\n", ["-E"]);
      expect(bad.code).toBe(255);
      expect(bad.output).toContain("a.cfg");
      if (isOracle) return; // it takes its listening sockets after the parent has ended
      const first = await start("", ["-P", join(directory, "pid")]);
      expect(first.code, first.output).toBe(0);
      pidIn(join(directory, "pid"));
      const second = await start("", []);
      expect(second.code).toBe(255);
      expect(second.output).toContain("another program has that port");
    });

    test("runs as another user once the sockets are bound, without groups of root", async ({ skip }) => {
      if (!isRoot) skip("only root can become another user");
      const ended = await start("", ["-P", join(directory, "pid"), "-u", "nobody"]);
      expect(ended.code, ended.output).toBe(0);
      const pid = pidIn(join(directory, "pid"));
      expect(await answers()).toBe(404);
      expect(status(pid, "Uid")).toEqual(Array(4).fill(NOBODY));
      expect(status(pid, "Gid")).toEqual(Array(4).fill(NOBODY));
      expect(status(pid, "Groups")).toEqual([NOBODY]);
    });

    test("says when a user is unknown", async () => {
      const ended = await start('user="no-such-user"\n', []);
      expect(ended.code).toBe(255);
      expect(ended.output).toContain("no-such-user");
    });

    test("is confined to a directory, paths counting from there", async ({ skip }) => {
      if (!isRoot) skip("only root can change the root");
      const jail = join(directory, "jail");
      mkdirSync(join(jail, "work"), { recursive: true });
      const ended = await start("", ["-P", "/pid", "-t", jail, "-w", "/work"]);
      expect(ended.code, ended.output).toBe(0);
      await until(() => existsSync(join(jail, "pid"))); // Kamailio's parent does not wait for it
      const pid = pidIn(join(jail, "pid"));
      expect(readlinkSync(`/proc/${pid}/root`)).toBe(jail);
      expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(join(jail, "work"));
      expect(await answers()).toBe(404);
    });

    test("writes log lines as JSON, with the fields of Kamailio", async () => {
      const config = `listen=udp:127.0.0.1:${port}\nlog_prefix="{$ci} "\n${SCRIPT}`;
      writeFileSync(join(directory, "a.cfg"), config);
      const args = ["-DD", "-E", "-f", join(directory, "a.cfg"), "--log-engine=json:M"];
      const running = startProgram([...named(), ...args], { env: target.env, limit: 20_000 });
      pids.push(running.child.pid ?? 0);
      await untilAnswered();
      await until(() => running.output().includes("warned of"));
      const line =
        running
          .output()
          .split("\n")
          .find((l) => l.includes("warned of")) ?? "";
      const fields = JSON.parse(line) as Record<string, unknown>;
      const names = ["idx", "pid", "level", "module", "file", "line", "function", "logprefix", "message"];
      expect(Object.keys(fields)).toEqual(names);
      expect(fields).toMatchObject({ level: "WARNING", module: "xlog", message: "warned of OPTIONS" });
      expect(fields.logprefix).toMatch(/^\{.+\} $/);
    });

    test("colours lines on standard error by their level (log_color, log_colors of xlog) and lets $C through", async () => {
      const globals = `listen=udp:127.0.0.1:${port}\nlog_color=1\ndebug=1\n`;
      const params = 'modparam("xlog", "log_colors", "L_NOTICE=Yb;L_INFO=rr")\n';
      const script = SCRIPT.replace("noticed", "$C(gx)noticed$C(xx)").replace(
        "request_route",
        `${params}request_route`,
      );
      writeFileSync(join(directory, "a.cfg"), globals + script);
      const args = ["-DD", "-E", "-f", join(directory, "a.cfg")];
      const running = startProgram([...named(), ...args], { env: target.env, limit: 20_000 });
      pids.push(running.child.pid ?? 0);
      await untilAnswered();
      await until(() => running.output().includes("noticed\x1b[0;39;49m"));
      const lines = running.output().split("\n");
      const lineWith = (text: string): string => lines.find((line) => line.includes(text)) ?? "";
      expect(lineWith("warned of")).toMatch(/\x1b\[0;35;49m[^\x1b]* WARNING: <script>: warned of OPTIONS/);
      expect(lineWith("noticed")).toMatch(
        /\x1b\[1;33;44m[^\x1b]* NOTICE: <script>: \x1b\[0;32;49mnoticed\x1b\[0;39;49m/,
      );
    });

    test("tells a database that its user may not write", async ({ skip }) => {
      if (!isRoot) skip("only root can become another user");
      if (isOracle) skip("about our own database");
      mkdirSync(join(directory, "closed"), { mode: 0o700 });
      const database = `sqlite://${directory}/closed/x.sqlite`;
      const config = `loadmodule "usrloc.so"\nmodparam("usrloc", "db_mode", 1)\nmodparam("usrloc", "db_url", "${database}")\nuser="nobody"\n`;
      const ended = await start(config, []);
      expect(ended.code).toBe(255);
      expect(ended.output).toMatch(/closed\/x\.sqlite.*may this user write/);
    });

    test("limits and scheduling hold for the process", async () => {
      const realTime = isRoot ? "real_time=4\nrt_policy=1\nrt_prio=3\n" : "";
      const ended = await start(`disable_core_dump=yes\nopen_files_limit=${isOracle ? 1 : 300}\n${realTime}`, [
        "-P",
        join(directory, "pid"),
      ]);
      expect(ended.code, ended.output).toBe(0);
      const pid = pidIn(join(directory, "pid"));
      const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
      expect(limits).toMatch(/^Max core file size +0 +0 /m);
      expect(Number(/^Max open files +(\d+)/m.exec(limits)?.[1])).toBeGreaterThanOrEqual(300);
      // Fields 40 and 41: priority 3, policy 2, which Linux calls round robin.
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      if (isRoot) expect(fields.slice(37, 39)).toEqual(["3", "2"]);
    });

    test("logs to the log daemon with facility, severity, name and number, and to nobody else", async ({ skip }) => {
      if (isOracle) skip("its log daemon is at /dev/log alone");
      if (!isInstalled("python3")) skip("python3 is not installed, which plays the log daemon");
      const path = join(directory, "log");
      const lines = await openDaemon(path);
      const config = "log_facility=LOG_LOCAL3\ndebug=1\n";
      const ended = await start(config, ["-P", join(directory, "pid")], { PORTICO_SYSLOG: path });
      expect(ended.code, ended.output).toBe(0);
      const pid = pidIn(join(directory, "pid"));
      expect(await answers()).toBe(404);
      await until(() => lines().some((line) => line.includes("noticed")));
      const time = /<\d+>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d /;
      const seen = lines().filter((line) => line.includes("<script>"));
      expect(seen.map((line) => line.replace(time, (head) => head.slice(0, 5)))).toEqual([
        `<156>kamailio[${pid}]: WARNING: <script>: warned of OPTIONS`,
        `<157>kamailio[${pid}]: NOTICE: <script>: noticed`,
      ]);
    });
  });
}
