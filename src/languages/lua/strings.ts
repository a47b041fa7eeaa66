// Functions of Lua's libraries string and table that can make much of little: find, match, gmatch, gsub, rep and concat. What they do is
// charged to the budget of the run before it is done.

import { fail, isMissing, numberArg, optionalNumber, typeName, wrongArgument } from "./arguments.ts";
import { charge, chargeText } from "./budget.ts";
import { lobject, lua, TString } from "./fengari.ts";
import type { LuaFunction, LuaState } from "./fengari-types.ts";
import { indexOfBytes, isPlain, Matcher, OPEN, PatternError, POSITION } from "./pattern.ts";
import { key } from "./values.ts";

const CARET = 94;
const PERCENT = 37;
/** Instructions that a thousand octets of matching count as. */
const MATCH_COST = 250;

/** Puts the functions into the tables of the libraries, which are open. */
export function openStrings(L: LuaState): void {
  const put = (table: string, functions: Readonly<Record<string, LuaFunction>>): void => {
    lua.lua_getglobal(L, key(table));
    for (const [name, fn] of Object.entries(functions)) {
      lua.lua_pushcfunction(L, fn);
      lua.lua_setfield(L, -2, key(name));
    }
    lua.lua_pop(L, 1);
  };
  put("string", { find, match, gmatch, gsub, rep });
  put("table", { concat });
}

function bytesArg(L: LuaState, index: number): Uint8Array {
  const type = lua.lua_gettop(L) < index ? -1 : lua.lua_type(L, index);
  if (type !== lua.LUA_TSTRING && type !== lua.LUA_TNUMBER)
    return wrongArgument(L, index, `string expected, got ${typeName(L, index)}`);
  return lua.lua_tostring(L, index)!;
}

/** Pushes octets that nobody changes later. */
function pushBytes(L: LuaState, bytes: Uint8Array): void {
  lobject.pushsvalue2s(L, new TString(L, bytes));
}

// Runs what reads patterns; a wrong one is an error of the script.
function matching(L: LuaState, run: () => number): number {
  try {
    return run();
  } catch (error) {
    if (error instanceof PatternError) return fail(L, error.message);
    throw error;
  }
}

function matcherOf(L: LuaState, src: Uint8Array, pat: Uint8Array): Matcher {
  return new Matcher(src, pat, () => charge(L, MATCH_COST));
}

// Position `index` of a text, negative ones counted from its end; from 0, at most its length.
function startOf(L: LuaState, index: number, length: number): number {
  const given = Math.trunc(optionalNumber(L, index, 1));
  const position = given < 0 ? Math.max(given + length, 0) : Math.max(given - 1, 0);
  return Math.min(position, length);
}

const find: LuaFunction = (L) => search(L, true);
const match: LuaFunction = (L) => search(L, false);

function search(L: LuaState, isFind: boolean): number {
  const src = bytesArg(L, 1);
  const pat = bytesArg(L, 2);
  const init = startOf(L, 3, src.length);
  if (isFind && ((lua.lua_gettop(L) >= 4 && lua.lua_toboolean(L, 4)) || isPlain(pat))) {
    const at = indexOfBytes(src, pat, init);
    if (at < 0) lua.lua_pushnil(L);
    else pushRange(L, at, at + pat.length);
    return at < 0 ? 1 : 2;
  }
  return matching(L, () => {
    const matcher = matcherOf(L, src, pat);
    const isAnchored = pat[0] === CARET;
    for (let s = init; s <= src.length; s++) {
      const end = matcher.matchAt(s, isAnchored ? 1 : 0);
      if (end >= 0) {
        if (!isFind) return pushCaptures(L, matcher, src, s, end);
        pushRange(L, s, end);
        return 2 + (matcher.level === 0 ? 0 : pushCaptures(L, matcher, src, s, end));
      }
      if (isAnchored) break;
    }
    lua.lua_pushnil(L);
    return 1;
  });
}

function pushRange(L: LuaState, start: number, end: number): void {
  lua.lua_pushnumber(L, start + 1);
  lua.lua_pushnumber(L, end);
}

// All captures, or the whole match when there are none; how many.
function pushCaptures(L: LuaState, matcher: Matcher, src: Uint8Array, start: number, end: number): number {
  const count = Math.max(1, matcher.level);
  for (let i = 0; i < count; i++) pushCapture(L, matcher, src, i, start, end);
  return count;
}

function pushCapture(L: LuaState, matcher: Matcher, src: Uint8Array, i: number, start: number, end: number): void {
  if (i === 0 && matcher.level === 0) {
    pushBytes(L, src.slice(start, end));
    return;
  }
  if (i >= matcher.level) throw new PatternError("invalid capture index");
  const from = matcher.starts[i]!;
  const length = matcher.lengths[i]!;
  if (length === OPEN) throw new PatternError("unfinished capture");
  if (length === POSITION) lua.lua_pushnumber(L, from + 1);
  else pushBytes(L, src.slice(from, from + length));
}

const gmatch: LuaFunction = (L) => {
  const src = bytesArg(L, 1);
  const pat = bytesArg(L, 2);
  let at = 0;
  lua.lua_pushcfunction(L, (state) =>
    matching(state, () => {
      const matcher = matcherOf(state, src, pat);
      for (; at <= src.length; at++) {
        const start = at;
        const end = matcher.matchAt(start, 0);
        if (end < 0) continue;
        at = end === start ? end + 1 : end;
        return pushCaptures(state, matcher, src, start, end);
      }
      return 0;
    }),
  );
  return 1;
};

