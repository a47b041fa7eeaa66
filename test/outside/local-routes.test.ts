// Routes over requests and replies that are made here, and functions of the script that send requests: t_uac_send, t_replicate.

import { afterEach, describe, expect, test } from "vitest";
import type { RpcValue } from "../../src/registry/define.ts";
import { answer, FROM_TO, header, headers, openLocal, PHONE, settled } from "../support/local-requests.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

let bed: ProxyBed;
afterEach(() => bed.close());

const open = async (script = "", params = ""): Promise<void> => {
  bed = await openLocal(script, params);
};
const run = (name: string, ...args: string[]): RpcValue | Promise<RpcValue> => bed.server.commands.run(name, args);

describe("event_route[tm:local-request]", () => {
  const options = (user: string, port = 7001, hop = "."): RpcValue | Promise<RpcValue> =>
    run(
      "tm.t_uac_start",
      "OPTIONS",
      `sip:${user}@192.0.2.10:${port}`,
      hop,
      ".",
      `${FROM_TO}X-A: 1\r\nContent-Type: text/plain`,
      "hello",
    );

  test("what it sees", async () => {
    await open(`event_route[tm:local-request] {
      xlog("SEEN rm=$rm ru=$ru du=$du ou=$ou fu=$fu tu=$tu fs=$fs si=$si sp=$sp Ri=$Ri pr=$pr rc=$rc rb=$rb T=$(T(id_label){s.len}) cs=$cs tt=$tt hx=$hdr(X-A) kind=$rm\\n");
    }`);
    options("bob");
    run("tm.t_uac_start", "OPTIONS", "sip:bob@example.org", PHONE, "udp:192.0.2.1:5061", FROM_TO);
    await bed.world.advance(50);
    const seen = bed.log.filter((l) => l.includes("SEEN"));
    expect(seen[0]).toContain(
      "rm=OPTIONS ru=sip:bob@192.0.2.10:7001 du=sip:bob@192.0.2.10:7001 ou=sip:bob@192.0.2.10:7001 fu=sip:a@x tu=sip:b@y fs=<null> si=192.0.2.1 sp=5060 Ri=192.0.2.1 pr=udp rc=0 rb=hello",
    );
    expect(seen[0]).toMatch(/cs=10 tt=<null> hx=1/);
    expect(seen[1]).toContain("du=sip:bob@192.0.2.10:7001 ou=sip:bob@example.org");
    expect(seen[1]).toContain("fs=udp:192.0.2.1:5061");
  });

  test("edits, R-URI, destination, socket count; drop keeps it here, other ends do not", async () => {
    await open(`event_route[tm:local-request] {
      switch ($rU) {
        case "drop": drop;
        case "exit": append_hf("X-L: 1\\r\\n"); exit;
        case "neg": append_hf("X-L: 1\\r\\n"); return -1;
        case "ru": $ru = "sip:new@192.0.2.10:7001;x=1"; break;
        case "away": $ru = "sip:new@192.0.2.99:7001"; break;
        case "du": $du = "sip:192.0.2.10:7001"; break;
        case "follow": $du = $null; $ru = "sip:new@192.0.2.10:7001"; break;
        case "edits": remove_hf("X-A"); append_hf("X-New: 1\\r\\n"); break;
        case "body": set_body("newbody", "text/x"); break;
        case "fs": $fs = "udp:192.0.2.1:5061"; break;
        case "branch": append_branch("sip:second@192.0.2.10:7001"); break;
      }
    }`);
    const phone = await bed.udp(7001);
    const sent = async (user: string, port = 7001, hop = "."): Promise<string> => {
      phone.received.length = 0;
      await options(user, port, hop);
      await bed.world.advance(50);
      expect(phone.received.length).toBeLessThanOrEqual(1);
      return phone.received[0] ?? "";
    };
    await expect(settled(() => options("drop"))).rejects.toThrow("No error (0/RPC/UAC)");
    expect(run("tm.stats", ...[])).toMatchObject({ current: 0 });
    expect(await sent("exit")).toContain("X-L: 1\r\n");
    expect(await sent("neg")).toContain("X-L: 1\r\n");
    expect(await sent("ru")).toMatch(/^OPTIONS sip:new@192.0.2.10:7001;x=1 SIP/);
    expect(await sent("away")).toMatch(/^OPTIONS sip:new@192.0.2.99:7001 SIP/); // $du is where it was going
    expect(await sent("du", 7999)).toMatch(/^OPTIONS sip:du@192.0.2.10:7999 SIP/);
    expect(await sent("follow", 7999)).toMatch(/^OPTIONS sip:new@192.0.2.10:7001 SIP/);
    const edited = await sent("edits");
    expect(edited).not.toContain("X-A");
    expect(edited).toContain("X-New: 1\r\n");
    const body = await sent("body");
    expect(body).toMatch(/\r\n\r\nnewbody$/);
    expect(headers(body, "Content-Length")).toEqual(["7"]);
    expect(headers(body, "Content-Type")).toEqual(["text/x"]);
    expect(header(await sent("fs"), "Via")).toContain("192.0.2.1:5061");
    expect(await sent("branch")).toMatch(/^OPTIONS sip:branch@/);
  });

  test("t_set_fr, AVPs and onreply_route last; failure_route only with enable_uac_fr", async () => {
    const script = `
      event_route[tm:local-request] { t_set_fr(400, 400); $avp(x) = "kept"; t_on_reply("R"); t_on_failure("F"); t_on_branch("B"); }
      onreply_route[R] { xlog("REPLY $rs $avp(x)\\n"); }
      failure_route[F] { xlog("FAILED $T_reply_code $ru $avp(x)\\n"); if ($rU == "bob") { $ru = "sip:two@192.0.2.10:7001"; t_relay(); } }
      branch_route[B] { append_hf("X-B: 1\\r\\n"); }`;
    await open(script);
    let phone = await bed.udp(7001);
    let result = run("tm.t_uac_wait_block", "OPTIONS", PHONE, ".", ".", FROM_TO);
    await bed.world.advance(50);
    await phone.send(answer(phone.received[0]!, 486, "Busy"));
    expect(await result).toEqual({ code: 486, text: "Busy" });
    expect(bed.log.filter((l) => /REPLY|FAILED/.test(l)).map((l) => l.replace(/.*(REPLY|FAILED)/, "$1"))).toEqual([
      "REPLY 486 kept",
    ]);
    result = run("tm.t_uac_wait_block", "OPTIONS", PHONE, ".", ".", FROM_TO);
    await bed.world.advance(420);
    expect(await result).toEqual({ code: 408, text: "Request Timeout" });
    await bed.close();

    await open(script, 'modparam("tm", "enable_uac_fr", 1)\n');
    phone = await bed.udp(7001);
    result = run("tm.t_uac_wait_block", "OPTIONS", PHONE, ".", ".", FROM_TO);
    await bed.world.advance(50);
    expect(phone.received[0]).not.toContain("X-B");
    await phone.send(answer(phone.received[0]!, 486, "Busy"));
    expect(phone.received[1]).toMatch(/^OPTIONS sip:two@192.0.2.10:7001 .*X-B: 1\r\n/s);
    expect(headers(phone.received[1]!, "Via")).toHaveLength(1);
    await phone.send(answer(phone.received[1]!, 200, "OK"));
    expect(await result).toEqual({ code: 200, text: "OK" });
    expect(bed.log.filter((l) => l.includes("FAILED"))[0]).toContain("FAILED 486 sip:bob@192.0.2.10:7001 kept");
  });

  test("OpenSIPS's name local_route means the same", async () => {
    await open('local_route { append_hf("X-Local: 1\\r\\n"); }');
    const phone = await bed.udp(7001);
    options("bob");
    await bed.world.advance(50);
    expect(phone.received[0]).toContain("X-Local: 1\r\n");
  });

  test("a route that fails: nothing is sent, nothing is left", async () => {
    await open('event_route[tm:local-request] { $var(a) = 1; route($var(none)); t_set_no_auto_ack("1"); }');
    const phone = await bed.udp(7001);
    options("bob");
    await bed.world.advance(50);
    expect(phone.received).toHaveLength(1);
  });

  test("tm:local-ack-sent runs over the 2xx", async () => {
    await open('event_route[tm:local-ack-sent] { xlog("ACKED $rs $tt $ci\\n"); }');
    const phone = await bed.udp(7001);
    run("tm.t_uac_start", "INVITE", PHONE, ".", ".", `${FROM_TO}Call-ID: call`);
    await bed.world.advance(50);
    await phone.send(answer(phone.received[0]!, 200, "OK", `Contact: <${PHONE}>\r\n`, "u1"));
    expect(bed.log.some((l) => l.includes("ACKED 200 u1 call"))).toBe(true);
    expect(phone.received[1]).toMatch(/^ACK /);
  });
});

