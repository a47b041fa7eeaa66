// The JavaScript of single instructions. In it `x` is the value in work, `y` a place of the machine, `m` a list of values that stands in the
// place of registers from number `o` on.

import type { ScriptArg } from "../../../registry/kemi.ts";
import type { Instruction, Proto } from "../fengari-types.ts";
import * as op from "./opcodes.ts";
import { load } from "./registers.ts";
import type { CallPlan } from "./sites.ts";

type Write = (w: InstructionWriter, i: Instruction, pc: number) => string[];

/** Values that one SETLIST sets at most. */
const VALUES_OF_LIST = 50;
/** Texts up to this length cost nothing more than the instruction that makes them. */
const FREE_LENGTH = 256;

const isTrue = (r: string): string => `(${r} !== undefined && ${r} !== false)`;
const isFalse = (r: string): string => `(${r} === undefined || ${r} === false)`;
const areFloats = (a: string, b: string): string => `typeof ${a} === "number" && typeof ${b} === "number"`;

/** Registers from one number to before another. */
export function registers(from: number, to: number): string[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => `r${from + i}`);
}

/** What is written for each opcode. */
const WRITERS: ReadonlyMap<number, Write> = new Map<number, Write>([
  [op.MOVE, (_w, { A, B }) => [`r${A} = r${B};`]],
  [op.LOADK, (w, { A, Bx }) => [`r${A} = ${w.constant(Bx)};`]],
  [op.LOADBOOL, (w, { A, B, C }, pc) => [`r${A} = ${B !== 0};`, ...(C === 0 ? [] : w.jump(pc + 2))]],
  [op.LOADNIL, (_w, { A, B }) => [`${registers(A, A + B + 1).join(" = ")} = undefined;`]],
  [op.GETUPVAL, (_w, { A, B }) => [`r${A} = load(fn.upvals[${B}]);`]],
  [op.SETUPVAL, (_w, { A, B }) => [`S.put(fn.upvals[${B}], r${A});`]],
  [op.GETTABUP, (w, { A, B, C }, pc) => [...w.get(`fn.upvals[${B}]`, true, C, pc), `r${A} = x;`]],
  [op.GETTABLE, (w, { A, B, C }, pc) => [...w.get(`r${B}`, false, C, pc), `r${A} = x;`]],
  [op.SELF, (w, { A, B, C }, pc) => [...w.get(`r${B}`, false, C, pc), `r${A + 1} = r${B};`, `r${A} = x;`]],
  [op.SETTABUP, (w, { A, B, C }, pc) => w.set(`fn.upvals[${A}]`, true, B, w.operand(C), pc)],
  [op.SETTABLE, (w, { A, B, C }, pc) => w.set(`r${A}`, false, B, w.operand(C), pc)],
  [op.NEWTABLE, (_w, { A }) => [`r${A} = S.newTable();`]],
  [op.ADD, binary("add", "+")],
  [op.SUB, binary("sub", "-")],
  [op.MUL, binary("mul", "*")],
  [op.DIV, binary("div", "/")],
  [op.MOD, binary("mod")],
  [op.POW, binary("pow")],
  [op.IDIV, binary("idiv")],
  [op.UNM, (w, { A, B }, pc) => [...w.guarded(`typeof r${B} === "number" ? -r${B} : AGAIN`, pc), `r${A} = x;`]],
  [op.NOT, (_w, { A, B }) => [`r${A} = ${isFalse(`r${B}`)};`]],
  [op.LEN, (w, { A, B }, pc) => [...w.guarded(`O.length(r${B})`, pc), `r${A} = x;`]],
  [op.CONCAT, concat],
  [op.JMP, (w, _i, pc) => w.jump(w.target(pc))],
  [op.EQ, equal],
  [op.LT, comparison("less", "<")],
  [op.LE, comparison("lessEqual", "<=")],
  [op.TEST, (w, { A, C }, pc) => w.branch(C === 0 ? isFalse(`r${A}`) : isTrue(`r${A}`), pc)],
  [op.TESTSET, (w, { A, B, C }, pc) => w.branch(C === 0 ? isFalse(`r${B}`) : isTrue(`r${B}`), pc, `r${A} = r${B}; `)],
  [op.CALL, (w, { A, B, C }, pc) => [...w.call(A, B, pc), ...w.results(A, C)]],
  [op.TAILCALL, (w, { A, B }, pc) => [...w.call(A, B, pc), "S.depth--;", "return x;"]],
  [op.RETURN, (w, { A, B }) => ["S.depth--;", `return ${w.returned(A, B)};`]],
  [
    op.FORPREP,
    (w, { A }, pc) => [
      ...w.guarded(`O.loopStart(r${A}, r${A + 1}, r${A + 2})`, pc),
      `r${A} = x; r${A + 1} = O.numberOf(r${A + 1}); r${A + 2} = O.numberOf(r${A + 2});`,
      ...w.jump(w.target(pc)),
    ],
  ],
  [
    op.FORLOOP,
    (w, { A }, pc) => [
      `r${A} += r${A + 2};`,
      `if (0 < r${A + 2} ? r${A} <= r${A + 1} : r${A + 1} <= r${A}) { r${A + 3} = r${A}; pc = ${w.target(pc)}; continue run; }`,
      ...w.jump(pc + 1),
    ],
  ],
  [
    op.TFORCALL,
    (w, { A, C }, pc) => [
      ...w.callWith(`r${A}`, [`r${A + 1}`, `r${A + 2}`], pc),
      ...w.spread(A + 3, C),
      `if (r${A + 3} !== undefined) { r${A + 2} = r${A + 3}; pc = ${w.target(pc + 1)}; continue run; }`,
      ...w.jump(pc + 2),
    ],
  ],
  [op.SETLIST, setList],
  [
    op.VARARG,
    (w, { A, B }) => (B === 0 ? w.open(A, "more") : registers(A, A + B - 1).map((r, i) => `${r} = more[${i}];`)),
  ],
]);

