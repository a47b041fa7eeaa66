// A vitest reporter that writes what ./scripts/test counts: results by kind, and the skipped tests with their reasons.
// vitest's own JSON report has neither the notes of skipped tests nor errors outside of tests.

import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { SerializedError } from "vitest";
import type { Reporter, TestModule } from "vitest/node";

/** What one run of vitest came to. Errors outside of tests (a file that does not load) count as failed. */
export type RunReport = {
  passed: number;
  failed: number;
  skipped: { readonly name: string; readonly reason: string }[];
  /** The files that took longest, those first. */
  slowest: { readonly file: string; readonly seconds: number }[];
};

const SLOWEST = 6;

/** Writes a RunReport to the file that PORTICO_TEST_REPORT names, at the end of the run. */
export default class TestReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env.PORTICO_TEST_REPORT;
    if (file === undefined) return;
    writeFileSync(file, JSON.stringify(summarise(modules, errors.length)));
  }
}

function summarise(modules: readonly TestModule[], errors: number): RunReport {
  const report: RunReport = { passed: 0, failed: errors, skipped: [], slowest: slowest(modules) };
  for (const module of modules) {
    // Files and groups may fail by themselves: one does not load, or its beforeAll throws.
    const broken = [module, ...module.children.allSuites()].filter((one) => one.errors().length > 0).length;
    let failed = broken;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === "passed") {
        report.passed++;
      } else if (result.state === "skipped") {
        const reason = result.note ?? "";
        report.skipped.push({ name: `${relative(process.cwd(), module.moduleId)} > ${test.fullName}`, reason });
      } else {
        // Also what never came to an end.
        failed++;
      }
    }
    report.failed += failed > 0 || module.ok() ? failed : 1;
  }
  return report;
}

function slowest(modules: readonly TestModule[]): RunReport["slowest"] {
  const all = modules.map((module) => ({
    file: relative(process.cwd(), module.moduleId),
    seconds: Math.round(module.diagnostic().duration / 1000),
  }));
  return all.sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
}
