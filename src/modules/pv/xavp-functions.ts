// Functions of module pv on $xavp, $xavu and $xavi: exploding and imploding text, copying, setting and taking away, printing.

import { type BranchTarget, type RouteContext, RouteKind, type XavpKind } from "../../proxy/context.ts";
import { copyXavp, pickField, type Xavp, type XavpField } from "../../proxy/xavp.ts";
import { int, optional, str, variable } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { toText } from "../../sip/value.ts";
import { findListener } from "../core/index.ts";
import type { PvInstance } from "./instance.ts";
import { storeOf } from "./xavp.ts";
import { explodeList, explodeParams, implodeFields } from "./xavp-text.ts";

const ANY = RouteKind.ANY;
type F = FunctionDef<PvInstance>;

function keyOf(kind: XavpKind, name: string): string {
  return kind === "xavi" ? name.toLowerCase() : name;
}

// One entry with these fields; -1 without any.
function addFields(ctx: RouteContext, kind: XavpKind, name: string, fields: XavpField[] | null): number {
  if (fields === null || fields.length === 0 || name === "") return -1;
  ctx.avps.xavps(kind).add(name, { value: null, fields });
  return 1;
}

function exploding(kind: XavpKind): F {
  return fn({
    args: [str("params"), str("name")],
    routes: ANY,
    doc: `Makes fields of $${kind}(name) from "a=1;b=2".`,
    run: (_self: PvInstance, ctx, text, name) => addFields(ctx, kind, name, explodeParams(text)),
  });
}

function imploding(kind: XavpKind, quotes: boolean): F {
  return fn({
    args: [str("name"), variable("target")],
    routes: ANY,
    doc: `Writes the fields of $${kind}(name) into a variable as "a=1;b=2;"${quotes ? ", values in double quotes" : ""}.`,
    run: (_self: PvInstance, ctx, name, target) => {
      const fields = storeOf(ctx, kind)?.one(name, 0)?.fields;
      if (fields === undefined || fields === null || fields.length === 0 || target.set === undefined) return -1;
      target.set(ctx, implodeFields(fields, quotes));
      return 1;
    },
  });
}

function settingInt(kind: XavpKind): F {
  return fn({
    args: [str("name"), str("field"), int("value")],
    routes: ANY,
    doc: `Sets a field of the newest $${kind}(name) to a number.`,
    run: (_self: PvInstance, ctx, name, field, value) => setChild(ctx, kind, name, field, value),
  });
}

function settingText(kind: XavpKind): F {
  return fn({
    args: [str("name"), str("field"), str("value")],
    routes: ANY,
    doc: `Sets a field of the newest $${kind}(name) to a text.`,
    run: (_self: PvInstance, ctx, name, field, value) => setChild(ctx, kind, name, field, value),
  });
}

function setChild(ctx: RouteContext, kind: XavpKind, name: string, field: string, value: string | number): number {
  if (name === "" || field === "") return -1;
  ctx.avps.xavps(kind).setChild(keyOf(kind, name), keyOf(kind, field), value);
  return 1;
}

function removing(kind: XavpKind, all: boolean): F {
  return fn({
    args: [str("name")],
    routes: ANY,
    doc: `Takes ${all ? "all" : "the newest"} $${kind}(name) away.`,
    run: (_self: PvInstance, ctx, name) => {
      storeOf(ctx, kind)?.remove(keyOf(kind, name), all ? "*" : 0);
      return 1;
    },
  });
}

function removingField(kind: XavpKind): F {
  return fn({
    args: [str("name"), str("field")],
    routes: ANY,
    doc: `Takes a field of the newest $${kind}(name) away.`,
    run: (_self: PvInstance, ctx, name, field) => {
      storeOf(ctx, kind)?.removeField(keyOf(kind, name), 0, keyOf(kind, field), null);
      return 1;
    },
  });
}

function printing(kind: XavpKind): F {
  return fn({
    routes: ANY,
    doc: `Writes all $${kind} to the log.`,
    run: (self: PvInstance, ctx) => {
      for (const [name, list] of storeOf(ctx, kind)?.entries() ?? [])
        for (const [i, entry] of list.entries()) self.log.info(`$${kind}(${name}[${i}]) = ${shown(entry)}`);
      return 1;
    },
  });
}

function shown(entry: Xavp): string {
  if (entry.fields === null) return JSON.stringify(entry.value);
  return `{ ${entry.fields.map((f) => `${f.name}=${JSON.stringify(f.value)}`).join(", ")} }`;
}

