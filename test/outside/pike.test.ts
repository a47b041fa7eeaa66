// Module pike on a whole proxy: codes and commands as seen on Kamailio 5.6.3, the limit being exact here.

import { expect, test } from "vitest";
import { type BedAgent, modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const CONFIG = `${modules("pike")}
modparam("pike", "reqs_density_per_unit", 8)
modparam("pike", "remove_latency", 10)
request_route {
    if ($rU == "ip") { pike_check_ip("$hdr(X-Ip)"); } else { pike_check_req(); }
    $var(rc) = $rc;
    sl_send_reply("200", "rc $var(rc)");
}
`;

async function ask(bed: ProxyBed, agent: BedAgent, times: number, user = "x", lines: string[] = []): Promise<number[]> {
  const codes: number[] = [];
  for (let i = 0; i < times; i++) {
    const [reply] = await agent.send(bed.request("OPTIONS", `sip:${user}@example.org`, lines));
    codes.push(Number(/^SIP\/2\.0 200 rc (-?\d+)/.exec(reply!)![1]));
  }
  return codes;
}

test("an address that asks too much is blocked until a period in which it does not", async () => {
  const bed = await openProxy(CONFIG, 1);
  const agent = await bed.udp(7000);
  const first = await ask(bed, agent, 12);
  expect(first).toEqual([1, 1, 1, 1, 1, 1, 1, 1, -2, -1, -1, -1]);
  expect(bed.log.filter((line) => line.includes("192.0.2.10 sends too many requests and is blocked")).length).toBe(1);
  expect(await bed.rpc("pike.top")).toEqual({
    max_hits: 8,
    list: [{ ip_addr: "192.0.2.10", leaf_hits_prev: 0, leaf_hits_curr: 12, expires: 10, status: "HOT" }],
    number_of_rows: 1,
  });
  await bed.world.advance(2000);
  expect(await ask(bed, agent, 3)).toEqual([-1, -1, -1]);
  await bed.world.advance(2000);
  expect(await ask(bed, agent, 2)).toEqual([1, 1]);
  expect(bed.log.some((line) => line.includes("192.0.2.10 is no longer blocked"))).toBe(true);
  expect(await bed.rpc("pike.list")).toMatchObject({ number_of_rows: 0 });
  expect(await bed.rpc("pike.top", "ALL")).toMatchObject({ number_of_rows: 1 });
  await bed.world.advance(15_000);
  expect(await bed.rpc("pike.top", "ALL")).toMatchObject({ number_of_rows: 0 });
  await bed.close();
});

test("addresses are counted apart, however they are spelt", async () => {
  const bed = await openProxy(CONFIG);
  const agent = await bed.udp(7000);
  const other = ["X-Ip: 2001:db8::1"];
  const same = ["X-Ip: 2001:0DB8:0::1"];
  expect(await ask(bed, agent, 7, "ip", other)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect(await ask(bed, agent, 3, "ip", same)).toEqual([1, -2, -1]);
  expect(await ask(bed, agent, 2)).toEqual([1, 1]);
  expect(await ask(bed, agent, 1, "ip", ["X-Ip: nonsense"])).toEqual([-1]);
  await bed.close();
});
