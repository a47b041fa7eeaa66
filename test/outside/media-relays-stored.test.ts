// Media relays that a database names, and the spellings of 3.1.

import { expect, test } from "vitest";
import type { SimHost } from "../../src/host/simulated.ts";
import { createSimulation, type Simulation } from "../../src/host/simulated.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { NgPeer, RELAYED } from "../support/ng-peer.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import { RtpProxyPeer } from "../support/rtpproxy-peer.ts";

const SDP = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
const DB = "/data/relays.sqlite";
const NAMES = "(table_name VARCHAR(32), table_version INTEGER)";

async function listen(world: Simulation, address: string, peer: { answer(d: string): string | null }): Promise<void> {
  const socket = await world.host({ addresses: [address] }).network.bindUdp({
    local: { family: 4, address, port: 2222 },
    onMessage: (buf, start, end, from) => {
      const said = peer.answer(textOf(buf, start, end));
      if (said !== null) socket.send(from, bytesOf(said), 0, said.length);
    },
  });
}

/** What the relayed INVITE to a user says of its functions, and its body. */
async function invited(bed: ProxyBed, user: string, port = 7000): Promise<{ told: string; body: string }> {
  const [a, b] = [await bed.udpAt("192.0.2.11", port), await bed.udpAt("192.0.2.12", port)];
  await a.send(
    bed.request(
      "INVITE",
      `sip:${user}@192.0.2.12:${port}`,
      ["Content-Type: application/sdp"],
      `UDP 192.0.2.11:${port}`,
      SDP,
    ),
  );
  await bed.world.advance(1500);
  const text = b.received[0] ?? "";
  return { told: /^RC: (.*)\r$/m.exec(text)?.[1] ?? "", body: text.slice(text.indexOf("\r\n\r\n") + 4) };
}

test("rtpengine: relays of a table with columns by other names, read anew while running", async () => {
  const world = createSimulation({ seed: 7 });
  const [first, second] = [new NgPeer(), new NgPeer()];
  await listen(world, "192.0.2.31", first);
  await listen(world, "192.0.2.32", second);
  const prepare = (host: SimHost): void => {
    const db = host.openSqlite(DB);
    db.exec(`CREATE TABLE version ${NAMES}; INSERT INTO version VALUES ('engines', 1);
CREATE TABLE engines (id INTEGER PRIMARY KEY, s INTEGER, u VARCHAR(64), w INTEGER, d INTEGER);
INSERT INTO engines (s, u, w, d) VALUES (3, 'udp:192.0.2.31:2222', 1, 0), (3, 'udp:192.0.2.32:2222', 1, 1);`);
  };
  const bed = await openProxy(
    `${modules("db_sqlite", "rtpengine")}
modparam("rtpengine", "db_url", "sqlite://${DB}")
modparam("rtpengine", "table_name", "engines")
modparam("rtpengine", "setid_col", "s")
modparam("rtpengine", "url_col", "u")
modparam("rtpengine", "weight_col", "w")
modparam("rtpengine", "disabled_col", "d")
modparam("rtpengine", "setid_default", 3)
modparam("rtpengine", "control_cmd_tos", 184)
modparam("rtpengine", "force_send_interface", "192.0.2.1")
modparam("rtpengine", "rtpengine_allow_op", 2)
modparam("rtpengine", "hash_table_tout", 600)
modparam("rtpengine", "aggressive_redetection", 0)
modparam("rtpengine", "rtpengine_tout_ms", 100)
modparam("rtpengine", "rtpengine_retr", 0)
request_route { rtpengine_offer(); $var(rc) = $rc; rtpengine_query(); append_hf("RC: $var(rc) $rtpestat\\r\\n"); forward(); }`,
    0,
    undefined,
    world,
    {},
    prepare,
  );
  await world.advance(200);
  const totals = "RTP: 1720 bytes, 10 packets, 0 errors; RTCP: 200 bytes, 2 packets, 1 errors";
  const got = await invited(bed, "one");
  expect(got.told).toBe(`1 ${totals}`);
  expect(got.body).toContain(`IN IP4 ${RELAYED}`);
  expect(first.taken().length).toBeGreaterThan(0);
  expect(second.asked).toEqual([]); // the table has it switched off
  const pinged = bed.rpc("rtpengine.ping", "udp:192.0.2.31:2222");
  await world.advance(50);
  expect(await pinged).toMatchObject({ status: "success" });
  bed.host.openSqlite(DB).exec("UPDATE engines SET d = 1 - d");
  const reloaded = bed.rpc("rtpengine.reload");
  await world.advance(50);
  expect(await reloaded).toBe("Success");
  await world.advance(200);
  expect((await invited(bed, "two", 7001)).told).toBe(`1 ${totals}`);
  expect(first.taken()).toEqual([]);
  expect(second.taken().length).toBeGreaterThan(0);
  await bed.close();
});

test("rtpproxy: relays of a table; force_rtp_proxy() of 3.1 offers", async () => {
  const world = createSimulation({ seed: 7 });
  const peer = new RtpProxyPeer();
  await listen(world, "192.0.2.31", peer);
  const prepare = (host: SimHost): void => {
    host.openSqlite(DB).exec(`CREATE TABLE version ${NAMES}; INSERT INTO version VALUES ('proxies', 1);
CREATE TABLE proxies (id INTEGER PRIMARY KEY, setid VARCHAR(32), url VARCHAR(64), flags INTEGER, weight INTEGER, description VARCHAR(64));
INSERT INTO proxies (setid, url, flags, weight, description) VALUES ('0', 'udp:192.0.2.31:2222', 0, 1, '');`);
  };
  const bed = await openProxy(
    `${modules("db_sqlite", "rtpproxy")}
modparam("rtpproxy", "db_url", "sqlite://${DB}")
modparam("rtpproxy", "table_name", "proxies")
modparam("rtpproxy", "rtpproxy_tout", 1)
request_route { force_rtp_proxy(); $var(rc) = $rc; append_hf("RC: $var(rc) $rtppstat\\r\\n"); forward(); }`,
    0,
    undefined,
    world,
    {},
    prepare,
  );
  await world.advance(200);
  const got = await invited(bed, "one");
  expect(got.told).toBe("1 60 20000 20002 10 20");
  expect(got.body).toContain("IN IP4 203.0.113.9");
  expect(peer.taken()[0]).toMatch(/^U/);
  await bed.close();
});

test("rtpengine_destroy() ends a session as rtpengine_delete() does", async () => {
  const world = createSimulation({ seed: 7 });
  const peer = new NgPeer();
  await listen(world, "192.0.2.31", peer);
  const bed = await openProxy(
    `${modules("rtpengine")}
modparam("rtpengine", "rtpengine_sock", "udp:192.0.2.31:2222")
request_route { rtpengine_destroy(); append_hf("RC: $rc\\r\\n"); forward(); }`,
    0,
    undefined,
    world,
  );
  await world.advance(200);
  peer.taken();
  expect((await invited(bed, "one")).told).toBe("1");
  expect(peer.taken().map(({ command }) => command)).toEqual(["delete"]);
  await bed.close();
});
