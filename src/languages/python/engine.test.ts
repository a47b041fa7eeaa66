// PythonEngine with real time: scripts that never end are stopped, and Python goes on, also after it has failed as a whole.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import type { RouteContext } from "../../proxy/context.ts";
import type { ScriptApi } from "../../registry/kemi.ts";
import { PRELUDE, PythonEngine } from "./engine.ts";
import { startPython } from "./pyodide.ts";

const SCRIPT = `
import time, os
from Router import LM_ERR

def well(msg): return 7
def loop(msg):
    while True: pass
def stubborn(msg):
    while True:
        try:
            while True: pass
        except: pass
        finally: pass
def generators(msg):
    def some():
        while True:
            try: yield 1
            finally: pass
    for _ in some():
        try: sum(range(1000))
        except BaseException: continue
def pattern(msg):
    import re
    re.match("(a*)*(a*)*b", "a" * 60)
def arithmetic(msg):
    7 ** 10 ** 8
def over_waits(msg):
    while True:
        time.sleep(0.001)
        sum(range(200000))
def recursion(msg):
    return recursion(msg)
def waits(msg):
    time.sleep(0.6)
    return 8
def ends_python(msg):
    os.abort()
`;

const NO_API: ScriptApi = {
  groups: new Map([["x", new Map([["drop", { name: "KSR.x.drop", args: [], gives: "none", waits: "never" }]])]]),
  native: () => null,
  variable: () => null,
} as unknown as ScriptApi;

const path = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const ctx = {} as RouteContext;
let failures = 0;
const engine = new PythonEngine({
  prelude: PRELUDE.map((name) => readFileSync(path(`embed/${name}`), "utf8")).join("\n"),
  timeLimit: 200,
  access: 0,
  command: async () => 0,
  report: () => undefined,
  log: () => undefined,
  find: () => null,
  folder: "/s",
  directory: "/",
  environment: { PLACE: "here" },
  now: () => performance.now(),
  after: (ms, fn) => void setTimeout(fn, ms),
  failed: () => {
    failures++;
  },
});

let kept: Uint8Array | null = null;
async function start(): Promise<void> {
  const keep = (snapshot: Uint8Array): void => {
    kept = snapshot;
  };
  engine.start(
    await startPython({ folder: path("node_modules/pyodide/"), print: () => {}, snapshot: kept, keep }),
    NO_API,
  );
  await engine.load(
    { source: SCRIPT, file: "/s/route.py", name: "route", init: "mod_init", child_init: "child_init" },
    ctx,
  );
}

async function run(name: string): Promise<number | string> {
  try {
    return await engine.run(name, ctx, []);
  } catch (error) {
    return (error as Error).message;
  }
}

beforeAll(start, 60_000);

test.each(["loop", "stubborn", "generators", "pattern", "arithmetic", "over_waits"])(
  "%s is stopped by the time limit, with the place where it was",
  { timeout: 20_000 },
  async (name) => {
    const said = await run(name);
    expect(said).toMatch(/^Traceback .*\n(.*\n)* *File "\/s\/route.py", line \d+, in \w+/);
    expect(said).toMatch(/stopped: it ran for more than 200 ms \(time_limit\)$/);
    expect(engine.run("well", ctx, [])).toBe(7);
  },
);

test("recursion without end is an error of the script", async () => {
  expect(await run("recursion")).toContain("RecursionError");
  expect(engine.run("well", ctx, [])).toBe(7);
});

test("Python that has failed as a whole ends what waits, says so, and can be started anew from what it kept", async () => {
  const waiting = run("waits");
  expect(await run("ends_python")).toContain("Python itself has failed");
  expect(await waiting).toContain("Python itself has failed");
  expect(failures).toBe(1);
  expect(await run("well")).toContain("Python itself has failed");
  await start();
  expect(engine.run("well", ctx, [])).toBe(7);
  expect(await run("waits")).toBe(8);
}, 30_000);
