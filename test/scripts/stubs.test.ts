// Stubs for editors (`portico catalogue --stubs DIR`): each is what its language reads, and has every function that scripts can call.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { runCatalogue } from "../../src/control/cli/catalogue.ts";
import { createSimulation } from "../../src/host/simulated.ts";
import { lauxlib, lua } from "../../src/languages/lua/fengari.ts";
import { stubFiles } from "../../src/languages/stubs/index.ts";
import { modules } from "../../src/modules/index.ts";
import { fullName, scriptNames } from "../../src/registry/script-names.ts";
import { bytesOf, fromUnicode, textOf } from "../../src/util/bytes.ts";

const files = stubFiles([...modules.values()], "portico 1");
const names = [
  ...new Set([...modules.values()].flatMap((m) => scriptNames(m).map(({ group, name }) => fullName(group, name)))),
];
const folder = mkdtempSync(join(tmpdir(), "portico-stubs-"));
for (const [name, text] of files) writeFileSync(join(folder, name), text);
afterAll(() => rmSync(folder, { recursive: true }));

const inCi = process.env["CI"] === "true" || process.env["CI"] === "1";
const hasPython = spawnSync("python3", ["--version"]).status === 0;

test("there are many functions", () => expect(names.length).toBeGreaterThan(900));

test("the command writes the files and says which", () => {
  const host = createSimulation({ seed: 7 }).host({ addresses: ["192.0.2.1"] });
  let said = "";
  const process = { ...host.process, write: (_: number, text: string) => void (said += text) };
  expect(runCatalogue(Object.assign(Object.create(host), { process }), ["--stubs", "/stubs"])).toBe(0);
  expect(said.trimEnd().split("\n")).toEqual([...files.keys()].map((name) => `/stubs/${name}`));
  expect(host.files.exists("/stubs/KSR.lua")).toBe(true);
});

describe("Lua", () => {
  const L = lauxlib.luaL_newstate();
  const run = (text: string): string | null => {
    const bytes = bytesOf(fromUnicode(text));
    const failed =
      lauxlib.luaL_loadbuffer(L, bytes, bytes.length, bytesOf("@stub")) !== lua.LUA_OK ||
      lua.lua_pcall(L, 0, 1, 0) !== lua.LUA_OK;
    const result = lua.lua_type(L, -1) === lua.LUA_TSTRING ? lua.lua_tostring(L, -1) : null;
    lua.lua_settop(L, 0);
    const shown = result === null ? null : textOf(result, 0, result.length);
    return failed ? `failed: ${shown}` : shown;
  };

  test("KSR.lua and sr.lua are Lua, and have every function", () => {
    expect(run(files.get("KSR.lua")!)).toBe(null);
    expect(run(files.get("sr.lua")!)).toBe(null);
    const missing = names.map((name) =>
      run(`if not (${name} and ${name.replace("KSR", "sr")}) then return "${name}" end`),
    );
    expect(missing.filter((name) => name !== null)).toEqual([]);
  });

  test("arguments and results are annotated", () => {
    expect(files.get("KSR.lua")).toMatch(
      /---.*\n---@param code integer\n---@param reason string\|number\n---@return integer\nfunction KSR\.sl\.send_reply\(code, reason\) end/,
    );
    expect(files.get("KSR.lua")).toMatch(/---@param p1\? string\|number\n/);
    expect(files.get("KSR.lua")).toMatch(/---@return any\nfunction KSR\.pv\.get\(/);
    expect(files.get("KSR.lua")).toMatch(/---@return boolean\nfunction KSR\.is_INVITE\(\) end/);
  });
});

describe.runIf(hasPython || inCi)("Python", () => {
  const script = `
import ast, sys
for path in sys.argv[1:]:
    tree = ast.parse(open(path, encoding="utf-8").read())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef): print("KSR." + node.name)
        if isinstance(node, ast.ClassDef) and node.name[0] == "_":
            for fn in node.body: print("KSR." + node.name[1:] + "." + fn.name)
`;
  const parse = (...paths: string[]) =>
    spawnSync("python3", ["-c", script, ...paths.map((name) => join(folder, name))], { encoding: "utf8" });

  test("KSR.pyi has every function; sr.pyi and Router.pyi are Python", () => {
    const { stdout, stderr } = parse("KSR.pyi");
    expect(stderr).toBe("");
    const found = new Set(stdout.split("\n"));
    expect(names.filter((name) => !found.has(name))).toEqual([]);
    expect(parse("sr.pyi", "Router.pyi").stderr).toBe("");
  });
});

describe("TypeScript", () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const check = (use: string): string => {
    writeFileSync(join(folder, "use.ts"), use);
    const options = { strict: true, noEmit: true, skipLibCheck: false, types: [], lib: ["ESNext"] };
    const include = ["portico.d.ts", "use.ts"];
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include }));
    const { stdout, stderr } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
    return stdout + stderr;
  };

  test("portico.d.ts has every function, and types that are checked", { timeout: 60_000 }, () => {
    const every = names.map((name) => `void ${name}; void ${name.replace("KSR", "sr")};`);
    expect(check([...every, 'const n: number = KSR.sl.send_reply(200, "OK");', "void n;"].join("\n"))).toBe("");
    expect(check('KSR.sl.send_reply("OK");')).toMatch(/TS2554: Expected 2 arguments/);
    expect(check('KSR.sl.send_reply("200", "OK");')).toMatch(/TS2345/);
    expect(check("KSR.sl.send_rply;")).toMatch(/TS2551.*Did you mean 'send_reply'/);
  });
});
