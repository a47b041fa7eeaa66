// sip_warning: replies made here say where their request came from.

import { expect, test } from "vitest";
import { headerOf } from "../support/message-text.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";

test.each([
  ["sip_warning=1\n", true],
  ["", false],
] as const)("%j", async (line, there) => {
  const bed = await openProxy(`${line}${modules()}request_route { $rU = "y"; sl_send_reply("404", "No"); }\n`);
  const agent = await bed.udp(7000);
  const [reply = ""] = await agent.send(bed.request("OPTIONS", "sip:x@example.org"));
  if (there) {
    expect(headerOf(reply, "Warning")).toMatch(
      /^392 192\.0\.2\.1:5060 "Noisy feedback tells: {2}pid=\d+ req_src_ip=192\.0\.2\.10 req_src_port=7000 in_uri=sip:x@example\.org out_uri=sip:y@example\.org via_cnt==1"$/,
    );
  } else expect(reply).not.toContain("Warning");
  await bed.close();
});
