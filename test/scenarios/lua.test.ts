// Lua in every way to run the server, the executable alone in an empty directory among them: routing by a script, a script that loads another
// one, and one that is broken.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../support/programs.ts";
import { chosenTargets, type Server, startServer } from "../support/server.ts";

const SCRIPT = `
local extra = dofile("{DIR}/extra.lua")
function ksr_request_route()
  KSR.hdr.append_to_reply("X-Extra: " .. extra .. "\\r\\n")
  KSR.sl.send_reply(200, "Lua " .. 10/2 .. " " .. KSR.pv.gete("$rU"))
end
`;
const CONFIG = `#!KAMAILIO
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "app_lua.so"
modparam("app_lua", "load", "{DIR}/script.lua")
cfgengine "lua"
`;

for (const target of chosenTargets()) {
  describe(`Lua (${target.name})`, () => {
    const directory = mkdtempSync(join(tmpdir(), "portico-lua-"));
    const here = (text: string): string => text.replaceAll("{DIR}", directory);
    let server: Server;
    beforeAll(async () => {
      writeFileSync(join(directory, "script.lua"), here(SCRIPT));
      writeFileSync(join(directory, "extra.lua"), "return string.rep('x', 3)\n");
      server = await startServer(target, { config: here(CONFIG) });
    }, 120_000);
    afterAll(async () => {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    });

    test("a script routes", async () => {
      const agent = await server.agent("udp");
      const reply = await agent.ask({ method: "OPTIONS", uri: `sip:bob@127.0.0.1:${server.port}` });
      expect(reply.raw).toMatch(/^SIP\/2\.0 200 Lua 5 bob\r\n/);
      expect(reply.raw).toContain("\r\nX-Extra: xxx\r\n");
    });

    test.runIf(target.name !== "kamailio")("a broken script is refused with its file and line", async () => {
      writeFileSync(join(directory, "broken.lua"), "function f()\n  x = = 1\nend\n");
      const file = join(directory, "broken.cfg");
      writeFileSync(file, here(CONFIG).replace("script.lua", "broken.lua"));
      const { code, output } = await run([...target.command, "-c", "-f", file], { env: target.env, cwd: directory });
      expect(code).toBe(1);
      expect(output).toContain("broken.lua:2:");
    });
  });
}
