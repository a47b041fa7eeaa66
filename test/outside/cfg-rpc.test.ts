// Modules cfg_rpc and counters on a whole proxy: changes of the core take effect, what may not be changed is refused, what is declared badly too.

import { expect, test } from "vitest";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

let port = 20_000;
async function ask(bed: ProxyBed): Promise<string> {
  const agent = await bed.udp(port++);
  const [reply] = await agent.send(bed.request("OPTIONS", "sip:x@example.org"));
  return /^SIP\/2\.0 200 (.*)\r/.exec(reply!)![1]!;
}

test("a parameter of the core is in force at once, and goes back", async () => {
  const bed = await openProxy(
    `debug=-1\n${modules("cfg_rpc")}g.a = "x" desc "what it is"\ng.n = 1 desc "n"
request_route { xlog("L_INFO", "told\\n"); sl_send_reply("200", "$sel(cfg_get.g.a) $sel(cfg_get.g.n)"); }\n`,
  );
  const told = (): number => bed.log.filter((line) => line.includes("told")).length;
  expect(await ask(bed)).toBe("x 1");
  expect(told()).toBe(0);
  await bed.rpc("cfg.seti", "core", "debug", 2);
  await ask(bed);
  expect(told()).toBe(1);
  await bed.rpc("cfg.reset", "core");
  await ask(bed);
  expect(told()).toBe(1);
  expect(await bed.rpc("cfg.help", "g", "a")).toEqual(["what it is", "(parameter type is string)"]);
  expect(await bed.rpc("cfg.help", "core", "udp_mtu")).toEqual([expect.any(String), "(parameter type is integer)"]);
  expect(await bed.rpc("cfg.list")).toEqual(expect.arrayContaining(["core: debug", "g: a", "g: n"]));
  await bed.rpc("cfg.sets", "g", "a", "later");
  await bed.rpc("cfg.set", "g", "n", 5);
  expect(await ask(bed)).toBe("later 5");
  await bed.rpc("cfg.reset", "g");
  expect(await ask(bed)).toBe("x 1");
  await bed.rpc("cfg.set_delayed", "g", "n", 6);
  await bed.rpc("cfg.add_group_inst", "g[2]");
  await bed.rpc("cfg.set_delayed_int", "g[2]", "n", 7);
  expect(await bed.rpc("cfg.diff")).toEqual([
    { "group name": "g", "variable name": "n", "old value": 1, "new value": 6 },
    { "group name": "g", "group id": 2, "variable name": "n", "old value": 1, "new value": 7 },
  ]);
  await bed.rpc("cfg.commit");
  expect(await bed.rpc("cfg.get", "g[2]", "n")).toBe(7);
  await bed.close();
});

test("parameters of tm, of DNS and of the blocklist are in force for what begins afterwards", async () => {
  const bed = await openProxy(
    `use_dst_blocklist=on\n${modules("cfg_rpc")}modparam("tm", "fr_timer", 500)\nrequest_route { t_relay(); }\n`,
  );
  const set = (group: string, name: string, value: number): Promise<unknown> => bed.rpc("cfg.seti", group, name, value);
  const finals = async (): Promise<(string | undefined)[]> => {
    const agent = await bed.udp(port++);
    await agent.send(bed.request("INVITE", "sip:silent@192.0.2.10:7100"));
    await bed.world.advance(600);
    return agent.received.map((text) => text.slice(8, 11));
  };
  await set("tm", "auto_inv_100", 0);
  await set("core", "dst_blocklist_udp_imask", 16);
  expect(await finals()).toEqual(["408"]);
  await set("tm", "noisy_ctimer", 0);
  expect(await finals()).toEqual([]);
  await set("tm", "noisy_ctimer", 1);
  await set("core", "dst_blocklist_udp_imask", 0);
  expect(await finals()).toEqual(["408"]); // which lists the silent one
  expect(await finals()).toEqual(["477"]);
  await set("core", "use_dst_blocklist", 0);
  expect(await finals()).toEqual(["408"]);
  await bed.rpc("cfg.sets", "tm", "auto_inv_100_reason", "Wait");
  await set("tm", "auto_inv_100", 1);
  expect(await finals()).toEqual(["100", "408"]);
  for (const [name, value] of [
    ["auto_inv_100", 2],
    ["fr_timer", 0],
    ["max_transactions", 5],
  ] as const)
    await expect(set("tm", name, value)).rejects.toMatchObject({ code: 400 });
  await expect(set("core", "dst_blocklist_udp_imask", -1)).rejects.toMatchObject({ code: 400 });
  await bed.rpc("cfg.reset", "tm");
  await bed.close();
});

