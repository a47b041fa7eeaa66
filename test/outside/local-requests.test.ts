// Requests that begin here: tm.t_uac_* commands, t_uac_send, t_replicate, event_route[tm:local-request], ACK for 2xx, CANCEL.

import { afterEach, describe, expect, test } from "vitest";
import type { LocalReply, TmEngine } from "../../src/modules/tm/index.ts";
import type { RpcValue } from "../../src/registry/define.ts";
import { H } from "../../src/sip/headers.ts";
import { RelayError } from "../../src/tm/index.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { answer, header, headers, settled } from "../support/local-requests.ts";
import { openNameServer } from "../support/name-server.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

const SERVER = "192.0.2.1:5060";
const FROM_TO = "From: <sip:a@x>\r\nTo: <sip:b@y>\r\n";
const PHONE = "sip:bob@192.0.2.10:7001";

let bed: ProxyBed;
afterEach(() => bed.close());

async function open(script = "", params = ""): Promise<ProxyBed> {
  bed = await openProxy(`${modules("tmx", "textopsx")}${params}\nrequest_route { drop; }\n${script}`);
  return bed;
}

function run(name: string, ...args: string[]): RpcValue | Promise<RpcValue> {
  return bed.server.commands.run(name, args);
}

describe("what is sent", () => {
  test("tm.t_uac_start: headers in Kamailio's order, From with a tag, the rest as given", async () => {
    await open();
    const phone = await bed.udp(7001);
    const result = run(
      "tm.t_uac_start",
      "MESSAGE",
      PHONE,
      ".",
      ".",
      `${FROM_TO}X-A: 1\r\nContent-Type: text/plain\r\n`,
      "hello",
    );
    await bed.world.advance(50);
    expect(result).toEqual({});
    const lines = phone.received[0]!.split("\r\n");
    expect(lines[0]).toBe("MESSAGE sip:bob@192.0.2.10:7001 SIP/2.0");
    expect(lines.slice(1).map((l) => l.split(":")[0])).toEqual([
      ...[
        "Via",
        "To",
        "From",
        "CSeq",
        "Call-ID",
        "Max-Forwards",
        "Content-Length",
        "User-Agent",
        "X-A",
        "Content-Type",
      ],
      ...["", "hello"],
    ]);
    expect(lines[1]).toMatch(new RegExp(`^Via: SIP/2.0/UDP ${SERVER};branch=z9hG4bK`));
    expect(lines[2]).toBe("To: <sip:b@y>");
    expect(lines[3]).toMatch(/^From: <sip:a@x>;tag=[0-9a-f]{24}$/);
    expect(lines[4]).toBe("CSeq: 10 MESSAGE");
    expect(lines[7]).toBe("Content-Length: 5");
  });

  test("given identifiers, next hop and socket are used; Content-Length and Via are ours alone", async () => {
    await open();
    const phone = await bed.udp(7001);
    run(
      "tm.t_uac_start",
      "OPTIONS",
      "sip:far@198.51.100.7",
      PHONE,
      "udp:192.0.2.1:5061",
      "From: <sip:a@x>;tag=t1\nTo: <sip:b@y>;tag=t2\nCSeq: 7 OPTIONS\ni: me\nMax-Forwards: 3\nl: 9\nUser-Agent: mine\nVia: x",
    );
    await bed.world.advance(50);
    const got = phone.received[0]!;
    expect(got).toMatch(/^OPTIONS sip:far@198.51.100.7 SIP\/2.0\r\nVia: SIP\/2.0\/UDP 192.0.2.1:5061;branch=/);
    expect(header(got, "From")).toBe("<sip:a@x>;tag=t1");
    expect(header(got, "CSeq")).toBe("7 OPTIONS");
    expect(header(got, "Call-ID")).toBe("me");
    expect(headers(got, "Max-Forwards")).toEqual(["3"]);
    expect(headers(got, "User-Agent")).toEqual(["mine"]);
    expect(headers(got, "Content-Length")).toEqual(["0"]);
    expect(headers(got, "Via")).toHaveLength(1);
  });

  test("a body in hexadecimal", async () => {
    await open();
    const phone = await bed.udp(7001);
    run("tm.t_uac_start_hex", "MESSAGE", PHONE, ".", ".", `${FROM_TO}Content-Type: x/y`, "00 ff\n0a");
    await bed.world.advance(50);
    expect(phone.received[0]!.split("\r\n\r\n")[1]).toBe("\x00\xff\n");
    await expect(
      settled(() => run("tm.t_uac_start_hex", "MESSAGE", PHONE, ".", ".", `${FROM_TO}c: x/y`, "0")),
    ).rejects.toThrow("Invalid hexa body");
  });

  test.each([
    ["tm.t_uac_start", true, false],
    ["tm.t_uac_start_hex", true, true],
    ["tm.t_uac_start_noack", false, false],
    ["tm.t_uac_start_noack_hex", false, true],
    ["tm.t_uac_wait", true, false],
    ["tm.t_uac_wait_hex", true, true],
    ["tm.t_uac_wait_noack", false, false],
    ["tm.t_uac_wait_noack_hex", false, true],
    ["tm.t_uac_wait_block", true, false],
    ["tm.t_uac_wait_block_hex", true, true],
    ["tm.t_uac_wait_block_noack", false, false],
    ["tm.t_uac_wait_block_noack_hex", false, true],
  ] as const)(
    "%s: the body as written or in hexadecimal, a 2xx acknowledged or not, the reply waited for",
    async (...c) => {
      const [name, acknowledges, isHex] = c;
      await open();
      const phone = await bed.udp(7001);
      const contact = await bed.udp(7002);
      const lines = `${FROM_TO}Contact: <sip:me@192.0.2.1>\r\nContent-Type: x/y`;
      const result = run(name, "INVITE", PHONE, ".", ".", lines, isHex ? "6869" : "hi");
      await bed.world.advance(50);
      expect(phone.received[0]!.split("\r\n\r\n")[1]).toBe("hi");
      await phone.send(answer(phone.received[0]!, 200, "OK", "Contact: <sip:c@192.0.2.10:7002>\r\n", "u1"));
      expect(contact.received.map((m) => m.slice(0, 4))).toEqual(acknowledges ? ["ACK "] : []);
      expect(result instanceof Promise).toBe(name.includes("wait"));
      expect(JSON.stringify(await result)).toMatch(name.includes("wait") ? /\b200\b.*"OK"/ : /^\{\}$/);
    },
  );

  test("an ACK goes out once and is not repeated", async () => {
    await open();
    const phone = await bed.udp(7001);
    run("tm.t_uac_start", "ACK", PHONE, ".", ".", FROM_TO);
    await bed.world.advance(3000);
    expect(phone.received.map((m) => m.slice(0, 4))).toEqual(["ACK "]);
  });
});

