// The Lua machine: fengari, loaded after what it reads then.

import "./settings.ts";

// Its files need each other in a ring that must be entered by the first one. Bun runs modules of that old kind as soon as it has read them, in
// whatever order that is, unless one is asked for after the other.
const { lauxlib, lua, lualib } = await import("fengari");
const { default: lobject } = await import("fengari/src/lobject.js");
const { default: ldo } = await import("fengari/src/ldo.js");
const { TString } = await import("fengari/src/lstring.js");

export { lauxlib, ldo, lobject, lua, lualib, TString };
