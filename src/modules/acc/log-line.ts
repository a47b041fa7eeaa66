// The line of the log for a record, field by field as Kamailio writes it.

import type { Value } from "../../sip/value.ts";
import { strftime } from "../../util/strftime.ts";
import { type AccRecord, shown } from "./record.ts";
import { type Extra, type LegPart, TimeMode, type TimeSettings } from "./settings.ts";

/** "timestamp=…;method=…;…" */
export function logLine(
  record: AccRecord,
  time: TimeSettings,
  extras: readonly Extra[],
  values: readonly Value[],
  parts: readonly LegPart[],
  legs: readonly (readonly Value[])[],
): string {
  const { method, fromTag, toTag, callId, code, reason, at } = record;
  let line = `timestamp=${Math.floor(at / 1000)}${timeField(time, at)};method=${method};from_tag=${fromTag};to_tag=${toTag};call_id=${callId};code=${code};reason=${reason}`;
  for (let i = 0; i < extras.length; i++) line += `;${extras[i]!.name}=${shown(values[i] ?? null)}`;
  // a call without legs shows their names once
  for (const leg of legs.length > 0 ? legs : [[]])
    for (let i = 0; i < parts.length; i++) line += `;${parts[i]!.name}=${shown(leg[i] ?? null)}`;
  return line;
}

function timeField({ mode, attr, exten, format }: TimeSettings, at: number): string {
  switch (mode) {
    case TimeMode.SPLIT:
      return `;${exten}=${Math.floor((at % 1000) * 1000)}`;
    case TimeMode.FRACTION:
      return `;${attr}=${(at / 1000).toFixed(3)}`;
    case TimeMode.LOCAL:
    case TimeMode.UTC:
      return `;${attr}=${strftime(format, at, mode === TimeMode.UTC)}`;
    default:
      return "";
  }
}
