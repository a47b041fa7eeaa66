// Which socket and connection a request leaves by: what the binding was made through, and what the script says.

import { expect, test } from "vitest";
import { firstLine, headerOf } from "../support/message-text.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const CONFIG = `${modules()}
request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  if ($rU == "stateless") { force_send_socket("udp:192.0.2.1:5061"); $rU = "x"; forward(); exit; }
  if ($rU == "forced") { $fs = "udp:192.0.2.1:5061"; t_on_branch("SHOW"); t_relay(); exit; }
  lookup("location");
  append_hf("X-Seen: fs=$fs du=$du b=$(branch(send_socket)[0])\\r\\n");
  if ($hdr(X-Elsewhere) != $null) { $du = $hdr(X-Elsewhere); }
  t_on_branch("SHOW");
  t_relay();
}
branch_route[SHOW] { append_hf("X-Branch: fs=$fs\\r\\n"); }
`;

function register(bed: ProxyBed, contact: string, via: string): string {
  return bed.request(
    "REGISTER",
    "sip:example.org",
    ["From: <sip:bob@example.org>;tag=r", `Contact: <${contact}>`],
    via,
  );
}

test("a call goes out by the socket the binding was made through", async () => {
  const bed = await openProxy(CONFIG);
  const phone = await bed.udp(7001, 5061);
  const caller = await bed.udp(7000);
  await phone.send(register(bed, "sip:bob@192.0.2.10:7001", "UDP 192.0.2.10:7001"));
  await caller.send(bed.request("MESSAGE", "sip:bob@example.org"));
  const got = phone.received.at(-1)!;
  expect(firstLine(got)).toBe("MESSAGE sip:bob@192.0.2.10:7001 SIP/2.0");
  expect(headerOf(got, "Via")).toContain("UDP 192.0.2.1:5061;");
  expect(headerOf(got, "X-Seen")).toBe("fs=udp:192.0.2.1:5061 du=<null> b=<null>");
  expect(headerOf(got, "X-Branch")).toBe("fs=udp:192.0.2.1:5061");
  await bed.close();
});

test("further branches have sockets of their own; a stream binding is called over its connection, $du stays unset", async () => {
  const bed = await openProxy(CONFIG);
  const stream = await bed.tcp();
  const phone = await bed.udp(7001, 5061);
  const caller = await bed.udp(7000);
  await stream.send(register(bed, "sip:bob@10.9.9.9:5099;transport=tcp", "TCP 10.9.9.9:5099"));
  await phone.send(register(bed, "sip:bob@192.0.2.10:7001", "UDP 192.0.2.10:7001"));
  await caller.send(bed.request("MESSAGE", "sip:bob@example.org"));
  const first = stream.received.at(-1)!;
  expect(firstLine(first)).toBe("MESSAGE sip:bob@10.9.9.9:5099;transport=tcp SIP/2.0");
  expect(headerOf(first, "X-Seen")).toBe("fs=tcp:192.0.2.1:5060 du=<null> b=udp:192.0.2.1:5061");
  expect(headerOf(first, "X-Branch")).toBe("fs=tcp:192.0.2.1:5060");
  const second = phone.received.at(-1)!;
  expect(headerOf(second, "Via")).toContain("UDP 192.0.2.1:5061;");
  expect(headerOf(second, "X-Branch")).toBe("fs=udp:192.0.2.1:5061");
  await bed.close();
});

test("a destination the script sets after lookup() counts more than the binding's connection", async () => {
  const bed = await openProxy(CONFIG);
  const stream = await bed.tcp();
  const other = await bed.udp(7002);
  const caller = await bed.udp(7000);
  await stream.send(register(bed, "sip:bob@10.9.9.9:5099;transport=tcp", "TCP 10.9.9.9:5099"));
  const before = stream.received.length;
  await caller.send(bed.request("MESSAGE", "sip:bob@example.org", ["X-Elsewhere: sip:192.0.2.10:7002"]));
  expect(firstLine(other.received.at(-1)!)).toContain("MESSAGE sip:bob@10.9.9.9:5099");
  expect(stream.received.length).toBe(before);
  await bed.close();
});

test("$fs for t_relay() and force_send_socket() for forward()", async () => {
  const bed = await openProxy(CONFIG);
  const caller = await bed.udp(7000);
  const callee = await bed.udp(7003);
  for (const user of ["forced", "stateless"]) {
    await caller.send(bed.request("MESSAGE", `sip:${user}@192.0.2.10:7003`));
    expect(headerOf(callee.received.at(-1)!, "Via")).toContain("UDP 192.0.2.1:5061;");
  }
  await bed.close();
});
