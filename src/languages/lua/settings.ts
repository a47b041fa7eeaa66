// How numbers print: as in Lua 5.1, "%.14g". Set before the machine is loaded, which takes these over then.

import "fengari/src/defs.js"; // first: the two files need each other
import luaconf from "fengari/src/luaconf.js";
import { general } from "./format.ts";

luaconf.LUA_COMPAT_FLOATSTRING = true; // no ".0" behind whole numbers
luaconf.lua_number2str = (n) => general(n, 14);
