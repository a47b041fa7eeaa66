// Commands on shared variables, $shv(name): pv.shvGet and pv.shvSet.

import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import type { Value } from "../../sip/value.ts";
import type { PvInstance } from "./instance.ts";

const PARAMETERS = "(Parameters: varname type value)";

function shown(name: string, value: Value): RpcValue {
  return { name, type: typeof value === "number" ? "int" : "string", value };
}

/** They answer as Kamailio's do; only variables that were set once can be set. */
export const sharedCommands: Readonly<Record<string, RpcDef<PvInstance>>> = {
  "pv.shvGet": {
    doc: "Name, type and value of a shared variable, or of all.",
    args: [{ name: "name", kind: "str", optional: true }],
    run: ({ shared }, [name]) => {
      if (name === undefined) return { items: [...shared.entries()].reverse().map(([n, v]) => ({ shv: shown(n, v) })) };
      if (!shared.has(String(name))) throw new RpcError(404, "Variable not found");
      return shown(String(name), shared.get(String(name)));
    },
  },
  "pv.shvSet": {
    doc: "Sets a shared variable that is there: name, type (int or str), value.",
    args: ["name", "type", "value"].map((name) => ({ name, kind: "str", optional: true })),
    run: ({ shared }, [name, type, value]) => {
      if (name === undefined) throw new RpcError(500, `Missing parameter varname ${PARAMETERS}`);
      if (!shared.has(String(name))) throw new RpcError(404, "Variable not found");
      if (type === undefined) throw new RpcError(500, `Missing parameter type ${PARAMETERS}`);
      if (type !== "int" && type !== "str") throw new RpcError(500, "Unknown parameter type (Types: int or str)");
      const text = String(value ?? "");
      if (type === "int" && !/^[+-]?\d{1,10}$/.test(text))
        throw new RpcError(500, `Missing integer parameter value ${PARAMETERS}`);
      if (value === undefined) throw new RpcError(500, `Missing string parameter value ${PARAMETERS}`);
      shared.set(String(name), type === "int" ? Number(text) | 0 : text);
      return "Ok. Variable set to new value.";
    },
  },
};
