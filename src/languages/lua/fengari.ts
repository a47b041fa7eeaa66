// The Lua machine: fengari, loaded after what it reads then.

import "./settings.ts";

export { lauxlib, lua, lualib } from "fengari";
export { default as lobject } from "fengari/src/lobject.js";
export { TString } from "fengari/src/lstring.js";
