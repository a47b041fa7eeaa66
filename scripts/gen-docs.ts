// Writes docs/reference.md from the declarations; with --check only says whether it is up to date (exit code 1 when not).

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { referencePage } from "../src/control/reference.ts";

const path = join(import.meta.dirname, "..", "docs", "reference.md");
const page = referencePage();
const old = existsSync(path) ? readFileSync(path, "utf8") : "";
if (!process.argv.includes("--check")) writeFileSync(path, page);
else if (page !== old) {
  console.error("docs/reference.md is stale: run ./scripts/docs");
  process.exitCode = 1;
}
