// Stubs for editors, made from the declarations of the modules: what KSR and sr have, for Lua, Python and TypeScript.

import type { AnyModule } from "../../registry/define.ts";
import { LUA_WORDS, luaOlderStub, luaStub } from "./lua.ts";
import { PYTHON_WORDS, pythonOlderStub, pythonStub, routerStub } from "./python.ts";
import { stubTree } from "./tree.ts";
import { TYPESCRIPT_WORDS, typescriptStub } from "./typescript.ts";

/** The files by name. `program`: the program and its version, for the first line of each. */
export function stubFiles(modules: readonly AnyModule[], program: string): ReadonlyMap<string, string> {
  const head = `Made by "portico catalogue --stubs" of ${program}, from the program's own declarations; for editors only.`;
  return new Map([
    ["KSR.lua", luaStub(stubTree(modules, LUA_WORDS), head)],
    ["sr.lua", luaOlderStub(head)],
    ["KSR.pyi", pythonStub(stubTree(modules, PYTHON_WORDS), head)],
    ["sr.pyi", pythonOlderStub(head)],
    ["Router.pyi", routerStub(head)],
    ["portico.d.ts", typescriptStub(stubTree(modules, TYPESCRIPT_WORDS), head)],
  ]);
}
