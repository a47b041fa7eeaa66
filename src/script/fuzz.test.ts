// Broken configurations: whatever is done to a configuration, reading and compiling it neither throws nor hangs.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stubModules, Trace } from "../../test/cfg/stub-modules.ts";
import { compileRoutes, loadConfig, renderDiagnostic } from "./index.ts";

const FOLDER = fileURLToPath(new URL("../../test/cfg/", import.meta.url));
const corpus = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".cfg"))
  .map((name) => readFileSync(FOLDER + name, "latin1").split("--- ")[0]!);
const modules = stubModules(new Trace());

const SCRAPS = [
  ...[
    '"',
    "'",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ";",
    "$",
    "$(",
    "$var(x)",
    "$(ru{",
    "#!ifdef X\n",
    "#!endif\n",
    "#!else\n",
    "/*",
    "*/",
  ],
  ...[
    "if",
    "else",
    "while",
    "switch",
    "case",
    "default:",
    "route",
    "return",
    "\\",
    "\n",
    "\0",
    "\xff",
    "=",
    "==",
    "=~",
    "+",
    "!",
    "-",
    "~",
  ],
  ...[
    "#!define A B\n#!define B A\n A B",
    'include_file "x"',
    "modparam(",
    "listen=",
    "flags ",
    "@a.b",
    "99999999999999",
    "0x",
    "?",
  ],
];

const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(40),
  insert: fc.oneof(fc.constantFrom(...SCRAPS), fc.string({ maxLength: 6 })),
});

/** Loads, and compiles when it is accepted; what it says must be renderable. */
function load(text: string): void {
  const config = loadConfig({ file: "fuzz.cfg", text }, modules, {
    readFile: () => ({ name: "x", text: 'include_file "y"\n' }),
  });
  for (const d of config.diagnostics) renderDiagnostic(d);
  const instances = new Map(config.modules.map((m) => [m.module.name, null]));
  if (config.ok) expect(compileRoutes(config, instances).diagnostics.length).toBeGreaterThanOrEqual(0);
}

describe("fuzz", () => {
  test("mutated configurations are diagnosed", () => {
    fc.assert(
      fc.property(fc.nat(corpus.length - 1), fc.array(mutation, { minLength: 1, maxLength: 6 }), (which, mutations) => {
        let text = corpus[which]!;
        for (const m of mutations) {
          const at = Math.floor(m.at * text.length);
          text = text.slice(0, at) + m.insert + text.slice(at + m.remove);
        }
        load(text);
      }),
      { seed: 7, numRuns: 1500 },
    );
  });

  test("random bytes are diagnosed", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...SCRAPS, "a", "1", " "), { maxLength: 60 }), (parts) =>
        load(parts.join(" ")),
      ),
      {
        seed: 8,
        numRuns: 1500,
      },
    );
  });

  test("deep nesting and long chains are refused, not fatal", () => {
    load(`request_route { $var(x) = ${"(".repeat(50_000)}`);
    load(`request_route { $var(x) = ${"!".repeat(50_000)}1; }`);
    load(`request_route { ${"if (1) ".repeat(20_000)} }`);
    load(`request_route { ${"{".repeat(50_000)} }`);
    load(`request_route { $var(x) = 1${" + $var(x)".repeat(20_000)}; }`);
    load(`request_route { $var(x) = ${"$(var(x){s.len})".repeat(1000)}; }`);
    load(
      `#!define A B B B B B B B B\n${[..."BCDEFGHIJKLMNOP"].map((c, i) => `#!define ${c} ${`${"CDEFGHIJKLMNOPQ"[i]} `.repeat(8)}`).join("\n")}\nrequest_route { A }`,
    );
    load("#!ifdef A\n".repeat(20_000));
    load(`loadmodule "pv.so"\nrequest_route { xlog("${"$(".repeat(10_000)}"); }`);
  });
});
