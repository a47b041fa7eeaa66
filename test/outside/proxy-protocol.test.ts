// tcp_accept_haproxy: a load balancer tells who its client is; as on Kamailio, a connection without that is ended.

import { expect, test } from "vitest";
import { modules, openProxy } from "../support/proxy-bed.ts";

const CONFIG = `tcp_accept_haproxy=yes
${modules()}
request_route { sl_send_reply("200", "from $si $sp by $proto"); }
`;

test("the client is whom the header names; replies go back over the connection", async () => {
  const bed = await openProxy(CONFIG);
  const balancer = await bed.tcp();
  const request = bed.request("OPTIONS", "sip:x@example.org", [], "TCP 203.0.113.9:5060");
  const [reply] = await balancer.send(`PROXY TCP4 203.0.113.9 192.0.2.1 40000 5060\r\n${request}`);
  expect(reply).toContain("SIP/2.0 200 from 203.0.113.9 40000 by tcp");
  expect(reply).toContain("received=203.0.113.9");
  const [again] = await balancer.send(bed.request("OPTIONS", "sip:x@example.org", [], "TCP 203.0.113.9:5060"));
  expect(again).toContain("from 203.0.113.9 40000");
  await bed.close();
});

test("a header in pieces; the balancer's own connection", async () => {
  const bed = await openProxy(CONFIG);
  const balancer = await bed.tcp();
  await balancer.send("PROX");
  await balancer.send("Y UNKNOWN\r");
  const [reply] = await balancer.send(`\n${bed.request("OPTIONS", "sip:x@example.org", [], "TCP 192.0.2.10:7000")}`);
  expect(reply).toContain("from 192.0.2.10");
  await bed.close();
});

test("without a header, or when none comes in time, the connection ends", async () => {
  const bed = await openProxy(CONFIG);
  const direct = await bed.tcp();
  expect(await direct.send(bed.request("OPTIONS", "sip:x@example.org", [], "TCP 192.0.2.10:7000"))).toEqual([]);
  const silent = await bed.tcp();
  await bed.world.advance(6000);
  expect(await silent.send("PROXY UNKNOWN\r\n")).toEqual([]);
  expect(silent.isClosed()).toBe(true);
  expect(direct.isClosed()).toBe(true);
  await bed.close();
});
