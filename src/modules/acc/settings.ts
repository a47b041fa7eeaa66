// The parameters of module acc as its parts use them.

import { avpNameOf } from "../../proxy/avp-name.ts";
import { type Accessor, ArgError } from "../../registry/args.ts";
import { ConfigError, type ParamReaders } from "../../registry/define.ts";

/** What a value beside the time of an event is (time_mode): none, two whole numbers, a fraction, text in local time or in UTC. */
export const TimeMode = { NONE: 0, SPLIT: 1, FRACTION: 2, LOCAL: 3, UTC: 4 } as const;

/** How that value is called and written. */
export interface TimeSettings {
  readonly mode: number;
  readonly attr: string;
  readonly exten: string;
  readonly format: string;
}

/** Names of the columns that all rows have. */
export interface AccColumns {
  readonly method: string;
  readonly fromTag: string;
  readonly toTag: string;
  readonly callId: string;
  readonly code: string;
  readonly reason: string;
  readonly time: string;
}

/** Flags are masks of message flags, 0 where there is none. */
export interface AccSettings {
  readonly logFlag: number;
  readonly logMissedFlag: number;
  readonly dbFlag: number;
  readonly dbMissedFlag: number;
  readonly failedFlag: number;
  readonly prepareFlag: number;
  readonly prepareAlways: boolean;
  readonly earlyMedia: boolean;
  readonly reportAck: boolean;
  readonly reportCancels: boolean;
  readonly detectDirection: boolean;
  /** Statuses that are not accounted as failures. */
  readonly failedFilter: ReadonlySet<number>;
  readonly logLevel: number;
  /** Number of a syslog facility; null for the one of the whole log. */
  readonly logFacility: number | null;
  readonly time: TimeSettings;
  readonly reasonFromHeader: boolean;
  readonly nullable: boolean;
  readonly dbUrl: string;
  /** Whether functions of the script wait until a slow database has the row. */
  readonly waits: boolean;
  readonly checkVersion: boolean;
  readonly columns: AccColumns;
}

/** A further value of a record: the name of its field or column, and where it comes from. */
export interface Extra {
  readonly name: string;
  readonly value: Accessor;
  /** It is a variable of the dialog, which needs no message. */
  readonly ofDialog: boolean;
}

/** A value of a leg of a call: its name and the AVP whose values are those of the legs. */
export interface LegPart {
  readonly name: string;
  readonly avp: string;
}

/** "name=$variable;name=$variable" in pieces; a semicolon within parentheses divides nothing. */
export function pairsOf(text: string, param: string): readonly (readonly [name: string, value: string])[] {
  const pairs: [string, string][] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c === "(" || c === "{") depth++;
    else if (c === ")" || c === "}") depth--;
    if (i < text.length && (c !== ";" || depth > 0)) continue;
    const part = text.slice(from, i).trim();
    from = i + 1;
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = part.slice(0, Math.max(0, equals)).trim();
    if (name === "")
      throw new ConfigError(`"${part}" is no definition`, param, 'write "name=$variable;name=$variable"');
    pairs.push([name, part.slice(equals + 1).trim()]);
  }
  return pairs;
}

/** The further values that a parameter names, `most` at most. */
export function extrasOf(text: string, param: string, most: number, readers: ParamReaders): readonly Extra[] {
  const pairs = pairsOf(text, param);
  if (pairs.length > most)
    throw new ConfigError(`more than ${most} values`, param, "see the parameter for their number");
  return pairs.map(([name, source]) => {
    const value = readers.variable(source);
    if (value instanceof ArgError) throw new ConfigError(`${name}: ${value.message}`, param, value.hint);
    return { name, value, ofDialog: /^\$\(?dlg_var\(/.test(source) };
  });
}

/** The parts of a leg, `most` at most. */
export function legPartsOf(text: string, most: number): readonly LegPart[] {
  const pairs = pairsOf(text, "multi_leg_info");
  if (pairs.length > most)
    throw new ConfigError(`more than ${most} values`, "multi_leg_info", "see acc_extra_size for their number");
  return pairs.map(([name, source]) => {
    if (!/^\$avp\(.+\)$/.test(source))
      throw new ConfigError(`${name}: "${source}" is no AVP`, "multi_leg_info", "write it as $avp(name)");
    return { name, avp: avpNameOf(source) };
  });
}
