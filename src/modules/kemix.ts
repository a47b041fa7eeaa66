// Module kemix: KSR.kx, what scripts in other languages read of a message without naming variables.

import type { RouteContext } from "../proxy/context.ts";
import { type Accessor, ArgError, nameIn } from "../registry/args.ts";
import { defineModule } from "../registry/define.ts";
import { type KemiDef, kemi, readings } from "../registry/kemi.ts";
import { toInt, type Value } from "../sip/value.ts";
import { core } from "./core/index.ts";
import { pv } from "./pv/index.ts";

interface Kemix {
  /** Reads a variable by its text; filled in when all modules are there. */
  variable: (text: string) => Accessor | ArgError;
  readonly known: Map<string, Accessor>;
}

/** What is read by get, gete and getw: the variable of each. */
const WITH_ALL: Readonly<Record<string, string>> = {
  au: "$au",
  body: "$rb",
  cturi: "$ct",
  duri: "$du",
  fhost: "$fd",
  fuser: "$fU",
  rhost: "$rd",
  ruser: "$rU",
  thost: "$td",
  tuser: "$tU",
  ua: "$ua",
};

/** What is read by get alone. */
const PLAIN: Readonly<Record<string, string>> = {
  callid: "$ci",
  furi: "$fu",
  method: "$rm",
  msgbuf: "$mb",
  nhuri: "$nh(u)",
  ouri: "$ou",
  proto: "$pr",
  rcv_sock_name: "$Rn",
  rcvaddr_sock: "$Ru",
  rcvadvip: "$RAi",
  rcvadvport: "$RAp",
  rcvip: "$Ri",
  rcvport: "$Rp",
  ruri: "$ru",
  send_sock: "$fs",
  send_sock_name: "$fsn",
  srcaddr_sock: "$sas",
  srcip: "$si",
  srcport: "$sp",
  srcuri: "$su",
  turi: "$tu",
};

/** What is read as a number, and what it is without. */
const NUMBERS: Readonly<Record<string, readonly [variable: string, otherwise: number]>> = {
  bodylen: ["$bl", 0],
  conid: ["$conid", -1],
  msglen: ["$ml", 0],
  msgtype: ["$mt", 0],
  protoid: ["$prid", 0],
  send_sock_port: ["$fsp", 0],
  status: ["$rs", -1],
  timestamp: ["$TS", 0],
};

/** How many variables are known at most: a script may compute their names. */
const MAX_KNOWN = 1024;

// Variables that are named once: their accessors are found when they are first asked for.
function value(self: Kemix, ctx: RouteContext, text: string): Value {
  let accessor = self.known.get(text);
  if (accessor === undefined) {
    const found = self.variable(text);
    if (found instanceof ArgError) return null;
    if (self.known.size < MAX_KNOWN) self.known.set(text, found);
    accessor = found;
  }
  return accessor.get(ctx);
}

function known(found: Value): Value {
  return found === "" ? null : found;
}

function fromMessage(): Record<string, KemiDef<Kemix>> {
  const out: Record<string, KemiDef<Kemix>> = {};
  for (const [name, variable] of Object.entries({ ...WITH_ALL, ...PLAIN })) {
    const letters = name in WITH_ALL ? "ew" : "";
    const key = (letter: string): string => `get${letter}_${name}`;
    Object.assign(
      out,
      readings(key, [], `The value of ${variable}`, (self: Kemix, ctx) => known(value(self, ctx, variable)), letters),
    );
  }
  for (const [name, [variable, otherwise]] of Object.entries(NUMBERS))
    out[`get_${name}`] = kemi({
      doc: `The value of ${variable} as a number; ${otherwise} when there is none.`,
      run: (self: Kemix, ctx) => {
        const found = value(self, ctx, variable);
        return found === null || found === "" ? otherwise : toInt(found);
      },
    });
  return out;
}

// The words of #!define and of the environment.
function named(className: "def" | "env"): Record<string, KemiDef<Kemix>> {
  const words = className === "def" ? "a word of #!define" : "an environment variable";
  return {
    [`get_${className}`]: kemi({
      args: [nameIn(className)],
      gives: "value",
      doc: `The value of ${words}; an empty text when there is none.`,
      run: (_self: Kemix, ctx, accessor) => accessor.get(ctx) ?? "",
    }),
    [`get_${className}n`]: kemi({
      args: [nameIn(className)],
      doc: `The value of ${words} as a number; 0 when there is none.`,
      run: (_self: Kemix, ctx, accessor) => toInt(accessor.get(ctx)),
    }),
  };
}

/** Kamailio's module kemix. */
export const kemix = defineModule({
  name: "kemix",
  doc: "KSR.kx for scripts in other languages: what is often read of a message.",
  kemiName: "kx",
  uses: [core, pv],
  state: () => null,
  configure: (): Kemix => ({ variable: () => new ArgError("not there yet"), known: new Map() }),
  bind: (self, { variable }) => {
    self.variable = variable;
  },
  kemi: {
    ...fromMessage(),
    gets_status: kemi({
      gives: "value",
      doc: "The status of a reply as a text.",
      run: (self: Kemix, ctx) => {
        const status = value(self, ctx, "$rs");
        return status === null || status === "" ? null : String(status);
      },
    }),
    ...named("def"),
    ...named("env"),
    ifdef: kemi({
      args: [nameIn("def")],
      gives: "bool",
      doc: "Whether a word is defined by #!define.",
      run: (_self: Kemix, ctx, accessor) => (accessor.get(ctx) === null ? -1 : 1),
    }),
    ifndef: kemi({
      args: [nameIn("def")],
      gives: "bool",
      doc: "Whether a word is not defined by #!define.",
      run: (_self: Kemix, ctx, accessor) => (accessor.get(ctx) === null ? 1 : -1),
    }),
  },
});
