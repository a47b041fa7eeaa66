// Keeps the bench running: the short form must print its tables on this runtime. The figures are nobody's business here.

import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../support/programs.ts";

const root = join(import.meta.dirname, "../..");
const runtime =
  "Deno" in globalThis ? [process.execPath, "run", "-A", "--no-lock", "--config", "deno.json"] : [process.execPath];

test("bench --brief prints every table", { timeout: 120_000 }, async () => {
  const { code, output } = await run([...runtime, "test/bench/run.ts", "--brief"], { cwd: root, limit: 110_000 });
  expect(code, output).toBe(0);
  expect(output).not.toMatch(/NaN|Infinity/);
  for (const unit of ["ns", "µs", "octets", "ms", "a second"])
    expect(output).toMatch(new RegExp(` \\d[\\d. ]* ${unit}\n`));
});

test("bench registrations prints its table", { timeout: 120_000 }, async () => {
  const command = [...runtime, "test/bench/run.ts", "registrations", "--brief"];
  const { code, output } = await run(command, { cwd: root, limit: 110_000 });
  expect(code, output).toBe(0);
  expect(output).not.toMatch(/NaN|Infinity/);
  expect(output).toMatch(/2000 registrations on SQLite[\s\S]*lookup, 1\/s +\d+\n/);
});
