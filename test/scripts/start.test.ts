// What the check of scripts finds is told when the program starts, too: a warning is a line of the log, an error keeps it from starting.

import { expect, test } from "vitest";
import { UnusableConfig } from "../../src/boot.ts";
import { Level } from "../../src/util/log.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";

const CONFIG = `${modules("app_lua")}modparam("app_lua", "load", "/route.lua")\ncfgengine "lua"\n`;

test("a warning is logged, and the proxy runs", async () => {
  const script =
    "function ksr_request_route()\n  if KSR.is_ACK() then KSR.sl.sendreply(1) end\n  KSR.sl.send_reply(200, 'OK')\nend\n";
  const bed = await openProxy(CONFIG, Level.WARNING, undefined, undefined, { "/route.lua": script });
  expect(bed.log.filter((line) => line.includes("/route.lua"))).toEqual([
    expect.stringContaining("/route.lua:2: there is no function KSR.sl.sendreply(); did you mean KSR.sl.send_reply()?"),
  ]);
  const agent = await bed.udp(7000);
  expect(await agent.send(bed.request("OPTIONS", "sip:192.0.2.1"))).toEqual([
    expect.stringContaining("SIP/2.0 200 OK"),
  ]);
  await bed.close();
});

test("a script that cannot be read is an error with its place", async () => {
  const opening = openProxy(CONFIG, Level.WARNING, undefined, undefined, { "/route.lua": "function f(\nend\n" });
  const error = await opening.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UnusableConfig);
  expect((error as UnusableConfig).diagnostics).toMatchObject([
    { severity: "error", code: "script-syntax", file: "/route.lua", line: 2, column: 1, length: 3 },
  ]);
});
