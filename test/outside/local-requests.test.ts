// Requests that begin here (tm.t_uac_* commands): what is sent, what is refused, what becomes of it.

import { afterEach, describe, expect, test } from "vitest";
import type { RpcValue } from "../../src/registry/define.ts";
import { answer, FROM_TO, header, headers, openLocal, PHONE, SERVER, settled } from "../support/local-requests.ts";
import type { ProxyBed } from "../support/proxy-bed.ts";

let bed: ProxyBed;
afterEach(() => bed.close());

const open = async (script = "", params = ""): Promise<void> => {
  bed = await openLocal(script, params);
};
const run = (name: string, ...args: string[]): RpcValue | Promise<RpcValue> => bed.server.commands.run(name, args);

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
