// Compiled functions against the interpreter: random scripts do the same in both, whatever they meet: errors, waiting, budgets.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { selectHost } from "../../../host/index.ts";
import type { CallPlace } from "../../../registry/args.ts";
import type { Gives, KemiResult, ScriptApi, ScriptArg, ScriptCall } from "../../../registry/kemi.ts";
import { bytesOf } from "../../../util/bytes.ts";
import { LuaEngine } from "../engine.ts";
import type { LuaClosure } from "../fengari-types.ts";
import { LuaMachine } from "../machine.ts";
import { LEFT } from "./signals.ts";
import type { Outcome } from "./sites.ts";

const host = await selectHost();

/** Runs of a script: the first is the interpreter's in any case, functions it calls follow one by one. */
const RUNS = 5;

type Run = (args: readonly ScriptArg[], place?: CallPlace) => KemiResult;

function call(name: string, run: Run, gives: Gives = "int"): ScriptCall {
  return {
    name,
    args: [],
    gives,
    waits: "maybe",
    doc: "",
    wantsPlace: run.length > 1,
    call: (_ctx, args, place) => run(args, place),
    fixed: (args, place) => () => run(args, place),
    problemOf: () => null,
  };
}

function engineOf(script: string, isCompiled: boolean, instructions: number, out: string[]): LuaEngine {
  const say = (text: string): void => void out.push(text.slice(0, 300));
  const engine = new LuaEngine(say, {
    instructions,
    prelude: host.asset("lua51.lua"),
    around: { host, access: 0, print: say },
    trace: isCompiled ? null : () => {},
  });
  const functions: ScriptCall[] = [
    call("KSR.out", (args) => {
      say(args.map((arg) => `${typeof arg}:${arg}`).join());
      return args.length;
    }),
    call("KSR.echo", ([value]) => value ?? null, "value"),
    call("KSR.is", ([value]) => Number(value ?? 0), "bool"),
    call("KSR.none", () => 1, "none"),
    call("KSR.where", ([value], place) => `${value} at ${place?.file}:${place?.line}`, "value"),
    call("KSR.later", ([value]) => Promise.resolve(value ?? null), "value"),
    call("KSR.broken", () => {
      throw new Error("out of order");
    }),
    call("KSR.failing", () => Promise.reject(new Error("failed"))),
  ];
  const api: ScriptApi = {
    groups: new Map([
      ["", new Map(functions.map((fn) => [fn.name.slice(4), fn]))],
      ["x", new Map([["exit", call("KSR.x.exit", () => 1)]])],
    ]),
    native: (name) => functions.find((fn) => fn.name === `KSR.${name}`) ?? null,
    variable: () => {
      throw new Error("none here");
    },
  };
  engine.load([{ name: "f.lua", bytes: bytesOf(script) }], api, [], null as never);
  return engine;
}

/** What a script does in some runs, and how each ends. */
async function doings(script: string, isCompiled: boolean, instructions = 5_000): Promise<string[]> {
  const out: string[] = [];
  const engine = engineOf(script, isCompiled, instructions, out);
  for (let i = 0; i < RUNS; i++) {
    try {
      out.push(`= ${await engine.run("main", null as never, [i, `r${i}`])}`);
    } catch (error) {
      out.push(`! ${error instanceof Error ? error.message : error}`.replace(/0x[0-9a-f]+/g, "0x"));
    }
  }
  return out;
}

async function same(script: string, instructions?: number): Promise<string[]> {
  const compiled = await doings(script, true, instructions);
  expect(compiled, script).toEqual(await doings(script, false, instructions));
  return compiled;
}

// --- random scripts ---

const NAMES = ["a", "b", "c", "n", "s", "g", "t.x", "t.y", "t[n]", "t[s]", "u"] as const;
const CONSTANTS = [
  "1",
  "2",
  "(-3)",
  "0.5",
  "10",
  "0",
  '"x"',
  '"10"',
  '"ab"',
  '""',
  "nil",
  "true",
  "false",
  "{}",
  "t",
] as const;
const BINARY = ["+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", ">", "<=", ">=", "and", "or"] as const;
const name = fc.constantFrom(...NAMES);

