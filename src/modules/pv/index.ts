// Module pv: the variables that are always at hand, and functions on variables.

import { RouteKind } from "../../proxy/context.ts";
import { TRANSFORMS } from "../../pv/transforms.ts";
import { ArgError, str, variable } from "../../registry/args.ts";
import {
  ConfigError,
  defineModule,
  fn,
  manyParam,
  pvClass,
  pv as pvDef,
  RpcError,
  type RpcValue,
} from "../../registry/define.ts";
import { toInt, type Value } from "../../sip/value.ts";
import { core } from "../core/index.ts";
import { avp } from "./avp.ts";
import { branchVariables } from "./branches.ts";
import { identityVariables } from "./identity.ts";
import { messageVariables } from "./message.ts";
import { networkVariables } from "./network.ts";
import { timeVariables } from "./time.ts";
import { uriVariables } from "./uris.ts";

export { avpAccessor } from "./avp.ts";
export { strftime } from "./time.ts";

/** What pv keeps for the life of the process: variables that all messages share, and when it began. */
export class SharedVariables {
  readonly startedAt: number;
  private readonly values = new Map<string, Value>();

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }
  /** 0 when it was never set. */
  get(name: string): Value {
    return this.values.get(name) ?? 0;
  }
  set(name: string, value: Value): void {
    if (value === null) this.values.delete(name);
    else this.values.set(name, value);
  }
  has(name: string): boolean {
    return this.values.has(name);
  }
  entries(): IterableIterator<[string, Value]> {
    return this.values.entries();
  }
}

/** "name=s:text" or "name=i:5". */
function parseShvSet(text: string): readonly [string, Value] {
  const m = /^\s*([^=\s]+)\s*=\s*([si]):(.*)$/s.exec(text);
  if (m === null) throw new ConfigError(`"${text}" sets no variable`, "shvset", "write it as name=i:5 or name=s:text");
  return [m[1]!, m[2] === "i" ? toInt(m[3]!) : m[3]!];
}

function typeName(value: Value): string {
  return value === null ? "null" : typeof value === "number" ? "int" : "str";
}

const ANY = RouteKind.ANY;

/** Kamailio's module pv. */
export const pv = defineModule({
  name: "pv",
  doc: "Variables for message, addresses, time and flags; values kept with a transaction or shared by all.",
  uses: [core],
  params: {
    shvset: manyParam("A shared variable and its first value: name=i:5 or name=s:text."),
  },
  state: (host) => new SharedVariables(host.host.clock.wall()),
  configure: (shared, params) => {
    const given = params.shvset.map(parseShvSet);
    // a reload keeps what scripts have stored since
    for (const [name, value] of given) if (!shared.has(name)) shared.set(name, value);
    return shared;
  },
  functions: {
    pv_isset: fn({
      args: [variable("pvar")],
      routes: ANY,
      doc: "True when the variable has a value.",
      run: (_s: unknown, ctx, v) => (v.get(ctx) === null ? -1 : 1),
    }),
    pv_unset: fn({
      args: [variable("pvar")],
      routes: ANY,
      doc: "Takes the value of a variable away.",
      run: (_s: unknown, ctx, v) => {
        if (v.set === undefined) return -1;
        v.set(ctx, null);
        return 1;
      },
    }),
    is_int: fn({
      args: [variable("pvar")],
      routes: ANY,
      doc: "True when the variable holds a number.",
      run: (_s: unknown, ctx, v) => (typeof v.get(ctx) === "number" ? 1 : -1),
    }),
    typeof: fn({
      args: [variable("pvar"), str("vtype")],
      routes: ANY,
      doc: "True when the variable holds that type: int, str or null.",
      run: (_s: unknown, ctx, v, type) => (typeName(v.get(ctx)) === type ? 1 : -1),
    }),
    not_empty: fn({
      args: [variable("pvar")],
      routes: ANY,
      doc: "True when the variable holds a text that is not empty, or a number that is not 0.",
      run: (_s: unknown, ctx, v) => {
        const value = v.get(ctx);
        return value === null || value === "" || value === 0 ? -1 : 1;
      },
    }),
  },
  pvs: {
    ...uriVariables,
    ...messageVariables,
    ...identityVariables,
    ...networkVariables,
    ...branchVariables,
    ...timeVariables((instance) => (instance as SharedVariables).startedAt),
    avp,
    var: pvClass<SharedVariables>({
      doc: "Variable of the script that lives as long as the message is handled; 0 until it is set.",
      inner: "required",
      writable: true,
      // the variable resolver of src/pv gives each name its slot and never asks here
      resolve: (_s, name) => new ArgError(`$var(${name ?? ""}) has no slot here`),
    }),
    rc: pvDef("Return code of the last function or route.", (_s: SharedVariables, ctx): Value => ctx.rc, undefined, [
      "retcode",
      "?",
    ]),
    shv: pvClass<SharedVariables>({
      doc: "Variable that all messages share; 0 until it is set.",
      inner: "required",
      writable: true,
      resolve: (shared, name) => ({
        get: () => shared.get(name ?? ""),
        set: (_ctx, value) => shared.set(name ?? "", value),
      }),
    }),
    pp: pvDef("Number of the process.", (_s: SharedVariables, ctx): Value => ctx.proxy.host.process.pid),
    true: pvDef("Always 1.", (): Value => 1),
    version: pvClass<SharedVariables>({
      doc: "The Kamailio release whose language is spoken: (num) its number, (full) with the name of this program.",
      inner: "required",
      resolve: (_s, form) => {
        if (form === "num") return { get: () => "5.6.3" };
        if (form === "full") return { get: () => "portico (kamailio 5.6.3 language)" };
        return new ArgError(`unknown form of version "${form}"`, "use $version(num) or $version(full)");
      },
    }),
  },
  transforms: TRANSFORMS,
  rpc: {
    "pv.shvGet": {
      doc: "The value of a shared variable, or of all.",
      args: [{ name: "name", kind: "str", optional: true }],
      run: (shared, [name]): RpcValue => {
        if (name === undefined) return Object.fromEntries(shared.entries());
        if (!shared.has(String(name))) throw new RpcError(404, "no such shared variable");
        return { name: String(name), value: shared.get(String(name)) };
      },
    },
    "pv.shvSet": {
      doc: "Sets a shared variable: name, type (int or str), value.",
      args: [
        { name: "name", kind: "str", optional: false },
        { name: "type", kind: "str", optional: false },
        { name: "value", kind: "str", optional: false },
      ],
      run: (shared, [name, type, value]): RpcValue => {
        if (type !== "int" && type !== "str") throw new RpcError(400, "type is int or str");
        shared.set(String(name), type === "int" ? toInt(String(value)) : String(value));
        return "ok";
      },
    },
  },
});
