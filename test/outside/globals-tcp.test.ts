// Global parameters of connections: when they end, when none is opened, and which messages may use one.

import { expect, test } from "vitest";
import { firstLine } from "../support/message-text.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";

const TCP = "TCP 192.0.2.10:7000";

test("tcp_script_mode: a request route that ends with a negative code ends the connection, unless it is 1", async () => {
  const route = `${modules()}route[FAIL] { return -1; }
request_route {
  if ($rU == "last") isflagset(1);
  else if ($rU == "called") route(FAIL);
  else if ($rU == "returned") return -2;
  else if ($rU == "answered") { sl_send_reply("404", "No"); return -1; }
  else if ($rU == "if") { if (!isflagset(1)) $var(x) = 1; }
  else if ($rU == "zero") return 0;
  else if ($rU == "exit") { isflagset(1); exit; }
  else sl_send_reply("299", "Got it");
}\n`;
  const closed = async (setting: string): Promise<string[]> => {
    const bed = await openProxy(setting + route);
    const users = ["last", "called", "returned", "answered", "if", "zero", "exit", "fine"];
    const ended: string[] = [];
    for (const user of users) {
      const phone = await bed.tcp();
      const got = await phone.send(bed.request("OPTIONS", `sip:${user}@192.0.2.1`, [], TCP));
      if (user === "answered") expect(got.map(firstLine)).toEqual(["SIP/2.0 404 No"]);
      await bed.world.advance(20);
      if (phone.isClosed()) ended.push(user);
    }
    await bed.close();
    return ended;
  };
  expect(await closed("")).toEqual(["last", "called", "returned", "answered"]); // as measured on the installed Kamailio
  expect(await closed("tcp_script_mode=1\n")).toEqual([]);
});

test("tcp_crlf_ping: the double CRLF is answered, unless it is off", async () => {
  for (const [setting, answer] of [
    ["", ["\r\n"]],
    ["tcp_crlf_ping=no\n", []],
  ] as const) {
    const bed = await openProxy(`${setting}${modules()}request_route { exit; }\n`);
    expect(await (await bed.tcp()).send("\r\n\r\n")).toEqual(answer);
    await bed.close();
  }
});

test("tcp_accept_aliases: a Via with alias lets the connection be found under its port", async () => {
  const route = `${modules()}request_route {
  if ($rU == "back") { $du = "sip:192.0.2.10:7099;transport=tcp"; set_forward_no_connect(); if (!t_relay()) send_reply("598", "None"); exit; }
  sl_send_reply("299", "Got it");
}\n`;
  for (const [setting, first] of [
    ["", "SIP/2.0 598 None"],
    ["tcp_accept_aliases=yes\n", "SIP/2.0 100 trying -- your call is important to us"],
  ] as const) {
    const bed = await openProxy(setting + route);
    const phone = await bed.tcp();
    const via = "Via: SIP/2.0/TCP 192.0.2.10:7099;branch=z9hG4bKal;alias";
    await phone.send(bed.request("OPTIONS", "sip:x@192.0.2.1", [via]));
    const caller = await bed.udp(7000);
    expect((await caller.send(bed.request("INVITE", "sip:back@192.0.2.1"))).map(firstLine).at(-1)).toBe(first);
    expect(phone.received.filter((t) => t.startsWith("INVITE "))).toHaveLength(setting === "" ? 0 : 1);
    await bed.close();
  }
});

test("tcp_no_connect: no connection is opened, those that are there are used", async () => {
  const route = `${modules()}request_route { $du = "sip:192.0.2.10:" + $rp + ";transport=tcp"; if (!t_relay()) send_reply("598", "None"); }\n`;
  const bed = await openProxy(`tcp_no_connect=yes\n${route}`);
  const phone = await bed.udp(7000);
  const got = await phone.send(bed.request("OPTIONS", "sip:x@192.0.2.10:7001"));
  expect(got.map(firstLine)).toEqual(["SIP/2.0 598 None"]);
  await bed.close();
});

test("tcp_source_ipv4: connections are opened from that address; from the listener's where it cannot be had", async () => {
  const route = `listen=tcp:192.0.2.1:5060\nlisten=udp:192.0.2.1:5060\n${modules()}request_route { $du = "sip:192.0.2.10:7001;transport=tcp"; t_relay(); }\n`;
  const froms: string[] = [];
  for (const setting of ["", "tcp_source_ipv4=192.0.2.7\n", "tcp_source_ipv4=198.51.100.9\n"]) {
    const bed = await openProxy(setting + route, -1, ["192.0.2.1", "192.0.2.7"]);
    bed.world.observe(({ protocol, to, from }) => {
      if (protocol === "tcp" && to.port === 7001) froms.push(from.address);
    });
    await bed.tcpServer(7001);
    await (await bed.udp(7000)).send(bed.request("OPTIONS", "sip:x@192.0.2.10:7001"));
    froms.push("-");
    await bed.close();
  }
  const seen = froms
    .join(" ")
    .split("-")
    .map((part) => [...new Set(part.trim().split(" "))].join(" "));
  expect(seen.slice(0, 3)).toEqual(["192.0.2.1", "192.0.2.7", "192.0.2.1"]);
});

test("what the runtimes do not let us set is told by check, with the reason", async () => {
  const set = {
    ...{ tcp_children: 4, tcp_fd_cache: 0, tcp_wq_blk_size: 4096, tcp_async: 0, tcp_poll_method: "poll" },
    ...{ tcp_delayed_ack: 0, tcp_reuse_port: 1, tcp_connection_match: 1, tcp_clone_rcvbuf: 1, tcp_wait_data: 9 },
    ...{ tcp_accept_hep3: 1, ip_free_bind: 1 },
  };
  const lines = Object.entries(set).map(([name, value]) => `${name}=${value}\n`);
  const bed = await openProxy(`${lines.join("")}${modules()}request_route { exit; }\n`);
  const told = bed.diagnostics.filter((d) => d.code === "no-effect").map((d) => d.message);
  for (const name of Object.keys(set))
    expect(
      told.filter((text) => text.includes(`${name} has no effect: `) && text.length > name.length + 30),
    ).toHaveLength(1);
  await bed.close();
});

test("disable_tcp: nobody can connect", async () => {
  const listen = "listen=udp:192.0.2.1:5060\nlisten=tcp:192.0.2.1:5060\n";
  const route = `${listen}${modules()}request_route { sl_send_reply("200", "OK"); }\n`;
  for (const [setting, isOpen] of [
    ["", true],
    ["disable_tcp=yes\n", false],
  ] as const) {
    const bed = await openProxy(setting + route, -1, ["192.0.2.1"]);
    const connecting = bed.world
      .host({ addresses: ["192.0.2.11"] })
      .network.connectTcp({
        remote: { family: 4, address: "192.0.2.1", port: 5060 },
        timeout: 5000,
        maxQueue: 1000,
        handlers: { onData: () => undefined, onClose: () => undefined },
      })
      .then(
        () => true,
        () => false,
      );
    await bed.world.advance(6000);
    expect(await connecting).toBe(isOpen);
    await bed.close();
  }
});