function binary(name: string, sign?: string): Write {
  return (w, { A, B, C }, pc) => {
    const a = w.operand(B);
    const b = w.operand(C);
    const otherwise = `O.${name}(${a}, ${b})`;
    return [
      ...w.guarded(sign === undefined ? otherwise : `${areFloats(a, b)} ? ${a} ${sign} ${b} : ${otherwise}`, pc),
      `r${A} = x;`,
    ];
  };
}

function comparison(name: string, sign: string): Write {
  return (w, { A, B, C }, pc) => {
    const a = w.operand(B);
    const b = w.operand(C);
    return [
      ...w.guarded(`${areFloats(a, b)} ? ${a} ${sign} ${b} : O.${name}(${a}, ${b})`, pc),
      ...w.branch(`x === ${A !== 0}`, pc),
    ];
  };
}

function equal(w: InstructionWriter, { A, B, C }: Instruction, pc: number): string[] {
  const a = w.operand(B);
  const b = w.operand(C);
  const sign = A === 0 ? "!==" : "===";
  if (w.isIdentified(B) || w.isIdentified(C)) return w.branch(`${a} ${sign} ${b}`, pc);
  return [...w.guarded(`O.equal(${a}, ${b})`, pc), ...w.branch(`x === ${A !== 0}`, pc)];
}

function concat(w: InstructionWriter, { A, B, C }: Instruction, pc: number): string[] {
  const all = `O.concat([${registers(B, C + 1).join(", ")}])`;
  const areTexts = `typeof r${B} === "string" && typeof r${C} === "string"`;
  return [
    ...w.guarded(C === B + 1 ? `${areTexts} ? r${B} + r${C} : ${all}` : all, pc),
    `if (x.length > ${FREE_LENGTH}) S.left -= (x.length + 15) >> 4;`,
    `r${A} = x;`,
  ];
}

