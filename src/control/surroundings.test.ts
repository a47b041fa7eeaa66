// What the process asks of the system, in which order, on a simulated system.
import { expect, test } from "vitest";
import { createSimulation, type SimHost } from "../host/simulated.ts";
import { Globals } from "../script/globals.ts";
import { Log } from "../util/log.ts";
import { parseOptions } from "./cli/options.ts";
import { dropping, enter, identityOf, SurroundingsError, stopInTime } from "./surroundings.ts";

const newHost = (): SimHost => createSimulation({ seed: 1 }).host({ addresses: ["192.0.2.1"] });

function globalsOf(values: Readonly<Record<string, string | number>>): Globals {
  const globals = new Globals();
  for (const [name, value] of Object.entries(values)) globals.set(name, value);
  return globals;
}

test("limits, memory and scheduling come first, then the root, then the working directory", async () => {
  const host = newHost();
  host.files.makeDirectory("/work");
  const values = {
    open_files_limit: 5000,
    disable_core_dump: 1,
    mlock_pages: 1,
    real_time: 7,
    rt_policy: 1,
    rt_prio: 9,
  };
  await enter(host, parseOptions(["-t", "/jail", "-w", "/work"]), globalsOf(values), "/", () => {});
  // rt_policy 1 is round robin, which Linux calls 2
  expect(host.system.calls).toEqual([
    "allowFiles 5000",
    "allowCoreDumps false",
    "lockMemory",
    "schedule 2 9",
    "changeRoot /jail",
  ]);
  expect(host.files.workingDirectory()).toBe("/work");
});

test("nothing asked, nothing done; timers alone are no processes of ours", async () => {
  const host = newHost();
  await enter(host, parseOptions([]), globalsOf({ real_time: 3 }), null, () => {});
  expect(host.system.calls).toEqual([]);
});

test("the command line goes before the configuration; the group is that of the user unless given", () => {
  const host = newHost();
  const globals = globalsOf({ user: "nobody" });
  expect(identityOf(host, parseOptions([]), globals)).toMatchObject({ uid: 65534, gid: 65534 });
  expect(identityOf(host, parseOptions(["-u", "portico"]), globals)).toMatchObject({ uid: 100, gid: 101 });
  expect(identityOf(host, parseOptions(["-g", "7"]), globals)).toMatchObject({ uid: 65534, gid: 7 });
  expect(identityOf(host, parseOptions([]), globalsOf({}))).toBeNull();
  expect(() => identityOf(host, parseOptions(["-u", "stranger"]), globals)).toThrow(SurroundingsError);
  expect(() => identityOf(host, parseOptions(["-g", "strangers"]), globals)).toThrow(/there is no group strangers/);
});

test("an unprivileged process is told by the system what it may not become", () => {
  const host = newHost(); // user 1000
  const steps = dropping(host, { uid: 65534, gid: 65534, text: "user nobody" }, ["/pid"]);
  steps.beforeModules();
  steps.beforeSockets();
  steps.afterSockets();
  expect(host.system.calls).toEqual(["become 65534 65534"]);
});

test("exit_timeout: an end that takes too long is an end at once; 0 waits for ever", async () => {
  const world = createSimulation({ seed: 1 });
  const lines: string[] = [];
  const log = new Log({ level: 0, sink: (_, line) => void lines.push(line) }, "");
  const never = (): Promise<void> => new Promise(() => {});
  const patient = world.host({ addresses: ["192.0.2.1"] });
  void stopInTime(patient, log, never, 0);
  const quick = world.host({ addresses: ["192.0.2.2"] });
  await stopInTime(quick, log, async () => {}, 5);
  await world.advance(3_600_000);
  expect([patient.process.exitCode, quick.process.exitCode, lines]).toEqual([null, null, []]);
  const slow = world.host({ addresses: ["192.0.2.3"] });
  void stopInTime(slow, log, never, 5);
  await world.advance(4_999);
  expect(slow.process.exitCode).toBeNull();
  await expect(world.advance(1)).rejects.toThrow("exit with code 1");
  expect(lines).toEqual(["ALERT: ending was not done in 5 s (exit_timeout): ended at once"]);
});
