// The functions of module htable: what they return was measured on Kamailio 5.6.3.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError, int, parsed, type ReaderOf, raw, str, type TextReader } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { regexOf } from "../core/index.ts";
import type { HTable } from "./instance.ts";
import { closeWalk, openWalk, type Walk, walkOf } from "./iterators.ts";
import { ASKING, REMOVING, type Test, testOf } from "./matching.ts";
import type { Content, Table } from "./table.ts";

const ANY = RouteKind.ANY;
/** What sht_lock() and sht_unlock() return for a table that is not defined. */
const NO_TABLE_TO_LOCK = -11;

const tableArg = str("htable");
const keyArg = str("key");
const iteratorArg = str("iname");

/** Runs it with the table of a name; -1 without one. */
function withTable(self: HTable, name: string, run: (table: Table) => number): number {
  const table = self.table(name);
  return table === null ? -1 : run(table);
}

const kept = (done: boolean): number => (done ? 1 : -1);

function adding(doc: string, n: number): FunctionDef<HTable> {
  return fn({
    args: [tableArg, keyArg],
    routes: ANY,
    doc,
    run: (self: HTable, _ctx, name, key) =>
      withTable(self, name, (table) => {
        const sum =
          table.item(key) === undefined && table.definition.initval === null
            ? kept(table.set(key, n))
            : table.add(key, n);
        return sum === null ? -1 : 1;
      }),
  });
}

/** Deletes, or asks for, items by a test of keys or values. */
function choosing(
  doc: string,
  operators: readonly string[],
  act: (table: Table, test: Test) => number,
  aliases: readonly string[] = [],
): FunctionDef<HTable> {
  return fn({
    args: [tableArg, str("op"), str("val")],
    routes: ANY,
    doc,
    aliases,
    run: (self: HTable, _ctx, name, op, value) =>
      withTable(self, name, (table) => {
        const test = testOf(op, value, operators);
        return test === null ? -1 : act(table, test);
      }),
  });
}

/** What stands before and behind the arrow of `table=>rest`; the rest may hold variables where `reader` is given. */
interface TablePart {
  readonly table: string;
  readonly rest: TextReader;
}

function tablePart(text: string, reader: ReaderOf): TablePart | ArgError {
  const at = text.indexOf("=>");
  if (at < 0) return new ArgError(`"${text}" names no table and key`, "write it as table=>key");
  const rest = reader(text.slice(at + 2));
  return rest instanceof ArgError ? rest : { table: text.slice(0, at).trim(), rest };
}

function locking(doc: string): FunctionDef<HTable> {
  return fn({
    args: [raw("htable=>key", tablePart)],
    routes: ANY,
    doc,
    run: (self: HTable, _ctx, { table }) => (self.table(table) === null ? NO_TABLE_TO_LOCK : 1),
  });
}

/** An expression is taken as it is written: its dollar sign means the end. */
function byExpression(doc: string, act: (table: Table, test: (text: string) => boolean) => void): FunctionDef<HTable> {
  const make = (text: string): TablePart | ArgError => {
    const part = tablePart(text, (rest) => () => rest);
    if (part instanceof ArgError) return part;
    return part;
  };
  return fn({
    args: [raw("htable=>regexp", make)],
    routes: ANY,
    doc,
    run: (self: HTable, ctx, { table, rest }) =>
      withTable(self, table, (found) => {
        const re = regexOf(rest(ctx));
        if (re === null) return -1;
        act(found, (text) => re.test(text));
        return 1;
      }),
  });
}

/** A function over the item at which an iterator stands; -1 where it stands at none. */
function atItem(walk: Walk | undefined, run: (table: Table, key: string) => number): number {
  return walk?.key == null ? -1 : run(walk.table, walk.key);
}

function removeAt(ctx: RouteContext, name: string): number {
  const walk = walkOf(ctx, name);
  return atItem(walk, (table, key) => {
    table.delete(key);
    return walk!.next() ? 1 : -2;
  });
}

function setAt(ctx: RouteContext, name: string, value: Content): number {
  return atItem(walkOf(ctx, name), (table, key) => kept(table.set(key, value)));
}

const number = parsed("ival", (text) =>
  /^\s*-?\d+\s*$/.test(text) ? Number(text) | 0 : new ArgError(`"${text}" is no number`),
);
const seconds = int("exval");

