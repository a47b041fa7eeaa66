// How numbers print: as in Lua 5.1, "%.14g". Set before the machine is loaded, which takes these over then.

import { general } from "./format.ts";

// The two files need each other, and the first has to come first: Bun would run them in any order if both were asked for at once.
await import("fengari/src/defs.js");
const { default: luaconf } = await import("fengari/src/luaconf.js");

luaconf.LUA_COMPAT_FLOATSTRING = true; // no ".0" behind whole numbers
luaconf.lua_number2str = (n) => general(n, 14);