describe("what is refused, in Kamailio's words", () => {
  const cases: readonly [string, readonly string[], string][] = [
    ["no method", ["", PHONE, ".", ".", FROM_TO], "Empty method"],
    ["R-URI", ["OPTIONS", "bob", ".", ".", FROM_TO], 'Invalid request uri "bob"'],
    ["next hop", ["OPTIONS", PHONE, "bob", ".", FROM_TO], 'Invalid next-hop uri "bob"'],
    ["socket", ["OPTIONS", PHONE, ".", "udp:192.0.2.1:9", FROM_TO], 'No local socket for "udp:192.0.2.1:9"'],
    ["no headers", ["OPTIONS", PHONE, ".", ".", ""], "Invalid headers"],
    ["a line that is none", ["OPTIONS", PHONE, ".", ".", `${FROM_TO}broken`], "Invalid headers"],
    ["no From", ["OPTIONS", PHONE, ".", ".", "To: <sip:b@y>"], "From missing"],
    ["no To", ["OPTIONS", PHONE, ".", ".", "From: <sip:b@y>"], "To missing"],
    ["a body of no type", ["OPTIONS", PHONE, ".", ".", FROM_TO, "x"], "Content-Type missing"],
    ["CSeq of another method", ["OPTIONS", PHONE, ".", ".", `${FROM_TO}CSeq: 1 FOO`], "CSeq method mismatch"],
    ["a method that is no token", ["FOO BAR", PHONE, ".", ".", FROM_TO], "(7/RPC/UAC)"],
    ["a From that is none", ["OPTIONS", PHONE, ".", ".", "From: <sip:a\r\nTo: <sip:b@y>"], "(7/RPC/UAC)"],
    [
      "a line end within a line",
      ["OPTIONS", PHONE, ".", ".", "From: <sip:a\rb@x>\r\nTo: <sip:b@y>"],
      "Invalid headers",
    ],
  ];
  test.each(cases)("%s", async (_name, args, message) => {
    await open();
    await expect(settled(() => run("tm.t_uac_start", ...args))).rejects.toThrow(message);
    expect(bed.server.commands.run("tm.stats", [])).toMatchObject({ current: 0 });
  });
});

