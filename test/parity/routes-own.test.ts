// Routes that Kamailio does not have (OpenSIPS: error, local, startup, timer), and those that cannot be asked of it case by case.

import { afterEach, describe, expect, test } from "vitest";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

let bed: ProxyBed;
afterEach(() => bed.close());

async function open(config: string): Promise<void> {
  bed = await openProxy(`${modules()}${config}`);
}

/** What the script logged, in order. */
function said(): string[] {
  return bed.log.filter((line) => line.includes("@")).map((line) => line.slice(line.indexOf("@") + 1));
}

const RELAY = "request_route { t_relay(); }\n";
const SAY = (text: string): string => `xlog("L_ALERT", "@${text}\\n");`;

describe("error_route", () => {
  const BAD = "MESSAGE sip:x@192.0.2.10:7002 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:7000;branch=z9hG4bKe;rport\r\n";
  const REST = "From: <sip:a@x>;tag=f\r\nTo: <sip:b@y>\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n";

  test("runs in place of the reply made here, and $err says what is wrong", async () => {
    await open(
      `${RELAY}error_route { ${SAY("$err(class) $err(level) $err(info) $err(rcode) $err(rreason) $(err.rcode)")} sl_send_reply("$err(rcode)", "$err(rreason)"); }\n`,
    );
    const client = await bed.udp(7000);
    const [reply] = await client.send(BAD + REST);
    expect(said()).toEqual(["1 2 Call-ID missing 400 Bad Request (Call-ID missing) 400"]);
    expect(reply).toMatch(/^SIP\/2\.0 400 Bad Request \(Call-ID missing\)\r\n/);
  });

  test("what it does not answer is discarded", async () => {
    await open(`${RELAY}error_route { ${SAY("$rm from $si")} }\n`);
    const client = await bed.udp(7000);
    expect(await client.send(BAD + REST)).toEqual([]);
    expect(said()).toEqual(["MESSAGE from 192.0.2.10"]);
  });

  test("runs for a head that cannot be read to its end", async () => {
    await open(`${RELAY}error_route { ${SAY("$err(info)")} sl_send_reply("400", "$err(info)"); }\n`);
    const client = await bed.udp(7000);
    const [reply] = await client.send(
      `${BAD}From: <sip:a@x>;tag=f\r\nTo: <sip:b@y>\r\nCall-ID: q\r\nCSeq: 1 MESSAGE\r\nno header\r\n\r\n`,
    );
    expect(said()).toEqual(["a header line has no name and colon"]);
    expect(reply).toMatch(/^SIP\/2\.0 400 a header line/);
  });

  test("without it the reply is made here", async () => {
    await open(RELAY);
    const client = await bed.udp(7000);
    const [reply] = await client.send(BAD + REST);
    expect(reply).toMatch(/^SIP\/2\.0 400 Bad Request \(Call-ID missing\)\r\n/);
  });
});

describe("routes that no message starts", () => {
  test("startup_route runs once, before core:worker-one-init and before any message", async () => {
    await open(
      `startup_route { $shv(x) = 5; ${SAY("startup $rm")} }\nevent_route[core:worker-one-init] { ${SAY("init $shv(x)")} }\n` +
        `request_route { ${SAY("request $shv(x)")} exit; }\n`,
    );
    const client = await bed.udp(7000);
    await client.send(bed.request("MESSAGE", "sip:x@192.0.2.10:7002"));
    expect(said()).toEqual(["startup OPTIONS", "init 5", "request 5"]);
  });

  test("timer_route runs every so many seconds, each at its own", async () => {
    await open(
      `${RELAY}timer_route[fast, 2] { $shv(n) = $shv(n) + 1; ${SAY("fast $shv(n)")} }\ntimer_route[slow, 5] { ${SAY("slow")} }\n`,
    );
    await bed.world.advance(6100);
    expect(said()).toEqual(["fast 1", "fast 2", "slow", "fast 3"]);
  });

  test("an error in a timer_route is logged and the next one runs", async () => {
    await open(`${RELAY}timer_route[t, 1] { ${SAY("tick")} route(NONE); }\nroute[NONE] { $var(x) = 1 / 0; }\n`);
    await bed.world.advance(2100);
    expect(said()).toEqual(["tick", "tick"]);
  });
});

