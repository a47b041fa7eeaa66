// What one run of a script may take. Instructions are counted by the machine's own hook; long texts count as one instruction each
// 16 octets, so that a run cannot fill the memory with them. A run whose budget is spent ends, whatever it catches.

import { fail } from "./arguments.ts";
import { ldo, lobject, lua } from "./fengari.ts";
import type { LuaState, LuaString } from "./fengari-types.ts";
import { pushText } from "./values.ts";

/** A script ran for too long. */
export class BudgetSpent extends Error {
  constructor() {
    super("the script was ended: it ran for too long (instruction_limit)");
    this.name = "BudgetSpent";
  }
}

/** Texts up to this length cost nothing more than the instruction that makes them. */
const FREE_LENGTH = 256;
const OCTETS_OF_INSTRUCTION = 16;
/** The longest text that functions of the libraries make, octets. */
const MAX_TEXT = 16 << 20;

/** What ends the run in progress; null when it may go on. There is one run at a time. */
let ending: BudgetSpent | null = null;

/** What ended the run that has just come back; it is forgotten then. */
export function takeEnding(): BudgetSpent | null {
  const was = ending;
  ending = null;
  return was;
}

/** Throws once more what ends the run: called where errors of scripts are caught. */
export function passEnding(): void {
  if (ending !== null) throw ending;
}

/** Whether an error that was caught is one that must go on. */
export function isEnding(error: unknown): boolean {
  return ending !== null && error === ending;
}

/** Lets a thread, and those it makes, run for at most so many instructions; 0 for no limit. */
export function limit(L: LuaState, instructions: number): void {
  if (instructions > 0) lua.lua_sethook(L, spent, lua.LUA_MASKCOUNT, instructions);
}

/** Takes the cost of work beside the machine's instructions off the budget; throws when it is spent. */
export function charge(L: LuaState, instructions: number): void {
  if (L.basehookcount === 0) return;
  const left = L.hookcount - instructions;
  if (left < 1) spent(L);
  L.hookcount = left;
}

/** An error of the script when a text that is to be made is too long. */
export function checkText(L: LuaState, length: number): void {
  if (length > MAX_TEXT) fail(L, `a text of ${length} octets is longer than a script may make (${MAX_TEXT})`);
}

/** The cost of a text of that length. Charged before it is made; one that is too long is an error of the script. */
export function chargeText(L: LuaState, length: number): void {
  checkText(L, length);
  if (length > FREE_LENGTH) charge(L, Math.ceil(length / OCTETS_OF_INSTRUCTION));
}

function spent(L: LuaState): never {
  L.hookcount = 1; // should anything catch it, the next instruction ends that too
  L.allowhook = 1;
  ending ??= new BudgetSpent();
  throw ending;
}

/** lua_resume, with an end for what the machine has no place for: a run that ends while it recovers from an error. */
export function resume(L: LuaState, from: LuaState | null, count: number): number {
  try {
    return lua.lua_resume(L, from, count);
  } catch (error) {
    L.status = lua.LUA_ERRRUN;
    pushText(L, error instanceof Error ? error.message : String(error));
    return L.status;
  }
}

let isSet = false;

/** Makes the machine count long texts and pass on what ends a run. Does it once. */
export function watchMachine(): void {
  if (isSet) return;
  isSet = true;
  const { pushsvalue2s, setsvalue2s } = lobject;
  lobject.pushsvalue2s = (L, s) => {
    count(L, s);
    pushsvalue2s(L, s);
  };
  lobject.setsvalue2s = (L, index, s) => {
    count(L, s);
    setsvalue2s(L, index, s);
  };
  const { luaD_pcall } = ldo;
  ldo.luaD_pcall = (L, f, data, top, handler) => {
    const status = luaD_pcall(L, f, data, top, handler);
    passEnding();
    return status;
  };
}

// The text is there already; the next instruction ends a run that cannot afford it.
function count(L: LuaState, s: LuaString): void {
  const length = s.tsslen();
  if (length <= FREE_LENGTH || L.basehookcount === 0) return;
  L.hookcount = Math.max(1, L.hookcount - Math.ceil(length / OCTETS_OF_INSTRUCTION));
}