test("transactions are matched as cfg.seti says: Call-ID, and the R-URI and Via of requests without a cookie", async () => {
  const bed = await openProxy(`${modules("cfg_rpc")}request_route { t_relay(); }\n`);
  const agent = await bed.udp(port++);
  const hop = await bed.udp(port);
  const uri = `sip:bob@192.0.2.10:${port++}`;
  const sent = async (text: string): Promise<number> => {
    const before = hop.received.length;
    await agent.send(text);
    return hop.received.length - before;
  };
  const request = bed.request("MESSAGE", uri);
  const other = request.replace(/^Call-ID: .*$/m, "Call-ID: other");
  expect(await sent(request)).toBe(1);
  expect(await sent(other)).toBe(0);
  await bed.rpc("cfg.seti", "tm", "callid_matching", 1);
  expect(await sent(other)).toBe(1);
  const old = bed.request("INVITE", uri).replace("z9hG4bK", "");
  const moved = old.replace("sip:bob@", "sip:bill@");
  expect(await sent(old)).toBe(1);
  expect(await sent(moved)).toBe(1);
  await bed.rpc("cfg.seti", "tm", "ruri_matching", 0);
  expect(await sent(moved.replace("bill", "jack"))).toBe(0);
  const another = old.replace(";rport", ";x=1;rport");
  await bed.rpc("cfg.seti", "tm", "via1_matching", 0);
  expect(await sent(another)).toBe(0);
  await bed.rpc("cfg.seti", "tm", "via1_matching", 1);
  expect(await sent(another)).toBe(1);
  await bed.close();
});

test("what cannot be changed is refused", async () => {
  const bed = await openProxy(`${modules("cfg_rpc")}g.n = 1 desc "n"\nrequest_route { exit; }\n`);
  const refused: [string, ...(string | number)[]][] = [
    ["cfg.seti", "core", "children", 3],
    ["cfg.seti", "maxfwd", "max_limit", 0],
    ["cfg.seti", "pv", "shvset", 3],
    ["cfg.sets", "g", "n", "x"],
    ["cfg.set_delayed", "g", "n", "x"],
    ["cfg.set_delayed_int", "g", "nope", 1],
    ["cfg.add_group_inst", "core[1]"],
    ["cfg.add_group_inst", "maxfwd[1]"],
    ["cfg.reset", "nope"],
    ["cfg.get", "nope"],
    ["cfg.del", "g[3]", "n"],
  ];
  for (const [name, ...args] of refused) await expect(bed.rpc(name, ...args)).rejects.toMatchObject({ code: 400 });
  for (let i = 0; i < 1024; i++) await bed.rpc("cfg.add_group_inst", `g[${i}]`);
  await expect(bed.rpc("cfg.add_group_inst", "g[1024]")).rejects.toMatchObject({ code: 400 });
  await bed.close();
});

test("counters: values of the core, names that are not declared", async () => {
  const bed = await openProxy(
    `${modules("counters")}modparam("counters", "script_cnt_grp_name", "mine")
modparam("counters", "script_counter", "seen  what was seen")
request_route { cnt_inc("seen"); $var(a) = $rc; cnt_inc("nope"); $var(b) = $rc; sl_send_reply("200", "$var(a) $var(b) $stat(seen)"); }\n`,
    -1,
  );
  expect(await ask(bed)).toBe("1 -1 1");
  expect(await ask(bed)).toBe("1 -1 2");
  expect(await bed.rpc("cnt.list_groups")).toEqual(["core", "dns", "mine", "registrar", "sl", "tcp", "usrloc"]);
  expect(await bed.rpc("cnt.grps_list")).toEqual(["core", "dns", "mine", "registrar", "sl", "tcp", "usrloc"]);
  expect(await bed.rpc("cnt.get", "core", "rcv_requests")).toBe(2);
  await bed.rpc("cnt.reset", "core", "rcv_requests");
  expect(await bed.rpc("cnt.get", "core", "rcv_requests")).toBe(0);
  expect(await bed.rpc("cnt.help", "mine", "seen")).toBe("what was seen");
  expect(bed.log.some((line) => line.includes("counter nope is not declared"))).toBe(true);
  await bed.close();
});

test("max_while_loops, latency_log and latency_limit_action hold for the routes in force", async () => {
  const bed = await openProxy(`${modules("cfg_rpc", "debugger")}latency_limit_action=1000000
request_route {
  $var(i) = 0;
  while ($var(i) < 50) { $var(i) = $var(i) + 1; }
  sl_send_reply("200", "$var(i)");
}
`);
  const phone = await bed.udp(7000);
  const rounds = async (): Promise<string> => {
    const [reply] = await phone.send(bed.request("OPTIONS", "sip:x@example.org"));
    return /^SIP\/2\.0 200 (\d+)/.exec(reply!)![1]!;
  };
  expect(await rounds()).toBe("50");
  await bed.rpc("cfg.seti", "core", "max_while_loops", 7);
  expect(await rounds()).toBe("7");
  expect(bed.log.at(-1)).toMatch(/while ended after 7 rounds/);
  const slow = (): string[] => bed.log.filter((line) => line.includes("took too long"));
  expect(slow()).toEqual([]);
  await bed.rpc("cfg.seti", "core", "latency_limit_action", 0);
  await bed.rpc("cfg.seti", "core", "latency_log", -5);
  await rounds();
  expect(slow()[0]).toMatch(/^ALERT: /);
  await bed.close();
});
