// The part of fengari that is used here: it comes without types. Names and meanings are those of Lua 5.3's C API.

declare module "fengari" {
  export const lua: import("./fengari-types.ts").LuaApi;
  export const lauxlib: import("./fengari-types.ts").LuaAuxiliary;
  export const lualib: import("./fengari-types.ts").LuaLibraries;
}
declare module "fengari/src/lstring.js" {
  export const TString: import("./fengari-types.ts").StringClass;
  export const luaS_hashlongstr: (text: import("./fengari-types.ts").LuaString) => string;
}
declare module "fengari/src/lobject.js" {
  const lobject: import("./fengari-types.ts").ReplaceableFunctions & import("./fengari-types.ts").ValueClasses;
  export default lobject;
}
declare module "fengari/src/ldo.js" {
  const ldo: import("./fengari-types.ts").ReplaceableCalls;
  export default ldo;
}
declare module "fengari/src/luaconf.js" {
  const luaconf: import("./fengari-types.ts").ReplaceableSettings;
  export default luaconf;
}
declare module "fengari/src/ltable.js" {
  const ltable: import("./fengari-types.ts").TableFunctions;
  export default ltable;
}
declare module "fengari/src/lstate.js" {
  const lstate: import("./fengari-types.ts").StateFunctions;
  export default lstate;
}
declare module "fengari/src/lopcodes.js" {
  export const OpCodesI: Readonly<Record<string, number>>;
}
declare module "fengari/src/defs.js" {
  export const constant_types: import("./fengari-types.ts").ValueTypes;
}
