// Golden files: test/cfg/*.cfg, each a configuration, a line "--- output" or "--- diagnostics", and what is expected. Adding a case means
// adding a file. Set GOLDEN_UPDATE=1 to write the diagnostics that the checker gives now.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { runConfig } from "../../test/cfg/run-config.ts";
import { stubModules, Trace } from "../../test/cfg/stub-modules.ts";
import { loadConfig, renderDiagnostic } from "./index.ts";

const FOLDER = fileURLToPath(new URL("../../test/cfg/", import.meta.url));
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".cfg"));

describe("golden files", () => {
  for (const name of files) {
    const content = readFileSync(FOLDER + name, "latin1");
    const found = /^--- (output|diagnostics)\n/m.exec(content);
    if (found === null) continue; // a whole configuration of a test of its own
    const config = content.slice(0, found.index);
    const expected = content.slice(found.index + found[0].length);
    if (found[1] === "output") {
      test(`${name} runs`, async () => {
        const { lines } = await runConfig(config);
        const shown = lines.filter((line) => !line.startsWith("! ") || expected.includes(line));
        expect(`${shown.join("\n")}\n`).toBe(expected);
      });
    } else {
      test(`${name} is diagnosed`, () => {
        const readFile = (file: string) => {
          try {
            return { name: file, text: readFileSync(FOLDER + file, "latin1") };
          } catch {
            return null;
          }
        };
        const { diagnostics } = loadConfig({ file: name, text: config }, stubModules(new Trace()), { readFile });
        const shown = `${diagnostics.map(renderDiagnostic).join("\n\n")}\n`;
        if (process.env["GOLDEN_UPDATE"] === "1") writeFileSync(FOLDER + name, config + found[0] + shown, "latin1");
        else expect(shown).toBe(expected);
      });
    }
  }
});
