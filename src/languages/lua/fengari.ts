// The Lua machine: fengari, loaded after what it reads then.

import "./settings.ts";

// Its files need each other in a ring that must be entered by the first one. Bun runs modules of that old kind as soon as it has read them, in
// whatever order that is, unless one is asked for after the other.
const { lauxlib, lua, lualib } = await import("fengari");
const { default: lobject } = await import("fengari/src/lobject.js");
const { default: ldo } = await import("fengari/src/ldo.js");
const { default: ltable } = await import("fengari/src/ltable.js");
const { default: lstate } = await import("fengari/src/lstate.js");
const { TString, luaS_hashlongstr } = await import("fengari/src/lstring.js");
const { constant_types: ValueType } = await import("fengari/src/defs.js");
const { OpCodesI: OpCode } = await import("fengari/src/lopcodes.js");

export { lauxlib, ldo, lobject, lstate, ltable, lua, lualib, luaS_hashlongstr, OpCode, TString, ValueType };