/** Octets that grow. */
class Output {
  private readonly L: LuaState;
  private bytes = new Uint8Array(64);
  private length = 0;

  constructor(L: LuaState) {
    this.L = L;
  }

  add(src: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (this.length + size > this.bytes.length) this.grow(this.length + size);
    if (size > 16) this.bytes.set(src.subarray(start, end), this.length);
    else for (let i = 0; i < size; i++) this.bytes[this.length + i] = src[start + i]!;
    this.length += size;
  }

  push(): void {
    pushBytes(this.L, this.bytes.slice(0, this.length));
  }

  private grow(least: number): void {
    chargeText(this.L, least);
    const size = Math.max(least, 2 * this.bytes.length);
    const grown = new Uint8Array(size);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

type Replace = (matcher: Matcher, start: number, end: number) => void;

const gsub: LuaFunction = (L) => {
  const src = bytesArg(L, 1);
  const pat = bytesArg(L, 2);
  const type = lua.lua_gettop(L) < 3 ? -1 : lua.lua_type(L, 3);
  const most = optionalNumber(L, 4, src.length + 1);
  const out = new Output(L);
  let replace: Replace;
  if (type === lua.LUA_TSTRING || type === lua.LUA_TNUMBER) replace = byText(L, out, src, bytesArg(L, 3));
  else if (type === lua.LUA_TTABLE || type === lua.LUA_TFUNCTION) replace = byValue(L, out, src, type);
  else return wrongArgument(L, 3, "string/function/table expected");
  return matching(L, () => {
    const matcher = matcherOf(L, src, pat);
    const isAnchored = pat[0] === CARET;
    let at = 0;
    let count = 0;
    while (count < most) {
      const end = matcher.matchAt(at, isAnchored ? 1 : 0);
      if (end >= 0) {
        count++;
        replace(matcher, at, end);
      }
      if (end > at) at = end;
      else if (at < src.length) {
        out.add(src, at, at + 1);
        at++;
      } else break;
      if (isAnchored) break;
    }
    out.add(src, at, src.length);
    out.push();
    lua.lua_pushnumber(L, count);
    return 2;
  });
};

function byText(L: LuaState, out: Output, src: Uint8Array, text: Uint8Array): Replace {
  if (text.indexOf(PERCENT) < 0) return () => out.add(text, 0, text.length);
  return (matcher, start, end) => {
    for (let i = 0; i < text.length; i++) {
      if (text[i] !== PERCENT) {
        out.add(text, i, i + 1);
        continue;
      }
      i++;
      const digit = (text[i] ?? 0) - 48;
      if (digit === 0) out.add(src, start, end);
      else if (digit > 0 && digit <= 9) {
        pushCapture(L, matcher, src, digit - 1, start, end);
        const bytes = lua.lua_tostring(L, -1)!;
        out.add(bytes, 0, bytes.length);
        lua.lua_pop(L, 1);
      } else if (i < text.length) out.add(text, i, i + 1);
    }
  };
}

function byValue(L: LuaState, out: Output, src: Uint8Array, type: number): Replace {
  return (matcher, start, end) => {
    if (type === lua.LUA_TTABLE) {
      pushCapture(L, matcher, src, 0, start, end);
      lua.lua_gettable(L, 3);
    } else {
      lua.lua_pushvalue(L, 3);
      lua.lua_call(L, pushCaptures(L, matcher, src, start, end), 1);
    }
    if (!lua.lua_toboolean(L, -1)) out.add(src, start, end);
    else {
      const kind = lua.lua_type(L, -1);
      if (kind !== lua.LUA_TSTRING && kind !== lua.LUA_TNUMBER)
        fail(L, `invalid replacement value (a ${typeName(L, lua.lua_gettop(L))})`);
      const bytes = lua.lua_tostring(L, -1)!;
      out.add(bytes, 0, bytes.length);
    }
    lua.lua_pop(L, 1);
  };
}

const rep: LuaFunction = (L) => {
  const src = bytesArg(L, 1);
  const count = Math.max(0, Math.trunc(numberArg(L, 2)));
  const length = src.length * count;
  chargeText(L, length);
  const bytes = new Uint8Array(length);
  if (src.length === 1) bytes.fill(src[0]!);
  else if (length > 0) {
    bytes.set(src);
    for (let done = src.length; done < length; done *= 2) bytes.copyWithin(done, 0, Math.min(done, length - done));
  }
  pushBytes(L, bytes);
  return 1;
};

const concat: LuaFunction = (L) => {
  if (lua.lua_gettop(L) < 1 || lua.lua_type(L, 1) !== lua.LUA_TTABLE)
    wrongArgument(L, 1, `table expected, got ${typeName(L, 1)}`);
  const separator = isMissing(L, 2) ? new Uint8Array(0) : bytesArg(L, 2);
  const from = Math.trunc(optionalNumber(L, 3, 1));
  const to = Math.trunc(optionalNumber(L, 4, lua.lua_rawlen(L, 1)));
  const out = new Output(L);
  for (let i = from; i <= to; i++) {
    const type = lua.lua_rawgeti(L, 1, i);
    if (type !== lua.LUA_TSTRING && type !== lua.LUA_TNUMBER)
      fail(L, `invalid value (${typeName(L, lua.lua_gettop(L))}) at index ${i} in table for 'concat'`);
    const bytes = lua.lua_tostring(L, -1)!;
    out.add(bytes, 0, bytes.length);
    if (i < to) out.add(separator, 0, separator.length);
    lua.lua_pop(L, 1);
  }
  out.push();
  return 1;
};
