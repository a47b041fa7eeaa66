// Whole configurations on the real modules: they are read and checked without a complaint that matters.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { modules } from "../../src/modules/index.ts";
import { loadConfig } from "../../src/script/index.ts";

test("the benchmark's configuration is accepted", () => {
  const text = readFileSync(fileURLToPath(new URL("kamailio-native.cfg", import.meta.url)), "latin1");
  const config = loadConfig({ file: "kamailio-native.cfg", text }, modules);
  expect(config.diagnostics.filter((d) => d.code !== "no-effect")).toEqual([]);
  expect(config.ok).toBe(true);
  expect(config.globals.listen).toMatchObject([{ proto: "udp", host: "127.0.0.1", port: 5070 }]);
  expect(config.globals.bool("disable_tcp")).toBe(true);
  expect(config.modules[0]?.module.name).toBe("core");
  expect(config.modules.find((m) => m.module.name === "tm")?.params).toMatchObject({ wt_timer: 1000 });
});
