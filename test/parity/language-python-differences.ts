// Where our Python answers otherwise than Kamailio's app_python3 on purpose.

import type { Difference } from "./language-differences.ts";

export const PYTHON_DIFFERENCES: readonly Difference[] = [
  {
    why: "What is no argument is a TypeError that says which one and why; there it is a SystemError that says nothing.",
    cases: {
      "python: nothing where a text is wanted": ["TypeError: KSR.pv.get() argument 1 must be str or int, not None"],
      "python: bytes where a text is wanted": ["TypeError: KSR.pv.get() argument 1 must be str or int, not object"],
      "python: a list where a text is wanted": ["TypeError: KSR.pv.get() argument 1 must be str or int, not object"],
      "python: a fraction where a number is wanted": [
        "TypeError: KSR.setflag() argument 1 must be str or int, not float",
      ],
      "python: no argument": ["TypeError: KSR.pv.get(): 1 argument is needed, not 0"],
      "python: too many arguments": ["TypeError: KSR.pv.get() takes 1 arguments, not 2"],
      "python: too few of two": ["TypeError: KSR.pv.sets(): 2 arguments are needed, not 1"],
      "python: an argument by name": ["TypeError: KSR.hdr.append() argument 1 must be str or int, not object"],
    },
  },
  {
    why: "A number stands for its text, and a text that spells a number for that number, as in the native language; there it is a SystemError.",
    cases: {
      "python: a number where a text is wanted": ["NoneType None"],
      "python: a text where a number is wanted": ["bool True"],
    },
  },
  {
    why: "The message's class is one of Python here, which words these errors in its own way.",
    cases: {
      "python: msg has no such thing": ["AttributeError: 'msg' object has no attribute 'nothing'"],
      "python: msg.Method is not set": ["AttributeError: property 'Method' of 'msg' object has no setter"],
    },
  },
  {
    why: "What the name says, as in Lua: a read-only variable is not set, avp_is_null of a value is false, modf() runs functions whatever their arguments.",
    cases: {
      "python: pv.sets read-only": ["bool False"],
      "python: pvx.avp": ["int 1 | str 'x' | int -1 | int 1"],
      "python: x.modf": ["int 1 | int -1"],
    },
  },
  {
    why: "Kamailio's process ends.",
    cases: { "python: x.modf with variables": ["int 1"] },
  },
];
