// The compiler: the same program gives the same trace whether its functions answer at once or wait, at every possible point.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile, makeContext, runConfig } from "../../test/cfg/run-config.ts";
import { stubModules, Trace } from "../../test/cfg/stub-modules.ts";
import { compileRoutes, loadConfig, RouteError } from "./index.ts";

const HEADER = 'loadmodule "pv.so"\nloadmodule "xlog.so"\nloadmodule "fake.so"\n';

const leaf = fc.oneof(
  fc.integer({ min: -3, max: 5 }).map(String),
  fc.constantFrom("$var(a)", "$var(b)", '"x"', '"2"', "$avp(n)", "$rc"),
  fc.integer({ min: -2, max: 4 }).map((n) => `may(${n === 0 ? 1 : n})`),
  fc.constantFrom("fail()", 'is_method("OPTIONS")', "route(S1)", "route(S2)", "ret(7)", "ret(-2)"),
);
const { expr } = fc.letrec<{ expr: string }>((tie) => ({
  expr: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc
      .tuple(fc.constantFrom("+", "-", "*", "==", "!=", "<", ">", "&&", "||", "&", "|", "eq"), tie("expr"), tie("expr"))
      .map(([op, a, b]) => `(${a} ${op} ${b})`),
    fc.tuple(fc.constantFrom("!", "(int)", "(str)", "strlen", "strempty"), tie("expr")).map(([op, a]) => `${op}(${a})`),
    fc.tuple(tie("expr"), tie("expr"), tie("expr")).map(([c, a, b]) => `selval(${c}, ${a}, ${b})`),
  ),
}));

const simple = fc.oneof(
  expr.map((e) => `$var(a) = ${e};`),
  expr.map((e) => `$var(b) = ${e};`),
  expr.map((e) => `$avp(n) = ${e};`),
  expr.map((e) => `show("a=$var(a) b=$var(b) rc=$rc"); may((int)(${e}));`),
  expr.map((e) => `show(${e});`),
  fc.constantFrom(
    "route(S1);",
    "route(S2);",
    "may(2);",
    "fail();",
    "zero();",
    "exit;",
    "drop;",
    "return;",
    "return -2;",
    "return may(3);",
    "break;",
  ),
);
const { body } = fc.letrec<{ stmt: string; body: string }>((tie) => ({
  stmt: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    simple,
    fc.tuple(expr, tie("body"), tie("body")).map(([c, a, b]) => `if (${c}) { ${a} } else { ${b} }`),
    fc.tuple(expr, tie("body")).map(([c, a]) => `if (${c}) { ${a} }`),
    fc.tuple(expr, tie("body")).map(([c, a]) => `while (${c}) { $var(i) = $var(i) + 1; if ($var(i) > 6) break; ${a} }`),
    fc
      .tuple(expr, tie("body"), tie("body"), tie("body"))
      .map(([c, a, b, d]) => `switch (${c}) { case 1: ${a} case 2: ${b} break; default: ${d} }`),
  ),
  body: fc.array(tie("stmt"), { minLength: 1, maxLength: 4 }).map((list) => list.join("\n")),
}));

/** Random programs of one test. */
const RUNS = process.env["PORTICO_LONG"] === "1" ? 400 : 30;

const program = fc
  .tuple(body, body, body)
  .map(
    ([main, s1, s2]) =>
      `request_route {\n${main}\nshow("end rc=$rc");\n}\nroute[S1] {\n$var(d) = $var(d) + 1; if ($var(d) > 5) return 2;\n${s1}\n}\nroute[S2] {\n${s2.replaceAll("route(S2)", "may(9)").replaceAll("route(S1)", "may(8)")}\n}`,
  );

