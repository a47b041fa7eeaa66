// The instructions of the Lua machine, and how their operands are read.

import { OpCode } from "../fengari.ts";
import type { Instruction } from "../fengari-types.ts";

const code = (name: string): number => OpCode[`OP_${name}`]!;

export const MOVE = code("MOVE");
export const LOADK = code("LOADK");
export const LOADBOOL = code("LOADBOOL");
export const LOADNIL = code("LOADNIL");
export const GETUPVAL = code("GETUPVAL");
export const GETTABUP = code("GETTABUP");
export const GETTABLE = code("GETTABLE");
export const SETTABUP = code("SETTABUP");
export const SETUPVAL = code("SETUPVAL");
export const SETTABLE = code("SETTABLE");
export const NEWTABLE = code("NEWTABLE");
export const SELF = code("SELF");
export const ADD = code("ADD");
export const SUB = code("SUB");
export const MUL = code("MUL");
export const MOD = code("MOD");
export const POW = code("POW");
export const DIV = code("DIV");
export const IDIV = code("IDIV");
export const UNM = code("UNM");
export const NOT = code("NOT");
export const LEN = code("LEN");
export const CONCAT = code("CONCAT");
export const JMP = code("JMP");
export const EQ = code("EQ");
export const LT = code("LT");
export const LE = code("LE");
export const TEST = code("TEST");
export const TESTSET = code("TESTSET");
export const CALL = code("CALL");
export const TAILCALL = code("TAILCALL");
export const RETURN = code("RETURN");
export const FORLOOP = code("FORLOOP");
export const FORPREP = code("FORPREP");
export const TFORCALL = code("TFORCALL");
export const TFORLOOP = code("TFORLOOP");
export const SETLIST = code("SETLIST");
export const VARARG = code("VARARG");
export const EXTRAARG = code("EXTRAARG");

/** Operands of 256 and more are constants. */
const CONSTANT = 256;

/** The number of the constant that an operand is; -1 for a register. */
export function constantOf(operand: number): number {
  return operand < CONSTANT ? -1 : operand - CONSTANT;
}

const TESTS = new Set([EQ, LT, LE, TEST, TESTSET]);

/** Whether an instruction is a test: the one behind it is a jump that it takes, or skips. */
export function isTest(opcode: number): boolean {
  return TESTS.has(opcode);
}

/** Where a jump at that place goes. */
export function targetOf(code: readonly Instruction[], pc: number): number {
  return pc + 1 + code[pc]!.sBx;
}

/** The places that instruction can go on at, when that is not just the next one; null then. */
export function successors(code: readonly Instruction[], pc: number): number[] | null {
  const { opcode, C } = code[pc]!;
  if (isTest(opcode)) return [targetOf(code, pc + 1), pc + 2];
  switch (opcode) {
    case JMP:
    case FORPREP:
      return [targetOf(code, pc)];
    case FORLOOP:
    case TFORLOOP:
      return [targetOf(code, pc), pc + 1];
    case TFORCALL:
      return [targetOf(code, pc + 1), pc + 2];
    case LOADBOOL:
      return C === 0 ? null : [pc + 2];
    case RETURN:
    case TAILCALL:
      return [];
    default:
      return null;
  }
}
