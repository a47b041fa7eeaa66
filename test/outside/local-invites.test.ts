// INVITEs that begin here: ACK for 2xx, CANCEL, failures, silence.

import { afterEach, describe, expect, test } from "vitest";
import type { RpcValue } from "../../src/registry/define.ts";
import { answer, FROM_TO, header, openLocal, PHONE, settled } from "../support/local-requests.ts";
import { modules, openProxy, type ProxyBed } from "../support/proxy-bed.ts";

let bed: ProxyBed;
afterEach(() => bed.close());

const open = async (script = "", params = ""): Promise<void> => {
  bed = await openLocal(script, params);
};
const run = (name: string, ...args: string[]): RpcValue | Promise<RpcValue> => bed.server.commands.run(name, args);

describe("INVITE", () => {
  const INVITE = [
    "INVITE",
    PHONE,
    ".",
    ".",
    `${FROM_TO}Contact: <sip:me@192.0.2.1>\r\nCall-ID: call\r\nCSeq: 5 INVITE`,
  ] as const;
  const CONTACT = "Contact: <sip:phone@192.0.2.10:7002>\r\n";

  /** The INVITE of that command has reached the phone. */
  async function begun(command: string) {
    await open();
    const phone = await bed.udp(7001);
    const contact = await bed.udp(7002);
    const result = run(command, ...INVITE);
    await bed.world.advance(50);
    return { phone, contact, result, invite: phone.received[0]! };
  }

  test("a 2xx is acknowledged at its Contact, by the INVITE's branch, again when it is repeated", async () => {
    const { phone, contact, result, invite } = await begun("tm.t_uac_wait_block");
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
    const { phone, contact, result, invite } = await begun("tm.t_uac_wait");
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
    const { phone, contact, result, invite } = await begun("tm.t_uac_wait_block");
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