describe("waiting", () => {
  test("a program does the same whether its functions wait or not", async () => {
    await fc.assert(
      fc.asyncProperty(program, fc.integer({ min: 1, max: 1 << 30 }), async (text, seed) => {
        const source = HEADER + text;
        const sync = await runConfig(source);
        const all = await runConfig(source, () => true);
        let state = seed;
        const some = await runConfig(
          source,
          () => ((state = (Math.imul(state, 1103515245) + 12345) >>> 0) & 65536) !== 0,
        );
        expect(all).toEqual(sync);
        expect(some).toEqual(sync);
      }),
      { seed: 20, numRuns: RUNS },
    );
  });

  test("a program does the same with watched actions (cfgtrace, latency_limit_action), waiting or not", async () => {
    await fc.assert(
      fc.asyncProperty(program, fc.boolean(), async (text, waits) => {
        const plain = await runConfig(`\n${HEADER}${text}`, () => waits);
        const watched = await runConfig(`cfgtrace=1 latency_limit_action=1\n${HEADER}${text}`, () => waits);
        expect(watched).toEqual(plain);
      }),
      { seed: 21, numRuns: RUNS },
    );
  });

  test("latency_limit_action tells of actions that took as long, as by Kamailio; what leaves the route is not measured", () => {
    const trace = new Trace();
    const text = `latency_limit_action=1000 latency_log=1\n${HEADER}request_route {\n  route(X);\n  $var(a) = 1;\n  exit;\n}\nroute[X] {\n  show("x");\n}`;
    const config = loadConfig({ file: "t.cfg", text }, stubModules(trace));
    const told: string[] = [];
    let now = 0;
    const instances = new Map(config.modules.map(({ module }) => [module.name, trace]));
    const tell = { mono: () => now++, write: (level: number, line: string) => void told.push(`${level} ${line}`) };
    const { routes } = compileRoutes(config, instances, { tell });
    routes!.request(makeContext(routes!));
    expect(told).toEqual([
      "1 alert - action [show] cfg [t.cfg:11] took too long [1000 us]",
      "1 alert - action [route] cfg [t.cfg:6] took too long [3000 us]",
      "1 alert - action [assign] cfg [t.cfg:7] took too long [1000 us]",
    ]);
    const without = compileRoutes(
      loadConfig({ file: "t", text: text.slice(text.indexOf("\n")) }, stubModules(trace)),
      instances,
    );
    expect(without.routes?.showCompiled("request_route")).not.toMatch(/rt\.(now|took|trace)/);
  });

  test("a route without waiting functions returns a number at once", () => {
    const trace = new Trace();
    const config = loadConfig(
      {
        file: "t",
        text: `${HEADER}request_route { show("a"); if (is_method("OPTIONS")) route(X); }\nroute[X] { return 3; }`,
      },
      stubModules(trace),
    );
    const routes = compile(config, trace);
    expect(routes.request(makeContext(routes))).toBe(3);
    expect(routes.showCompiled("request_route")).not.toContain("suspend");
  });
});

describe("errors of functions", () => {
  const load = (text: string) => {
    const trace = new Trace();
    return { trace, routes: compile(loadConfig({ file: "t.cfg", text: HEADER + text }, stubModules(trace)), trace) };
  };

  test("an exception names the place and the function", () => {
    const { routes } = load('request_route {\n  show("a");\n  route(X);\n}\nroute[X] {\n  boom();\n}');
    expect(() => routes.request(makeContext(routes))).toThrow(RouteError);
    expect(() => routes.request(makeContext(routes))).toThrow("t.cfg:9: boom(): boom");
  });

  test("the depth of routes is what it was after an exception, at once or later", async () => {
    for (const first of ["", "may(1); "]) {
      const { routes, trace } = load(
        `request_route {\n  route(X);\n}\nroute[X] { route(Y); }\nroute[Y] {\n  ${first}boom();\n}`,
      );
      const ctx = makeContext(routes);
      trace.waits = () => true;
      ctx.depth = 3;
      await expect((async () => routes.request(ctx))()).rejects.toThrow(RouteError);
      expect(ctx.depth, first).toBe(3);
    }
  });

  test("endless recursion ends", () => {
    const { routes, trace } = load("request_route {\n  route(X);\n}\nroute[X] {\n  route(X);\n}");
    expect(routes.request(makeContext(routes))).toBe(-1);
    expect(trace.lines[0]).toContain("routes call each other more than 256 deep");
  });

  test("an endless loop ends at max_while_loops", () => {
    const { routes, trace } = load(
      'max_while_loops=5\nrequest_route {\n  while(1) { $var(x) = $var(x) + 1; }\n  show("x=$var(x)");\n}',
    );
    routes.request(makeContext(routes));
    expect(trace.lines).toEqual(["! t.cfg:6: while: while ended after 5 rounds (max_while_loops)", "show x=5"]);
  });

  test("a computed argument that cannot be parsed makes the call fail", async () => {
    const run = await runConfig(
      `${HEADER}request_route { $var(m) = "opt ions"; if (is_method("$var(m)")) show("yes"); else show("no"); }`,
    );
    expect(run.lines).toEqual(["! test.cfg:4: is_method(): not a method: opt ions", "show no"]);
  });
});

describe("routes", () => {
  test("are found by number and by event name", () => {
    const trace = new Trace();
    const text = `${HEADER}request_route { t_on_failure("B"); }
failure_route[A] { return 11; }
failure_route[B] { return 12; }
branch_route[X] { return 13; }
onreply_route[Y] { return 14; }
onreply_route { return 15; }
event_route[tm:branch-failure:Z] { return 16; }
event_route[xhttp:request] { return 17; }
onsend_route { return 18; }`;
    const routes = compile(loadConfig({ file: "t", text }, stubModules(trace)), trace);
    const ctx = makeContext(routes);
    routes.request(ctx);
    expect(ctx.onFailure).toBe(2);
    expect(routes.failure(2, ctx)).toBe(12);
    expect(routes.branch(1, ctx)).toBe(13);
    expect(routes.onreply(1, ctx)).toBe(14);
    expect(routes.reply?.(ctx)).toBe(15);
    expect(routes.branchFailure(1, ctx)).toBe(16);
    expect(routes.event("xhttp:request")?.(ctx)).toBe(17);
    expect(routes.onsend?.(ctx)).toBe(18);
    expect(routes.event("nope")).toBeNull();
    expect(routes.failure(0, ctx)).toBe(1);
  });
});
