// log_prefix: a text with variables in front of every log line that is written while a message is processed.

import { expect, test } from "vitest";
import { UnusableConfig } from "../../src/boot.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";

const ROUTE = `${modules()}
request_route {
  xlog("L_ERR", "one\\n");
  log("two");
  $ru = "sip:changed@example.org";
  xlog("L_ERR", "three\\n");
  if (is_method("BYE")) { $var(x) = $(hdr(X-None){s.int}); sl_send_reply("999999", "x"); }
}
`;

test("once a message, or for each line by log_prefix_mode", async () => {
  for (const [mode, last] of [
    [0, "x@example.org"],
    [1, "changed@example.org"],
  ] as const) {
    const bed = await openProxy(`log_prefix="{$rm $ci $ru} "\nlog_prefix_mode=${mode}\n${ROUTE}`, 3);
    const agent = await bed.udp(7000);
    await agent.send(bed.request("OPTIONS", "sip:x@example.org"));
    const lines = bed.log.filter((line) => /one|two|three/.test(line));
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain("{OPTIONS bed1 sip:x@example.org} ");
    expect(lines[1]).toContain("{OPTIONS bed1 sip:x@example.org} ");
    expect(lines[2]).toContain(`{OPTIONS bed1 sip:${last}} `);
    bed.server.proxy.log.error("outside of messages");
    expect(bed.log.at(-1)).not.toContain("{");
    await bed.close();
  }
});

test("a variable that does not exist is an error at its place", async () => {
  await expect(openProxy(`log_prefix="$quux"\n${ROUTE}`)).rejects.toThrow(UnusableConfig);
});
