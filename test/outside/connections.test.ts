// What the proxy makes of connections that fail, on the simulated network, where a host can be silent and time costs nothing.

import { expect, test } from "vitest";
import type { TcpConnection } from "../../src/host/host.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { firstLine, headerOf } from "../support/message-text.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const CONFIG = `tcp_connect_timeout=5
${modules("tmx")}
modparam("tm", "fr_timer", 20000)
request_route {
  if ($rU == "forward") { $var(rc) = "no"; if (forward()) { $var(rc) = "yes"; } sl_send_reply("299", "$var(rc)"); exit; }
  if ($rU == "send") { send_tcp("192.0.2.81:5060"); $var(rc) = $rc; sl_send_reply("299", "$var(rc)"); exit; }
  if ($rU == "quick") { t_set_fr(0, 2000); }
  t_on_failure("FAILED");
  if (!t_relay()) { send_reply("298", "at once"); }
}
failure_route[FAILED] {
  $var(by) = "reply";
  if (t_branch_timeout()) { $var(by) = "timeout"; }
  if (t_check_status("408|477|487|503")) { send_reply("297", "$T_reply_code by $var(by)"); }
}
`;

/** A next hop by TCP on a host of its own; the proxy's first connection to it is `connections[0]`. */
async function hop(bed: ProxyBed, address: string) {
  const received: string[] = [];
  const connections: TcpConnection[] = [];
  const host = bed.world.host({ addresses: [address] });
  await host.network.listenTcp({
    local: { family: 4, address, port: 5060 },
    maxQueue: 1 << 20,
    onConnection: (connection) => {
      connections.push(connection);
      return {
        onData: (_c, buf, start, end) => void received.push(textOf(buf, start, end)),
        onClose: () => undefined,
      };
    },
  });
  const answer = (to: string, status: number): void => {
    const kept = to.split("\r\n").filter((line) => /^(Via|From|Call-ID|CSeq):/.test(line));
    const text = [`SIP/2.0 ${status} Far`, ...kept, `To: ${headerOf(to, "To")};tag=far`, "Content-Length: 0", "", ""];
    const bytes = bytesOf(text.join("\r\n"));
    connections.at(-1)!.send(bytes, 0, bytes.length);
  };
  return { received, connections, answer };
}

test("a host that says nothing: t_relay() succeeds, 408 after fr_timer or 477 after tcp_connect_timeout", async () => {
  const bed = await openProxy(CONFIG);
  const caller = await bed.udp(7000);
  await caller.send(bed.request("MESSAGE", "sip:forward@192.0.2.77;transport=tcp"));
  await bed.world.advance(200);
  expect(firstLine(caller.received.at(-1)!)).toBe("SIP/2.0 299 yes");
  await caller.send(bed.request("MESSAGE", "sip:quick@192.0.2.78;transport=tcp"));
  await bed.world.advance(1500);
  expect(caller.received).toHaveLength(1);
  await bed.world.advance(1000);
  expect(firstLine(caller.received.at(-1)!)).toBe("SIP/2.0 297 408 by timeout");
  await caller.send(bed.request("MESSAGE", "sip:slow@192.0.2.79;transport=tcp"));
  await bed.world.advance(4700);
  expect(caller.received).toHaveLength(2);
  await bed.world.advance(500);
  expect(firstLine(caller.received.at(-1)!)).toBe("SIP/2.0 297 477 by reply");
  await bed.close();
});

test("send_tcp tells in $rc whether its connection was refused", async () => {
  const bed = await openProxy(CONFIG);
  const caller = await bed.udp(7000);
  const host = bed.world.host({ addresses: ["192.0.2.81"] });
  await caller.send(bed.request("MESSAGE", "sip:send@example.org"));
  expect(firstLine(caller.received.at(-1)!)).toBe("SIP/2.0 299 -1");
  const received: string[] = [];
  await host.network.listenTcp({
    local: { family: 4, address: "192.0.2.81", port: 5060 },
    maxQueue: 1 << 20,
    onConnection: () => ({
      onData: (_c, buf, start, end) => void received.push(textOf(buf, start, end)),
      onClose: () => undefined,
    }),
  });
  await caller.send(bed.request("MESSAGE", "sip:send@example.org"));
  expect(firstLine(caller.received.at(-1)!)).toBe("SIP/2.0 299 1");
  expect(received.map(firstLine)).toEqual(["MESSAGE sip:send@example.org SIP/2.0"]);
  await bed.close();
});

test("CANCEL and ACK of an INVITE whose connection has gone take a new one", async () => {
  const bed = await openProxy(CONFIG);
  const far = await hop(bed, "192.0.2.80");
  const caller = await bed.udp(7000);
  const invite = bed.request("INVITE", "sip:bob@192.0.2.80;transport=tcp");
  await caller.send(invite);
  await bed.world.advance(200);
  far.answer(far.received[0]!, 180);
  await bed.world.advance(100);
  expect(firstLine(caller.received.at(-1)!)).toBe("SIP/2.0 180 Far");
  far.connections[0]!.abort();
  await bed.world.advance(100);
  expect(firstLine(caller.received.at(-1)!)).toBe("SIP/2.0 180 Far");
  await caller.send(invite.replace(/^INVITE/, "CANCEL").replace("CSeq: 1 INVITE", "CSeq: 1 CANCEL"));
  await bed.world.advance(200);
  expect(far.connections).toHaveLength(2);
  expect(firstLine(far.received[1]!)).toContain("CANCEL ");
  far.answer(far.received[1]!, 200);
  far.answer(far.received[0]!, 487);
  await bed.world.advance(200);
  expect(firstLine(far.received[2]!)).toContain("ACK ");
  expect(firstLine(caller.received.at(-1)!)).toContain("SIP/2.0 297 487");
  await bed.close();
});
