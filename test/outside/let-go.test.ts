// INVITEs that the script answers itself and lets go: whatever order reply, t_release, CANCEL and ACK come in, none stays for ever.

import { expect, test } from "vitest";
import { modules, openProxy } from "../support/proxy-bed.ts";

const SCRIPTS: readonly [string, string][] = [
  ["only rings", 't_reply("180", "ring");'],
  ["rings and is released", 't_reply("180", "ring"); t_release();'],
  ["refused and released", 't_reply("404", "no"); t_release();'],
  ["refused", 't_reply("404", "no");'],
];

test.each(SCRIPTS)("%s", async (_name, actions) => {
  for (const [cancels, acknowledges] of [
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ] as const) {
    const bed = await openProxy(`${modules()}
      request_route {
        if (is_method("CANCEL")) { t_relay_cancel(); exit; }
        if (is_method("ACK")) { t_relay(); exit; }
        t_newtran();
        ${actions}
      }`);
    try {
      const client = await bed.udp(7000);
      const invite = bed.request("INVITE", "sip:x@192.0.2.1");
      const also = (method: string): string =>
        invite.replace(/^INVITE/, method).replace("CSeq: 1 INVITE", `CSeq: 1 ${method}`);
      const replies = [...(await client.send(invite))];
      if (cancels) replies.push(...(await client.send(also("CANCEL"))));
      const final = replies.find((r) => /^SIP\/2.0 [3-6].*CSeq: \d+ INVITE/s.test(r));
      if (cancels) expect(final).toBeDefined();
      if (acknowledges && final !== undefined) await client.send(also("ACK"));
      await bed.world.advance(40_000);
      expect(await bed.rpc("tm.stats")).toMatchObject({ current: 0, waiting: 0, created: 1, freed: 1 });
    } finally {
      await bed.close();
    }
  }
});