const { expression } = fc.letrec<{ expression: string }>((tie) => {
  const inner = tie("expression");
  const pair = fc.tuple(inner, inner);
  const calls = [
    pair.map(([x, y]) => `two(${x}, ${y})`),
    pair.map(([x, y]) => `many(${x}, ${y}, two(${y}, ${x}))`),
    pair.map(([x]) => `tail(${x})`),
    inner.map((x) => `KSR.echo(${x})`),
    inner.map((x) => `KSR.is(${x})`),
    inner.map((x) => `KSR.x.modf("echo", ${x})`),
    inner.map((x) => `KSR.later(${x})`),
    inner.map((x) => `KSR.where(${x})`),
    fc.constant(`KSR.where("here")`),
    inner.map((x) => `type(${x})`),
    inner.map((x) => `tostring(KSR.none(${x}))`),
    inner.map((x) => `tonumber(${x})`),
    pair.map(([x, y]) => `string.sub(tostring(${x}), ${y})`),
    pair.map(([x]) => `#${x}`),
    name.map((x) => `(${x} .. ""):len()`),
    pair.map(([x, y]) => `select("#", ${x}, two(${x}, ${y}))`),
    pair.map(([x, y]) => `({${x}, ${y}, two(1, 2)})[3]`),
    pair.map(([x, y]) => `({x = ${x}, y = ${y}}).y`),
    inner.map((x) => `math.floor(${x})`),
  ];
  return {
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      { weight: 3, arbitrary: fc.oneof(name, fc.constantFrom(...CONSTANTS)) },
      {
        weight: 2,
        arbitrary: fc.tuple(inner, fc.constantFrom(...BINARY), inner).map(([x, sign, y]) => `(${x} ${sign} ${y})`),
      },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom("not ", "- ", "#"), inner).map(([sign, x]) => `(${sign}${x})`) },
      { weight: 2, arbitrary: fc.oneof(...calls) },
    ),
  };
});

const { block } = fc.letrec<{ block: string; statement: string }>((tie) => {
  const inner = tie("block");
  const simple = fc.oneof(
    fc.tuple(name, expression).map(([to, x]) => `${to} = ${x}`),
    fc.tuple(name, name, expression, expression).map(([p, q, x, y]) => `${p}, ${q} = ${x}, ${y}`),
    fc.tuple(name, name, expression).map(([p, q, x]) => `${p}, ${q} = two(${x}, ${p})`),
    expression.map((x) => `KSR.out("o", tostring(${x}):gsub("0x%x+", ""), "")`),
    expression.map((x) => `KSR.out(${x})`),
    name.map((x) => `local ${x.slice(0, 1)} = ${x}`),
    expression.map((x) => `if ${x} then return ${x} end`),
    expression.map((x) => `if n == 1 then return two(${x}, 5) end`),
    fc.constant("if n == 2 then KSR.x.exit() end"),
    fc.constant("if n == 3 then KSR.broken() end"),
    fc.constant("KSR.failing()"),
    expression.map((x) => `if n == 0 then return KSR.later(${x}) end`),
    expression.map((x) => `if n == 1 then return KSR.where(${x}) end`),
    fc.constant("if n == 4 then error('no') end"),
  );
  return {
    statement: fc.oneof(
      { depthSize: "small" },
      { weight: 5, arbitrary: simple },
      {
        weight: 1,
        arbitrary: fc.tuple(expression, inner, inner).map(([x, y, z]) => `if ${x} then ${y} else ${z} end`),
      },
      {
        weight: 1,
        arbitrary: fc.tuple(expression, inner).map(([x, y]) => `for i = 1, 3 do if i == ${x} then break end ${y} end`),
      },
      { weight: 1, arbitrary: fc.tuple(expression, inner).map(([x, y]) => `for i = ${x}, #t, 1 do n = i ${y} end`) },
      { weight: 1, arbitrary: inner.map((y) => `for k, v in pairs({5, 6, x = 7}) do u = v ${y} end`) },
      { weight: 1, arbitrary: inner.map((y) => `for i, v in ipairs({5, "6", nil, 8}) do u = v ${y} end`) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(expression, inner)
          .map(([x, y]) => `repeat n = (tonumber(n) or 9) + 1 ${y} until n > 5 or ${x}`),
      },
    ),
    block: fc
      .array(tie("statement"), { minLength: 1, maxLength: 5, depthIdentifier: "block" })
      .map((all) => `do ${all.join("\n")} end`),
  };
});

const scriptOf = (body: string): string => `
g = 3 t = {4, 5, 6, x = "tx"}
function two(x, y) if x == nil then return y, x, 1 end if x == y then return end return x, y end
function many(x, ...) local r, q = ... if r then return r, ... end return select("#", ...), x, q end
function tail(x) if x == 5 then return two(x, 6) end return tostring(x) end
function work(a, b, c) local n, s, u = a, b
${body}
return n end
function main(i, r) KSR.out(i, r) local x, y = work(i, r) KSR.out(type(x), type(y)) return x end`;

