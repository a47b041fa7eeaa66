// Shorthands for the rows of the global parameter tables.

import type { GlobalDef } from "./globals.ts";

interface Options {
  readonly aliases?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly many?: boolean;
  readonly clamps?: boolean;
  readonly isValid?: (text: string) => boolean;
}

/** One row. */
export function row(
  kind: GlobalDef["kind"],
  name: string,
  value: number | string | null,
  effect: string,
  doc: string,
  o: Options = {},
): GlobalDef {
  const range = { min: o.min ?? -2147483648, max: o.max ?? 4294967295 };
  return {
    name,
    kind,
    default: value,
    doc,
    effect,
    aliases: o.aliases ?? [],
    ...range,
    many: o.many ?? false,
    clamps: o.clamps ?? false,
    isValid: o.isValid ?? null,
  };
}

/** What is in force. */
export const USED = "used";

export const NO_PROCESSES = "one event loop serves everything, there are no worker processes to set up";
export const NO_MEMORY_POOLS = "memory belongs to the runtime, there are no pools of our own";