describe("event routes", () => {
  test("core:msg-received sees messages before they are parsed, when it is switched on", async () => {
    const route = `event_route[core:msg-received] { ${SAY("from $si: $mb")} if ($mb =~ "^DROP") drop; }\n`;
    await open(`received_route_mode = 1\n${route}request_route { ${SAY("request")} exit; }\n`);
    const client = await bed.udp(7000);
    await client.send("DROP me, I am no message\r\n\r\n");
    await client.send(bed.request("MESSAGE", "sip:x@192.0.2.10:7002"));
    expect(said()[0]).toMatch(/^from 192\.0\.2\.10: DROP me/);
    expect(said().at(-1)).toBe("request");
    expect(bed.server.proxy.counters.dropsByReason().get("msg-received")).toBe(1);
  });

  test("it is off by default", async () => {
    await open(`event_route[core:msg-received] { ${SAY("received")} }\nrequest_route { ${SAY("request")} exit; }\n`);
    const client = await bed.udp(7000);
    await client.send(bed.request("MESSAGE", "sip:x@192.0.2.10:7002"));
    expect(said()).toEqual(["request"]);
  });

  test("sl:local-response and sl:filtered-ack", async () => {
    await open(
      `event_route[sl:local-response] { ${SAY("local $rm")} }\nevent_route[sl:filtered-ack] { ${SAY("ack $rm")} }\n` +
        `request_route { sl_send_reply("404", "none"); }\n`,
    );
    const client = await bed.udp(7000);
    const invite = bed.request("INVITE", "sip:x@192.0.2.10:7002");
    const [reply] = await client.send(invite);
    const to = /^To: .*$/m.exec(reply!)![0].trimEnd();
    await client.send(
      invite
        .replace(/^INVITE/, "ACK")
        .replace("CSeq: 1 INVITE", "CSeq: 1 ACK")
        .replace(/^To: .*$/m, to),
    );
    expect(said()).toEqual(["local INVITE", "ack ACK"]);
  });

  test("local_route is event_route[tm:local-request] by another name: both is once too often", async () => {
    await open(RELAY);
    const both = "local_route { exit; }\nevent_route[tm:local-request] { exit; }\n";
    await expect(openProxy(`${modules()}${RELAY}${both}`)).rejects.toThrow(/defined twice/);
  });
});

describe("onsend_route", () => {
  test("decides by where the message goes; what it drops counts as not sent", async () => {
    await open(`request_route { t_relay(); }\nonsend_route { if (to_port == 7009) drop; ${SAY("$rm to port")} }\n`);
    const client = await bed.udp(7000);
    const hop = await bed.udp(7002);
    await client.send(bed.request("MESSAGE", "sip:x@192.0.2.10:7002"));
    expect(hop.received.length).toBe(1);
    const [reply] = await client.send(bed.request("MESSAGE", "sip:x@192.0.2.10:7009"));
    expect(reply).toMatch(/^SIP\/2\.0 477 /);
    expect(bed.server.proxy.counters.dropsByReason().get("onsend-route")).toBe(1);
  });

  test("what it sends itself is not looked at again and leaves the message as it was", async () => {
    const onsend = `onsend_route { ${SAY("once")} forward("sip:192.0.2.10:7009"); }\n`;
    await open(
      `request_route { append_hf("X-New: 1\\r\\n"); if ($rU == "less") forward(); else t_relay(); }\n${onsend}`,
    );
    const client = await bed.udp(7000);
    const hop = await bed.udp(7002);
    const copy = await bed.udp(7009);
    for (const user of ["full", "less"]) await client.send(bed.request("MESSAGE", `sip:${user}@192.0.2.10:7002`));
    expect(said()).toEqual(["once", "once"]);
    expect(copy.received.length).toBeGreaterThan(1);
    expect(
      hop.received.map(
        (text) => /^MESSAGE sip:(\w+)@.*SIP\/2\.0\r\nVia: SIP\/2\.0\/UDP 192\.0\.2\.1.*X-New/s.exec(text)?.[1],
      ),
    ).toEqual(expect.arrayContaining(["full", "less"]));
  });

  test("runs over TCP with its own addresses", async () => {
    await open(
      `request_route { t_relay(); }\nonsend_route { if (snd_proto == TCP && proto == UDP && to_ip == 192.0.2.10) { ${SAY("tcp")} } }\n`,
    );
    const client = await bed.udp(7000);
    await client.send(bed.request("MESSAGE", "sip:x@192.0.2.10:7002;transport=tcp"));
    expect(said()).toEqual(["tcp"]);
  });
});
