// Lua 5.1 as Kamailio's app_lua has it, on a machine of 5.3: all numbers are floats (the machine's integers have 32 bits and wrap), and
// numerals are read as there. What is missing of the libraries is in embed/lua51.lua.

import { textOf } from "../../util/bytes.ts";
import { lobject } from "./fengari.ts";
import type { NumberSlot } from "./fengari-types.ts";

const HEX = /^\s*([+-]?)0[xX]([0-9a-fA-F]+)\s*$/;

let isSet = false;

/** Changes how the machine reads numerals, in scripts and in texts. Does it once. */
export function speakLua51(): void {
  if (isSet) return;
  isSet = true;
  const readNumber = lobject.luaO_str2num;
  lobject.luaO_str2num = (bytes: Uint8Array, slot: NumberSlot): number => {
    const length = readNumber(bytes, slot);
    if (length !== 0 && slot.ttisinteger()) slot.setfltvalue(hexOf(bytes, length - 1) ?? slot.value);
    return length;
  };
}

// Hexadecimal numerals wrap in the machine; null for decimal ones.
function hexOf(bytes: Uint8Array, end: number): number | null {
  const found = HEX.exec(textOf(bytes, 0, end));
  if (found === null) return null;
  const value = Number.parseInt(found[2]!, 16);
  return found[1] === "-" ? -value : value;
}
