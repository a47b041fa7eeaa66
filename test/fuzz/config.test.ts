// Broken configurations on the real modules: whatever is done to a configuration, check neither throws nor hangs. PORTICO_FUZZ=N runs N of them.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { tryOut } from "../../src/boot.ts";
import { createSimulation } from "../../src/host/simulated.ts";
import { modules } from "../../src/modules/index.ts";
import { loadConfig, renderDiagnostic } from "../../src/script/index.ts";

const FILES = ["../../embed/default.cfg", "../cfg/kamailio-native.cfg", "file:///etc/kamailio/kamailio.cfg"];
const corpus = FILES.map((name) => fileURLToPath(new URL(name, import.meta.url)))
  .filter((path) => existsSync(path))
  .map((path) => readFileSync(path, "latin1"));
const runs = Number(process.env["PORTICO_FUZZ"] ?? 150);
const host = createSimulation({ seed: 1 }).host({ addresses: ["192.0.2.1"] });

/** What is put in: pieces of other lines, punctuation, names. */
const scrap = fc.oneof(
  fc.constantFrom(
    '"',
    "'",
    "{",
    "}",
    "(",
    ")",
    "$(",
    "$var(x)",
    "#!ifdef X\n",
    "#!endif\n",
    "/*",
    "\\\n",
    "\0",
    "\xff",
    ";",
    "[",
    "=>",
    "@a.b",
    "99999999999",
  ),
  fc.constantFrom(
    'modparam("tm", ',
    "listen=",
    "route(",
    'xlog("$(ru{',
    "if (",
    "else",
    "switch ($rU) {",
    "case ",
    'include_file "x"\n',
    "#!define A A A\n",
  ),
  fc.string({ maxLength: 8 }),
);
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(200),
  insert: scrap,
  /** Moves a line elsewhere as well. */
  line: fc.option(fc.nat(2000), { nil: null }),
});

test("mutated configurations are diagnosed", async () => {
  expect(corpus.length).toBeGreaterThan(1);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(corpus.length - 1),
      fc.array(mutation, { minLength: 1, maxLength: 8 }),
      async (which, mutations) => {
        let text = corpus[which]!;
        for (const m of mutations) {
          const at = Math.floor(m.at * text.length);
          const lines = m.line === null ? [] : text.split("\n");
          const line = lines.length === 0 ? "" : `\n${lines[m.line! % lines.length]}\n`;
          text = text.slice(0, at) + m.insert + line + text.slice(at + m.remove);
        }
        const before = performance.now();
        const config = loadConfig({ file: "fuzz.cfg", text }, modules, {
          defines: ['DB_URL="sqlite:///x"', "WITH_AUTH"],
        });
        for (const d of config.diagnostics) renderDiagnostic(d);
        if (config.ok) await tryOut(host, config);
        expect(performance.now() - before).toBeLessThan(5000);
      },
    ),
    { seed: 11, numRuns: runs },
  );
});
