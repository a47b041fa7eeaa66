// Variables for the further destinations of a request, and for flags.

import type { BranchTarget, RouteContext } from "../../proxy/context.ts";
import { type Accessor, ArgError } from "../../registry/args.ts";
import { type PvDef, pv, pvClass } from "../../registry/define.ts";
import { toInt, toText, type Value } from "../../sip/value.ts";
import { own } from "../../util/own.ts";
import { branchText, destinationSet, findListener, listenerText, scriptFlags, setScriptFlags } from "../core/index.ts";

/** A destination of that URI and nothing more. */
export function newBranch(uri: string): BranchTarget {
  return { uri, dstUri: null, path: null, q: -1, flags: 0, flowId: 0, sendFrom: null, ruid: "", instance: "" };
}

function textOrNull(value: Value): string | null {
  return value === null || value === "" ? null : toText(value);
}

function orNull(text: string): Value {
  return text === "" ? null : text;
}

interface Attribute {
  /** Numbers cannot be assigned. */
  readonly isText?: true;
  readonly get: (b: BranchTarget) => Value;
  readonly set?: (b: BranchTarget, value: Value, ctx: RouteContext) => BranchTarget;
}

/** The attributes of a branch by name; one without `set` is read only. */
export const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  uri: { isText: true, get: (b) => orNull(b.uri), set: (b, value) => ({ ...b, uri: toText(value), flowId: 0 }) },
  dst_uri: { isText: true, get: (b) => b.dstUri, set: (b, value) => ({ ...b, dstUri: textOrNull(value) }) },
  path: { isText: true, get: (b) => b.path, set: (b, value) => ({ ...b, path: textOrNull(value) }) },
  q: {
    get: (b) => (b.q < 0 ? null : b.q),
    set: (b, value) => ({ ...b, q: value === null ? -1 : Math.min(1000, Math.max(0, toInt(value))) }),
  },
  flags: { get: (b) => b.flags, set: (b, value) => ({ ...b, flags: toInt(value) }) },
  send_socket: {
    get: (b) => (b.sendFrom === null ? null : listenerText(b.sendFrom)),
    set: (b, value, ctx) => ({ ...b, sendFrom: value === null ? null : findListener(ctx, toText(value)) }),
  },
  ruid: { get: (b) => (b.ruid === "" ? null : b.ruid) },
  location_ua: { get: (b) => b.userAgent || null },
  otcpid: { get: (b) => (b.flowId === 0 ? null : b.flowId) },
  instance: { get: (b) => (b.instance === "" ? null : b.instance) },
};

// Index null is the first branch, negative ones count from the last.
function setAttribute(ctx: RouteContext, name: string, attribute: Attribute, index: number, value: Value): void {
  const { branches } = ctx;
  const at = index < 0 ? branches.length + index : index;
  const branch = branches[at];
  if (branch === undefined || attribute.set === undefined) return;
  if (typeof value === "number" && attribute.isText === true) {
    ctx.proxy.limited.error(ctx.proxy.log, `$branch(${name}) takes a text, not the number ${value}`);
    return;
  }
  if (name === "uri" && value === null) branches.splice(at, 1);
  else branches[at] = attribute.set(branch, value, ctx);
}

function branchAccessor(name: string, index: number): Accessor | ArgError {
  if (name === "count") return { get: (ctx) => (ctx.branches.length === 0 ? null : ctx.branches.length) };
  const attribute = own(ATTRIBUTES, name);
  if (attribute === undefined)
    return new ArgError(
      `unknown attribute of a branch "${name}"`,
      `one of count, ${Object.keys(ATTRIBUTES).join(", ")}`,
    );
  const get = (ctx: RouteContext): Value => {
    const branch = ctx.branches.at(index);
    return branch === undefined ? null : attribute.get(branch);
  };
  if (attribute.set === undefined) return { get };
  return { get, set: (ctx, value) => setAttribute(ctx, name, attribute, index, value) };
}

