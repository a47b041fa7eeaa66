// Types of the part of fengari that is used here.

/** A string of the Lua machine: its octets, and once asked for the same as a byte string. */
export interface LuaString {
  readonly realstring: Uint8Array;
  text?: string;
}
export interface StringClass {
  new (L: LuaState, bytes: Uint8Array): LuaString;
}

/** A value of the machine that a number is put into. */
export interface NumberSlot {
  readonly value: number;
  ttisinteger(): boolean;
  setfltvalue(n: number): void;
}
/** Settings of the machine that are replaced before it is loaded. */
export interface ReplaceableSettings {
  LUA_COMPAT_FLOATSTRING: boolean;
  lua_number2str: (n: number) => string;
}
/** Functions of the machine that are replaced. */
export interface ReplaceableFunctions {
  luaO_str2num: (bytes: Uint8Array, slot: NumberSlot) => number;
  pushsvalue2s: (L: LuaState, s: LuaString) => void;
  setsvalue2s: (L: LuaState, index: number, s: LuaString) => void;
}
/** How the machine calls protected functions; replaced. */
export interface ReplaceableCalls {
  luaD_pcall: (L: LuaState, f: unknown, data: unknown, top: number, handler: number) => number;
}

/** A call in progress. */
export interface CallInfo {
  readonly funcOff: number;
  next: CallInfo | null;
}
/** A thread (coroutine) of the machine, with the inner fields that are used here. */
export interface LuaState {
  readonly stack: { readonly type: number; readonly value: unknown }[];
  readonly base_ci: CallInfo;
  top: number;
  ci: CallInfo;
  status: number;
  errorJmp: unknown;
  nCcalls: number;
  /** Above 0: it cannot be suspended. */
  nny: number;
  errfunc: number;
  allowhook: number;
  /** Instructions until the hook is called, and what that begins with. */
  hookcount: number;
  basehookcount: number;
  /** Ours: the thread that resumed it, while it runs or waits; none for the thread of a run. */
  outer?: LuaState | null;
  /** Ours: whether it is suspended by a function of ours that waits, and not by the script. */
  waits?: boolean;
}

/** A function of ours in the machine: arguments on the stack, returns how many results it pushed. */
export type LuaFunction = (L: LuaState) => number;
export interface LuaDebug {
  readonly currentline: number;
  readonly short_src: Uint8Array;
  readonly source: Uint8Array;
}

export interface LuaApi {
  readonly LUA_OK: number;
  readonly LUA_YIELD: number;
  readonly LUA_ERRRUN: number;
  readonly LUA_MULTRET: number;
  readonly LUA_REGISTRYINDEX: number;
  readonly LUA_RIDX_GLOBALS: number;
  readonly LUA_MASKCOUNT: number;
  readonly LUA_TNIL: number;
  readonly LUA_TBOOLEAN: number;
  readonly LUA_TNUMBER: number;
  readonly LUA_TSTRING: number;
  readonly LUA_TTABLE: number;
  readonly LUA_TFUNCTION: number;
  readonly LUA_TUSERDATA: number;
  readonly lua_Debug: new () => LuaDebug;
  lua_newthread(L: LuaState): LuaState;
  lua_resume(L: LuaState, from: LuaState | null, count: number): number;
  lua_yield(L: LuaState, count: number): number;
  lua_pcallk(
    L: LuaState,
    args: number,
    results: number,
    handler: number,
    context: number,
    next: (L: LuaState, status: number) => number,
  ): number;
  lua_pcall(L: LuaState, args: number, results: number, handler: number): number;
  lua_call(L: LuaState, args: number, results: number): void;
  lua_error(L: LuaState): number;
  lua_gettop(L: LuaState): number;
  lua_settop(L: LuaState, index: number): void;
  lua_pop(L: LuaState, count: number): void;
  lua_pushvalue(L: LuaState, index: number): void;
  lua_remove(L: LuaState, index: number): void;
  lua_insert(L: LuaState, index: number): void;
  lua_pushnil(L: LuaState): void;
  lua_pushboolean(L: LuaState, value: boolean): void;
  lua_pushinteger(L: LuaState, value: number): void;
  lua_pushnumber(L: LuaState, value: number): void;
  lua_pushcfunction(L: LuaState, fn: LuaFunction): void;
  lua_pushstring(L: LuaState, bytes: Uint8Array): void;
  lua_newtable(L: LuaState): void;
  lua_setfield(L: LuaState, index: number, key: Uint8Array): void;
  lua_getfield(L: LuaState, index: number, key: Uint8Array): number;
  lua_getglobal(L: LuaState, key: Uint8Array): number;
  lua_isnumber(L: LuaState, index: number): boolean;
  lua_setglobal(L: LuaState, key: Uint8Array): void;
  lua_type(L: LuaState, index: number): number;
  lua_typename(L: LuaState, type: number): Uint8Array;
  lua_isinteger(L: LuaState, index: number): boolean;
  lua_toboolean(L: LuaState, index: number): boolean;
  lua_tonumber(L: LuaState, index: number): number;
  lua_tostring(L: LuaState, index: number): Uint8Array | null;
  lua_rawget(L: LuaState, index: number): number;
  lua_rawgeti(L: LuaState, index: number, n: number): number;
  lua_getstack(L: LuaState, level: number, ar: LuaDebug): number;
  lua_getinfo(L: LuaState, what: Uint8Array, ar: LuaDebug): number;
  lua_sethook(L: LuaState, hook: ((L: LuaState, ar: LuaDebug) => void) | null, mask: number, count: number): void;
  lua_atnativeerror(L: LuaState, handler: LuaFunction | null): LuaFunction | null;
  lua_tocfunction(L: LuaState, index: number): LuaFunction | null;
  lua_tothread(L: LuaState, index: number): LuaState | null;
  lua_pushthread(L: LuaState): boolean;
  lua_touserdata(L: LuaState, index: number): unknown;
  lua_newuserdata(L: LuaState, size: number): object;
  lua_xmove(from: LuaState, to: LuaState, count: number): void;
  lua_status(L: LuaState): number;
  lua_yieldk(L: LuaState, count: number, context: number, next: (L: LuaState) => number): number;
  lua_rawequal(L: LuaState, a: number, b: number): boolean;
  lua_rawseti(L: LuaState, index: number, n: number): void;
  lua_rawlen(L: LuaState, index: number): number;
  lua_gettable(L: LuaState, index: number): number;
  lua_getmetatable(L: LuaState, index: number): boolean;
  lua_setmetatable(L: LuaState, index: number): void;
  lua_close(L: LuaState): void;
}

export interface LuaAuxiliary {
  luaL_newstate(): LuaState;
  luaL_loadbuffer(L: LuaState, bytes: Uint8Array, size: number, name: Uint8Array): number;
  luaL_where(L: LuaState, level: number): void;
  luaL_tolstring(L: LuaState, index: number): Uint8Array;
  luaL_argerror(L: LuaState, index: number, why: Uint8Array): number;
  luaL_newmetatable(L: LuaState, name: Uint8Array): number;
  luaL_setmetatable(L: LuaState, name: Uint8Array): void;
  luaL_testudata(L: LuaState, index: number, name: Uint8Array): object | null;
  luaL_ref(L: LuaState, table: number): number;
  luaL_unref(L: LuaState, table: number, ref: number): void;
  luaL_traceback(L: LuaState, from: LuaState, message: Uint8Array | null, level: number): void;
  luaL_requiref(L: LuaState, name: Uint8Array, open: LuaFunction, global: boolean): void;
}

export interface LuaLibraries {
  luaL_openlibs(L: LuaState): void;
}
