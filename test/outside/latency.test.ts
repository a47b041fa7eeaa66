// What the log tells of slow and of unreadable things: latency_*, cfgtrace, corelog. Texts as the oracle prints them.

import { expect, test } from "vitest";
import { modules, openProxy } from "../support/proxy-bed.ts";

const SCRIPT = `
route[SUB] { $var(y) = 1; return; }
request_route {
  $var(x) = 1;
  route(SUB);
  if ($rm == "INFO") { sl_send_reply("200", "OK"); exit; }
  while ($var(x) < 3) { $var(x) = $var(x) + 1; }
  sl_send_reply("404", "No");
}
`;

async function logOf(globals: string, method: string, level: number, script = SCRIPT): Promise<string[]> {
  const bed = await openProxy(`${globals}\n${modules()}${script}`, level);
  const agent = await bed.udp(7000);
  bed.log.length = 0;
  await agent.send(bed.request(method, "sip:a@192.0.2.1"));
  const lines = [...bed.log];
  await bed.close();
  return lines;
}

test("latency_cfg_log tells how long the request route took, at its level", async () => {
  expect(await logOf("latency_cfg_log=1", "INFO", 1)).toEqual([
    expect.stringMatching(/^NOTICE: request-route executed in: \d+ usec$/),
  ]);
  expect(await logOf("latency_cfg_log=2", "INFO", 1)).toEqual([]);
});

test("cfgtrace tells of each action before it runs; without it nothing", async () => {
  const lines = (await logOf("cfgtrace=1", "INFO", -1)).map((line) => line.replace(/^ERROR: \*\*\* cfgtrace: /, ""));
  expect(lines.map((line) => line.replace(/c=\[.*\] l=\d+ /, ""))).toEqual([
    "request_route n=assign",
    "request_route n=route",
    "route[SUB] n=assign",
    "route[SUB] n=return",
    "request_route n=if",
    "request_route n=sl_send_reply",
    "request_route n=exit",
  ]);
  expect(lines[0]).toMatch(/c=\[\/portico\.cfg\] l=\d+ n=assign$/);
  expect(await logOf("", "INFO", -1)).toEqual([]);
});

test("the results of routes are the same with watched actions", async () => {
  for (const watched of ["", "cfgtrace=1", "latency_limit_action=100000000"]) {
    const bed = await openProxy(`${watched}\n${modules()}${SCRIPT}`);
    const agent = await bed.udp(7000);
    expect((await agent.send(bed.request("MESSAGE", "sip:a@192.0.2.1")))[0]).toContain("SIP/2.0 404 No");
    await bed.close();
  }
});

test("corelog is the level of lines about messages that cannot be used", async () => {
  const broken = "OPTIONS sip:a@192.0.2.1 SIP/2.0\r\nFrom: x\r\n\r\n";
  const lines = async (globals: string, level: number): Promise<string[]> => {
    const bed = await openProxy(`${globals}\n${modules()}${SCRIPT}`, level);
    await (await bed.udp(7000)).send(broken);
    await bed.close();
    return bed.log.filter((line) => line.includes("dropped"));
  };
  expect(await lines("", -1)).toEqual([expect.stringMatching(/^ERROR: request from 192\.0\.2\.10:7000 dropped: /)]);
  expect(await lines("corelog=2", 1)).toEqual([]);
  expect(await lines("corelog=2", 2)).toEqual([expect.stringMatching(/^INFO: /)]);
});
