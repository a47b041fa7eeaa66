// The parameters of TCP as the group "tcp", and those of raw sockets: read by scripts and commands, and changed while the program runs.

import { afterEach, expect, test } from "vitest";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

let bed: ProxyBed | null = null;
afterEach(async () => {
  await bed?.close();
  bed = null;
});

const SCRIPT = `request_route {
  if (is_method("MESSAGE")) { $var(rc) = send_tcp("192.0.2.40:7000"); sl_send_reply("200", "$var(rc)"); exit; }
  sl_send_reply("200", "$sel(cfg_get.tcp.connection_lifetime) $sel(cfg_get.tcp.rd_buf_size) $sel(cfg_get.tcp.wq_max)");
}`;

async function open(globals = ""): Promise<ProxyBed> {
  bed = await openProxy(
    `${globals}listen=udp:192.0.2.1:5060\nlisten=tcp:192.0.2.1:5060\n${modules("cfg_rpc")}${SCRIPT}`,
  );
  return bed;
}

const set = (name: string, value: number): Promise<unknown> => bed!.rpc("cfg.seti", "tcp", name, value);
const get = (name: string): Promise<unknown> => bed!.rpc("cfg.get", "tcp", name);

test("defaults are Kamailio's but for two, and what the configuration says is seen", async () => {
  await open("tcp_connection_lifetime=77\ntcp_rd_buf_size=5000\n");
  const phone = await bed!.udp(7000);
  expect((await phone.send(bed!.request("OPTIONS", "sip:x@y")))[0]).toMatch(/^SIP\/2.0 200 77 5000 10485760\r/);
  const names = ((await bed!.rpc("cfg.list", "tcp")) as string[]).map((line) => line.replace("tcp: ", ""));
  const values = await Promise.all(names.map(get));
  expect(Object.fromEntries(names.map((name, i) => [name, values[i]]))).toEqual({
    ...{ connect_timeout: 10, send_timeout: 10, connection_lifetime: 77, max_connections: 2048 },
    ...{ max_tls_connections: 2048, no_connect: 0, fd_cache: 1, async: 1, connect_wait: 1 },
    ...{ conn_wq_max: 1_048_576, wq_max: 10_485_760, defer_accept: 0, delayed_ack: 1, syncnt: 0, linger2: 0 },
    ...{ keepalive: 1, keepidle: 0, keepintvl: 0, keepcnt: 0, crlf_ping: 1, accept_aliases: 0, accept_no_cl: 0 },
    ...{ reuse_port: 0, wait_data_ms: 5000, rd_buf_size: 5000, wq_blk_size: 2100 },
    ...{ alias_flags: 1, new_conn_alias_flags: 2 },
  });
  expect(await bed!.rpc("cfg.help", "tcp", "no_connect")).toContain("never open connections");
});

test("no_connect: nobody is connected to any more, those who are connected are served", async () => {
  await open();
  const host = bed!.world.host({ addresses: ["192.0.2.40"] });
  const local = { family: 4, address: "192.0.2.40", port: 7000 } as const;
  const handlers = { onData: () => undefined, onClose: () => undefined };
  await host.network.listenTcp({ local, maxQueue: 1000, onConnection: () => handlers });
  const phone = await bed!.udp(7000);
  const told = async (): Promise<string> =>
    (await phone.send(bed!.request("MESSAGE", "sip:x@y")))[0]!.split("\r\n")[0]!;
  await set("no_connect", 1);
  expect(await told()).toBe("SIP/2.0 200 -1");
  const connected = await bed!.tcp();
  expect((await connected.send(bed!.request("OPTIONS", "sip:x@y", [], "TCP 192.0.2.10:7000")))[0]).toMatch(/ 200 /);
  await set("no_connect", 0);
  expect(await told()).toBe("SIP/2.0 200 1");
});

test("rd_buf_size, accept_no_cl and crlf_ping: for connections that come then", async () => {
  await open();
  const long = bed!.request("OPTIONS", "sip:x@y", [], "TCP 192.0.2.10:7000", "x".repeat(2000));
  const bare = bed!.request("OPTIONS", "sip:x@y", [], "TCP 192.0.2.10:7000").replace(/Content-Length: 0\r\n/, "");
  const before = await bed!.tcp();
  await set("rd_buf_size", 1000);
  await set("accept_no_cl", 1);
  await set("crlf_ping", 0);
  expect((await before.send(long))[0]).toMatch(/ 200 /);
  const after = await bed!.tcp();
  expect((await after.send(bare))[0]).toMatch(/ 200 /);
  expect(await after.send("\r\n\r\n")).toEqual([]);
  await after.send(long);
  expect(after.isClosed()).toBe(true);
});

test("connection_lifetime and max_connections", async () => {
  await open();
  const idle = await bed!.tcp();
  await idle.send(bed!.request("OPTIONS", "sip:x@y", [], "TCP 192.0.2.10:7000"));
  await set("max_connections", 1);
  const second = await bed!.tcp();
  await bed!.world.advance(100);
  expect(second.isClosed()).toBe(true);
  expect(await bed!.rpc("core.tcp_info")).toMatchObject({ max_connections: 1 });
  await set("connection_lifetime", 10);
  await bed!.world.advance(20_000);
  expect(idle.isClosed()).toBe(true);
});

test.each([
  ["no_connect", -1],
  ["keepidle", 10],
  ["defer_accept", 1],
  ["alias_flags", 2],
])("%s cannot be changed to %i", async (name, value) => {
  await open();
  await expect(set(name, value)).rejects.toThrow("Failed to set the variable");
});

test("udp4_raw: raw sockets are used and left while the program runs", async () => {
  await open("udp4_raw_ttl=33\n");
  const info = (): Promise<unknown> => bed!.rpc("core.udp4_raw_info");
  const setCore = (name: string, value: number): Promise<unknown> => bed!.rpc("cfg.seti", "core", name, value);
  expect(await info()).toEqual({ udp4_raw: 0, udp4_raw_mtu: 1500, udp4_raw_ttl: 33 });
  await setCore("udp4_raw", 1);
  await setCore("udp4_raw_mtu", 600);
  await setCore("udp4_raw_ttl", -1);
  expect(await info()).toEqual({ udp4_raw: 1, udp4_raw_mtu: 600, udp4_raw_ttl: 64 });
  const phone = await bed!.udp(7000);
  expect((await phone.send(bed!.request("OPTIONS", "sip:x@y")))[0]).toMatch(/ 200 /);
  await setCore("udp4_raw", 0);
  expect(await info()).toMatchObject({ udp4_raw: 0 });
  await expect(setCore("udp4_raw", 2)).rejects.toThrow("Failed to set the variable");
});

test("udp4_raw=1 in the configuration shows", async () => {
  await open("udp4_raw=1\n");
  expect(await bed!.rpc("core.udp4_raw_info")).toEqual({ udp4_raw: 1, udp4_raw_mtu: 1500, udp4_raw_ttl: 64 });
});
