// Runs of scripts leave nothing behind: thousands of them, with PORTICO_LONG ten million in Lua and a million in Python, with tables, texts,
// errors, coroutines and names that differ from run to run; some end early, some fail.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createSimulation } from "../../src/host/simulated.ts";
import { LuaEngine } from "../../src/languages/lua/engine.ts";
import { PRELUDE, PythonEngine } from "../../src/languages/python/engine.ts";
import { startPython } from "../../src/languages/python/pyodide.ts";
import { type RouteContext, RouteKind } from "../../src/proxy/context.ts";
import { str } from "../../src/registry/args.ts";
import type { ScriptApi, ScriptCall, ScriptEngine } from "../../src/registry/kemi.ts";
import { bytesOf } from "../../src/util/bytes.ts";
import { heapInUse } from "../support/heap.ts";

const LONG = process.env["PORTICO_LONG"] === "1";

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const call = (name: string, run: (text: string) => string | number): ScriptCall =>
  ({
    ...{ name: `KSR.x.${name}`, args: [str("text")], gives: "value", waits: "never", doc: "", wantsPlace: false },
    call: (_: RouteContext, args: readonly unknown[]) => run(String(args[0])),
    problemOf: () => null,
  }) as unknown as ScriptCall;

const api: ScriptApi = {
  groups: new Map([
    [
      "x",
      new Map([
        ["get", call("get", (text) => `value of ${text}`)],
        ["put", call("put", (text) => text.length)],
        ["drop", call("drop", () => 1)],
      ]),
    ],
  ]),
  native: () => null,
  variable: () => {
    throw new Error("not asked");
  },
};

const LUA = `
function run(n)
  local t = {name = KSR.x.get("$var(x" .. n % 1000 .. ")"), list = {}}
  for i = 1, 5 do t.list[i] = function() return t.name .. i end end
  local text = table.concat({t.list[1](), n, "end"}, ",")
  KSR.x.put(text:gsub("%d", "x"))
  local co = coroutine.wrap(function(a) coroutine.yield(a .. n) return 1 end)
  co("a")
  pcall(error, {text})
  if n % 10 == 0 then error("of run " .. n) end
  if n % 10 == 1 then KSR.x.exit() end
  return 1
end
`;

const PYTHON = `
import gc, sys
import KSR

def run(msg, n):
    n = int(n)
    names = {"name": KSR.x.get("$var(x%d)" % (n % 1000)), "list": []}
    for i in range(5):
        names["list"].append(lambda i=i: names["name"] + str(i))
    KSR.x.put(",".join([names["list"][1](), str(n)]))
    def numbers():
        yield n
        yield n + 1
    next(numbers())
    try:
        raise ValueError(names)
    except ValueError:
        pass
    if n % 10 == 0:
        raise KeyError("of run %d" % n)
    if n % 10 == 1:
        exit()
    return 1

def blocks(msg):
    gc.collect()
    return sys.getallocatedblocks()
`;

async function many(engine: ScriptEngine, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    try {
      void engine.run("run", { kind: RouteKind.REQUEST, n } as unknown as RouteContext, [String(n)]);
    } catch {
      // one in ten fails
    }
    if (n % 256 === 0) await new Promise((done) => setImmediate(done));
  }
}

test("Lua", { timeout: LONG ? 3_600_000 : 60_000 }, async () => {
  const host = createSimulation({ seed: 7 }).host({ addresses: ["192.0.2.1"] });
  const limits = {
    instructions: 1_000_000,
    prelude: readFileSync(path("embed/lua51.lua")),
    around: { host, access: 0, print: () => {} },
    trace: null,
  };
  const engine = new LuaEngine(() => {}, limits);
  engine.load([{ name: "script.lua", bytes: bytesOf(LUA) }], api, [], {} as RouteContext);
  await many(engine, 5000);
  const before = heapInUse();
  await many(engine, LONG ? 10_000_000 : 40_000);
  expect(heapInUse() - before).toBeLessThan(1_500_000);
});

test("Python", { timeout: LONG ? 3_600_000 : 60_000 }, async () => {
  const engine = new PythonEngine({
    prelude: PRELUDE.map((name) => readFileSync(path(`embed/${name}`), "utf8")).join("\n"),
    timeLimit: 5000,
    access: 0,
    command: async () => 0,
    report: () => {},
    log: () => {},
    find: () => null,
    folder: "/",
    directory: "/",
    environment: {},
    now: () => performance.now(),
    failed: () => {},
    after: (ms, fn) => void setTimeout(fn, ms),
  });
  engine.start(
    await startPython({ folder: path("node_modules/pyodide/"), print: () => {}, snapshot: null, keep: null }),
    api,
  );
  const script = { source: PYTHON, file: "/script.py", name: "script", init: "mod_init", child_init: "child_init" };
  await engine.load(script, {} as RouteContext);
  const blocks = (): number => Number(engine.run("blocks", {} as RouteContext, []));
  await many(engine, 5000);
  const [before, blocksBefore] = [heapInUse(), blocks()];
  await many(engine, LONG ? 1_000_000 : 8000);
  expect(blocks() - blocksBefore).toBeLessThan(2000);
  expect(heapInUse() - before).toBeLessThan(1_500_000);
});
