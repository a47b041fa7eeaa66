// Types of the part of fengari that is used here.

/** A string of the Lua machine: its octets, and once asked for the same as a byte string. */
export interface LuaString {
  realstring: Uint8Array;
  text?: string;
  /** How many octets it has. */
  tsslen(): number;
}
export interface StringClass {
  new (L: LuaState, bytes: Uint8Array): LuaString;
}

/** A place of the machine that holds a value: on a stack, in a table, in a closure. Its type is one of ValueType. */
export interface TValue {
  type: number;
  value: unknown;
}
export interface TValueClass {
  new (type: number, value: unknown): TValue;
}
/** Types of values in the machine, variants included; a text has two. */
export interface ValueTypes {
  readonly LUA_TNIL: number;
  readonly LUA_TBOOLEAN: number;
  readonly LUA_TLIGHTUSERDATA: number;
  readonly LUA_TNUMFLT: number;
  readonly LUA_TNUMINT: number;
  readonly LUA_TSHRSTR: number;
  readonly LUA_TLNGSTR: number;
  readonly LUA_TTABLE: number;
  readonly LUA_TLCF: number;
  readonly LUA_TLCL: number;
  readonly LUA_TCCL: number;
  readonly LUA_TUSERDATA: number;
  readonly LUA_TTHREAD: number;
}

/** An entry of a table. It loses its value when it leaves the table, and never comes back into it. */
export interface TableEntry {
  readonly value: TValue | undefined;
}
/** A table: its entries by key, texts by their hash. */
export interface LuaTable {
  readonly strong: ReadonlyMap<unknown, TableEntry>;
  readonly metatable: LuaTable | null;
  /** Which metamethods are known to be absent; 0 after a change. */
  flags: number;
}
/** One instruction; which of the operands count depends on the opcode. */
export interface Instruction {
  readonly opcode: number;
  readonly A: number;
  readonly B: number;
  readonly C: number;
  readonly Bx: number;
  readonly sBx: number;
  readonly Ax: number;
}
/** A function as it was read: all closures of one place in a script share it. */
export interface Proto {
  readonly k: readonly TValue[];
  readonly p: readonly Proto[];
  readonly code: readonly Instruction[];
  readonly lineinfo: readonly number[];
  readonly numparams: number;
  readonly is_vararg: unknown;
  readonly maxstacksize: number;
  readonly source: LuaString;
  /** Ours: it as JavaScript; null when it stays with the interpreter, a number counts its calls until that is decided. */
  compiled?: import("./compiled/sites.ts").Compiled | number | null;
}
/** A function of a script. */
export interface LuaClosure {
  readonly p: Proto;
  readonly upvals: readonly TValue[];
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
/** Classes of values. */
export interface ValueClasses {
  readonly TValue: TValueClass;
  readonly LClosure: new (L: LuaState, upvalues: number) => LuaClosure;
  readonly CClosure: new (...args: never[]) => object;
  readonly Udata: new (...args: never[]) => { readonly metatable: LuaTable | null };
  luaO_chunkid(source: Uint8Array, size: number): Uint8Array;
}
/** Tables from inside. */
export interface TableFunctions {
  readonly Table: new (L: LuaState) => LuaTable;
  luaH_setfrom(L: LuaState, table: LuaTable, key: TValue, value: TValue): void;
  luaH_getn(table: LuaTable): number;
}
/** Calls in progress from inside. */
export interface StateFunctions {
  readonly CIST_LUA: number;
  readonly CIST_TAIL: number;
  readonly lua_State: new (...args: never[]) => LuaState;
  luaE_extendCI(L: LuaState): CallInfo;
}
/** How the machine calls protected functions; replaced. */
export interface ReplaceableCalls {
  luaD_checkstack: (L: LuaState, count: number) => void;
  luaD_pcall: (L: LuaState, f: unknown, data: unknown, top: number, handler: number) => number;
}

/** A call in progress. */
export interface CallInfo {
  funcOff: number;
  next: CallInfo | null;
  func: TValue;
  top: number;
  l_base: number;
  l_code: readonly Instruction[];
  l_savedpc: number;
  nresults: number;
  callstatus: number;
  /** What `funcOff` becomes when it is resumed. */
  extra?: number;
}
/** A thread (coroutine) of the machine, with the inner fields that are used here. */
export interface LuaState {
  readonly stack: TValue[];
  readonly l_G: { readonly mt: readonly (LuaTable | null | undefined)[] };
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
