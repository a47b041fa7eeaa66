// How and where messages are sent: functions of the core that speak of one message, and the parameters of the same things.

import { expect, test } from "vitest";
import { firstLine, headerOf } from "../support/message-text.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const CONFIG = `${modules()}
avpflags paid;
request_route {
  force_rport();
  if ($hdr(X-Do) == "host-port") { forward("192.0.2.10", 7001); exit; }
  if ($hdr(X-Do) == "uri-host") { forward(uri:host, uri:port); exit; }
  if ($hdr(X-Do) == "udp") { forward_udp("192.0.2.10", 7001); exit; }
  if ($hdr(X-Do) == "udp-uri") { forward_udp(); exit; }
  if ($hdr(X-Do) == "tls") { if (!forward_tls("192.0.2.10", 7001)) send_reply("599", "No TLS"); exit; }
  if ($hdr(X-Do) == "send") { append_hf("X-Never: 1\\r\\n"); send("192.0.2.10:7001"); exit; }
  if ($hdr(X-Do) == "advertise") {
    record_route();
    set_advertised_address("edge.example.com");
    set_advertised_port(5099);
    t_relay();
    exit;
  }
  if ($hdr(X-Do) == "rport") { add_local_rport(); t_relay(); exit; }
  if ($hdr(X-Do) == "no-connect") { set_forward_no_connect(); if (!t_relay()) send_reply("598", "No Connection"); exit; }
  if ($hdr(X-Do) == "alias") { force_tcp_alias(5099); send_reply("200", "OK"); exit; }
  if ($hdr(X-Do) == "to-alias") { $du = "sip:192.0.2.10:5099;transport=tcp"; set_forward_no_connect(); t_relay(); exit; }
  if ($hdr(X-Do) == "close") { set_reply_close(); send_reply("200", "OK"); exit; }
  if ($hdr(X-Do) == "userphone") { userphone(); userphone(); send_reply("299", "$ru"); exit; }
  if ($hdr(X-Do) == "avpflags") {
    $avp(x) = "a";
    $var(r) = "";
    if (!isavpflagset("$avp(x)", "paid")) $var(r) = $var(r) + "1";
    setavpflag("$avp(x)", "paid");
    if (isavpflagset("$avp(x)", "paid")) $var(r) = $var(r) + "2";
    resetavpflag("$avp(x)", "paid");
    if (!isavpflagset("$avp(x)", "paid")) $var(r) = $var(r) + "3";
    if (!setavpflag("$avp(none)", "paid")) $var(r) = $var(r) + "4";
    send_reply("299", "$var(r)");
    exit;
  }
  if ($hdr(X-Do) == "error") { error("first", "second"); if (!exec("false")) send_reply("299", "no"); exit; }
  if ($hdr(X-Do) == "branches") {
    $var(n) = 0;
    while (append_branch("sip:x@192.0.2.10:7001") && $var(n) < 50) { $var(n) = $var(n) + 1; }
    send_reply("299", "$var(n)");
    exit;
  }
  t_relay();
}
`;

async function beds(more = ""): Promise<{
  bed: ProxyBed;
  ask: (what: string, uri?: string, body?: string) => Promise<string>;
  got: string[];
  replies: string[];
}> {
  const bed = await openProxy(more + CONFIG);
  const target = await bed.udp(7001);
  const caller = await bed.udp(7000);
  const ask = async (what: string, uri = "sip:bob@192.0.2.10:7001", body = ""): Promise<string> => {
    const before = caller.received.length;
    await caller.send(bed.request("MESSAGE", uri, [`X-Do: ${what}`], undefined, body));
    return caller.received
      .slice(before)
      .map(firstLine)
      .filter((line) => !line.includes(" 100 "))
      .join();
  };
  return { bed, ask, got: target.received, replies: caller.received };
}

test("forward and its kin take a host and a port, uri:host and uri:port, or what the message says", async () => {
  const { bed, ask, got } = await beds();
  for (const what of ["host-port", "uri-host", "udp", "udp-uri"]) {
    await ask(what, what === "host-port" || what === "udp" ? "sip:bob@10.0.0.1" : undefined);
    expect(headerOf(got.at(-1)!, "X-Do")).toBe(what);
    expect(headerOf(got.at(-1)!, "Via")).toContain("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKsl");
  }
  await ask("udp-uri", "sip:bob@192.0.2.10:7001;transport=tcp");
  expect(firstLine(got.at(-1)!)).toContain(";transport=tcp");
  expect(await ask("tls")).toBe("SIP/2.0 599 No TLS");
  expect(bed.diagnostics.map(({ message }) => message)).toContain(
    "forward_tls() always fails: there are no sockets of that transport here yet",
  );
  expect(bed.log.join("\n")).toContain("cannot forward to sip:192.0.2.10:7001;transport=tls: no socket listens on TLS");
  await bed.close();
});

test("send sends what was received, without a Via of ours", async () => {
  const { bed, ask, got } = await beds();
  await ask("send", "sip:bob@10.0.0.1");
  expect(headerOf(got.at(-1)!, "Via")).toContain("192.0.2.10:7000");
  expect(got.at(-1)).not.toContain("X-Never");
  expect(got.at(-1)).not.toContain("received=");
  await bed.close();
});

test("what a script advertises stands in Via and Record-Route of that message alone", async () => {
  const { bed, ask, got } = await beds();
  await ask("advertise");
  expect(headerOf(got.at(-1)!, "Via")).toContain("SIP/2.0/UDP edge.example.com:5099;branch=");
  expect(headerOf(got.at(-1)!, "Record-Route")).toContain("sip:edge.example.com:5099;");
  await ask("plain");
  expect(headerOf(got.at(-1)!, "Via")).toContain("SIP/2.0/UDP 192.0.2.1:5060;branch=");
  await bed.close();
});

test("add_local_rport and local_rport ask for rport", async () => {
  const { bed, ask, got } = await beds();
  await ask("rport");
  expect(headerOf(got.at(-1)!, "Via")).toMatch(/;rport$/);
  await bed.close();
  const all = await beds("local_rport=yes\n");
  await all.ask("plain");
  expect(headerOf(all.got.at(-1)!, "Via")).toMatch(/;rport$/);
  await all.bed.close();
});

test("set_forward_no_connect opens no connection, and uses one found by force_tcp_alias", async () => {
  const { bed, ask } = await beds();
  expect(await ask("no-connect", "sip:bob@192.0.2.10:5099;transport=tcp")).toMatch(/ (598|477|478|500|503) /);
  const stream = await bed.tcp();
  await stream.send(bed.request("MESSAGE", "sip:x@example.org", ["X-Do: alias"], "TCP 192.0.2.10:5099"));
  expect(firstLine(stream.received.at(-1)!)).toBe("SIP/2.0 200 OK");
  await ask("to-alias");
  expect(headerOf(stream.received.at(-1)!, "X-Do")).toBe("to-alias");
  await bed.close();
});

test("set_reply_close closes the connection behind the reply", async () => {
  const { bed } = await beds();
  const stream = await bed.tcp();
  await stream.send(bed.request("MESSAGE", "sip:x@example.org", ["X-Do: close"], "TCP 192.0.2.10:5099"));
  expect(firstLine(stream.received.at(-1)!)).toBe("SIP/2.0 200 OK");
  expect(
    await stream.send(bed.request("MESSAGE", "sip:x@example.org", ["X-Do: close"], "TCP 192.0.2.10:5099")),
  ).toEqual([]);
  await bed.close();
});

test("a request above udp_mtu goes by TCP", async () => {
  const { bed, ask, got } = await beds("udp_mtu=1000\nudp_mtu_try_proto=TCP\n");
  const stream = await bed.tcp();
  await stream.send(bed.request("MESSAGE", "sip:x@example.org", ["X-Do: alias"], "TCP 192.0.2.10:5099"));
  await ask("plain", "sip:bob@192.0.2.10:5099", "x".repeat(1200));
  expect(headerOf(stream.received.at(-1)!, "Via")).toContain("SIP/2.0/TCP 192.0.2.1:5060");
  await ask("plain");
  expect(headerOf(got.at(-1)!, "Via")).toContain("SIP/2.0/UDP");
  await bed.close();
});

test("userphone, flags of AVPs, error, exec, max_branches", async () => {
  const { bed, ask } = await beds("max_branches=5\n");
  expect(await ask("userphone", "sip:1@a?x=y")).toBe("SIP/2.0 299 sip:1@a;user=phone?x=y");
  expect(await ask("avpflags")).toBe("SIP/2.0 299 1234");
  expect(await ask("error")).toBe("SIP/2.0 299 no");
  expect(bed.log.join("\n")).toContain("first: second");
  expect(await ask("branches")).toBe("SIP/2.0 299 4");
  await bed.close();
});

test("force_rport answers every request to the port it came from", async () => {
  for (const [line, arrives] of [
    ["", false],
    ["force_rport=yes\n", true],
  ] as const) {
    const bed = await openProxy(`${line}${modules()}request_route { send_reply("200", "OK"); }\n`);
    const caller = await bed.udp(7000);
    const text = bed.request("OPTIONS", "sip:x@example.org", [], "UDP 192.0.2.10:7999").replace(";rport", "");
    const got = await caller.send(text);
    expect(got.length > 0).toBe(arrives);
    if (arrives) expect(headerOf(got[0]!, "Via")).toContain("rport=7000");
    await bed.close();
  }
});

test("a request that leaves by the socket it came by is record-routed once, whatever the script says about sending", async () => {
  for (const [statement, port] of [
    ["", 5060],
    ["set_reply_no_connect();", 5060],
    ["set_forward_no_connect();", 5060],
    ["force_rport(); set_reply_no_connect();", 5061],
  ] as const) {
    const bed = await openProxy(`${modules()}request_route { ${statement} record_route(); t_relay(); }\n`);
    const caller = await bed.udp(7000, port);
    const called = await bed.udp(7001);
    await caller.send(bed.request("INVITE", "sip:x@192.0.2.10:7001"));
    expect(called.received[0]!.match(/^Record-Route: .*/gm)).toEqual([
      `Record-Route: <sip:192.0.2.1:${port};lr;ftag=a>`,
    ]);
    await bed.close();
  }
});

test("replies of a transaction fill in rport as those without one do, when force_rport asks for it", async () => {
  const bed = await openProxy(
    `${modules()}request_route { force_rport(); t_newtran(); send_reply("404", "Not Found"); }\n`,
  );
  const caller = await bed.udp(7000);
  const text = bed.request("MESSAGE", "sip:x@example.org", [], "UDP 192.0.2.10:7000").replace(";rport", "");
  expect((await caller.send(text)).map((reply) => headerOf(reply, "Via"))).toEqual([
    expect.stringMatching(/;rport=7000$/),
  ]);
  await bed.close();
});

test("a branch route knows the Route that the request route has taken away", async () => {
  const bed = await openProxy(`${modules()}request_route { loose_route(); t_on_branch("OUT"); t_relay(); }
    branch_route[OUT] { if (check_route_param("nat=yes")) append_hf("X-Nat: yes\\r\\n"); if (is_direction("upstream")) append_hf("X-Up: yes\\r\\n"); }\n`);
  const caller = await bed.udp(7000);
  const called = await bed.udp(7001);
  const route = "Route: <sip:192.0.2.1:5060;lr;ftag=b;nat=yes>";
  await caller.send(bed.request("INFO", "sip:x@192.0.2.10:7001", ["To: <sip:x@y>;tag=b", route]));
  expect([headerOf(called.received[0]!, "X-Nat"), headerOf(called.received[0]!, "X-Up")]).toEqual(["yes", "yes"]);
  await bed.close();
});

test("times of transactions are changed by commands", async () => {
  const bed = await openProxy(`${modules("ctl", "cfg_rpc")}request_route { t_relay(); }\n`);
  const caller = await bed.udp(7000);
  await bed.udp(7001);
  await bed.rpc("cfg.seti", "tm", "fr_timer", 700);
  await caller.send(bed.request("MESSAGE", "sip:x@192.0.2.10:7001"));
  await bed.world.advance(600);
  expect(caller.received).toEqual([]);
  await bed.world.advance(300);
  expect(caller.received.map(firstLine)).toEqual(["SIP/2.0 408 Request Timeout"]);
  expect(await bed.rpc("cfg.get", "tm", "fr_timer")).toBe(700);
  await bed.close();
});
