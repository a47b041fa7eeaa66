// Routes that wait (design.md, D5): what arrives meanwhile for the same transaction is absorbed, held or put off, and what arrives for others goes on.
// Kamailio's worker would stand still for all of them; the messages that go out in the end are the same.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const CONFIG = `${modules("tmx")}
modparam("tm", "fr_timer", 3000)
modparam("tm", "fr_inv_timer", 8000)
request_route {
    if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
    if (is_method("ACK")) { t_relay(); exit; }
    if (is_method("OPTIONS")) { sl_send_reply("200", "here"); exit; }
    t_check_trans();
    $du = "sip:192.0.2.10:7001";
    if ($rU == "early") exec("sleep 2");
    if ($rU == "branch") t_on_branch("SLOW");
    if ($rU == "reply") t_on_reply("SLOW");
    if ($rU == "failure") t_on_failure("SLOW");
    if ($rU == "refuse") { exec("sleep 2"); sl_send_reply("404", "Slowly"); exit; }
    t_relay();
}
branch_route[SLOW] { exec("sleep 2"); append_hf("X-Slow: 1\\r\\n"); }
onreply_route[SLOW] { if ($rs == 180) exec("sleep 2"); }
failure_route[SLOW] {
    exec("sleep 2");
    if (t_is_canceled()) exit;
    $du = "sip:192.0.2.10:7002";
    t_relay();
}
`;

describe("while a route waits", () => {
  let bed: ProxyBed;
  let phone: BedAgent;
  let first: BedAgent;
  let second: BedAgent;

  beforeEach(async () => {
    bed = await openProxy(CONFIG);
    phone = await bed.udp(7000);
    first = await bed.udp(7001);
    second = await bed.udp(7002);
  });
  afterEach(async () => {
    await bed.world.advance(60_000);
    expect(await bed.rpc("tm.stats")).toMatchObject({ current: 0 });
    expect(bed.server.proxy.counters.routeErrors).toBe(0);
    await bed.close();
  });

  const methods = (agent: BedAgent): string[] => agent.received.map((text) => text.split(" ")[0]!);
  const different = (agent: BedAgent): string[] => [...new Set(methods(agent))];
  const codes = (): string[] => [...new Set(phone.received.map((text) => text.slice(8, 11)))];
  const cancelOf = (invite: string): string =>
    invite.replace(/^INVITE/, "CANCEL").replace("CSeq: 1 INVITE", "CSeq: 1 CANCEL");
  const answer = (request: string, code: number): string =>
    [
      `SIP/2.0 ${code} R`,
      ...request.split("\r\n").filter((line) => /^(Via|From|Call-ID|CSeq):/.test(line)),
      "To: <sip:bob@example.org>;tag=u",
      "Content-Length: 0",
      "",
      "",
    ].join("\r\n");
  const ack = (invite: string, code: number): string =>
    invite
      .replace(/^INVITE/, "ACK")
      .replace("CSeq: 1 INVITE", "CSeq: 1 ACK")
      .replace(
        /^To: .*\r$/m,
        /^To: .*\r$/m.exec(phone.received.find((text) => text.startsWith(`SIP/2.0 ${code}`))!)![0],
      );

  test("request_route: repetitions are absorbed, others are served", async () => {
    const invite = bed.request("INVITE", "sip:early@example.org");
    await phone.send(invite);
    await bed.world.advance(500);
    await phone.send(invite);
    const [options] = await second.send(bed.request("OPTIONS", "sip:x@example.org", [], "UDP 192.0.2.10:7002"));
    expect(options).toContain("SIP/2.0 200 here");
    expect(first.received).toEqual([]);
    await bed.world.advance(1500);
    expect(methods(first)).toEqual(["INVITE"]);
    await first.send(answer(first.received[0]!, 200));
    expect(codes()).toEqual(["100", "200"]);
  });

  test("request_route: a CANCEL is held until its INVITE has a transaction", async () => {
    const invite = bed.request("INVITE", "sip:early@example.org");
    await phone.send(invite);
    await phone.send(cancelOf(invite));
    expect(phone.received).toEqual([]);
    await bed.world.advance(2000);
    expect(codes()).toEqual(["100", "200"]);
    await first.send(answer(first.received[0]!, 180));
    expect(different(first)).toEqual(["INVITE", "CANCEL"]);
    await first.send(answer(first.received.find((text) => text.startsWith("CANCEL"))!, 200));
    await first.send(answer(first.received[0]!, 487));
    expect(codes()).toEqual(["100", "200", "487"]);
    await phone.send(ack(invite, 487));
  });

  test("request_route: an ACK that comes before its failure was sent is no harm", async () => {
    const invite = bed.request("INVITE", "sip:refuse@example.org");
    await phone.send(invite);
    await phone.send(invite.replace(/^INVITE/, "ACK").replace("CSeq: 1 INVITE", "CSeq: 1 ACK"));
    await bed.world.advance(2500);
    expect(codes()).toEqual(["404"]);
  });

  test("branch_route: a CANCEL means that nothing is sent at all", async () => {
    const invite = bed.request("INVITE", "sip:branch@example.org");
    await phone.send(invite);
    await bed.world.advance(500);
    await phone.send(cancelOf(invite));
    await bed.world.advance(3000);
    expect(first.received).toEqual([]);
    expect(codes().sort()).toEqual(["100", "200", "487"]);
    await phone.send(ack(invite, 487));
  });

  test("branch_route: repetitions are answered, the branch goes out once", async () => {
    const invite = bed.request("INVITE", "sip:branch@example.org");
    await phone.send(invite);
    await phone.send(invite);
    await bed.world.advance(2000);
    expect(methods(first)).toEqual(["INVITE"]);
    expect(first.received[0]).toContain("X-Slow: 1");
    await first.send(answer(first.received[0]!, 200));
    expect(codes()).toEqual(["100", "200"]);
  });

  test("onreply_route: what comes behind a reply stays behind it", async () => {
    await phone.send(bed.request("INVITE", "sip:reply@example.org"));
    const [invite] = first.received;
    await first.send(answer(invite!, 180));
    await first.send(answer(invite!, 200));
    expect(codes()).toEqual(["100"]);
    await bed.world.advance(2000);
    expect(codes()).toEqual(["100", "180", "200"]);
  });

  test("onreply_route: a timer that fires meanwhile does so afterwards, when there is still reason", async () => {
    await phone.send(bed.request("INVITE", "sip:reply@example.org"));
    await bed.world.advance(2000);
    await first.send(answer(first.received[0]!, 180)); // fr_timer would fire 1 s from now
    await bed.world.advance(2500);
    expect(codes()).toEqual(["100", "180"]);
    await bed.world.advance(9000);
    expect(codes()).toEqual(["100", "180", "408"]);
  });

  test("failure_route: a CANCEL keeps it from another leg", async () => {
    const invite = bed.request("INVITE", "sip:failure@example.org");
    await phone.send(invite);
    await first.send(answer(first.received[0]!, 486));
    await phone.send(cancelOf(invite));
    await bed.world.advance(2500);
    expect(second.received).toEqual([]);
    expect(codes().slice(0, 2)).toEqual(["100", "200"]);
    expect(codes().length).toBe(3);
  });

  test("failure_route: repeated failures are acknowledged, the next leg is sent once", async () => {
    await phone.send(bed.request("INVITE", "sip:failure@example.org"));
    await first.send(answer(first.received[0]!, 486));
    await first.send(answer(first.received[0]!, 486));
    await bed.world.advance(2000);
    expect(methods(second)).toEqual(["INVITE"]);
    await second.send(answer(second.received[0]!, 200));
    expect(codes()).toEqual(["100", "200"]);
    expect(different(first)).toEqual(["INVITE", "ACK"]);
  });
});

test("what waits is bounded: beyond it requests are refused at once, until others have gone on", async () => {
  const bed = await openProxy(CONFIG);
  const phone = await bed.udp(7000);
  bed.server.proxy.maxWaiting = 10_000;
  const slow = () => bed.request("MESSAGE", "sip:refuse@x", [], "UDP 192.0.2.10:7000");
  const codes = async (): Promise<string[]> => (await phone.send(slow())).map((text) => text.slice(8, 11));
  expect([await codes(), await codes(), await codes(), await codes()]).toEqual([[], [], [], ["503"]]);
  await bed.world.advance(2500);
  expect(phone.received.map((text) => text.slice(8, 11))).toEqual(["503", "404", "404", "404"]);
  expect(await codes()).toEqual([]);
  await bed.close();
});