describe("what is made here beside", () => {
  test("tm:local-response runs over each reply made by t_reply, not over stateless ones", async () => {
    bed = await openProxy(`${modules()}
      request_route {
        if ($rU == "sl") { sl_send_reply("404", "stateless"); exit; }
        t_newtran(); t_reply("180", "ring"); t_reply("404", "no");
      }
      event_route[tm:local-response] { xlog("RESPONSE $rm $rs $rr $ci\\n"); append_hf("X-Late: 1\\r\\n"); }`);
    const client = await bed.udp(7000);
    await client.send(bed.request("OPTIONS", "sip:sl@192.0.2.1"));
    await client.send(bed.request("OPTIONS", "sip:x@192.0.2.1", ["Call-ID: c2"]));
    expect(bed.log.filter((l) => l.includes("RESPONSE")).map((l) => l.replace(/.*RESPONSE/, "").trim())).toEqual([
      "OPTIONS 180 ring c2",
      "OPTIONS 404 no c2",
    ]);
    expect(client.received.join()).not.toContain("X-Late");
  });

  test.each([0, 1])("evlreq_mode %i", async (mode) => {
    bed = await openProxy(`${modules()}modparam("tm", "evlreq_mode", ${mode})
      request_route { if (is_method("CANCEL")) { t_relay_cancel(); exit; } t_relay(); }
      event_route[tm:local-request] { append_hf("X-Local: $rm\\r\\n"); if ($rU == "keep") drop; }`);
    const client = await bed.udp(7000);
    const phone = await bed.udp(7001);
    for (const user of ["bob", "keep"]) {
      phone.received.length = 0;
      const invite = bed.request("INVITE", `sip:${user}@192.0.2.10:7001`);
      await client.send(invite);
      await phone.send(answer(phone.received[0]!, 180, "Ringing"));
      await client.send(invite.replace(/^INVITE/, "CANCEL").replace("1 INVITE", "1 CANCEL"));
      const cancel = phone.received[1];
      if (mode === 0) expect(cancel).toMatch(/^CANCEL (?!.*X-Local)/s);
      else if (user === "keep") expect(cancel).toBeUndefined();
      else {
        expect(cancel).toMatch(/^CANCEL .*\r\nX-Local: CANCEL\r\n\r\n$/s);
        expect(headers(cancel!, "Via")).toHaveLength(1);
      }
      await bed.world.advance(600);
      const cancels = phone.received.filter((m) => m.startsWith("CANCEL"));
      if (cancel !== undefined) expect(cancels).toEqual([cancel, cancel]); // repeated as it was
    }
  });

  test("onsend_route does not see requests made here", async () => {
    await open('onsend_route { xlog("ONSEND $rm\\n"); drop; }');
    const phone = await bed.udp(7001);
    run("tm.t_uac_start", "OPTIONS", PHONE, ".", ".", FROM_TO);
    run("tm.t_uac_start", "ACK", PHONE, ".", ".", FROM_TO);
    await bed.world.advance(50);
    expect(phone.received).toHaveLength(2);
    expect(bed.log.some((l) => l.includes("ONSEND"))).toBe(false);
  });
});

