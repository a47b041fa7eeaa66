// What a table is: the text of module parameter "htable", "name=>size=4;autoexpire=60;…".

import { ArgError } from "../../registry/args.ts";
import { isTableName } from "../../store/database.ts";

/** One table as it is defined. Times in seconds. */
export interface Definition {
  readonly name: string;
  /** Slots, as commands show them; it bounds nothing. */
  readonly slots: number;
  /** Seconds after which an item goes that was not set again; 0 never. */
  readonly autoexpire: number;
  /** Table of the database; "" none. */
  readonly dbtable: string;
  /** Columns of that table: the key's, then those of the value; empty for the module's own. */
  readonly cols: readonly string[];
  /** Whether the items are written to the database when the server stops. */
  readonly writesBack: boolean;
  /** What an item that is missing reads as; null for $null. */
  readonly initval: number | null;
  /** Whether setting an item anew begins its time anew. */
  readonly updateexpire: boolean;
  readonly replicates: boolean;
}

const NUMBERS = ["size", "autoexpire", "dbmode", "initval", "updateexpire", "dmqreplicate"];
const ATTRIBUTE = /^\s*([a-z]+)\s*=\s*(?:'([^']*)'|"([^"]*)"|([^'"]*?))\s*$/;

/** Reads a definition, or says what is wrong with it. */
export function parseDefinition(text: string): Definition | ArgError {
  const m = /^\s*([^=\s]+)\s*(?:=>(.*))?$/s.exec(text);
  if (m === null) return new ArgError(`"${text}" is no table`, 'write it as "name=>size=8;autoexpire=60;"');
  const values = new Map<string, string>();
  for (const part of splitAttributes(m[2] ?? "")) {
    if (part.trim() === "") continue;
    const a = ATTRIBUTE.exec(part);
    const [name, value] = [a?.[1] ?? "", a?.[2] ?? a?.[3] ?? a?.[4] ?? ""];
    const isNumber = NUMBERS.includes(name);
    if (!isNumber && name !== "dbtable" && name !== "cols")
      return new ArgError(
        `"${part.trim()}" is no attribute of a table`,
        `there are ${NUMBERS.join(", ")}, dbtable, cols`,
      );
    if (isNumber && !/^-?\d{1,10}$/.test(value)) return new ArgError(`${name} of table ${m[1]} must be a number`);
    values.set(name, value);
  }
  const number = (name: string, otherwise: number): number => Number(values.get(name) ?? otherwise);
  const cols = (values.get("cols") ?? "").split(",").map((c) => c.trim());
  const dbtable = values.get("dbtable") ?? "";
  if (values.has("cols") && (cols.length < 2 || !cols.every(isTableName)))
    return new ArgError(`cols of table ${m[1]} must name the key's column and one or more for the value`);
  if (dbtable !== "" && !isTableName(dbtable)) return new ArgError(`"${dbtable}" cannot be the name of a table`);
  return {
    name: m[1]!,
    slots: slotsOf(number("size", 0)),
    autoexpire: Math.max(0, number("autoexpire", 0)),
    dbtable,
    cols: values.has("cols") ? cols : [],
    writesBack: number("dbmode", 0) !== 0,
    initval: values.has("initval") ? number("initval", 0) | 0 : null,
    updateexpire: number("updateexpire", 1) !== 0,
    replicates: number("dmqreplicate", 0) !== 0,
  };
}

// At semicolons outside quotes.
function splitAttributes(text: string): string[] {
  return text.match(/(?:'[^']*'|"[^"]*"|[^;'"])+/g) ?? [];
}

function slotsOf(size: number): number {
  return 2 ** (size < 2 ? 3 : Math.min(size, 14));
}
