// The variables of module htable.

import type { RouteContext } from "../../proxy/context.ts";
import { type Accessor, ArgError } from "../../registry/args.ts";
import { type PvDef, pvClass } from "../../registry/define.ts";
import { toInt, type Value } from "../../sip/value.ts";
import type { HTable } from "./instance.ts";
import { walkOf } from "./iterators.ts";
import { countedBy } from "./matching.ts";
import type { Table } from "./table.ts";
import { EXPIRED, type Expired } from "./tables.ts";

const NOTHING: Accessor = { get: () => null, set: () => undefined };

type Make = (table: Table, key: string) => Accessor | ArgError;

// $name(table=>key): of a table that is not defined nothing is known, as on Kamailio.
function ofTable(doc: string, make: Make, writable = false): PvDef<HTable> {
  return pvClass<HTable>({
    doc,
    inner: "required",
    writable,
    resolve: (self, inner) => {
      const at = inner?.indexOf("=>") ?? -1;
      if (at < 0) return new ArgError(`"${inner}" names no table and key`, "write it as table=>key");
      const table = self.table(inner!.slice(0, at).trim());
      return table === null ? NOTHING : make(table, inner!.slice(at + 2));
    },
  });
}

function item(table: Table, key: string): Accessor {
  return {
    get: () => table.read(key),
    set: (_ctx, value) => {
      if (value === null) table.delete(key);
      else table.set(key, value);
    },
  };
}

function expiry(table: Table, key: string): Accessor {
  return { get: () => table.left(key), set: (_ctx, value) => table.setLeft(key, toInt(value)) };
}

function count(table: Table, text: string, ofValues: boolean): Accessor | ArgError {
  const test = countedBy(text);
  if (test === null) return new ArgError(`"${text}" is no regular expression`);
  return { get: () => table.count((key, value) => test(ofValues ? value : key)) };
}

function ofIterator(doc: string, read: (ctx: RouteContext, name: string) => Value): PvDef<HTable> {
  return pvClass<HTable>({
    doc,
    inner: "required",
    resolve: (_self, name) => ({ get: (ctx) => read(ctx, name ?? "") }),
  });
}

/** The variables by name. */
export const variables: Readonly<Record<string, PvDef<HTable>>> = {
  sht: ofTable("An item of a table, $sht(table=>key); $null takes it away.", item, true),
  shtex: ofTable("Seconds until an item goes, 0 when it stays; assigning 0 lets it stay.", expiry, true),
  shtcn: ofTable("How many keys match: **, ==text, %~beginning, ~%end, or a regular expression.", (table, text) =>
    count(table, text, false),
  ),
  shtcv: ofTable("How many values match: as $shtcn, and eqnumber.", (table, text) => count(table, text, true)),
  shtinc: ofTable("Adds 1 to an item and gives the sum; $null where there is no number.", (table, key) => ({
    get: () => table.add(key, 1),
  })),
  shtdec: ofTable("Subtracts 1 from an item and gives the difference.", (table, key) => ({
    get: () => table.add(key, -1),
  })),
  shtitkey: ofIterator("Key at which the iterator of that name stands.", (ctx, name) => walkOf(ctx, name)?.key ?? null),
  shtitval: ofIterator("Value at which the iterator stands.", (ctx, name) => walkOf(ctx, name)?.item?.value ?? null),
  shtrecord: pvClass<HTable>({
    doc: "In event_route[htable:expired:…] the key or value of the item that goes.",
    inner: "required",
    resolve: (_self, name) => {
      if (name !== "key" && name !== "value")
        return new ArgError(`$shtrecord has no "${name}"`, "there are $shtrecord(key) and $shtrecord(value)");
      return { get: (ctx) => ctx.attachment<Expired>(EXPIRED)?.[name] ?? "" };
    },
  }),
};
