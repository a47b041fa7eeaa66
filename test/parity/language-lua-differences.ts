// Where scripts in Lua answer otherwise than on Kamailio on purpose: why, and what we answer, case by case.

import type { LanguageAnswer } from "./language-bed.ts";

export const LUA_DIFFERENCES: readonly {
  readonly why: string;
  readonly cases: Readonly<Record<string, LanguageAnswer>>;
}[] = [
  {
    why: "The machine is one of Lua 5.3: it words some errors otherwise, `goto` is a word of the language, table.unpack is there beside unpack.",
    cases: {
      "nil index": [
        "boolean true | boolean false | string {DIR}/cases.lua:55: attempt to index a nil value (local 't')",
      ],
      "calling nil": [
        "boolean true | boolean false | string {DIR}/cases.lua:56: attempt to call a nil value (global 'nothing_here')",
      ],
      "string.format missing": ["boolean true | boolean false | string bad argument #2 to 'format' (no value)"],
      "math.random bounds": [
        "boolean true | number 5 | boolean false | string bad argument #1 to 'math.random' (interval is empty)",
      ],
      "table.unpack": ["boolean true | boolean false"],
      "goto is a name": ["boolean true | boolean false"],
    },
  },
  {
    why: "An argument that cannot be used is an error in the log and false or nil to the script; there it counts as 0, or as done.",
    cases: {
      "pv.seti of a text": ["boolean true | boolean false | number 0"],
      "pv.sets read-only": ["boolean true | boolean false"],
      "pv.get without argument": ["boolean true | nil nil"],
      "tm.t_on_failure of no route": ["boolean true | boolean false"],
      "true where a number is wanted": ["boolean true | boolean false"],
    },
  },
  {
    why: "What the name says: avp_is_null of a value is false, a shared variable needs no declaration, modf() runs functions whatever their arguments.",
    cases: {
      "pvx.avp": ["boolean true | number 1 | string x | number -1 | number 1 | string  | string <null>"],
      "pvx.shv": ["boolean true | number 1 | number 7"],
      "x.modf": ["boolean true | number 1 | number -1"],
      "sr.modf": ["boolean true | number 1 | number -1"],
    },
  },
  {
    why: "Functions under sr give what those under KSR give; there some give nothing, or a truth in the place of a number.",
    cases: {
      "sr.pv": ["boolean true | string OPTIONS | boolean true | string x | boolean true | number 4"],
      "sr.pv without value": ["boolean true | nil nil | boolean true | boolean true"],
      "sr.hdr": ["boolean true | number 1 | number 1 | number 1 | number 1"],
      "sr.dbg and log": ["boolean true | boolean false | boolean false"],
      "sr.siputils": ["boolean true | number -1 | number 1"],
    },
  },
];
