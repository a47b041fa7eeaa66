// `portico check --show-compiled [ROUTE]` prints the functions made of the routes, and nothing else of them.

import { expect, test } from "vitest";
import { tryOut } from "../../src/boot.ts";
import { runCheck } from "../../src/control/cli/check.ts";
import { checkOptions, UsageError } from "../../src/control/cli/options.ts";
import { createSimulation } from "../../src/host/simulated.ts";
import { bytesOf } from "../../src/util/bytes.ts";

const CONFIG = 'loadmodule "pv.so"\nrequest_route {\n  $var(x) = 1 + 2;\n  route(A);\n}\nroute[A] { exit; }\n';

async function shown(...args: string[]): Promise<string> {
  const host = createSimulation({ seed: 1 }).host({ addresses: ["192.0.2.1"] });
  host.files.write("/a.cfg", bytesOf(CONFIG));
  let out = "";
  const process = { ...host.process, write: (fd: 1 | 2, text: string) => void (out += fd === 1 ? text : "") };
  expect(
    await runCheck(Object.assign(Object.create(host), { process }), checkOptions(args), (c) => tryOut(host, c)),
  ).toBe(0);
  return out;
}

test("all routes, or the one that is named by its title or name", async () => {
  const all = await shown("--show-compiled", "/a.cfg");
  expect(all).toContain("// request_route, /a.cfg:2\nfunction ");
  expect(all).toContain("ctx.vars[0] = 3;");
  expect(all).toContain("// route[A], /a.cfg:6\n");
  for (const args of [["--show-compiled=A"], ["--show-compiled=route[A]"], ["--show-compiled", "route[A]"]]) {
    const one = await shown(...args, "/a.cfg");
    expect(one).toContain("// route[A], /a.cfg:6\n");
    expect(one).not.toContain("request_route");
  }
  expect(await shown("/a.cfg")).not.toContain("function");
  await expect(shown("--show-compiled=B", "/a.cfg")).rejects.toThrow(UsageError);
});
