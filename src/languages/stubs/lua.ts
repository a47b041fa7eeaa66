// Stubs for Lua: annotations as the Lua language server reads them.

import type { StubArg, StubFunction, StubGroup } from "./tree.ts";

/** Words that cannot be names in Lua. */
export const LUA_WORDS: ReadonlySet<string> = new Set(
  "and break do else elseif end false for function goto if in local nil not or repeat return then true until while".split(
    " ",
  ),
);

const TYPES = { int: "integer", text: "string|number", rest: "string|number" } as const;
/** "none" gives false, as on Kamailio; a value may be a text, a number or nil, and scripts know which. */
const RESULTS = { int: "integer", bool: "boolean", none: null, value: "any" } as const;

/** KSR.lua. */
export function luaStub(groups: readonly StubGroup[], head: string): string {
  const parts = groups.map(({ name, functions }) => {
    const table = name === "" ? "KSR" : `KSR.${name}`;
    return [`---@class ${table}`, `${table} = {}`, "", ...functions.map(luaFunction)].join("\n");
  });
  return `---@meta\n\n-- ${head}\n\n${parts.join("\n")}`;
}

/** sr.lua: the same functions under their older name. */
export function luaOlderStub(head: string): string {
  return `---@meta\n\n-- ${head}\n\n---The functions of KSR, as SIP Router's scripts call them.\n---@type KSR\nsr = KSR\n`;
}

function luaFunction({ full, args, gives, doc }: StubFunction): string {
  const result = RESULTS[gives];
  const lines = [
    `---${doc}`,
    ...args.map(
      (arg) => `---@param ${luaName(arg)}${arg.optional && arg.type !== "rest" ? "?" : ""} ${TYPES[arg.type]}`,
    ),
    ...(result === null ? [] : [`---@return ${result}`]),
    `function ${full}(${args.map(luaName).join(", ")}) end`,
  ];
  return `${lines.join("\n")}\n`;
}

function luaName({ name, type }: StubArg): string {
  return type === "rest" ? "..." : name;
}
