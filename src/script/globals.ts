// Global parameters: how a row of the table is checked and what a checked configuration holds of them.
// The rows are in globals-table.ts and globals-table-net.ts.

import { didYouMean } from "../registry/nearest.ts";
import type { GlobalSetting, Scalar } from "./ast.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { foreignParameter } from "./dialects.ts";
import { CORE_GLOBALS } from "./globals-table.ts";
import { NET_GLOBALS } from "./globals-table-net.ts";
import { type ListenAddress, parseListen } from "./listen.ts";
import type { Place } from "./source.ts";

/**
 * A declared parameter. `bool` takes yes/no/on/off/true/false and numbers, `word` takes text with or without quotes.
 * `effect`: "used"; "later" when the part of the program that it steers does not exist yet; otherwise why it means nothing here.
 */
export interface GlobalDef {
  readonly name: string;
  readonly kind: "int" | "bool" | "str" | "word" | "listen";
  readonly default: number | string | null;
  readonly doc: string;
  readonly effect: string;
  readonly aliases: readonly string[];
  readonly min: number;
  readonly max: number;
  readonly many: boolean;
  /** Whether a number out of range is a warning, and the nearest one in the range is used. */
  readonly clamps: boolean;
  /** Whether a text means something; null when any does. */
  readonly isValid: ((text: string) => boolean) | null;
}

/** All rows. */
export const GLOBALS: readonly GlobalDef[] = [...CORE_GLOBALS, ...NET_GLOBALS];

const BY_NAME = new Map<string, GlobalDef>();
for (const def of GLOBALS) for (const name of [def.name, ...def.aliases]) BY_NAME.set(name, def);

/** The row of a name or alias. */
export function findGlobal(name: string): GlobalDef | null {
  return BY_NAME.get(name) ?? null;
}

export interface Listen extends ListenAddress {
  readonly advertise: ListenAddress | null;
  readonly socketName: string | null;
  /** The interface that joins its group, when it is a multicast address (mcast); null for the one that the system chooses. */
  readonly mcast: string | null;
  readonly at: Place;
}

/** The checked global parameters of a configuration. */
export class Globals {
  readonly listen: Listen[] = [];
  /** alias=…, each `[proto:]host[:port]`. */
  readonly aliases: string[] = [];
  private readonly values = new Map<string, number | string>();

  set(name: string, value: number | string): void {
    this.values.set(name, value);
  }
  forget(name: string): void {
    this.values.delete(name);
  }
  /** Whether the configuration gives it. */
  has(name: string): boolean {
    return this.values.has(name);
  }
  /** The number given, or the default. */
  int(name: string): number {
    const value = this.values.get(name) ?? findGlobal(name)?.default ?? 0;
    return typeof value === "number" ? value : 0;
  }
  bool(name: string): boolean {
    return this.int(name) !== 0;
  }
  /** The text given, or the default; null when there is none. */
  text(name: string): string | null {
    const value = this.values.get(name) ?? findGlobal(name)?.default ?? null;
    return value === null ? null : String(value);
  }
}

/** Checks the settings written and gives their values; wrong ones are reported and left at their default. */
export function checkGlobals(settings: readonly GlobalSetting[], diagnostics: Diagnostics): Globals {
  const globals = new Globals();
  const warned = new Set<string>();
  for (const setting of settings) {
    const def = findGlobal(setting.name);
    if (def === null) {
      diagnostics.error(
        "unknown-global",
        setting.nameAt,
        `unknown parameter ${setting.name}`,
        foreignParameter(setting.name) ?? didYouMean(setting.name, BY_NAME.keys()),
      );
      continue;
    }
    if (def.effect !== "used" && !warned.has(def.name) && !isUnbuiltDefault(def, setting.value)) {
      warned.add(def.name);
      const why = def.effect === "later" ? "it is known, but what it steers is not built yet" : def.effect;
      diagnostics.warning("no-effect", setting.nameAt, `${setting.name} has no effect: ${why}`);
    }
    if (def.kind === "listen") checkListen(setting, globals, diagnostics);
    else checkValue(def, setting, globals, diagnostics);
  }
  return globals;
}