// Without destination index the copy comes behind what is there; with one it takes that place.
function copy(ctx: RouteContext, from: string, index: number, to: string, at: number | undefined): number {
  const store = storeOf(ctx, "xavp");
  const source = index < 0 ? undefined : store?.one(from, index);
  if (store === null || source === undefined || to === "") return -1;
  if (at !== undefined) return store.replace(to, at, copyXavp(source)) ? 1 : -1;
  store.add(to, copyXavp(source), true);
  return 1;
}

// Fields uri, dst_uri, path, q, flags, sock, instance, ruid, location_ua become a further destination.
function pushDestination(ctx: RouteContext, name: string): number {
  const fields = storeOf(ctx, "xavp")?.one(name, 0)?.fields;
  if (fields === undefined || fields === null) return -1;
  const text = (field: string): string => toText(pickField(fields, field, 0)?.value ?? null);
  const number = (field: string, fallback: number): number => {
    const value = pickField(fields, field, 0)?.value;
    return typeof value === "number" ? value : fallback;
  };
  const uri = text("uri");
  if (uri === "") return -1;
  const target: BranchTarget = {
    uri,
    dstUri: text("dst_uri") || null,
    path: text("path") || null,
    q: number("q", -1),
    flags: number("flags", 0),
    flowId: 0,
    sendFrom: findListener(ctx, text("sock")),
    ruid: text("ruid"),
    instance: text("instance"),
    userAgent: text("location_ua"),
  };
  ctx.addBranch(target);
  return 1;
}

function shift(ctx: RouteContext, name: string, count: number): number {
  const store = storeOf(ctx, "xavp");
  for (let i = 0; i < count && store !== null && store.all(name).length > 0; i++) store.remove(name, 0);
  return 1;
}

/** The functions. */
export const xavpFunctions: Record<string, F> = {
  xavp_params_explode: exploding("xavp"),
  xavp_xparams_explode: fn({
    args: [str("params"), str("separator"), str("name")],
    routes: ANY,
    doc: 'Makes fields of $xavp(name) from "a=1;b=2" with another separator.',
    run: (_self: PvInstance, ctx, text, separator, name) =>
      separator === "" ? -1 : addFields(ctx, "xavp", name, explodeParams(text, separator[0])),
  }),
  xavu_params_explode: exploding("xavu"),
  xavp_params_implode: imploding("xavp", false),
  xavp_params_implode_qval: imploding("xavp", true),
  xavu_params_implode: imploding("xavu", false),
  xavp_slist_explode: fn({
    args: [str("list"), str("separators"), str("mode"), str("name")],
    routes: ANY,
    doc: 'Makes fields v of $xavp(name) from the tokens of a list; mode "t" trims them.',
    run: (_self: PvInstance, ctx, list, separators, mode, name) =>
      addFields(
        ctx,
        "xavp",
        name,
        explodeList(list, separators, mode).map((value) => ({ name: "v", value })),
      ),
  }),
  xavp_child_seti: settingInt("xavp"),
  xavi_child_seti: settingInt("xavi"),
  xavp_child_sets: settingText("xavp"),
  xavi_child_sets: settingText("xavi"),
  xavp_rm: removing("xavp", false),
  xavi_rm: removing("xavi", false),
  xavp_rm_all: removing("xavp", true),
  xavi_rm_all: removing("xavi", true),
  xavp_child_rm: removingField("xavp"),
  xavi_child_rm: removingField("xavi"),
  xavp_copy: fn({
    args: [str("from"), int("index"), str("to"), optional(int("at"))],
    routes: ANY,
    doc: "Copies one $xavp behind those under another name, or into the place of one of them.",
    run: (_self: PvInstance, ctx, from, index, to, at) => copy(ctx, from, index, to, at),
  }),
  xavp_lshift: fn({
    args: [str("name"), int("count")],
    routes: ANY,
    doc: "Takes that many of the newest $xavp(name) away.",
    run: (_self: PvInstance, ctx, name, count) => shift(ctx, name, count),
  }),
  xavp_push_dst: fn({
    args: [str("name")],
    routes: ANY,
    doc: "Adds a destination from the fields uri, dst_uri, path, q, flags, sock, ruid, instance of $xavp(name).",
    run: (_self: PvInstance, ctx, name) => pushDestination(ctx, name),
  }),
  pv_xavp_print: printing("xavp"),
  pv_xavu_print: printing("xavu"),
  pv_xavi_print: printing("xavi"),
};