function setList(w: InstructionWriter, { A, B, C }: Instruction, pc: number): string[] {
  const batch = C === 0 ? w.extra(pc + 1) : C;
  const first = (batch - 1) * VALUES_OF_LIST + 1;
  return [`S.setList(r${A}, ${first}, ${w.list(A + 1, B === 0 ? -1 : A + 1 + B)});`, ...(B === 0 ? ["o = -1;"] : [])];
}

/** Whether compiled functions can have instructions of that kind. */
export function isKnown(opcode: number): boolean {
  return WRITERS.has(opcode) || opcode === op.TFORLOOP || opcode === op.EXTRAARG;
}

/** The block that an instruction is in: where it begins, how many instructions are left from this one on, where the block behind it begins. */
interface Block {
  readonly start: number;
  readonly rest: number;
  readonly next: number;
}

/** Writes the instructions of one function. */
export class InstructionWriter {
  /** Keys of the places that read or write a field by a constant, and the instructions that call. */
  readonly fields: string[] = [];
  readonly calls: CallPlan[] = [];
  private readonly proto: Proto;
  private readonly constants = new Set<number>();
  private block: Block = { start: 0, rest: 0, next: 0 };
  /** The first register that the list of values stands for. */
  private opened = 0;

  constructor(proto: Proto) {
    this.proto = proto;
  }

  /** Constants, fields and calls as variables of the code around the function. */
  declarations(): string {
    return [
      ...[...this.constants].map((i) => `const k${i} = K[${i}];`),
      ...this.fields.map((_, i) => `const f${i} = F[${i}];`),
      ...this.calls.map((_, i) => `const c${i} = C[${i}];`),
    ].join("\n");
  }

  /** The lines of one instruction. */
  write(pc: number, block: Block): string[] {
    this.block = block;
    const i = this.proto.code[pc]!;
    return WRITERS.get(i.opcode)!(this, i, pc);
  }

  constant(index: number): string {
    this.constants.add(index);
    return `k${index}`;
  }

  operand(operand: number): string {
    const constant = op.constantOf(operand);
    return constant < 0 ? `r${operand}` : this.constant(constant);
  }

  /** Whether an operand is a constant that is equal to nothing but itself: no number. */
  isIdentified(operand: number): boolean {
    const constant = op.constantOf(operand);
    return constant >= 0 && !["number", "object"].includes(typeof load(this.proto.k[constant]!));
  }

  target(pc: number): number {
    return op.targetOf(this.proto.code, pc);
  }

  extra(pc: number): number {
    return this.proto.code[pc]!.Ax;
  }

  /** Goes on elsewhere; the block behind this one follows by itself. */
  jump(target: number): string[] {
    return target === this.block.next ? [] : [`pc = ${target}; continue run;`];
  }

  /** Takes the jump behind a test, or goes on behind that. */
  branch(condition: string, pc: number, first = ""): string[] {
    return [`if (${condition}) { ${first}pc = ${this.target(pc + 1)}; continue run; }`, ...this.jump(pc + 2)];
  }

  /** Sets x, or leaves the instruction to the interpreter. */
  guarded(value: string, pc: number): string[] {
    return [`x = ${value};`, `if (x === AGAIN) { pc = ${pc}; n = ${this.block.rest}; break run; }`];
  }

  /** Reads an element of what is in a register, or in a place of the machine, into x. */
  get(from: string, isPlace: boolean, key: number, pc: number): string[] {
    const name = this.fieldName(key);
    if (name === null) return this.guarded(`S.element(${isPlace ? `load(${from})` : from}, ${this.operand(key)})`, pc);
    const site = this.field(name);
    const of = isPlace ? `${from}.value` : from;
    return [
      `y = ${of} === ${site}.table ? ${site}.entry.value : undefined;`,
      ...this.guarded(`y === undefined ? S.field(${site}, ${of}) : load(y)`, pc),
    ];
  }

