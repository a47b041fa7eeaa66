// Values between the program and the Lua machine. Script text is octets on both sides; a Lua string remembers its text once it was asked
// for, and short texts made before are used again.

import type { ScriptArg } from "../../registry/kemi.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import { lobject, lua, TString } from "./fengari.ts";
import type { LuaState, LuaString } from "./fengari-types.ts";
import { general } from "./format.ts";

/** Longest text that is kept, and how many are. */
const KEPT_LENGTH = 40;
const KEPT = 1024;

const kept = new Map<string, LuaString>();

/** A name as the machine's functions take it. */
export function key(name: string): Uint8Array {
  return bytesOf(name);
}

/** Pushes a text. */
export function pushText(L: LuaState, text: string): void {
  lobject.pushsvalue2s(L, stringOf(L, text));
}

/** A text as the machine's tables and stacks hold it. */
export function stringOf(L: LuaState, text: string): LuaString {
  return text.length > KEPT_LENGTH ? new LongText(L, text) : keptText(L, text);
}

const NO_BYTES = new Uint8Array(0);

// Many never have their octets asked for, and those of a long text may be many.
class LongText extends TString {
  override readonly text: string;
  private bytes: Uint8Array | null = null;

  constructor(L: LuaState, text: string) {
    super(L, NO_BYTES);
    this.text = text;
  }

  override get realstring(): Uint8Array {
    return (this.bytes ??= bytesOf(this.text));
  }
  override set realstring(_: Uint8Array) {
    // the machine's own constructor sets it
  }
  override tsslen(): number {
    return this.text.length;
  }
}

// Kept strings also keep their hash, which the machine computes once a string.
function keptText(L: LuaState, text: string): LuaString {
  let known = kept.get(text);
  if (known === undefined) {
    known = new TString(L, bytesOf(text));
    known.text = text;
    if (kept.size >= KEPT) kept.clear();
    kept.set(text, known);
  }
  return known;
}

/** The text or number of argument `index` (from 1) of the running function; null when it is neither. */
export function argumentAt(L: LuaState, index: number): ScriptArg | null {
  const { value } = L.stack[L.ci.funcOff + index]!;
  if (typeof value === "number") return value;
  return value instanceof TString ? textIn(value) : null;
}

/** The text of a string of the machine. */
export function textIn(s: LuaString): string {
  return (s.text ??= textOf(s.realstring, 0, s.realstring.length));
}

/** The text or number that stands at an index, as a text, or in brackets what the value is when it is neither. */
export function textAt(L: LuaState, index: number): string {
  const value = L.stack[index < 0 ? L.top + index : L.ci.funcOff + index]?.value;
  if (value instanceof TString) return textIn(value);
  if (typeof value === "number") return general(value, 14);
  const type = lua.lua_typename(L, lua.lua_type(L, index));
  return `(${textOf(type, 0, type.length)})`;
}

/** The name of a file as the machine shortens it for messages. */
export function shortName(name: Uint8Array): string {
  const end = name.indexOf(0);
  return textOf(name, 0, end < 0 ? name.length : end);
}
