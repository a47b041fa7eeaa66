// Requests that modules send: callbacks, route sets, names, loss.

import { afterEach, describe, expect, test } from "vitest";
import type { LocalReply, TmEngine } from "../../src/modules/tm/index.ts";
import type { RpcValue } from "../../src/registry/define.ts";
import { H } from "../../src/sip/headers.ts";
import { RelayError } from "../../src/tm/index.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { answer, FROM_TO, header, openLocal, PHONE, settled } from "../support/local-requests.ts";
import { openNameServer } from "../support/name-server.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

let bed: ProxyBed;
afterEach(() => bed.close());

const open = async (script = "", params = ""): Promise<void> => {
  bed = await openLocal(script, params);
};
const run = (name: string, ...args: string[]): RpcValue | Promise<RpcValue> => bed.server.commands.run(name, args);

describe("for modules: request({ method, ruri, … }, callback)", () => {
  const engine = (): TmEngine => bed.server.proxy.transactions as TmEngine;
  const ping = { method: "OPTIONS", ruri: PHONE, from: "<sip:a@x>", to: "<sip:b@y>" } as const;

  test("the callback hears the end once, provisional replies only when asked for", async () => {
    for (const provisional of [0, 1]) {
      await open("", `modparam("tm", "pass_provisional_replies", ${provisional})\n`);
      const phone = await bed.udp(7001);
      const heard: string[] = [];
      const sent = engine().request(
        { ...ping, method: "INVITE", body: "x", headers: "Content-Type: a/b\r\n" },
        (reply) => {
          heard.push(`${reply.status} ${reply.reason} ${reply.message?.header(H.CALL_ID) === null}`);
        },
      );
      expect(sent).toBe(1);
      await bed.world.advance(50);
      for (const code of [100, 183, 404, 404]) await phone.send(answer(phone.received[0]!, code, `R${code}`));
      expect(heard).toEqual([...(provisional === 1 ? ["183 R183 false"] : []), "404 R404 false"]);
      if (provisional === 0) await bed.close();
    }
  });

  test("route sets: loose routers stand in Route, and the first one is the next hop", async () => {
    await open();
    const phone = await bed.udp(7001);
    engine().request({
      ...ping,
      ruri: "sip:far@198.51.100.1",
      routes: [`<${PHONE};lr>`, "<sip:r2;lr>"],
      cseq: 22,
      callId: "dlg",
    });
    await bed.world.advance(50);
    const got = phone.received[0]!;
    expect(got).toMatch(/^OPTIONS sip:far@198.51.100.1 SIP/);
    expect(header(got, "Route")).toBe(`<${PHONE};lr>, <sip:r2;lr>`);
    expect([header(got, "CSeq"), header(got, "Call-ID")]).toEqual(["22 OPTIONS", "dlg"]);
  });

  test("times of its own; a callback that throws is logged and harms nobody", async () => {
    await open();
    engine().request({ ...ping, timers: { fr: 300 } }, () => {
      throw new Error("oh");
    });
    await bed.world.advance(400);
    expect(bed.log.some((l) => l.includes("callback of a local request: oh"))).toBe(true);
    await bed.world.advance(6000);
    expect(run("tm.stats", ...[])).toMatchObject({ current: 0 });
  });

  test("too many transactions: refused, nothing is told", async () => {
    await open("", 'modparam("tm", "max_transactions", 1)\n');
    const heard: number[] = [];
    expect([1, 2].map(() => engine().request(ping, ({ status }) => heard.push(status)))).toEqual([
      1,
      RelayError.TOO_MANY,
    ]);
    await expect(settled(() => run("tm.t_uac_start", "OPTIONS", PHONE, ".", ".", FROM_TO))).rejects.toThrow("Too Many");
    expect(heard).toEqual([]);
  });

  test.each([
    ["a line end in the R-URI", { ruri: "sip:a@b\r\nX: 1" }],
    ["a line end in To", { to: "<sip:b@y>\r\nX: 1" }],
    ["a line end in Call-ID", { callId: "a\r\nX: 1" }],
    ["a method that is no token", { method: "A B" }],
  ])("refused: %s", async (_name, wrong) => {
    await open();
    expect(engine().request({ ...ping, ...wrong })).toBe(RelayError.BAD_REQUEST);
    expect(run("tm.stats", ...[])).toMatchObject({ current: 0 });
  });

  test("names are looked up; what leads nowhere is refused in Kamailio's words", async () => {
    await open();
    const nowhere = run("tm.t_uac_start", "OPTIONS", "sip:x@nosuch.invalid", ".", ".", FROM_TO);
    const refusal = expect(nowhere).rejects.toThrow("I'm terribly sorry, server error occurred (7/RPC/UAC)");
    const waiting = run("tm.t_uac_wait", "OPTIONS", "sip:x@nosuch.invalid", ".", ".", FROM_TO);
    const other = expect(waiting).rejects.toThrow("(7/RPC/UAC)");
    await bed.world.advance(60_000);
    await refusal;
    await other;
    expect(run("tm.stats", ...[])).toMatchObject({ current: 0 });
  });

  test("the next target of a name is tried when the first is silent; ACK leads to a name, too", async () => {
    await open("", 'modparam("tm", "fr_timer", 2000)\nuse_dns_failover=on\n');
    const zone =
      "a.example 60 A 192.0.2.10\n_sip._udp.x.example 60 SRV 10 1 7003 a.example\n_sip._udp.x.example 60 SRV 20 1 7001 a.example";
    await openNameServer(bed.world, "192.0.2.53", zone);
    const { files } = bed.server.proxy.host;
    files.makeDirectory("/etc");
    files.write("/etc/resolv.conf", bytesOf("nameserver 192.0.2.53\noptions timeout:2 attempts:1\n"));
    const silent = await bed.udp(7003);
    const phone = await bed.udp(7001);
    const far = await bed.udp(7004);
    const heard: number[] = [];
    const sent = engine().request({ ...ping, method: "INVITE", ruri: "sip:x@x.example" }, ({ status }) =>
      heard.push(status),
    );
    expect(sent).toBeInstanceOf(Promise);
    await bed.world.advance(2500);
    expect(await sent).toBe(1);
    expect(silent.received.length).toBeGreaterThan(0);
    await phone.send(answer(phone.received[0]!, 200, "OK", "Contact: <sip:far@a.example:7004>\r\n", "u1"));
    expect(heard).toEqual([200]);
    expect(far.received.map((m) => m.slice(0, m.indexOf(" SIP")))).toEqual(["ACK sip:far@a.example:7004"]);
    await bed.world.advance(60_000);
    expect(run("tm.stats", ...[])).toMatchObject({ current: 0 });
  });

  test("over a stream that says nothing: 408", async () => {
    await open();
    const heard: number[] = [];
    await bed.tcpServer(7005);
    engine().request({ ...ping, ruri: "sip:x@192.0.2.10:7005;transport=tcp", timers: { fr: 2000 } }, ({ status }) =>
      heard.push(status),
    );
    await bed.world.advance(2200);
    expect(heard).toEqual([408]);
  });

  test("to ourselves: answered with and without a transaction, CANCEL too", async () => {
    bed = await openProxy(`${modules("tmx")}
      request_route {
        if ($rU == "stateless") { sl_send_reply("200", "sl"); exit; }
        if (is_method("CANCEL")) { t_relay_cancel(); exit; }
        if (is_method("ACK")) { t_relay(); exit; }
        t_newtran();
        if (is_method("INVITE")) t_reply("180", "ring");
        else t_reply("200", "tm");
      }`);
    const heard: string[] = [];
    const hear = ({ status, reason }: LocalReply): unknown => heard.push(`${status} ${reason}`);
    for (const user of ["stateless", "x"]) engine().request({ ...ping, ruri: `sip:${user}@192.0.2.1` }, hear);
    engine().request({ ...ping, method: "INVITE", ruri: "sip:x@192.0.2.1", callId: "self" }, hear);
    await bed.world.advance(200);
    run("tm.cancel", "self", "10");
    await bed.world.advance(200);
    expect(heard).toEqual(["200 sl", "200 tm", "487 Request Terminated"]);
    expect(bed.server.proxy.statistics.valueOf("UAC_transactions")).toBe(3);
    expect(bed.server.proxy.statistics.valueOf("UAS_transactions")).toBe(2);
    await bed.world.advance(40_000);
    expect(run("tm.stats", ...[])).toMatchObject({ current: 0, created: 5, freed: 5 });
  });

  test("under loss and duplication each request ends once, nothing is left", async () => {
    await open("", 'modparam("tm", "fr_timer", 8000)\nmodparam("tm", "fr_inv_timer", 8000)\n');
    const host = bed.world.host({ addresses: ["192.0.2.20"] });
    const socket = await host.network.bindUdp({
      local: { family: 4, address: "192.0.2.20", port: 5060 },
      onMessage: (buf, from, to) => {
        const text = textOf(buf, from, to);
        const n = Number(/^Call-ID: loss(\d+)/m.exec(text)![1]);
        if (text.startsWith("ACK") || n % 5 === 0) return; // every fifth phone is dead
        const bytes = bytesOf(answer(text, n % 8 < 4 ? 200 : 486, "R", "Contact: <sip:192.0.2.20>\r\n", `u${n}`));
        socket.send(socket.peer({ family: 4, address: "192.0.2.1", port: 5060 })!, bytes, 0, bytes.length);
      },
    });
    bed.world.setLinks({ loss: 0.3, duplicate: 0.2, delay: 20, jitter: 30 });
    const heard = new Map<string, number[]>();
    for (let i = 0; i < 200; i++) {
      const callId = `loss${i}`;
      heard.set(callId, []);
      const method = i % 2 === 0 ? "INVITE" : "OPTIONS";
      engine().request({ ...ping, method, callId, ruri: "sip:192.0.2.20" }, ({ status }) =>
        heard.get(callId)!.push(status),
      );
    }
    await bed.world.advance(20_000);
    const ends = [...heard.values()];
    expect(ends.every((list) => list.length === 1)).toBe(true);
    const count = (code: number): number => ends.filter(([status]) => status === code).length;
    expect(count(408)).toBeGreaterThanOrEqual(40);
    expect(count(200) + count(486)).toBeGreaterThan(150);
    await bed.world.advance(40_000);
    expect(run("tm.stats", ...[])).toMatchObject({ current: 0, created: 200, freed: 200, total_local: 200 });
  });

  test("what the script sends while it looks at a request is not shown to it", async () => {
    await open(`event_route[tm:local-request] {
      append_hf("X-Seen: 1\\r\\n");
      t_uac_send("OPTIONS", "sip:second@192.0.2.10:7001", "", "", "From: <sip:a@x>\\r\\nTo: <sip:b@y>\\r\\n", "");
    }`);
    const phone = await bed.udp(7001);
    engine().request(ping);
    await bed.world.advance(50);
    expect(phone.received.map((m) => `${m.split(" ")[1]} ${m.includes("X-Seen")}`).sort()).toEqual([
      "sip:bob@192.0.2.10:7001 true",
      "sip:second@192.0.2.10:7001 false",
    ]);
  });
});