  set(to: string, isPlace: boolean, key: number, value: string, pc: number): string[] {
    const name = this.fieldName(key);
    if (name === null)
      return this.guarded(`S.setElement(${isPlace ? `load(${to})` : to}, ${this.operand(key)}, ${value})`, pc);
    return this.guarded(`S.setField(${this.field(name)}, ${isPlace ? `${to}.value` : to}, ${value})`, pc);
  }

  /** Calls what is in register `first` with the `count` - 1 values behind it, or with all up to the end of the open list. */
  call(first: number, count: number, pc: number): string[] {
    if (count > 0)
      return this.callWith(
        `r${first}`,
        registers(first + 1, first + count),
        pc,
        this.constantsOf(first + 1, count - 1, pc),
      );
    return [
      ...this.guardedCall(
        `S.call(${this.site({ pc, count: -1, constants: null })}, r${first}, ${this.list(first + 1, -1)})`,
        pc,
      ),
      "o = -1;",
    ];
  }

  callWith(fn: string, args: readonly string[], pc: number, constants: readonly ScriptArg[] | null = null): string[] {
    const site = this.site({ pc, count: args.length, constants });
    const known = `${site}.run(${[fn, ...args].join(", ")})`;
    return this.guardedCall(`${site}.fn === ${fn} ? ${known} : S.call(${site}, ${fn}, [${args.join(", ")}])`, pc);
  }

  /** Puts the results in x into the registers of a call: `count` - 1 of them; 0: all, as an open list. */
  results(first: number, count: number): string[] {
    return count === 0 ? this.open(first, "O.all(x)") : this.spread(first, count - 1);
  }

  spread(first: number, count: number): string[] {
    if (count === 0) return [];
    if (count === 1) return [`r${first} = typeof x === "object" && Array.isArray(x) ? x[0] : x;`];
    return ["x = O.all(x);", ...registers(first, first + count).map((r, i) => `${r} = x[${i}];`)];
  }

  open(first: number, values: string): string[] {
    this.opened = first;
    return [`m = ${values}; o = ${first};`];
  }

  /** Values of registers from one to before another, or -1: to the end of the open list. */
  list(from: number, to: number): string {
    return `[${to < 0 ? [...registers(from, this.opened), "...m"].join(", ") : registers(from, to).join(", ")}]`;
  }

  returned(first: number, count: number): string {
    if (count === 2) return `r${first}`;
    return count === 1 ? "O.none" : this.list(first, count === 0 ? -1 : first + count - 1);
  }

  private guardedCall(value: string, pc: number): string[] {
    return [`x = ${value};`, `if (typeof x === "symbol") { pc = ${pc}; n = ${this.block.rest}; break run; }`];
  }

  // The values that the instructions right before a call put into its arguments; null when they are not all constants.
  private constantsOf(first: number, count: number, pc: number): ScriptArg[] | null {
    const { code, k } = this.proto;
    if (pc - count < this.block.start) return null;
    const values: ScriptArg[] = [];
    for (let i = 0; i < count; i++) {
      const { opcode, A, Bx } = code[pc - count + i]!;
      const value = opcode === op.LOADK && A === first + i ? load(k[Bx]!) : null;
      if (typeof value !== "string" && typeof value !== "number") return null;
      values.push(value);
    }
    return values;
  }

  private site(plan: CallPlan): string {
    this.calls.push(plan);
    return `c${this.calls.length - 1}`;
  }

  private field(name: string): string {
    this.fields.push(name);
    return `f${this.fields.length - 1}`;
  }

  // The text of a constant key; null for other keys.
  private fieldName(operand: number): string | null {
    const constant = op.constantOf(operand);
    if (constant < 0) return null;
    const value = load(this.proto.k[constant]!);
    return typeof value === "string" ? value : null;
  }
}