function hex(n: number): string {
  return (n >>> 0).toString(16).padStart(8, "0");
}

/** One of the three words of flags a script has. */
interface Word {
  readonly get: (ctx: RouteContext) => number;
  readonly set: (ctx: RouteContext, flags: number) => void;
}

const MESSAGE: Word = {
  get: (ctx) => ctx.message.flags,
  set: (ctx, flags) => {
    ctx.message.flags = flags;
  },
};
const BRANCH: Word = {
  get: (ctx) => ctx.message.branchFlags,
  set: (ctx, flags) => {
    ctx.message.branchFlags = flags;
  },
};
const SCRIPT: Word = { get: scriptFlags, set: setScriptFlags };

function flagWord(word: Word, doc: string, show: (n: number) => Value): PvDef<unknown> {
  return pv(
    doc,
    (_i: unknown, ctx) => show(word.get(ctx)),
    (_i: unknown, ctx, value) => {
      if (typeof value === "string") ctx.proxy.limited.error(ctx.proxy.log, "flags are a number, not a text");
      else word.set(ctx, toInt(value) | 0);
    },
  );
}

function flagBit(word: Word, doc: string): PvDef<unknown> {
  return pvClass<unknown>({
    doc,
    inner: "required",
    writable: true,
    resolve: (_i, inner) => {
      const bit = Number(inner);
      if (!Number.isInteger(bit) || bit < 0 || bit > 31) return new ArgError(`no flag ${inner}`, "flags are 0 to 31");
      return {
        get: (ctx) => (word.get(ctx) >>> bit) & 1,
        set: (ctx, value) =>
          word.set(ctx, toInt(value) !== 0 ? word.get(ctx) | (1 << bit) : word.get(ctx) & ~(1 << bit)),
      };
    },
  });
}

const decimal = (n: number): Value => n >>> 0;

/** Variables of branches and flags. */
export const branchVariables: Record<string, PvDef<unknown>> = {
  br: pv(
    "The first of the further destinations; assigning adds one.",
    (_i: unknown, ctx): Value => ctx.branches[0]?.uri ?? null,
    (_i: unknown, ctx, value) => {
      const uri = textOrNull(value);
      if (uri !== null) ctx.addBranch(newBranch(uri));
    },
  ),
  bR: pv(
    "All further destinations.",
    (_i: unknown, ctx): Value => (ctx.branches.length === 0 ? null : ctx.branches.map(branchText).join(", ")),
  ),
  ds: pv("The destination set as a Contact header.", (_i: unknown, ctx): Value => {
    const line = destinationSet(ctx);
    return line === "" ? null : line.slice(0, -2);
  }),
  branch: pvClass<unknown>({
    doc: `An attribute of a further destination, [n] which one: count, ${Object.keys(ATTRIBUTES).join(", ")}; $null as uri takes it away.`,
    inner: "required",
    indexed: true,
    writable: true,
    resolve: (_i, name, index) => branchAccessor(name ?? "", index === "*" || index === null ? 0 : index),
  }),
  mf: flagWord(MESSAGE, "Message flags as a number.", decimal),
  mF: flagWord(MESSAGE, "Message flags as eight hexadecimal digits.", hex),
  bf: flagWord(BRANCH, "Branch flags of the R-URI as a number.", decimal),
  bF: flagWord(BRANCH, "Branch flags of the R-URI as eight hexadecimal digits.", hex),
  sf: flagWord(SCRIPT, "Script flags as a number.", decimal),
  sF: flagWord(SCRIPT, "Script flags as eight hexadecimal digits.", hex),
  Sf: flagBit(SCRIPT, "One script flag, 0 or 1."),
  Mf: flagBit(MESSAGE, "One message flag, 0 or 1."),
  Bf: flagBit(BRANCH, "One branch flag of the R-URI, 0 or 1."),
};
