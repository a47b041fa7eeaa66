// `portico check` of scripts in every way to run it, the executable alone in an empty directory among them: what Lua and Python themselves say,
// with file, line and column, and what scripts do with KSR. Nothing is left in the data directory.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../support/programs.ts";
import { chosenTargets, whyMissing } from "../support/server.ts";

const PYTHON = `
import KSR
import beside

class Script:
    def ksr_request_route(self, msg):
        KSR.sl.sendreply(200, f"{KSR.pv.get('$ruu')}")
        return 1

def mod_init():
    return Script()
`;

for (const target of chosenTargets().filter(({ name }) => name !== "kamailio"))
  describe(`check of scripts (${target.name})`, () => {
    const directory = mkdtempSync(join(tmpdir(), "portico-check-"));
    beforeAll(async () => expect(await whyMissing(target)).toBe(null), 120_000);
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    async function check(module: string, script: string): Promise<{ code: number | null; output: string }> {
      const config = `loadmodule "sl.so"\nloadmodule "pv.so"\nloadmodule "${module}.so"\nmodparam("${module}", "load", "${script}")\n`;
      const language = module === "app_lua" ? "lua" : "python";
      writeFileSync(join(directory, "check.cfg"), `${config}cfgengine "${language}"\n`);
      const data = join(directory, "data");
      return run([...target.command, "check", "check.cfg", "--data", data], { env: target.env, cwd: directory });
    }
    const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);

    test("Python: calls, modules beside the script, and what Python says", async () => {
      write("route.py", PYTHON);
      write("beside.py", "VALUE = 1\n");
      const good = await check("app_python3", "route.py");
      expect(good.output).toContain("portico: starting Python, which reads the script\n");
      expect(good.output).toContain("/route.py:7:9: warning: there is no function KSR.sl.sendreply()\n");
      expect(good.output).toContain("/route.py:7:45: warning: unknown variable $ruu\n");
      expect(good.code).toBe(0);
      write("beside.py", "ö = 1\ndef f(:\n    pass\n");
      const broken = await check("app_python3", "route.py");
      expect(broken.output).toContain("/beside.py:2:7: error: invalid syntax\n 2 | def f(:\n   |       ^\n");
      expect(broken.output).toContain("not usable: 1 error");
      expect(broken.code).toBe(1);
      // a text over which Python itself fails
      write("beside.py", `x = ${"1+".repeat(200_000)}1\n`);
      const hostile = await check("app_python3", "route.py");
      expect(hostile.output).toMatch(/\/beside.py:1:1: error: Python cannot read this: /);
      expect(hostile.code).toBe(1);
      expect(readdirSync(directory).sort()).toEqual(["beside.py", "check.cfg", "route.py"]);
    });

    test("Lua", async () => {
      write("route.lua", "function ksr_request_route()\n  KSR.sl.sendreply(200, 'OK')\nend\n");
      const good = await check("app_lua", "route.lua");
      expect(good.output).toContain("route.lua:2:3: warning: there is no function KSR.sl.sendreply()");
      expect(good.code).toBe(0);
      write("route.lua", "function f()\n  x = = 1\nend\n");
      const broken = await check("app_lua", "route.lua");
      expect(broken.output).toMatch(/route\.lua:2:\d+: error: /);
      expect(broken.code).toBe(1);
      rmSync(join(directory, "route.lua"));
    });
  });
