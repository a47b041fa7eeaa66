// What scripts in other languages have of htable beside its functions: items by table and key.

import { int, str } from "../../registry/args.ts";
import { type KemiDef, kemi, readings } from "../../registry/kemi.ts";
import { regexOf } from "../core/index.ts";
import type { HTable } from "./instance.ts";
import type { Content, Table } from "./table.ts";

const item = [str("htable"), str("key")] as const;

/** What Kamailio's lock gives for a table that is not defined. */
const NO_TABLE_TO_LOCK = -11;

function set(self: HTable, name: string, key: string, value: Content): number {
  return self.table(name)?.set(key, value) === true ? 1 : -1;
}

function locking(doc: string): KemiDef<HTable> {
  return kemi({
    args: item,
    doc,
    run: (self: HTable, _ctx, name) => (self.table(name) === null ? NO_TABLE_TO_LOCK : 1),
  });
}

function byExpression(doc: string, act: (table: Table, test: (text: string) => boolean) => void): KemiDef<HTable> {
  return kemi({
    args: [str("htable"), str("regexp")],
    doc,
    run: (self: HTable, _ctx, name, expression) => {
      const table = self.table(name);
      const re = regexOf(expression);
      if (table === null || re === null) return -1;
      act(table, (text) => re.test(text));
      return 1;
    },
  });
}

// The number after it, as Kamailio gives it; -255 when the item is a text.
function adding(doc: string, n: number): KemiDef<HTable> {
  return kemi({
    args: item,
    doc: `${doc} Gives the number after it; -255 for a text.`,
    run: (self: HTable, _ctx, name, key) => {
      const table = self.table(name);
      if (table === null) return -255;
      if (table.item(key) !== undefined || table.definition.initval !== null) return table.add(key, n) ?? -255;
      return table.set(key, n) ? n : -255;
    },
  });
}

/** The functions, by their names in KSR.htable. */
export const scripting: Readonly<Record<string, KemiDef<HTable>>> = {
  ...readings(
    (letter) => `sht_get${letter}`,
    item,
    "The value of an item",
    (self: HTable, _ctx, name, key) => self.table(name)?.read(key) ?? null,
  ),
  sht_sets: kemi({
    args: [...item, str("value")],
    doc: "Sets an item to a text.",
    run: (self: HTable, _ctx, name, key, value) => set(self, name, key, value),
  }),
  sht_seti: kemi({
    args: [...item, int("value")],
    doc: "Sets an item to a number.",
    run: (self: HTable, _ctx, name, key, value) => set(self, name, key, value),
  }),
  sht_setex: kemi({
    args: [...item, int("seconds")],
    doc: "Says after how many seconds an item goes.",
    run: (self: HTable, _ctx, name, key, seconds) => {
      const table = self.table(name);
      if (table === null) return -1;
      table.setLeft(key, seconds);
      return 1;
    },
  }),
  sht_inc: adding("Adds 1 to an item; one that is missing becomes 1.", 1),
  sht_dec: adding("Subtracts 1 from an item; one that is missing becomes -1.", -1),
  sht_lock: locking("Does nothing, since no other route runs between two calls unless one of them waits."),
  sht_unlock: locking("Does nothing, as sht_lock()."),
  sht_rm_name_re: byExpression("Deletes items whose key matches.", (table, test) =>
    table.deleteWhere((key) => test(key)),
  ),
  sht_rm_value_re: byExpression("Deletes items whose text matches.", (table, test) =>
    table.deleteWhere((_key, value) => typeof value === "string" && test(value)),
  ),
};