describe("what becomes of it", () => {
  test("tm.t_uac_wait gives the reply whole; tm.t_uac_wait_block code and phrase", async () => {
    await open();
    const phone = await bed.udp(7001);
    const whole = run("tm.t_uac_wait", "OPTIONS", PHONE, ".", ".", FROM_TO);
    await bed.world.advance(50);
    const extra =
      "Contact: <sip:me@192.0.2.10:7009>\r\nRecord-Route: <sip:r1;lr>, <sip:r2;lr>\r\nRecord-Route: <sip:r3;lr>\r\n";
    await phone.send(answer(phone.received[0]!, 200, "Fine", extra));
    const got = (await whole) as string[];
    expect(got.slice(0, 5)).toEqual([
      200,
      "Fine",
      "sip:me@192.0.2.10:7009",
      "sip:r3;lr",
      "Route: <sip:r3;lr>, <sip:r2;lr>, <sip:r1;lr>",
    ]);
    expect(got[5]).toMatch(/^Via: .*\r\n\r\n$/s);

    const named = run("tm.t_uac_wait_block", "OPTIONS", PHONE, ".", ".", FROM_TO);
    await bed.world.advance(50);
    await phone.send(answer(phone.received[1]!, 486, "Busy"));
    expect(await named).toEqual({ code: 486, text: "Busy" });
  });

  test("a failure is shown without what belongs to dialogs", async () => {
    await open();
    const phone = await bed.udp(7001);
    const result = run("tm.t_uac_wait", "OPTIONS", PHONE, ".", ".", FROM_TO);
    await bed.world.advance(50);
    await phone.send(answer(phone.received[0]!, 404, "No"));
    expect(await result).toEqual([404, "No", expect.stringMatching(/^Via: /)]);
  });

  test("silence: repeated at T1, 2T1, … up to T2, then 408 made here; the transaction goes", async () => {
    await open("", 'modparam("tm", "fr_timer", 10000)\n');
    const phone = await bed.udp(7001);
    const result = run("tm.t_uac_wait", "OPTIONS", PHONE, ".", ".", FROM_TO);
    await bed.world.advance(10_100);
    expect(await result).toEqual([408, "Request Timeout", "", "", "", ""]);
    expect(phone.received).toHaveLength(5); // 0, 0.5, 1.5, 3.5, 7.5 s
    expect(run("tm.stats", ...[])).toMatchObject({ current: 1, waiting: 1, total_local: 1, "4xx": 1 });
    await bed.world.advance(6000);
    expect(run("tm.stats", ...[])).toMatchObject({ current: 0, waiting: 0 });
  });

  test("attributes: mode, times, body", async () => {
    await open();
    const phone = await bed.udp(7001);
    const result = run(
      "tm.t_uac_attrs",
      "mode=block;fr_timeout=700;rpflags=1",
      "MESSAGE",
      PHONE,
      ".",
      ".",
      `${FROM_TO}c: a/b`,
      "41",
    );
    await bed.world.advance(900);
    expect(await result).toEqual({ code: 408, text: "Request Timeout" });
    expect(phone.received[0]).toMatch(/\r\n\r\nA$/);
    await expect(
      settled(() => run("tm.t_uac_attrs", "mode=never", "MESSAGE", PHONE, ".", ".", FROM_TO)),
    ).rejects.toThrow('Invalid mode "never"');
  });
});

