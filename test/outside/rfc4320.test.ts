// Requests other than INVITE by RFC 4320 (module tm's parameter rfc4320), and as Kamailio treats them without it.

import { describe, expect, test } from "vitest";
import { modules, openProxy } from "../support/proxy-bed.ts";

async function relayed(rfc4320: 0 | 1, answer: number | null): Promise<string[]> {
  const bed = await openProxy(`${modules()}
modparam("tm", "rfc4320", ${rfc4320})
modparam("tm", "fr_timer", 20000)
request_route { $du = "sip:192.0.2.10:7001"; t_on_failure("F"); t_relay(); }
failure_route[F] { xlog("L_ERR", "failed $T_reply_code\\n"); }
`);
  const client = await bed.udp(7000);
  const hop = await bed.udp(7001);
  await client.send(bed.request("MESSAGE", "sip:x@example.org"));
  if (answer !== null) {
    const kept = hop.received[0]!.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
    await hop.send([`SIP/2.0 ${answer} R`, ...kept, "Content-Length: 0", "", ""].join("\r\n"));
  }
  await bed.world.advance(60_000);
  expect(bed.log.filter((line) => line.includes("failed 408")).length).toBe(answer === 200 ? 0 : 1);
  expect(await bed.rpc("tm.stats")).toMatchObject({ current: 0 });
  await bed.close();
  return client.received.map((text) => text.slice(8, 11));
}

describe("a next hop that says nothing", () => {
  test("by RFC 4320: 100 once it is slow, no 408", async () => {
    expect(await relayed(1, null)).toEqual(["100"]);
  });
  test("otherwise: 408", async () => {
    expect(await relayed(0, null)).toEqual(["408"]);
  });
});

describe("a next hop that says 180 to a MESSAGE, then nothing", () => {
  test("by RFC 4320: not passed on", async () => {
    expect(await relayed(1, 180)).not.toContain("180");
  });
  test("otherwise: passed on", async () => {
    expect(await relayed(0, 180)).toEqual(["180", "408"]);
  });
});

test("a final reply goes back either way", async () => {
  expect([await relayed(1, 200), await relayed(0, 200)]).toEqual([["200"], ["200"]]);
});
