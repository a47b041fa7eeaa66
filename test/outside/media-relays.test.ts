// Media relays that are silent, switched off, or come back; expired calls and further columns in accounting.

import { expect, test } from "vitest";
import { createSimulation, type Simulation } from "../../src/host/simulated.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { NgPeer, RELAYED } from "../support/ng-peer.ts";
import { modules, openProxy } from "../support/proxy-bed.ts";
import { RtpProxyPeer } from "../support/rtpproxy-peer.ts";

const SDP = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

async function listen(world: Simulation, address: string, peer: { answer(d: string): string | null }): Promise<void> {
  const host = world.host({ addresses: [address] });
  const socket = await host.network.bindUdp({
    local: { family: 4, address, port: 2222 },
    onMessage: (buf, start, end, from) => {
      const said = peer.answer(textOf(buf, start, end));
      if (said !== null) socket.send(from, bytesOf(said), 0, said.length);
    },
  });
}

test("rtpengine: calls go by another relay while one is silent, and nobody else waits", async () => {
  const world = createSimulation({ seed: 7 });
  const [first, second] = [new NgPeer(), new NgPeer()];
  await listen(world, "192.0.2.31", first);
  await listen(world, "192.0.2.32", second);
  const bed = await openProxy(
    `${modules("rtpengine")}
modparam("rtpengine", "rtpengine_sock", "udp:192.0.2.31:2222 udp:192.0.2.32:2222")
modparam("rtpengine", "rtpengine_tout_ms", 100)
modparam("rtpengine", "rtpengine_retr", 2)
modparam("rtpengine", "rtpengine_disable_tout", 10)
request_route {
  if (is_method("MESSAGE")) { sl_send_reply("200", "OK"); exit; }
  rtpengine_offer(); append_hf("RC: $rc\\r\\n"); forward();
}`,
    0,
    undefined,
    world,
  );
  await world.advance(50);
  const a = await bed.udp(7000);
  const b = await bed.udp(7002);
  first.silent = second.silent = true;
  await a.send(bed.request("INVITE", "sip:b@192.0.2.10:7002", ["Content-Type: application/sdp"], undefined, SDP));
  const quick = await a.send(bed.request("MESSAGE", "sip:b@192.0.2.10:7002"));
  expect(quick[0]).toMatch(/^SIP\/2.0 200/); // whoever needs no relay does not wait
  await world.advance(2000);
  expect(b.received[0]).toContain("RC: -1");
  expect(b.received[0]).toContain("IN IP4 10.0.0.1");
  expect(await bed.rpc("rtpengine.show", "all")).toMatchObject([{ disabled: 1 }, { disabled: 1 }]);
  second.silent = false;
  await world.advance(100);
  b.received.length = 0;
  await a.send(bed.request("INVITE", "sip:b@192.0.2.10:7002", ["Content-Type: application/sdp"], undefined, SDP));
  await world.advance(2000); // all are tried anew (aggressive_redetection)
  expect(b.received[0]).toContain(`IN IP4 ${RELAYED}`);
  expect(await bed.rpc("rtpengine.get_hash_total")).toBe(1);
  expect(await bed.rpc("rtpengine.enable", "udp:192.0.2.32:2222", 0)).toMatchObject({ status: "disable" });
  const [, off] = (await bed.rpc("rtpengine.show", "all")) as { disabled: unknown }[];
  expect(off).toMatchObject({ disabled: "1(permanent)", recheck_ticks: "N/A" });
  await expect(bed.rpc("rtpengine.show", "udp:none:1")).rejects.toThrow("Instance not found");
  await expect(bed.rpc("rtpengine.reload")).rejects.toThrow("No Database URL");
  await bed.close();
});

test("rtpproxy: sets, a silent relay, switched off and on", async () => {
  const world = createSimulation({ seed: 7 });
  const [first, second] = [new RtpProxyPeer(), new RtpProxyPeer()];
  await listen(world, "192.0.2.31", first);
  await listen(world, "192.0.2.32", second);
  const bed = await openProxy(
    `${modules("rtpproxy")}
modparam("rtpproxy", "rtpproxy_sock", "udp:192.0.2.31:2222")
modparam("rtpproxy", "rtpproxy_sock", "2 == udp:192.0.2.32:2222")
modparam("rtpproxy", "rtpproxy_retr", 0)
modparam("rtpproxy", "rtpproxy_disable_tout", 5)
request_route {
  if ($rU == "two") set_rtp_proxy_set(2);
  rtpproxy_offer();
  $var(rc) = $rc;
  append_hf("RC: $var(rc) $rtpstat\\r\\n");
  forward();
}`,
    0,
    undefined,
    world,
  );
  await world.advance(50);
  const a = await bed.udp(7000);
  const b = await bed.udp(7002);
  const invite = async (user: string): Promise<string> => {
    b.received.length = 0;
    const uri = `sip:${user}@192.0.2.10:7002`;
    await a.send(bed.request("INVITE", uri, ["Content-Type: application/sdp"], undefined, SDP));
    await world.advance(2500);
    return /^RC: (.*)\r$/m.exec(b.received[0] ?? "")?.[1] ?? "";
  };
  expect(await invite("one")).toBe("1 60 20000 20002 10 20");
  second.silent = true;
  expect(await invite("two")).toBe("-1 <null>");
  expect(await bed.rpc("rtpproxy.list")).toMatchObject([
    { setid: 0, disabled: 0 },
    { setid: 2, disabled: 1 },
  ]);
  second.silent = false;
  await world.advance(6000);
  expect(await invite("two")).toBe("1 60 20000 20002 10 20");
  expect(await bed.rpc("rtpproxy.enable", "udp:192.0.2.31:2222", 0)).toEqual({});
  expect(await invite("one")).toBe("-1 <null>");
  await expect(bed.rpc("rtpproxy.enable", "x", 1)).rejects.toThrow("RTPProxy not found");
  await bed.close();
});
