// The stages of ./scripts/test, run one after the other, and the summary line at the end: `N passed, N failed, N skipped`
// over all of them. A stage that fails without a test to blame (the check, the build, a crash) counts as one failed.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { typeScriptFiles } from "./source.ts";
import type { RunReport } from "./test-reporter.ts";

const root = join(import.meta.dirname, "..");
const { BUN = "bun", DENO = "deno" } = process.env;

/** Comparisons that run on Deno too: what scripts and the language do there is what Kamailio does. */
const ON_DENO = ["test/parity/language.test.ts", "test/parity/stock-routing.test.ts"];

/** Minutes after which a stage is ended by force: a test that hangs must not hang the machine that builds. */
const STAGE_MINUTES = { usual: 20, long: 120 };

type Arguments = { readonly isLong: boolean; readonly check: boolean; readonly vitest: string[]; filters: string[] };

/** `--long` and `--no-check` are ours; anything else is vitest's. Words that are no options choose files. */
function readArguments(args: readonly string[]): Arguments {
  const vitest = args.filter((arg) => arg !== "--long" && arg !== "--no-check");
  const filters = vitest.filter(
    (arg, i) => !arg.startsWith("-") && !/^(?:-t|--testNamePattern)$/.test(vitest[i - 1] ?? ""),
  );
  return { isLong: args.includes("--long"), check: !args.includes("--no-check"), vitest, filters };
}

/** Runs a program with our output and waits; returns its exit code, or 124 when it was ended for taking too long. */
function run(command: readonly string[], env: Record<string, string>, minutes: number): Promise<number> {
  const [program = "", ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: "inherit" });
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      console.error(`\nended by force after ${minutes} minutes: ${command.join(" ")}`);
      child.kill("SIGKILL");
    }, minutes * 60_000);
    child.on("error", (error) => {
      clearTimeout(timer);
      console.error(`${program}: ${error.message}`);
      resolve(127);
    });
    child.on("exit", (code) => {
      clearTimeout(timer);
      resolve(expired ? 124 : (code ?? 1));
    });
  });
}

function title(text: string): void {
  console.log(`\n━━ ${text}`);
}

async function main(): Promise<number> {
  const { isLong, check, vitest, filters } = readArguments(process.argv.slice(2));
  const minutes = isLong ? STAGE_MINUTES.long : STAGE_MINUTES.usual;
  const reports = mkdtempSync(join(tmpdir(), "portico-test-"));
  const total = { passed: 0, failed: 0, skipped: [] as RunReport["skipped"] };
  const started = Date.now();

  /** One run of vitest, added to the total. */
  const runTests = async (
    name: string,
    kind: "units" | "comparisons" | "programs",
    runtime: readonly string[],
    chosen = vitest,
  ) => {
    title(name);
    const report = join(reports, `${name.replaceAll(/\W+/g, "-")}.json`);
    const options = ["--reporter=default", "--reporter=./scripts/test-reporter.ts", "--passWithNoTests"];
    const command = [...runtime, "node_modules/vitest/vitest.mjs", "run", ...options, ...chosen];
    const env = { PORTICO_TESTS: kind, PORTICO_TEST_REPORT: report, ...(isLong ? { PORTICO_LONG: "1" } : {}) };
    const status = await run(command, env, minutes);
    if (existsSync(report)) {
      const { passed, failed, skipped, slowest } = JSON.parse(readFileSync(report, "utf8")) as RunReport;
      total.passed += passed;
      total.failed += failed > 0 || status === 0 ? failed : 1;
      total.skipped.push(...skipped.map((one) => ({ ...one, name: `${name}: ${one.name}` })));
      console.log(`slowest: ${slowest.map(({ file, seconds }) => `${file} ${seconds} s`).join(", ")}`);
    } else if (status !== 0) {
      console.error(`vitest ended with status ${status} and left no report`);
      total.failed++;
    }
  };
  const runStage = async (name: string, command: string[]) => {
    title(name);
    if ((await run(command, {}, minutes)) !== 0) total.failed++;
  };

  if (check) await runStage("check", ["scripts/check"]);

  await runTests("tests on Bun", "units", [BUN, "--no-env-file", "--config=bunfig.toml", "--bun"]);
  const deno = [DENO, "run", "-A", "--no-lock", "--config", "deno.json"];
  await runTests("tests on Deno", "units", deno);

  const isWanted = (file: string) => filters.length === 0 || filters.some((filter) => file.includes(filter));
  const drivers = typeScriptFiles(root, "test").filter(
    (file) => /^test\/(?:scenarios|parity|clients)\/.*\.test\.ts$/.test(file) && isWanted(file),
  );
  if (drivers.length > 0) {
    await runStage("build", ["scripts/build"]);
    const runtime = [BUN, "--no-env-file", "--config=bunfig.toml", "--bun"];
    await runTests("beside Kamailio", "comparisons", runtime);
    const onDeno = ON_DENO.filter(isWanted);
    const options = vitest.filter((arg) => !filters.includes(arg));
    if (onDeno.length > 0) await runTests("as Kamailio, on Deno", "comparisons", deno, [...options, ...onDeno]);
    await runTests("programs", "programs", runtime);
  }
  rmSync(reports, { recursive: true, force: true });

  if (total.skipped.length > 0) title("skipped");
  for (const { name, reason } of total.skipped) console.log(`${name}${reason ? ` — ${reason}` : ""}`);
  const ran = total.passed + total.failed > 0;
  title(
    `${Math.round((Date.now() - started) / 1000)} s${ran ? "" : ", and no test ran: does the filter match a file?"}`,
  );
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

process.exitCode = await main();
