// Commands on transactions, by a whole proxy: fields as kamcmd shows them for the same calls on Kamailio 5.6.3.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const CONFIG = `${modules("tmx")}
request_route {
    if (is_method("ACK")) { t_check_trans(); exit; }
    append_to_reply("X-Script: 1\\r\\n");
    t_newtran();
    t_suspend();
}
`;

describe("commands on transactions", () => {
  let bed: ProxyBed;
  let phone: BedAgent;

  beforeEach(async () => {
    bed = await openProxy(CONFIG);
    phone = await bed.udp(7000);
    await phone.send(bed.request("INVITE", "sip:x@example.org", ["Call-ID: one", "CSeq: 7 INVITE"]));
  });
  afterEach(() => bed.close());

  async function id(): Promise<string> {
    const [entry] = (await bed.rpc("tm.list")) as { tindex: number; tlabel: number }[];
    return `${entry!.tindex}:${entry!.tlabel}`;
  }

  test("tm.list", async () => {
    expect(await bed.rpc("tm.list")).toEqual([
      {
        cell: expect.stringMatching(/^0x/),
        tindex: expect.any(Number),
        tlabel: expect.any(Number),
        method: "INVITE",
        from: "From: <sip:alice@example.org>;tag=a\r\n",
        to: "To: <sip:bob@example.org>\r\n",
        callid: "Call-ID: one\r\n",
        cseq: "CSeq: 7",
        uas_request: "yes",
        tflags: 1,
        outgoings: 1,
        ref_count: 1,
        lifetime: expect.any(Number),
      },
    ]);
  });

  test("tm.stats follows a transaction to its end", async () => {
    expect(await bed.rpc("tm.stats")).toMatchObject({ current: 1, waiting: 0, total: 1, created: 1, freed: 0 });
    await bed.rpc("tm.reply", 404, "Not Here", await id(), ".", ".");
    await phone.send(bed.request("ACK", "sip:x@example.org", ["Call-ID: one", "CSeq: 7 ACK"]));
    expect(await bed.rpc("tm.stats")).toMatchObject({ current: 1, "4xx": 1, rpl_sent: 2, rpl_generated: 2 });
    await bed.world.advance(60_000);
    expect(await bed.rpc("tm.stats")).toMatchObject({ current: 0, waiting: 0, "4xx": 1, freed: 1 });
  });

  test("tm.reply: tag, headers, body", async () => {
    const headers = "X-One: 1\r\nContent-Type: text/plain";
    expect(await bed.rpc("tm.reply", 481, "No Way", await id(), "mine", headers, "because")).toBe(null);
    await bed.world.advance(10);
    const [, reply] = phone.received;
    expect(reply).toMatch(/^SIP\/2\.0 481 No Way\r\n/);
    for (const line of ["To: <sip:bob@example.org>;tag=mine", "X-Script: 1", "X-One: 1", "Content-Length: 7"])
      expect(reply).toContain(`\r\n${line}\r\n`);
    expect(reply!.endsWith("\r\n\r\nbecause")).toBe(true);
    await expect(bed.rpc("tm.reply", 200, "OK", await id(), ".", ".")).rejects.toMatchObject({ code: 500 });
  });

  test("by Call-ID and CSeq", async () => {
    await expect(bed.rpc("tm.reply_callid", 486, "Busy", "two", "7", ".", ".")).rejects.toMatchObject({ code: 481 });
    await expect(bed.rpc("tm.reply_callid", 486, "Busy", "one", "8", ".", ".")).rejects.toMatchObject({ code: 481 });
    await bed.rpc("tm.reply_callid", 486, "Busy", "one", 7, ".", ".");
    await bed.world.advance(10);
    expect(phone.received.map((text) => text.slice(8, 11))).toEqual(["100", "486"]);
    await bed.rpc("tm.retransmit_reply", await id());
    await bed.world.advance(10);
    expect(phone.received.length).toBe(3);
    expect(phone.received[2]).toBe(phone.received[1]);
  });

  test.each([
    [["tm.reply", 486, "Busy", "1", ".", "."], 400, /index:label/],
    [["tm.reply", 486, "Busy", "1:2", ".", "."], 481, /No such transaction/],
    [["tm.reply", 99, "Busy", "0:0", ".", "."], 481, /No such/],
    [["tm.reply", "many", "Busy", "0:0", ".", "."], 400, /must be a number/],
    [["tm.reply", 486], 400, /argument 2 \(reason\) is missing/],
    [["tm.lists"], 404, /did you mean tm\.list/i],
    [["tm.list", 1], 400, /at most 0/],
  ] as const)("%j is refused", async ([name, ...args], code, message) => {
    await expect(bed.rpc(name, ...args)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("tm.hash_stats and tm.clean", async () => {
    expect(await bed.rpc("tm.hash_stats")).toMatchObject({ used: 1, longest: 1, transactions: 1 });
    expect(await bed.rpc("tm.clean")).toBe(0);
  });
});