// What is not built yet behaves as its default says.
function isUnbuiltDefault(def: GlobalDef, value: Scalar): boolean {
  return def.effect === "later" && def.default !== null && (numberOf(value) ?? value.value) === def.default;
}

function checkValue(def: GlobalDef, setting: GlobalSetting, globals: Globals, diagnostics: Diagnostics): void {
  const value = def.kind === "int" || def.kind === "bool" ? numberOf(setting.value) : textOf(def, setting.value);
  if (value === null) {
    const wants = { int: "a number", bool: "yes or no", str: "a text in quotes", word: "a text", listen: "an address" }[
      def.kind
    ];
    diagnostics.error(
      "wrong-type",
      setting.value.at,
      `${setting.name} takes ${wants}, not ${shown(setting.value)}`,
      def.doc,
    );
  } else if (def.isValid?.(String(value)) === false) {
    diagnostics.error("bad-value", setting.value.at, `${setting.name} cannot be ${shown(setting.value)}`, def.doc);
  } else if (def.clamps && typeof value === "number" && (value < def.min || value > def.max)) {
    const used = Math.min(Math.max(value, def.min), def.max);
    globals.set(def.name, used);
    const message = `${setting.name} must lie between ${def.min} and ${def.max}; ${used} is used`;
    diagnostics.warning("out-of-range", setting.value.at, message, def.doc);
  } else if (typeof value === "number" && (value < def.min || value > def.max)) {
    diagnostics.error(
      "out-of-range",
      setting.value.at,
      `${setting.name} must lie between ${def.min} and ${def.max}`,
      def.doc,
    );
  } else if (def.name === "alias") globals.aliases.push(String(value));
  else globals.set(def.name, value);
}

function checkListen(setting: GlobalSetting, globals: Globals, diagnostics: Diagnostics): void {
  const address = parseListen(setting.value.kind === "int" ? String(setting.value.value) : setting.value.value);
  if (typeof address === "string") {
    diagnostics.error(
      "bad-listen",
      setting.value.at,
      `${address}: ${shown(setting.value)}`,
      "write [proto:]address[:port], as in udp:192.0.2.1:5060",
    );
    return;
  }
  let advertise: ListenAddress | null = null;
  if (setting.advertise !== null) {
    const parsed = parseListen(String(setting.advertise.value));
    if (typeof parsed === "string")
      diagnostics.error("bad-listen", setting.advertise.at, `advertise: ${parsed}: ${shown(setting.advertise)}`);
    else advertise = parsed;
  }
  const socketName = setting.socketName === null ? null : String(setting.socketName.value);
  const mcast = globals.text("mcast");
  globals.forget("mcast"); // it is said of one listen only
  globals.listen.push({ ...address, advertise, socketName, mcast, at: setting.at });
}

const WORDS: Readonly<Record<string, number>> = {
  ...{ yes: 1, on: 1, true: 1, enable: 1, no: 0, off: 0, false: 0, disable: 0 },
  ...{ L_ALERT: -5, L_BUG: -4, L_CRIT2: -3, L_CRIT: -2, L_ERR: -1, L_WARN: 0, L_NOTICE: 1, L_INFO: 2, L_DBG: 3 },
  ...{ IPTOS_LOWDELAY: 0x10, IPTOS_THROUGHPUT: 8, IPTOS_RELIABILITY: 4, IPTOS_MINCOST: 2, IPTOS_LOWCOST: 2 },
};

/** The number of a value; words that stand for numbers count. Null when it is none. */
export function numberOf(value: Scalar): number | null {
  if (value.kind === "int") return value.value;
  if (value.kind === "word" && Object.hasOwn(WORDS, value.value)) return WORDS[value.value]!;
  return /^[+-]?\d{1,10}$/.test(value.value) ? Number.parseInt(value.value, 10) : null;
}

function textOf(def: GlobalDef, value: Scalar): string | null {
  if (def.kind === "word") return String(value.value);
  return value.kind === "str" || value.kind === "word" ? value.value : null;
}

function shown(value: Scalar): string {
  return value.kind === "str" ? `"${value.value}"` : String(value.value);
}
