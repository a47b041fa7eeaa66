// How vitest runs here, under Bun and under Deno alike. ./scripts/test picks the kind of tests by PORTICO_TESTS.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Tests that ask Kamailio: run once, after the others. */
const COMPARE = ["test/parity/**/*.test.ts"];
/** Tests that start programs: run once, after all others. They start both runtimes themselves. */
const DRIVE_PROCESSES = ["test/scenarios/**/*.test.ts", "test/clients/**/*.test.ts"];
const INCLUDED: Readonly<Record<string, readonly string[]>> = {
  comparisons: COMPARE,
  programs: DRIVE_PROCESSES,
  processes: [...COMPARE, ...DRIVE_PROCESSES],
};

const kind = process.env.PORTICO_TESTS ?? "all";
const isLong = process.env.PORTICO_LONG === "1";

export default defineConfig({
  resolve: {
    alias: { "@std/cli/parse-args": fileURLToPath(new URL("./src/util/parse-args.ts", import.meta.url)) },
  },
  plugins: [
    {
      // What `with { type: "text" }` means to Bun and to Deno: files of embed/ are text.
      name: "embedded-text",
      enforce: "pre",
      transform(code, id) {
        if (!id.includes("/embed/") || /\.[jt]s$/.test(id)) return null;
        return { code: `export default ${JSON.stringify(code)};`, map: null };
      },
    },
  ],
  test: {
    include: [...(INCLUDED[kind] ?? ["src/**/*.test.ts", "scripts/**/*.test.ts", "test/**/*.test.ts"])],
    exclude: kind === "units" ? [...COMPARE, ...DRIVE_PROCESSES] : [],
    // vitest's child processes do not start under Bun 1.4 (no channel.unref), and its threads do not end cleanly under
    // Deno 2.9 (no parentPort.removeAllListeners).
    pool: "Deno" in globalThis ? "forks" : "threads",
    maxWorkers: 2,
    testTimeout: isLong || kind in INCLUDED ? 600_000 : 30_000,
    hookTimeout: 120_000,
  },
});