const iteratorFunctions: Readonly<Record<string, FunctionDef<HTable>>> = {
  sht_iterator_start: fn({
    args: [iteratorArg, tableArg],
    routes: ANY,
    doc: "Opens an iterator over a table; a route run may have four. What it leaves open is closed when it ends.",
    run: (self: HTable, ctx, iterator, name) => withTable(self, name, (table) => kept(openWalk(ctx, iterator, table))),
  }),
  sht_iterator_end: fn({
    args: [iteratorArg],
    routes: ANY,
    doc: "Closes an iterator.",
    run: (_self: HTable, ctx, iterator) => kept(closeWalk(ctx, iterator)),
  }),
  sht_iterator_next: fn({
    args: [iteratorArg],
    routes: ANY,
    doc: "Goes to the next item, at the beginning to the first; false when there is none.",
    run: (_self: HTable, ctx, iterator) => kept(walkOf(ctx, iterator)?.next() ?? false),
  }),
  sht_iterator_rm: fn({
    args: [iteratorArg],
    routes: ANY,
    doc: "Deletes the item the iterator stands at and goes to the next: -2 when there is none.",
    run: (_self: HTable, ctx, iterator) => removeAt(ctx, iterator),
  }),
  sht_iterator_sets: fn({
    args: [iteratorArg, str("sval")],
    routes: ANY,
    doc: "Sets the item the iterator stands at to a text.",
    run: (_self: HTable, ctx, iterator, value) => setAt(ctx, iterator, value),
  }),
  sht_iterator_seti: fn({
    args: [iteratorArg, number],
    routes: ANY,
    doc: "Sets the item the iterator stands at to a number.",
    run: (_self: HTable, ctx, iterator, value) => setAt(ctx, iterator, value),
  }),
  sht_iterator_setex: fn({
    args: [iteratorArg, seconds],
    routes: ANY,
    doc: "Sets after how many seconds the item the iterator stands at goes.",
    run: (_self: HTable, ctx, iterator, value) =>
      atItem(walkOf(ctx, iterator), (table, key) => {
        table.setLeft(key, value);
        return 1;
      }),
  }),
};

const count = (tables: Iterable<Table>): string => [...tables].map((t) => `${t.definition.name} ${t.size}`).join(", ");

/** The functions by name. */
export const functions: Readonly<Record<string, FunctionDef<HTable>>> = {
  sht_print: fn({
    routes: ANY,
    doc: "Writes what the tables hold to the log, at level debug; how much they hold at level info.",
    run: (self: HTable) => {
      const { log } = self.tables.host;
      log.info(`items: ${count(self.byName.values())}`);
      for (const [name, table] of self.byName)
        for (const [key, item] of table.entries()) log.debug(`${name}=>${key}: ${item.value}`);
      return 1;
    },
  }),
  sht_rm: fn({
    args: [tableArg, keyArg],
    routes: ANY,
    doc: "Deletes an item; true also where none was.",
    run: (self: HTable, _ctx, name, key) =>
      withTable(self, name, (table) => {
        table.delete(key);
        return 1;
      }),
  }),
  sht_reset: fn({
    args: [tableArg],
    routes: ANY,
    doc: "Deletes all items of a table.",
    run: (self: HTable, _ctx, name) =>
      withTable(self, name, (table) => {
        table.clear();
        return 1;
      }),
  }),
  sht_setxs: fn({
    args: [tableArg, keyArg, str("value"), seconds],
    routes: ANY,
    doc: "Sets an item to a text and says after how many seconds it goes, in a table with autoexpire.",
    run: (self: HTable, _ctx, name, key, value, after) =>
      withTable(self, name, (table) => kept(table.setFor(key, value, after))),
  }),
  sht_setxi: fn({
    args: [tableArg, keyArg, number, seconds],
    routes: ANY,
    doc: "The same with a number.",
    run: (self: HTable, _ctx, name, key, value, after) =>
      withTable(self, name, (table) => kept(table.setFor(key, value, after))),
  }),
  sht_lock: locking("Does nothing, since no other route runs between two statements unless one of them waits."),
  sht_unlock: locking("Does nothing, as sht_lock()."),
  sht_rm_name_re: byExpression("Deletes items whose key matches: table=>expression.", (table, test) =>
    table.deleteWhere((key) => test(key)),
  ),
  sht_rm_value_re: byExpression(
    "Deletes items whose text matches: table=>expression. Numbers match nothing.",
    (table, test) => table.deleteWhere((_key, value) => typeof value === "string" && test(value)),
  ),
  sht_rm_name: choosing("Deletes items by key: re an expression, sw its beginning.", REMOVING, (table, test) => {
    table.deleteWhere((key) => test(key));
    return 1;
  }),
  sht_rm_value: choosing("Deletes items by text: re an expression, sw its beginning.", REMOVING, (table, test) => {
    table.deleteWhere((_key, value) => test(value));
    return 1;
  }),
  sht_match_name: choosing(
    "Whether some key is equal (eq), another (ne), matches (re) or begins so (sw).",
    ASKING,
    (table, test) => kept(table.some((key) => test(key))),
    ["sht_has_name"],
  ),
  sht_match_str_value: choosing(
    "The same of values that are texts.",
    ASKING,
    (table, test) => kept(table.some((_key, value) => test(value))),
    ["sht_has_str_value"],
  ),
  sht_is_null: fn({
    args: [tableArg, keyArg],
    routes: ANY,
    doc: "Whether an item is missing.",
    run: (self: HTable, _ctx, name, key) => withTable(self, name, (table) => kept(table.read(key) === null)),
  }),
  sht_inc: adding("Adds 1 to an item; one that is missing becomes 1.", 1),
  sht_dec: adding("Subtracts 1 from an item; one that is missing becomes -1.", -1),
  ...iteratorFunctions,
};
