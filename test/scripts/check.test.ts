// Golden files: test/scripts/cases/*.case, each the files of a configuration with its scripts ("--- NAME" lines), and behind "--- diagnostics"
// what its check says. Set GOLDEN_UPDATE=1 to write what comes out now.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { renderDiagnostic } from "../../src/script/index.ts";
import { findings } from "./check-scripts.ts";

const FOLDER = fileURLToPath(new URL("./cases/", import.meta.url));
const UPDATE = process.env["GOLDEN_UPDATE"] === "1";
const LANGUAGES = fileURLToPath(new URL("../../src/languages/", import.meta.url));

const shown = new Set<string>();

describe("what the check of scripts finds", () => {
  for (const name of readdirSync(FOLDER).sort()) {
    test(name, async () => {
      const parts = readFileSync(FOLDER + name, "latin1").split(/^--- (.*)\n/m);
      const files = new Map<string, string>();
      for (let i = 1; i < parts.length; i += 2) files.set(parts[i]!, parts[i + 1]!);
      const expected = files.get("diagnostics");
      files.delete("diagnostics");
      const found = await findings(files);
      for (const { code } of found) shown.add(code);
      const text = `${found.map(renderDiagnostic).join("\n\n")}\n`;
      if (!UPDATE) expect(text).toBe(expected);
      else {
        const all = [...files, ["diagnostics", text] as const].map(([file, content]) => `--- ${file}\n${content}`);
        writeFileSync(FOLDER + name, parts[0] + all.join(""), "latin1");
      }
    });
  }

  test("every kind of finding has a golden file", () => {
    const codes = readdirSync(LANGUAGES, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => [
        ...readFileSync(LANGUAGES + name, "utf8").matchAll(/(?:code: |warn\(\w+, \w+, )"([a-z-]+)"/g),
      ])
      .map((m) => m[1]!);
    expect(new Set(codes).size).toBeGreaterThan(7);
    expect([...new Set(codes)].filter((code) => !shown.has(code))).toEqual([]);
  });
});
