// The Lua machine over the real host: files, commands and modules of the system; patterns against a matcher of another kind.

import fc from "fast-check";
import { expect, test } from "vitest";
import { selectHost } from "../../host/index.ts";
import { bytesOf } from "../../util/bytes.ts";
import { LuaMachine } from "./machine.ts";
import { Suspension } from "./suspension.ts";

const host = await selectHost();

/** What a script prints at the top level of a file. */
function printed(script: string, access = 7): string {
  const lines: string[] = [];
  const around = { host, access, print: (text: string) => void lines.push(text) };
  const suspension = new Suspension();
  const machine = new LuaMachine(
    { instructions: 10_000_000, prelude: host.asset("lua51.lua"), around, trace: null },
    suspension,
  );
  suspension.current = { ctx: null as never, machine, thread: machine.L, wait: null };
  machine.runChunk(bytesOf(script), "test.lua");
  return lines.join("\n");
}

test("commands: their output, their input, how they end", () => {
  expect(printed(`local p = io.popen("echo a; echo b; exit 3") print(p:read(), p:read("*a"), p:close())`)).toBe(
    "a\tb\n\ttrue",
  );
  expect(printed(`print(os.execute("exit 3"), os.execute("true"), os.execute(), os.execute("kill -9 $$"))`)).toBe(
    "768\t0\t1\t9",
  );
  expect(
    printed(`local n = os.tmpname() local p = io.popen("cat > " .. n, "w") p:write("to ", "it") p:close()
      print(io.open(n):read("*a"), os.remove(n))`),
  ).toBe("to it\ttrue");
});

test("temporary files, directories, a name of many octets", () => {
  expect(printed(`local f = io.tmpfile() f:write("abc") f:seek("set") print(f:read("*a"), io.type(f))`)).toBe(
    "abc\tfile",
  );
  expect(printed(`print(io.open("/"):read())`)).toBe("nil\tIs a directory\t21");
  expect(
    printed(
      `local n = os.tmpname() .. "\\195\\164" io.open(n, "w"):write("x") print(io.open(n):read("*a"), os.remove(n))`,
    ),
  ).toBe("x\ttrue");
  expect(printed(`print(io.open("/proc/self/stat"):read("*n") == ${host.process.pid})`)).toBe("true");
});

test("lines that are longer than a buffer, read in parts", () => {
  expect(
    printed(`local n = os.tmpname() local f = io.open(n, "w") f:write(string.rep("x", 10000), "\\n", string.rep("y", 5000)) f:close()
      f = io.open(n) print(#f:read(), #f:read(4999), f:read(10), f:read(1), f:seek("set", 9999), f:read("*l"), #f:read("*a"))`),
  ).toBe("10000\t4999\ty\tnil\t9999\tx\t5000");
});

test("a script cannot take the place of the hook that counts its instructions", () => {
  expect(printed("print(pcall(function() debug.sethook() end))")).toBe(
    "false\ttest.lua:1: debug.sethook: hooks are not for scripts here",
  );
});

test("what is closed says so", () => {
  expect(printed(`print(pcall(io.open, "/x"))`, 0)).toMatch(
    /io.open is closed to scripts by modparam\("app_lua", "system_access", 0\)/,
  );
});

const ITEMS = ["a", "b", ".", "%a", "[ab]", "[^a]", "%d", "1"] as const;
const AS_REGEX: Readonly<Record<string, string>> = { ".": "[^]", "%a": "[A-Za-z]", "%d": "[0-9]" };

test("patterns match as regular expressions of the same meaning do", () => {
  const item = fc.tuple(fc.constantFrom(...ITEMS), fc.constantFrom("", "*", "+", "-", "?"));
  const cases = fc.sample(
    fc.tuple(
      fc.array(item, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      fc.string({ unit: fc.constantFrom("a", "b", "1", " "), maxLength: 12 }),
    ),
    { seed: 9, numRuns: 400 },
  );
  const wanted: string[] = [];
  const script = cases.map(([parts, isEnd, subject]) => {
    const pattern = parts.map(([c, q]) => c + q).join("") + (isEnd ? "$" : "");
    const regex = parts.map(([c, q]) => (AS_REGEX[c] ?? c) + (q === "-" ? "*?" : q)).join("") + (isEnd ? "$" : "");
    const found = new RegExp(regex).exec(subject);
    wanted.push(found === null ? "nil" : `${found.index + 1}\t${found.index + found[0].length}`);
    return `print(string.find("${subject}", "${pattern}"))`;
  });
  expect(printed(script.join("\n")).split("\n")).toEqual(wanted);
});