describe("from scripts", () => {
  test("t_uac_send", async () => {
    bed = await openProxy(`${modules()}
      request_route {
        if (t_uac_send("OPTIONS", "sip:alice@192.0.2.10:7001", "", "", "From: sip:bob@x;tag=2w3e\\r\\nTo: sip:bob@x", "")) $var(a) = 1;
        if (!t_uac_send("OPTIONS", "sip:alice@192.0.2.10:7001", "", "", "To: sip:bob@x", "")) $var(b) = 1;
        sl_send_reply("200", "$var(a)$var(b)");
      }`);
    const phone = await bed.udp(7001);
    const client = await bed.udp(7000);
    expect((await client.send(bed.request("MESSAGE", "sip:x@192.0.2.1")))[0]).toMatch(/^SIP\/2.0 200 11/);
    expect(phone.received).toHaveLength(1);
    expect(header(phone.received[0]!, "From")).toBe("sip:bob@x;tag=2w3e");
    expect(bed.log.some((l) => l.includes("t_uac_send: From missing"))).toBe(true);
  });

  test("t_replicate without a reply of tm: a repetition is absorbed by the copy's request and answered by the script", async () => {
    bed = await openProxy(`${modules()}
      request_route {
        $var(rc) = t_replicate("sip:192.0.2.10:7001");
        sl_send_reply("200", "rc $var(rc)");
      }`);
    const phone = await bed.udp(7001);
    const client = await bed.udp(7000);
    const request = bed.request("MESSAGE", "sip:x@192.0.2.1");
    for (let i = 0; i < 2; i++) expect((await client.send(request))[0]).toMatch(/^SIP\/2.0 200 rc 1\r/);
    expect(phone.received).toHaveLength(1);
  });

  test("t_replicate: a copy goes out, its replies are ignored, the request is answered as it is", async () => {
    bed = await openProxy(`${modules()}
      request_route {
        append_hf("X-Edit: 1\\r\\n");
        $var(rc) = t_replicate("sip:192.0.2.10:7001");
        t_replicate_udp("192.0.2.10", "7002");
        t_replicate("192.0.2.10", "7003");
        t_reply("202", "here $var(rc)");
      }`);
    const phones = await Promise.all([7001, 7002, 7003].map((port) => bed.udp(port)));
    const client = await bed.udp(7000);
    const request = bed.request("REGISTER", "sip:192.0.2.1");
    expect((await client.send(request))[0]).toMatch(/^SIP\/2.0 202 here 1/);
    for (const phone of phones) {
      const copy = phone.received[0]!;
      expect(copy).toMatch(/^REGISTER sip:192.0.2.1 SIP/);
      expect(headers(copy, "Via")).toHaveLength(2);
      expect(copy).toContain("X-Edit: 1\r\n");
      await phone.send(answer(copy, 500, "Broken"));
    }
    expect(await client.send(request)).toHaveLength(1); // the 202 again
    await bed.world.advance(1000);
    expect(phones.map((p) => p.received.length)).toEqual([1, 1, 1]);
    expect(client.received).toHaveLength(2);
    await bed.world.advance(60_000);
    expect(bed.server.commands.run("tm.stats", [])).toMatchObject({ current: 0, total_local: 3 });
  });
});
