// The default configuration is Kamailio's language to the letter: the real one accepts it, whatever is switched on.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isInstalled, run } from "../support/programs.ts";
import { chosenTargets, root, whyMissing } from "../support/server.ts";

const FILE = join(root, "embed/default.cfg");
const SWITCHES: readonly string[][] = [
  [],
  ["-A", 'PBX="192.0.2.1"'],
  ["-A", "WITH_STRANGERS"],
  ["-A", 'PBX="192.0.2.1"', "-A", "WITH_STRANGERS", "-A", "RING_MILLISECONDS=9000", "-A", 'REALM="office"'],
];

describe("embed/default.cfg", () => {
  for (const switches of SWITCHES) {
    const shown = switches.filter((word) => word !== "-A").join(" ") || "as it is";
    test(`is accepted by Kamailio: ${shown}`, async ({ skip }) => {
      if (!isInstalled("kamailio")) {
        if (process.env.CI === "true") throw new Error("kamailio is missing");
        skip("kamailio is not installed");
      }
      const { code, output } = await run(["kamailio", "-c", "-f", FILE, ...switches]);
      expect(output).not.toMatch(/ERROR|CRITICAL/);
      expect(code, output).toBe(0);
    });
    for (const target of chosenTargets().filter(({ name }) => name !== "kamailio")) {
      test(`is accepted by ours without a warning (${target.name}): ${shown}`, async () => {
        expect(await whyMissing(target)).toBeNull();
        const { code, output } = await run([...target.command, "-c", "-f", FILE, ...switches], { env: target.env });
        expect(code, output).toBe(0);
        expect(output).toContain("0 errors, 0 warnings");
      });
    }
  }
});