describe("INVITE", () => {
  const INVITE = [
    "INVITE",
    PHONE,
    ".",
    ".",
    `${FROM_TO}Contact: <sip:me@192.0.2.1>\r\nCall-ID: call\r\nCSeq: 5 INVITE`,
  ] as const;
  const CONTACT = "Contact: <sip:phone@192.0.2.10:7002>\r\n";

  test("a 2xx is acknowledged at its Contact, by the INVITE's branch, again when it is repeated", async () => {
    await open();
    const phone = await bed.udp(7001);
    const contact = await bed.udp(7002);
    const result = run("tm.t_uac_wait_block", ...INVITE);
    await bed.world.advance(50);
    const invite = phone.received[0]!;
    await phone.send(answer(invite, 180, "Ringing", CONTACT, "u1"));
    await phone.send(answer(invite, 200, "OK", CONTACT, "u1"));
    expect(await result).toEqual({ code: 200, text: "OK" });
    const ack = contact.received[0]!;
    expect(ack.split("\r\n").map((l) => l.replace(/:.*/, ""))).toEqual([
      "ACK sip",
      ...["Via", "From", "Call-ID", "To", "CSeq", "Max-Forwards", "User-Agent", "Content-Length"],
      ...["", ""],
    ]);
    expect(ack).toMatch(/^ACK sip:phone@192.0.2.10:7002 SIP\/2.0\r\n/);
    expect(header(ack, "Via")).toBe(header(invite, "Via"));
    expect(header(ack, "From")).toBe(header(invite, "From"));
    expect(header(ack, "To")).toBe("<sip:b@y>;tag=u1");
    expect(header(ack, "CSeq")).toBe("5 ACK");
    await phone.send(answer(invite, 200, "OK", CONTACT, "u1"));
    expect(contact.received).toEqual([ack, ack]);
    expect(phone.received).toHaveLength(1);
  });

  test("the 2xx of every fork gets an ACK with its own tag; the end is told once", async () => {
    await open();
    const phone = await bed.udp(7001);
    const contact = await bed.udp(7002);
    const result = run("tm.t_uac_wait", ...INVITE);
    await bed.world.advance(50);
    const invite = phone.received[0]!;
    for (const tag of ["u1", "u2", "u1", "u3"]) await phone.send(answer(invite, 200, tag, CONTACT, tag));
    expect(((await result) as string[])[1]).toBe("u1");
    expect(contact.received.map((m) => header(m, "To"))).toEqual(
      ["u1", "u2", "u1", "u3"].map((tag) => `<sip:b@y>;tag=${tag}`),
    );
  });

  test("Record-Route leads the ACK; a first router without lr becomes its R-URI", async () => {
    await open();
    const phone = await bed.udp(7001);
    const router = await bed.udp(7003);
    for (const [n, rr] of [
      "<sip:192.0.2.9;lr>, <sip:192.0.2.10:7003;lr;x=1>",
      "<sip:192.0.2.9;lr>, <sip:192.0.2.10:7003;x=1>",
    ].entries()) {
      run("tm.t_uac_start", ...INVITE);
      await bed.world.advance(50);
      await phone.send(answer(phone.received[n]!, 200, "OK", `${CONTACT}Record-Route: ${rr}\r\n`, "u1"));
    }
    const [loose, strict] = router.received as [string, string];
    expect(loose).toMatch(/^ACK sip:phone@192.0.2.10:7002 /);
    expect(header(loose, "Route")).toBe("<sip:192.0.2.10:7003;lr;x=1>, <sip:192.0.2.9;lr>");
    expect(strict).toMatch(/^ACK sip:192.0.2.10:7003;x=1 /);
    expect(header(strict, "Route")).toBe("<sip:192.0.2.9;lr>, <sip:phone@192.0.2.10:7002>");
  });

  test.each([
    [0, 7002],
    [1, 7001],
    [2, 7004],
  ])("local_ack_mode %i", async (mode, port) => {
    await open("", `modparam("tm", "local_ack_mode", ${mode})\nmodparam("tm", "local_ack_branch_mode", ${mode})\n`);
    const phone = await bed.udp(7001);
    const contact = await bed.udp(7002);
    const other = await bed.udp(7004);
    run("tm.t_uac_start", ...INVITE);
    await bed.world.advance(50);
    const invite = phone.received.shift()!;
    await other.send(answer(invite, 200, "OK", CONTACT, "u1"));
    const got = { 7001: phone, 7002: contact, 7004: other }[port]!.received;
    expect(got).toHaveLength(1);
    expect([...phone.received, ...contact.received, ...other.received]).toHaveLength(1);
    const branch = (m: string) => /branch=([^;\r]*)/.exec(m)![1]!;
    if (mode === 0) expect(branch(got[0]!)).toBe(branch(invite));
    else expect(branch(got[0]!)).not.toBe(branch(invite));
    expect(branch(got[0]!).startsWith(branch(invite))).toBe(mode < 2);
  });

  test("without automatic ACK t_uac_ack_local sends it, with headers and body", async () => {
    await open(`
      route[ACK] { xlog("ack $var(rc)\\n"); }
    `);
    await bed.close();
    bed = await openProxy(`${modules("tmx")}
      request_route {
        if (t_uac_ack_local("call", "5", "X-K: 1", "sdp")) sl_send_reply("200", "acknowledged");
        else sl_send_reply("404", "nothing");
      }`);
    const phone = await bed.udp(7001);
    const contact = await bed.udp(7002);
    const script = await bed.udp(7000);
    const poke = () => script.send(bed.request("OPTIONS", "sip:x@192.0.2.1"));
    run("tm.t_uac_start_noack", ...INVITE);
    await bed.world.advance(50);
    expect((await poke())[0]).toMatch(/^SIP\/2.0 404/);
    const ok = answer(phone.received[0]!, 200, "OK", CONTACT, "u1");
    await phone.send(ok);
    await phone.send(ok);
    expect(contact.received).toEqual([]);
    expect((await poke())[0]).toMatch(/^SIP\/2.0 200/);
    expect(contact.received[0]).toMatch(/\r\nX-K: 1\r\nContent-Length: 3\r\n\r\nsdp$/);
    expect((await poke())[0]).toMatch(/^SIP\/2.0 404/);
    await phone.send(ok);
    expect(contact.received).toHaveLength(2);
    await bed.world.advance(10_000);
    expect((await poke())[0]).toMatch(/^SIP\/2.0 404/);
  });

  test("t_set_no_auto_ack in event_route[tm:local-request]", async () => {
    await open("event_route[tm:local-request] { t_set_no_auto_ack(1); }");
    const phone = await bed.udp(7001);
    const contact = await bed.udp(7002);
    const result = run("tm.t_uac_wait_block", ...INVITE);
    await bed.world.advance(50);
    await phone.send(answer(phone.received[0]!, 200, "OK", CONTACT, "u1"));
    expect(await result).toEqual({ code: 200, text: "OK" });
    expect(contact.received).toEqual([]);
  });

  test("a failure is acknowledged as always, and repeated ones again", async () => {
    await open();
    const phone = await bed.udp(7001);
    const result = run("tm.t_uac_wait_block", ...INVITE);
    await bed.world.advance(50);
    const busy = answer(phone.received[0]!, 486, "Busy", "", "u1");
    await phone.send(busy);
    await phone.send(busy);
    expect(await result).toEqual({ code: 486, text: "Busy" });
    expect(phone.received.slice(1).map((m) => m.slice(0, m.indexOf(" SIP/2.0")))).toEqual([
      `ACK ${PHONE}`,
      `ACK ${PHONE}`,
    ]);
    expect(header(phone.received[1]!, "To")).toBe("<sip:b@y>;tag=u1");
  });

  test("tm.cancel: CANCEL after a provisional reply, 487, its ACK", async () => {
    await open();
    const phone = await bed.udp(7001);
    const result = run("tm.t_uac_wait_block", ...INVITE);
    await bed.world.advance(50);
    const invite = phone.received[0]!;
    await expect(settled(() => run("tm.cancel", "call", "6"))).rejects.toThrow("Transaction not found");
    expect(run("tm.cancel", "call", "5")).toBe("branches remaining (waiting for timeout)");
    await bed.world.advance(100);
    expect(phone.received).toHaveLength(1); // RFC 3261 9.1: not before a provisional reply
    await phone.send(answer(invite, 180, "Ringing", "", "u1"));
    const cancel = phone.received[1]!;
    expect(cancel).toMatch(/^CANCEL sip:bob@192.0.2.10:7001 /);
    expect(header(cancel, "CSeq")).toBe("5 CANCEL");
    expect(header(cancel, "Via")).toBe(header(invite, "Via"));
    await phone.send(answer(cancel, 200, "OK", "", "u1"));
    await phone.send(answer(invite, 487, "Gone", "", "u1"));
    expect(await result).toEqual({ code: 487, text: "Gone" });
    expect(phone.received[2]).toMatch(/^ACK /);
  });

  test("cancelled and accepted at once: the 2xx is acknowledged and told", async () => {
    await open();
    const phone = await bed.udp(7001);
    const contact = await bed.udp(7002);
    const result = run("tm.t_uac_wait_block", ...INVITE);
    await bed.world.advance(50);
    const invite = phone.received[0]!;
    await phone.send(answer(invite, 180, "Ringing", "", "u1"));
    run("tm.cancel", "call", "5");
    await phone.send(answer(invite, 200, "OK", CONTACT, "u1"));
    expect(await result).toEqual({ code: 200, text: "OK" });
    expect(contact.received.map((m) => m.slice(0, 3))).toEqual(["ACK"]);
  });

  test("silence: 408, and a 2xx that comes late is still acknowledged", async () => {
    await open("", 'modparam("tm", "fr_timer", 1000)\n');
    const phone = await bed.udp(7001);
    const contact = await bed.udp(7002);
    const result = run("tm.t_uac_wait", ...INVITE);
    await bed.world.advance(1100);
    expect(((await result) as string[]).slice(0, 2)).toEqual([408, "Request Timeout"]);
    await phone.send(answer(phone.received[0]!, 200, "OK", CONTACT, "u1"));
    expect(contact.received).toHaveLength(1);
  });
});

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
