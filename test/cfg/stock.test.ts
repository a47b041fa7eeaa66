// The configurations that come with Kamailio (GPL, so they are read where Debian's package or a source tree has them, not kept here):
// whatever the checker finds is a module that does not exist here yet, told once, or what the file itself has wrong.
// KAMAILIO_EXAMPLES names another folder with misc/examples; a missing folder is a skip, under CI a failure.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { modules } from "../../src/modules/index.ts";
import { type Diagnostic, loadConfig, renderDiagnostic } from "../../src/script/index.ts";

const STOCK = "/etc/kamailio/kamailio.cfg";
const EXAMPLES = process.env["KAMAILIO_EXAMPLES"] ?? "/usr/share/doc/kamailio/examples";
const inCi = process.env["CI"] === "true" || process.env["CI"] === "1";

/** Errors that a module which is not there explains. */
const OF_MODULES = new Set(["missing-module", "unknown-module", "not-built"]);

function errors(file: string, defines: readonly string[] = []): Diagnostic[] {
  // a .sample stands for the file it is copied to; a configuration of ours holds the definitions the author is told to make
  const readFile = (name: string, from: string) => {
    const beside = resolve(dirname(from), name);
    for (const path of [name, beside, `${beside}.sample`, name.replace(/^.*\/etc\/kamailio\//, `${dirname(from)}/`)])
      if (existsSync(path)) return { name: path, text: readFileSync(path, "latin1") };
    return null;
  };
  const source = { file, text: readFileSync(file, "latin1") };
  return loadConfig(source, modules, { readFile, defines }).diagnostics.filter((d) => d.severity === "error");
}

/** Each missing module is one line. */
function expectOnce(found: readonly Diagnostic[]): void {
  const missing = found.filter((d) => d.code === "missing-module").map((d) => /module (\S+)/.exec(d.message)![1]!.replace(/,$/, ""));
  expect(missing.length).toBe(new Set(missing).size);
}

describe.runIf(existsSync(STOCK) || inCi)("Debian's kamailio.cfg", () => {
  const text = existsSync(STOCK) ? readFileSync(STOCK, "latin1") : "";
  const switches = [...new Set([...text.matchAll(/^#!if(?:n)?def (WITH_\w+)/gm)].map((m) => m[1]!))];
  const sets = [[], ...switches.map((s) => [s]), switches];

  test("is found", () => expect(switches.length).toBeGreaterThan(15));

  test.each(sets.map((defines) => [defines.length > 1 ? "all switches" : (defines[0] ?? "as it is"), defines] as const))(
    "%s",
    (_, defines) => {
      const found = errors(STOCK, defines);
      expect(found.filter((d) => !OF_MODULES.has(d.code)).map(renderDiagnostic)).toEqual([]);
      expectOnce(found);
    },
  );
});

/** By file: what else is wrong with it, as kinds of findings. Most are of the time of SER; Kamailio 5.6 refuses them as well. */
const FILE = fileURLToPath(new URL("./stock-findings.json", import.meta.url));
const LISTED = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, string[]>;

describe.runIf(existsSync(EXAMPLES) || inCi)("configurations of Kamailio's misc/examples", () => {
  const files = existsSync(EXAMPLES)
    ? readdirSync(EXAMPLES, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".cfg")).sort()
    : [];

  test("are found", () => expect(files.length).toBeGreaterThan(50));

  if (process.env["GOLDEN_UPDATE"] === "1") {
    const codes = (name: string) => [...new Set(errors(join(EXAMPLES, name)).map((d) => d.code))].filter((c) => !OF_MODULES.has(c));
    const listed = files.map((name) => [name, codes(name).sort()] as const).filter(([, c]) => c.length > 0);
    writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(listed), null, 1)}\n`);
  }

  test.each(files)("%s", (name) => {
    const found = errors(join(EXAMPLES, name));
    const unexplained = found.filter((d) => !OF_MODULES.has(d.code) && !(LISTED[name] ?? []).includes(d.code));
    expect(unexplained.map(renderDiagnostic)).toEqual([]);
    expectOnce(found);
  });
});
