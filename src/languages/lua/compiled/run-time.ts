// What compiled functions of one machine share: where they look things up, whom they call, and how they leave to the interpreter what they
// cannot do themselves. Then their frames are put onto a thread of the machine, which goes on at the same instruction.

import { ldo, lstate, ltable, lua } from "../fengari.ts";
import type { CallInfo, LuaClosure, LuaFunction, LuaState, LuaTable, TValue } from "../fengari-types.ts";
import { compile } from "./compile.ts";
import { LibraryCalls } from "./library-calls.ts";
import { CALL, TAILCALL, TFORCALL } from "./opcodes.ts";
import { hashOf, isPlain, LClosure, type LuaValue, load, placed, store, Table } from "./registers.ts";
import { AGAIN, LEFT } from "./signals.ts";
import type { Callee, CalleeMaker, CallSite, Compiled, FieldSite, Outcome } from "./sites.ts";

/** A function that left: where it goes on, its registers up to the top, what of its arguments has no register. */
interface Frame {
  readonly fn: LuaClosure;
  readonly pc: number;
  readonly registers: readonly LuaValue[];
  readonly more: readonly LuaValue[];
  isTail: boolean;
}

/** Calls of a function that the interpreter does before it is compiled. */
const CALLS_BEFORE = 1;
/** Calls of compiled functions that may be inside one another. */
const MAX_DEPTH = 100;
/** After so many departures it is looked at whether a function had better stay with the interpreter. */
const DEPARTURES = 256;

/** The compiled functions of one machine, and the run that is in them. */
export class RunTime {
  /** Instructions that the run in progress may still take. */
  left = 0;
  depth = 0;
  readonly maxDepth = MAX_DEPTH;
  /** For the call that the interpreter does again. */
  held: Outcome | null = null;
  /** What was left of the budget when the frames were left. */
  private remaining = 0;
  private readonly L: LuaState;
  private readonly isOn: boolean;
  private readonly frames: Frame[] = [];
  private readonly ours = new Map<LuaFunction, CalleeMaker>();
  private readonly library: LibraryCalls;

  /** The machine's libraries are open. `isOn`: whether functions are compiled at all. */
  constructor(L: LuaState, isOn: boolean) {
    this.L = L;
    this.isOn = isOn;
    this.library = new LibraryCalls(L, this);
  }

  /** Makes a function of ours callable by compiled functions. */
  know(fn: LuaFunction, maker: CalleeMaker): void {
    this.ours.set(fn, maker);
  }

  /** The function as JavaScript; null when it stays with the interpreter, so far or for ever. */
  compiledOf({ p }: LuaClosure): Compiled | null {
    if (!this.isOn) return null;
    let found = p.compiled;
    if (typeof found !== "object") {
      const calls = found ?? 0;
      p.compiled = found = calls < CALLS_BEFORE ? calls + 1 : compile(p, this, this.L);
    }
    return typeof found === "object" && found?.isOff === false ? found : null;
  }

  // --- called by generated code ---

  /** The value of a field; AGAIN when that takes a metatable or is an error. */
  field(site: FieldSite, of: LuaValue): LuaValue {
    const table = of instanceof Table ? of : this.methodsOf(of);
    if (table === null) return AGAIN;
    const entry = table.strong.get(site.hash);
    if (entry?.value === undefined) return table.metatable === null && table === of ? undefined : AGAIN;
    if (table === of) {
      site.table = table;
      site.entry = entry;
    }
    return load(entry.value);
  }

  /** The same by a key that is computed. */
  element(of: LuaValue, key: LuaValue): LuaValue {
    if (!(of instanceof Table)) return AGAIN;
    const place = of.strong.get(hashOf(this.L, key))?.value;
    if (place !== undefined) return load(place);
    return of.metatable === null && isPlain(key) ? undefined : AGAIN;
  }

  /** Sets a field. Gives AGAIN like `field`. */
  setField(site: FieldSite, of: LuaValue, value: LuaValue): LuaValue {
    const place = of === site.table ? site.entry.value : undefined;
    if (place === undefined || value === undefined) return this.setElement(of, site.key, value);
    store(this.L, place, value);
    site.table!.flags = 0;
    return undefined;
  }

  /** The same by a key that is computed. */
  setElement(of: LuaValue, key: LuaValue, value: LuaValue): LuaValue {
    if (!(of instanceof Table) || key === undefined || Number.isNaN(key)) return AGAIN;
    const { L } = this;
    const place = of.strong.get(hashOf(L, key))?.value;
    if (place === undefined && of.metatable !== null) return AGAIN;
    if (place !== undefined && value !== undefined) store(L, place, value);
    else ltable.luaH_setfrom(L, of, placed(L, key), placed(L, value));
    of.flags = 0;
    return undefined;
  }

  /** Gives a new table these values from index `first` on: the last one first, as the interpreter does, which pairs() shows. */
  setList(table: LuaValue, first: number, values: readonly LuaValue[]): void {
    for (let i = values.length - 1; i >= 0; i--) this.setElement(table, first + i, values[i]);
  }

  newTable(): LuaValue {
    return new Table(this.L);
  }

