// What scripts in Lua write to the log: each function at its level, under sr and KSR.

import { expect, test } from "vitest";
import { modules, openProxy } from "../support/proxy-bed.ts";

const SCRIPT = `function ksr_request_route()
  KSR.dbg("a1\\n") KSR.info("a2\\n") KSR.notice("a3\\n") KSR.warn("a4\\n") KSR.err("a5\\n") KSR.crit("a6\\n")
  KSR.log("info", "b1\\n") KSR.log("warn", "b2\\n") KSR.log("whatever", "b3\\n")
  sr.dbg("c1\\n") sr.warn("c2\\n") sr.err("c3\\n") sr.log("info", "c4\\n")
  KSR.sl.sl_send_reply(200, "OK")
end`;

test("functions of the log write at their levels", async () => {
  const config = `${modules("app_lua")}modparam("app_lua", "load", "/route.lua")\nmodparam("app_lua", "register", "sl")\ncfgengine "lua"\n`;
  const bed = await openProxy(config, 3, undefined, undefined, { "/route.lua": SCRIPT });
  const phone = await bed.udp(7000);
  expect((await phone.send(bed.request("OPTIONS", "sip:x@y")))[0]).toMatch(/^SIP\/2.0 200/);
  const lines = bed.log.flatMap((line) => {
    const found = /^([A-Z]+):.*\b([abc]\d)$/.exec(line.trimEnd());
    return found === null ? [] : [`${found[2]} ${found[1]}`];
  });
  expect(lines).toEqual([
    ...["a1 DEBUG", "a2 INFO", "a3 NOTICE", "a4 WARNING", "a5 ERROR", "a6 CRITICAL"],
    ...["b1 INFO", "b2 WARNING", "b3 ERROR"],
    ...["c1 DEBUG", "c2 WARNING", "c3 ERROR", "c4 INFO"],
  ]);
  await bed.close();
});