describe("compiled and interpreted", () => {
  test("random scripts do the same", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 4 }), async (blocks) => {
        await same(scriptOf(blocks.join("\n")));
      }),
      { seed: 7, numRuns: 100 },
    );
  }, 120_000);

  // What they do, functions they need, a body that returns a text.
  test.each([
    [
      "each value of a list and a rest",
      "",
      "local a, b, c, d = two(1), two(2, 3) return tostring(a) .. tostring(b) .. c .. tostring(d)",
    ],
    ["deep recursion", "function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end", "return deep(500)"],
    ["endless recursion", "function deep(n) return 1 + deep(n) end", "return deep(1)"],
    [
      "tail calls without end",
      "function deep(n) if n == 0 then return 7 end return deep(n - 1) end",
      "return deep(900)",
    ],
    ["a global that goes away and comes back", "", "g = nil local a = tostring(g) g = 4 return a .. g"],
    ["a table that becomes another", "", "t = {x = #t} t.y = t.x return t.x + t.y"],
    [
      "metatables",
      "m = setmetatable({}, {__index = function(_, k) return k .. k end, __add = function() return 8 end})",
      "return m.ab .. (m + 1)",
    ],
    ["values nobody set", "", "local u = {} return tostring(u.x) .. tostring(u[1]) .. #u"],
    [
      "whole numbers and floats",
      "",
      "return 10 / 2 .. #t / 2 .. #t * 1e9 .. -#t .. #t % 2 .. 7 % -3 .. 2 ^ 0.5 .. 0 / 0 .. -0",
    ],
    ["numbers as keys", "", "t[1.0], t[2^53], t['1'] = 7, 8, 9 return t[1] .. t[2^53] .. t['1']"],
    [
      "comparisons",
      "",
      'return tostring(1 < 2) .. tostring("a" < "b") .. tostring(#t == 3) .. tostring(#t < 4) .. tostring(2 <= #t) .. tostring({} == {})',
    ],
    ["an error in a function called", "function bad() local x = nil return x.y end", "return 1 + bad()"],
    [
      "an error behind a tail call",
      "function bad(x) local z = x.y.z return z end function via(x) return bad(x) end",
      "local r = via({}) return r",
    ],
    ["a call of nothing", "", "return nothing.here()"],
    [
      "methods of texts",
      "",
      'local s = ("abc"):upper():sub(2):rep(3, "-") return s .. s:len() .. ("x=1"):match("(%w)=(%d)")',
    ],
    ["a function of a library that fails", "", 'return ("x"):rep({})'],
    [
      "upvalues that change",
      "local n = 0 function count() n = n + 1 return n end function reset() n = nil end",
      "local x = count() + count() reset() n = 4 return x .. count()",
    ],
    [
      "logic",
      "",
      "return tostring(a and b or c) .. tostring(not a) .. tostring(nil == false) .. tostring(a ~= nil and g > 2)",
    ],
    ["a loop over what a call gives", "", 'local s = "" for k in ("a b c"):gmatch("%a") do s = s .. k end return s'],
    [
      "an iterator of the script",
      "function nextOf(limit, i) if i < limit then return i + 1, two(i, limit) end end",
      'local s = "" for i, x in nextOf, 4, 0 do s = s .. i .. tostring(x) end return s',
    ],
    [
      "an iterator that waits",
      "function nextOf(limit, i) KSR.later(1) if i < limit then return i + 1, i end end",
      'local s = "" for i, x in nextOf, 4, 0 do s = s .. i .. x end return s',
    ],
    [
      "a table from a list",
      "function all(...) return {...}, ... end",
      "local u, x = all(1, nil, 3) return #u .. tostring(u[3]) .. x",
    ],
    ["a long text", "", 'local s = ("x"):rep(300) t[s] = s .. s return #t[s] .. tostring(t[s] == s .. s)'],
  ])("%s", async (_, functions, body) => {
    const run = await same(`${functions}\n${scriptOf(`do ${body} end`)}`);
    expect(run.length).toBeGreaterThan(RUNS);
  });

  test("a budget that is spent in functions which leave to the interpreter", async () => {
    const step = 'function step(i) KSR.out(i) local ok = pcall(type, i) KSR.out("b") return ok end';
    for (let instructions = 20; instructions < 90; instructions++)
      await same(
        `${step} function main() local i = 0 while true do i = i + 1 step(i) KSR.out("x", i) end end`,
        instructions,
      );
  });

  test("a budget that is spent ends both at the same instruction", async () => {
    for (let instructions = 10; instructions < 60; instructions++)
      await same(
        "function main() local i = 0 while true do i = i + 1 KSR.out(i) if i % 2 == 0 then i = i + 0.5 end end end",
        instructions,
      );
  });

  test("a function that leaves each time stays with the interpreter in the end, one that waits does not", () => {
    const machine = new LuaMachine({
      instructions: 1000,
      prelude: host.asset("lua51.lua"),
      around: { host, access: 0, print: () => {} },
      trace: null,
    });
    machine.runChunk(
      bytesOf("function leaves() return pcall(type, 1) end function waits() return pcall(type, 2) end"),
      "f",
    );
    const { runTime } = machine;
    const runsOf = (name: string, held: Outcome | null): number => {
      const fn = machine.functionNamed(name) as LuaClosure;
      let runs = 0;
      for (let i = 0; i < 2000; i++) {
        const compiled = runTime.compiledOf(fn);
        if (compiled === null) continue;
        runs++;
        runTime.held = held;
        expect(runTime.start(compiled, fn, [])).toBe(LEFT);
        const thread = machine.takeThread();
        runTime.restore(thread);
        machine.giveBack(thread);
      }
      return runs;
    };
    expect(runsOf("leaves", null)).toBe(256);
    expect(runsOf("waits", { result: 1 })).toBe(1999);
  });
});
