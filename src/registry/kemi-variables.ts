// Functions for scripts in other languages over the variables of one class: get, gete, getw, sets, seti, rm, is_null.

import type { RouteContext } from "../proxy/context.ts";
import type { Value } from "../sip/value.ts";
import { type Accessor, int, nameIn, str } from "./args.ts";
import { type KemiDef, kemi, readings } from "./kemi.ts";

type Functions = Record<string, KemiDef<unknown>>;

function assign(ctx: RouteContext, accessor: Accessor, value: Value): number {
  accessor.set?.(ctx, value);
  return 1;
}

/** Reads the variable of a class by its name: "x" of class hfitname is $hfitname(x). */
export function reading(className: string, doc: string): KemiDef<unknown> {
  return kemi({
    args: [nameIn(className)],
    gives: "value",
    doc,
    run: (_i: unknown, ctx, accessor) => accessor.get(ctx),
  });
}

/** Reading and setting. `key` makes a function's name of "get", "sets" …; `letters`: which of gete and getw there are. */
export function classFunctions(
  key: (what: string) => string,
  className: string,
  words: string,
  letters: string,
): Functions {
  const name = nameIn(className);
  return {
    ...readings(
      (letter) => key(`get${letter}`),
      [name],
      `The value of ${words}`,
      (_i: unknown, ctx, accessor) => accessor.get(ctx),
      letters,
    ),
    [key("seti")]: kemi({
      args: [name, int("value")],
      doc: `Sets ${words} to a number.`,
      run: (_i: unknown, ctx, accessor, value) => assign(ctx, accessor, value),
    }),
    [key("sets")]: kemi({
      args: [name, str("value")],
      doc: `Sets ${words} to a text.`,
      run: (_i: unknown, ctx, accessor, value) => assign(ctx, accessor, value),
    }),
  };
}

/** Taking away, and asking for what is missing. */
export function removable(key: (what: string) => string, className: string, words: string): Functions {
  const name = nameIn(className);
  return {
    [key("rm")]: kemi({
      args: [name],
      doc: `Takes ${words} away.`,
      run: (_i: unknown, ctx, accessor) => assign(ctx, accessor, null),
    }),
    [key("is_null")]: kemi({
      args: [name],
      doc: `1 when ${words} has no value, else -1.`,
      run: (_i: unknown, ctx, accessor) => (accessor.get(ctx) === null ? 1 : -1),
    }),
  };
}
