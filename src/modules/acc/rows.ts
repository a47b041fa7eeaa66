// Rows of the accounting tables: columns and values as Kamailio's acc writes them.

import type { Value } from "../../sip/value.ts";
import type { Cell } from "../../store/database.ts";
import { dateCell } from "../../store/dates.ts";
import { strftime } from "../../util/strftime.ts";
import type { AccRecord } from "./record.ts";
import { shown } from "./record.ts";
import { type AccColumns, type Extra, type LegPart, TimeMode, type TimeSettings } from "./settings.ts";

/** Kamailio's version numbers of the tables. */
export const ACC_VERSION = 5;
export const MISSED_VERSION = 4;
export const CDR_VERSION = 2;

/** The columns of a row, in the order of `rowOf`. */
export function columnsOf(
  c: AccColumns,
  time: TimeSettings,
  extras: readonly Extra[],
  parts: readonly LegPart[],
): readonly string[] {
  const columns = [c.method, c.fromTag, c.toTag, c.callId, c.code, c.reason, c.time];
  if (time.mode !== TimeMode.NONE) columns.push(time.attr);
  if (time.mode === TimeMode.SPLIT) columns.push(time.exten);
  for (const { name } of extras) columns.push(name);
  for (const { name } of parts) columns.push(name);
  return columns;
}

/** The values of a row, without those of a leg. */
export function rowOf(record: AccRecord, time: TimeSettings, values: readonly Value[], nullable: boolean): Cell[] {
  const { method, fromTag, toTag, callId, code, reason, at } = record;
  const row: Cell[] = [method, fromTag, toTag, callId, code, reason, dateCell(Math.floor(at / 1000))];
  switch (time.mode) {
    case TimeMode.SPLIT:
      row.push(Math.floor(at / 1000), Math.floor((at % 1000) * 1000));
      break;
    case TimeMode.FRACTION:
      row.push(Math.floor(at) / 1000);
      break;
    case TimeMode.LOCAL:
    case TimeMode.UTC:
      row.push(strftime(time.format, at, time.mode === TimeMode.UTC));
  }
  for (const value of values) row.push(value === null && nullable ? null : shown(value));
  return row;
}

/** The values of a leg, which are NULL where there is none. */
export function legCells(parts: readonly LegPart[], leg: readonly Value[]): Cell[] {
  return parts.map((_, i) => {
    const value = leg[i] ?? null;
    return value === null ? null : shown(value);
  });
}
