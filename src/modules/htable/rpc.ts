// The htable.* commands, with Kamailio's names, fields and words.

import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import { dateTimeText } from "../../util/date-time.ts";
import type { HTable } from "./instance.ts";
import { failure } from "./rows.ts";
import type { Content, Item, Table } from "./table.ts";

type Args = readonly (string | number | undefined)[];
type Command = RpcDef<HTable>;

const TABLE = { name: "htable", kind: "str", optional: false } as const;
const KEY = { name: "key", kind: "str", optional: false } as const;
const NUMBER = { name: "value", kind: "int", optional: false } as const;
const TEXT = { name: "value", kind: "str", optional: false } as const;
const SECONDS = { name: "expire", kind: "int", optional: false } as const;

function tableOf(self: HTable, args: Args): Table {
  const table = self.table(String(args[0]));
  if (table === null) throw new RpcError(500, "No such htable");
  return table;
}

function shown(key: string, { value, expires }: Item): RpcValue {
  return {
    item: {
      name: key,
      value,
      flags: typeof value === "string" ? 2 : 0,
      expire: expires === 0 ? "NEVER" : dateTimeText(expires),
    },
  };
}

function get(self: HTable, args: Args): RpcValue {
  const key = String(args[1]);
  const item = tableOf(self, args).item(key);
  if (item === undefined) throw new RpcError(500, "Key name doesn't exist in htable.");
  return shown(key, item);
}

function set(self: HTable, args: Args): RpcValue {
  if (!tableOf(self, args).set(String(args[1]), args[2] as Content)) throw new RpcError(500, "Failed to set the item");
  return "Ok. Key set to new value.";
}

function setFor(self: HTable, args: Args): RpcValue {
  const table = self.table(String(args[0]));
  if (table === null || !table.setFor(String(args[1]), args[2] as Content, Number(args[3])))
    throw new RpcError(500, "Failed to set the item");
  return "Ok. Key set to new value.";
}

/** Which slot a key falls into; another one than on Kamailio. */
function slotOf(key: string, slots: number): number {
  let hash = 5381;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 33) + key.charCodeAt(i)) | 0;
  return (hash >>> 0) % slots;
}

function slotsOf(table: Table): Map<number, RpcValue[]> {
  const slots = new Map<number, RpcValue[]>();
  for (const [name, { value }] of table.entries()) {
    const n = slotOf(name, table.definition.slots);
    const slot = slots.get(n);
    const entry = { name, value, type: typeof value === "string" ? "str" : "int" };
    if (slot === undefined) slots.set(n, [entry]);
    else slot.push(entry);
  }
  return slots;
}

function dump(self: HTable, args: Args): RpcValue {
  const slots = [...slotsOf(tableOf(self, args))].sort(([a], [b]) => a - b);
  return slots.map(([entry, slot]) => ({ entry, size: slot.length, slot }));
}

function stats(self: HTable): RpcValue {
  return [...self.byName.values()].reverse().map((table) => {
    const { name, slots } = table.definition;
    const sizes = [...slotsOf(table).values()].map((slot) => slot.length);
    const least = sizes.length < slots ? 0 : sizes.reduce((a, b) => Math.min(a, b));
    return { name, slots, all: table.size, min: least, max: sizes.reduce((a, b) => Math.max(a, b), 0) };
  });
}

function list(self: HTable): RpcValue {
  return [...self.byName.values()].reverse().map(({ definition: d }) => ({
    name: d.name,
    dbtable: d.dbtable,
    dbmode: d.writesBack ? 1 : 0,
    expire: d.autoexpire,
    updateexpire: d.updateexpire ? 1 : 0,
    size: d.slots,
    dmqreplicate: d.replicates ? 1 : 0,
  }));
}

async function withDatabase(self: HTable, args: Args, act: "load" | "store", done: string): Promise<RpcValue> {
  const table = tableOf(self, args);
  if (!self.tables.isStored(table)) throw new RpcError(500, "No database htable");
  try {
    await self.tables[act](table);
  } catch (error) {
    throw new RpcError(500, failure(error));
  }
  return done;
}

/** The commands by name. */
export const commands: Readonly<Record<string, Command>> = {
  "htable.get": { doc: "One item.", args: [TABLE, KEY], run: get },
  "htable.delete": {
    doc: "Deletes an item.",
    args: [TABLE, KEY],
    run: (self, args) => {
      if (!tableOf(self, args).delete(String(args[1]))) throw new RpcError(404, "Key not found in htable.");
      return "Ok. Key deleted.";
    },
  },
  "htable.sets": { doc: "Sets an item to a text.", args: [TABLE, KEY, TEXT], run: set },
  "htable.seti": { doc: "Sets an item to a number.", args: [TABLE, KEY, NUMBER], run: set },
  "htable.setex": {
    doc: "Sets after how many seconds an item goes.",
    args: [TABLE, KEY, SECONDS],
    run: (self, args) => {
      tableOf(self, args).setLeft(String(args[1]), Number(args[2]));
      return "Ok";
    },
  },
  "htable.setxs": {
    doc: "Sets an item to a text and says when it goes.",
    args: [TABLE, KEY, TEXT, SECONDS],
    run: setFor,
  },
  "htable.setxi": {
    doc: "Sets an item to a number and says when it goes.",
    args: [TABLE, KEY, NUMBER, SECONDS],
    run: setFor,
  },
  "htable.dump": { doc: "All items of a table, by slot.", args: [TABLE], run: dump },
  "htable.reload": {
    doc: "Reads a table from the database anew.",
    args: [TABLE],
    run: (self, args) => withDatabase(self, args, "load", "Ok. Htable reloaded."),
  },
  "htable.store": {
    doc: "Writes a table to the database, in place of what is there.",
    args: [TABLE],
    run: (self, args) => withDatabase(self, args, "store", "Ok. Htable successfully stored to DB."),
  },
  "htable.flush": {
    doc: "Empties a table.",
    args: [TABLE],
    run: (self, args) => {
      tableOf(self, args).clear();
      return "Ok. Htable flushed.";
    },
  },
  "htable.listTables": { doc: "The tables as they are defined.", args: [], run: list },
  "htable.stats": { doc: "How many items the tables hold, and how they fall into slots.", args: [], run: stats },
};