  /** Calls what a place calls for the first time, or now calls another. */
  call(site: CallSite, fn: LuaValue, args: readonly LuaValue[]): LuaValue {
    if (site.fn !== fn) {
      const run = this.calleeOf(site, fn);
      if (run === null) return AGAIN;
      site.fn = fn;
      site.run = run;
    }
    return site.run(fn as never, ...args);
  }

  /** Keeps a function's frame for the interpreter. */
  leave(
    compiled: Compiled,
    signal: LuaValue,
    fn: LuaClosure,
    pc: number,
    left: number,
    registers: readonly LuaValue[],
    more: readonly LuaValue[],
    open: readonly LuaValue[] | null = null,
  ): LuaValue {
    const isAgain = signal === AGAIN;
    this.left += isAgain ? left : left - 1;
    // a call that waits would do so in the interpreter too
    if (isAgain && this.held === null && (++compiled.left & (DEPARTURES - 1)) === 0)
      compiled.isOff = compiled.left * 2 > compiled.entered;
    if (!isAgain && fn.p.code[pc]!.opcode === TAILCALL) this.frames.at(-1)!.isTail = true;
    else {
      const all = isAgain && open !== null ? [...registers, ...open] : registers;
      this.frames.push({ fn, pc: isAgain ? pc : pc + 1, registers: all, more, isTail: false });
    }
    return LEFT;
  }

  /** Stores into a place of the machine. */
  put(place: TValue, value: LuaValue): void {
    store(this.L, place, value);
  }

  // --- called by the engine ---

  /**
   * Runs a function with a full budget. Gives what it returned or a signal: ENDED, AGAIN (nothing was done), LEFT (a thread has to be restored
   * now). Throws what is thrown.
   */
  start(compiled: Compiled, fn: LuaClosure, args: readonly LuaValue[]): LuaValue {
    const { left, depth, L } = this;
    this.left = L.basehookcount === 0 ? Number.MAX_SAFE_INTEGER : L.basehookcount;
    this.depth = 0;
    try {
      return args.length === 0 ? compiled.run(fn as never) : compiled.run(fn as never, ...args);
    } catch (error) {
      this.frames.length = 0;
      throw error;
    } finally {
      this.remaining = this.left;
      this.left = left;
      this.depth = depth;
    }
  }

  /** Forgets what no call asked for. */
  dropHeld(): void {
    const { held } = this;
    this.held = null;
    if (held !== null && "result" in held && held.result instanceof Promise) held.result.catch(() => {});
  }

  /** Puts the frames that were left onto a fresh thread, so that lua_resume goes on with them. */
  restore(thread: LuaState): void {
    const { frames } = this;
    if (thread.basehookcount > 0) thread.hookcount = Math.max(1, this.remaining);
    let at = thread.top;
    let results = lua.LUA_MULTRET;
    for (let frame = frames.pop(); frame !== undefined; frame = frames.pop()) {
      const ci = this.putFrame(thread, at, results, frame);
      if (frames.length === 0) break;
      const { opcode, A, C } = frame.fn.p.code[frame.pc - 1]!;
      at = ci.l_base + (opcode === TFORCALL ? A + 3 : A);
      results = opcode === CALL ? C - 1 : C;
    }
    thread.status = lua.LUA_YIELD;
    thread.ci.extra = thread.ci.funcOff;
  }

  // A frame whose function stands at that place of the stack.
  private putFrame(thread: LuaState, at: number, results: number, frame: Frame): CallInfo {
    const { L } = this;
    const { fn, registers, more } = frame;
    const { p } = fn;
    while (thread.top > at) delete thread.stack[--thread.top];
    ldo.luaD_checkstack(thread, 1 + p.numparams + more.length + registers.length + p.maxstacksize);
    const push = (value: LuaValue): void => {
      thread.stack[thread.top++] = placed(L, value);
    };
    push(fn);
    if (p.is_vararg) {
      for (let i = 0; i < p.numparams; i++) push(undefined);
      for (const value of more) push(value);
    }
    const base = thread.top;
    for (const value of registers) push(value);
    const ci = lstate.luaE_extendCI(thread);
    ci.funcOff = at;
    ci.func = thread.stack[at]!;
    ci.nresults = results;
    ci.l_base = base;
    ci.top = base + p.maxstacksize;
    ci.l_code = p.code;
    ci.l_savedpc = frame.pc;
    ci.callstatus = lstate.CIST_LUA | (frame.isTail ? lstate.CIST_TAIL : 0);
    return ci;
  }

  // The functions of texts, as in text:len(); null for what has none.
  private methodsOf(value: LuaValue): LuaTable | null {
    if (typeof value !== "string") return null;
    const place = this.L.l_G.mt[lua.LUA_TSTRING]?.strong.get(hashOf(this.L, "__index"))?.value;
    const methods = place === undefined ? undefined : load(place);
    return methods instanceof Table ? methods : null;
  }

  private calleeOf(site: CallSite, fn: LuaValue): Callee | null {
    if (fn instanceof LClosure) return this.compiledOf(fn)?.run ?? null;
    if (typeof fn !== "function") return null;
    const maker = this.ours.get(fn as LuaFunction);
    return maker === undefined ? this.library.calleeOf(fn as LuaFunction) : maker(site);
  }
}
