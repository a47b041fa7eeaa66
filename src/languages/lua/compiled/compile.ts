// Makes JavaScript of a function of a script. Its registers are local variables; its blocks of instructions the cases of a switch, which
// jumps go through. What the code cannot do itself it leaves to the interpreter, before anything of that instruction was done.

import type { Instruction, LuaState, Proto } from "../fengari-types.ts";
import { InstructionWriter, isKnown, registers } from "./instructions.ts";
import * as op from "./opcodes.ts";
import { operations } from "./operations.ts";
import { hashOf, load } from "./registers.ts";
import { AGAIN, ENDED } from "./signals.ts";
import { type Callee, CallSite, type Compiled, FieldSite } from "./sites.ts";

/** Longer functions are left to the interpreter. */
const MAX_INSTRUCTIONS = 5000;

/** The function as JavaScript; null when the interpreter has to run it. */
export function compile(proto: Proto, runTime: object, L: LuaState): Compiled | null {
  if (!isCompilable(proto)) return null;
  const writer = new InstructionWriter(proto);
  const source = sourceOf(proto, writer);
  const constants = proto.k.map(load);
  const fields = writer.fields.map((text) => new FieldSite(text, hashOf(L, text)));
  const calls = writer.calls.map((plan) => new CallSite(proto, plan));
  const state = { entered: 0, left: 0, isOff: false };
  const make = new Function("S", "E", "K", "F", "C", "O", "AGAIN", "ENDED", "load", source);
  const run = make(runTime, state, constants, fields, calls, operations, AGAIN, ENDED, load) as Callee;
  return Object.assign(state, { run });
}

// Functions with functions inside share their variables with these: left to the interpreter.
function isCompilable({ p, code }: Proto): boolean {
  return p.length === 0 && code.length <= MAX_INSTRUCTIONS && code.every(({ opcode }) => isKnown(opcode));
}

/** Where blocks of instructions begin, in their order. */
function leadersOf(code: readonly Instruction[]): number[] {
  const leaders = new Set([0]);
  for (let pc = 0; pc < code.length; pc++) for (const next of op.successors(code, pc) ?? []) leaders.add(next);
  return [...leaders].sort((a, b) => a - b);
}

function sourceOf(proto: Proto, writer: InstructionWriter): string {
  const { code, numparams, maxstacksize, is_vararg } = proto;
  const leaders = leadersOf(code);
  const cases = leaders.map((start, i) => {
    const lines = blockOf(code, start, leaders[i + 1] ?? code.length, writer);
    return `case ${start}:\n${lines.join("\n")}`;
  });
  const all = registers(0, maxstacksize).join(", ");
  const parameters = ["fn", ...registers(0, numparams), ...(is_vararg ? ["...more"] : [])];
  const locals = ["x", "y", "pc = 0", "n = 0", "m = null", "o = -1", ...registers(numparams, maxstacksize)];
  const more = is_vararg ? "more" : "[]";
  return `"use strict";
${writer.declarations()}
return function (${parameters.join(", ")}) {
if (E.isOff || S.depth >= S.maxDepth) return AGAIN;
let ${locals.join(", ")};
S.depth++;
E.entered++;
run: for (;;) switch (pc) {
${cases.join("\n")}
}
if (x === ENDED) return x;
return o < 0
? S.leave(E, x, fn, pc, n, [${all}], ${more})
: S.leave(E, x, fn, pc, n, [${all}].slice(0, o), ${more}, m);
};`;
}

// The block from `start` to before `end`, and how many instructions it counts as.
function blockOf(code: readonly Instruction[], start: number, end: number, writer: InstructionWriter): string[] {
  const places: number[] = [];
  for (let pc = start; pc < end; pc++) {
    if (code[pc]!.opcode === op.EXTRAARG) continue;
    places.push(pc);
    if (op.successors(code, pc) !== null) break;
  }
  const count = places.length;
  return [
    `if ((S.left -= ${count}) < 1) { x = AGAIN; pc = ${start}; n = ${count}; break run; }`,
    ...places.flatMap((pc, i) => writer.write(pc, { start, rest: count - i, next: end })),
  ];
}
