// Golden files: test/cfg/**/*.cfg, each a configuration, a line "--- output" or "--- diagnostics", and what is expected. Adding a case means
// adding a file. Set GOLDEN_UPDATE=1 to write what comes out now.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { runConfig } from "../../test/cfg/run-config.ts";
import { stubModules, Trace } from "../../test/cfg/stub-modules.ts";
import { loadConfig, renderDiagnostic } from "./index.ts";

const FOLDER = fileURLToPath(new URL("../../test/cfg/", import.meta.url));
const UPDATE = process.env["GOLDEN_UPDATE"] === "1";
const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".cfg"))
  .sort();

/** Files that a case includes lie in test/cfg. */
function readFile(file: string): { name: string; text: string } | null {
  try {
    return { name: file, text: readFileSync(FOLDER + file, "latin1") };
  } catch {
    return null;
  }
}

/** Kinds of findings that need more than a small file, and where they are shown. */
const WITHOUT_GOLDEN: Readonly<Record<string, string>> = {
  "too-long": "a million tokens: config.test.ts",
};

/** Kinds of findings that golden files show. */
const shownCodes = new Set<string>();

describe("golden files", () => {
  for (const name of files) {
    const content = readFileSync(FOLDER + name, "latin1");
    const found = /^--- (output|diagnostics)\n/m.exec(content);
    if (found === null) continue; // a whole configuration of a test of its own
    const config = content.slice(0, found.index);
    const expected = content.slice(found.index + found[0].length);
    if (found[1] === "output") {
      test(`${name} runs`, async () => {
        const { lines } = await runConfig(config, undefined, readFile);
        const shown = lines.filter((line) => !line.startsWith("! ") || expected.includes(line));
        if (UPDATE) writeFileSync(FOLDER + name, `${config}${found[0]}${shown.join("\n")}\n`, "latin1");
        else expect(`${shown.join("\n")}\n`).toBe(expected);
      });
    } else {
      test(`${name} is diagnosed`, () => {
        const { diagnostics } = loadConfig({ file: name, text: config }, stubModules(new Trace()), { readFile });
        const shown = `${diagnostics.map(renderDiagnostic).join("\n\n")}\n`;
        for (const d of diagnostics) shownCodes.add(d.code);
        if (UPDATE) writeFileSync(FOLDER + name, config + found[0] + shown, "latin1");
        else expect(shown).toBe(expected);
      });
    }
  }

  test("every kind of finding has a golden file", () => {
    const sources = fileURLToPath(new URL("./", import.meta.url));
    const codes = readdirSync(sources)
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .flatMap((name) => [...readFileSync(sources + name, "utf8").matchAll(/\b(?:error|warning)\(\s*"([a-z-]+)"/g)])
      .map((m) => m[1]!);
    expect(codes.length).toBeGreaterThan(50);
    expect([...new Set(codes)].filter((code) => !shownCodes.has(code) && !Object.hasOwn(WITHOUT_GOLDEN, code))).toEqual(
      [],
    );
  });
});
