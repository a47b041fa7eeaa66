// Modules for tests of the script language: they record what is called, and wait when they are told to.
// The real modules are not used here, so that the language can be tested alone.

import { type RouteContext, RouteKind } from "../../src/proxy/context.ts";
import { ArgError, int, optional, parsed, route, str, variable } from "../../src/registry/args.ts";
import {
  type AnyModule,
  defineModule,
  fn,
  type FunctionResult,
  intParam,
  manyParam,
  parsedParam,
  pv,
  pvClass,
  strParam,
} from "../../src/registry/define.ts";
import type { Value } from "../../src/sip/value.ts";
import { TRANSFORMS } from "../../src/pv/transforms.ts";

/** What a run did, in order; and the decider of which calls wait. */
export class Trace {
  readonly lines: string[] = [];
  /** Called for each function that may wait; true makes it wait. */
  waits: () => boolean = () => false;

  add(line: string): void {
    this.lines.push(line);
  }
  /** The result at once, or a promise of it. */
  give(value: number): FunctionResult {
    return this.waits() ? Promise.resolve().then(() => value) : value;
  }
}

const ANY = RouteKind.ANY;

/** The stub modules; functions write into `trace`. */
export function stubModules(trace: Trace): Map<string, AnyModule> {
  const avps = (ctx: RouteContext, name: string): Value[] => ctx.avps.all(name) ?? [];
  const core = defineModule({
    name: "core",
    doc: "core functions",
    state: () => null,
    configure: () => null,
    functions: {
      setflag: fn({ args: [int("flag")], routes: ANY, doc: "sets a flag", run: (_, ctx, flag) => ((ctx.message.flags |= 1 << flag), 1) }),
      resetflag: fn({ args: [int("flag")], routes: ANY, doc: "clears a flag", run: (_, ctx, flag) => ((ctx.message.flags &= ~(1 << flag)), 1) }),
      isflagset: fn({ args: [int("flag")], routes: ANY, doc: "tests a flag", run: (_, ctx, flag) => (ctx.message.flags & (1 << flag) ? 1 : -1) }),
      forward: fn({ args: [optional(str("host")), optional(int("port"))], routes: RouteKind.REQUEST | RouteKind.FAILURE, doc: "forwards", run: () => 1 }),
      append_branch: fn({ args: [optional(str("uri"))], routes: ANY, doc: "adds a branch", run: () => 1 }),
      force_rport: fn({ aliases: ["add_rport"], routes: ANY, doc: "answers to the source port", run: () => 1 }),
    },
  });
  const pvModule = defineModule({
    name: "pv",
    doc: "variables",
    state: () => null,
    configure: () => null,
    transforms: TRANSFORMS,
    pvs: {
      ru: pv("request URI", (_, ctx) => ctx.message.newUri, (_, ctx, v) => void (ctx.message.newUri = String(v))),
      rU: pv("user of the request URI", () => "bob"),
      fu: pv("From URI", () => "sip:alice@example.org"),
      rm: pv("method", () => "OPTIONS", undefined, []),
      si: pv("source address", () => "127.0.0.1"),
      sp: pv("source port", (_, ctx) => String(ctx.flow.remote.port)),
      rp: pv("port of the request URI", () => "5066"),
      rc: pv("return code", (_, ctx) => ctx.rc, undefined, ["retcode"]),
      mf: pv("message flags", (_, ctx) => ctx.message.flags),
      var: pvClass({ doc: "script variable", inner: "required", writable: true, resolve: () => new ArgError("slots are the compiler's") }),
      hdr: pvClass({ doc: "header", inner: "required", indexed: true, resolve: (_, name, index) => ({ get: () => (name === "X-T" && (index ?? 0) === 0 ? "hello" : null) }) }),
      avp: pvClass({
        doc: "attribute",
        inner: "required",
        indexed: true,
        writable: true,
        resolve: (_, inner, index) => {
          const name = (inner ?? "").replace(/^s:/, "");
          if (name === "") return new ArgError("the name is empty");
          return {
            get: (ctx) => {
              const all = avps(ctx, name);
              if (index === "*") return all.length === 0 ? null : all.join(", ");
              return all[index ?? 0] ?? null;
            },
            set: (ctx, value) => {
              if (index === "*" || value === null) ctx.avps.delete(name);
              if (value !== null) ctx.avps.push(name, value);
            },
          };
        },
      }),
    },
  });
  const xlog = defineModule({
    name: "xlog",
    doc: "log",
    params: { prefix: strParam("", "text before each line"), buf_size: intParam(4096, "bytes of a line", { min: 16, max: 65536, unit: "bytes" }) },
    state: () => null,
    configure: () => null,
    functions: {
      xlog: fn({
        args: [str("level or text"), optional(str("text"))],
        routes: ANY,
        doc: "writes a line",
        run: (_, _ctx, a, b) => (trace.add((b ?? a).replace(/\n$/, "")), 1),
      }),
    },
  });
  const may = (name: string, result: (n: number) => number) =>
    fn({
      args: [optional(int("n"))],
      routes: ANY,
      waits: "maybe",
      doc: "may wait",
      run: (_: null, _ctx, n) => {
        trace.add(`${name}(${n ?? ""})`);
        return trace.give(result(n ?? 1));
      },
    });
  const fake = defineModule({
    name: "fake",
    doc: "functions for tests",
    params: { db_url: strParam("", "database"), rule: manyParam("a rule"), timer: intParam(10, "seconds", { min: 1, max: 100, aliases: ["interval"] }), mode: parsedParam("up", "up or down", (t) => (/^(up|down)$/.test(t) ? t : new ArgError(`neither up nor down: ${t}`))), workers: intParam(1, "workers", { effect: "nobody works here" }) },
    events: { "fake:event": { doc: "never run" } },
    state: () => null,
    configure: () => null,
    functions: {
      may: may("may", (n) => n),
      fail: may("fail", () => -1),
      zero: may("zero", () => 0),
      is_method: fn({
        args: [parsed("methods", (t) => (/^[A-Z|]+$/.test(t) ? t.split("|") : new ArgError(`not a method: ${t}`)))],
        routes: ANY,
        doc: "tests the method",
        run: (_, __, methods) => (methods.includes("OPTIONS") ? 1 : -1),
      }),
      ret: fn({ args: [int("n")], routes: ANY, doc: "returns n", run: (_, __, n) => n }),
      show: fn({ args: [str("text")], routes: ANY, doc: "records", run: (_, __, text) => (trace.add(`show ${text}`), 1) }),
      put: fn({ args: [variable("target"), int("value")], routes: ANY, doc: "assigns", run: (_, ctx, target, value) => (target.set?.(ctx, value), 1) }),
      t_on_failure: fn({ args: [route("route", "failure")], routes: RouteKind.REQUEST | RouteKind.FAILURE, doc: "arms", run: (_, ctx, id) => ((ctx.onFailure = id), 1) }),
      t_reply: fn({ args: [int("code"), str("reason")], routes: RouteKind.REQUEST | RouteKind.FAILURE, waits: "maybe", doc: "replies", run: (_, __, code, reason) => (trace.add(`reply ${code} ${reason}`), trace.give(1)) }),
      boom: fn({ routes: ANY, doc: "throws", run: () => { throw new Error("boom"); } }),
    },
  });
  const needy = defineModule({ name: "needy", doc: "needs fake", uses: [fake], state: () => null, configure: () => null });
  const modules: AnyModule[] = [core, pvModule, xlog, fake, needy];
  return new Map(modules.map((m) => [m.name, m]));
}
