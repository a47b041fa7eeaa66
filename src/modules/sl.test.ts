import { describe, expect, test } from "vitest";
import { headerOf, ModuleBed } from "../../test/support/module-bed.ts";
import { core } from "./core/index.ts";
import { type StatelessReplies, sl } from "./sl.ts";

function request(method: string, toTag = "", branch = "z9hG4bK1"): string {
  return [
    `${method} sip:bob@127.0.0.1 SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:40000;branch=${branch};rport`,
    "From: <sip:alice@x>;tag=f1",
    `To: <sip:bob@x>${toTag === "" ? "" : `;tag=${toTag}`}`,
    "Call-ID: sl-1",
    `CSeq: 1 ${method}`,
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

function bed(params: Readonly<Record<string, string | number>> = {}): ModuleBed {
  const made = new ModuleBed();
  made.load(core);
  made.load(sl, params);
  return made;
}

function tagOf(reply: string): string {
  return /;tag=(.*)$/.exec(headerOf(reply, "To"))?.[1] ?? "";
}

describe("sl replies", () => {
  test("sl_send_reply answers with a To tag of ours and counts it", async () => {
    const b = bed();
    const { code, reply } = await b.call(sl, "sl_send_reply", b.context(request("OPTIONS")), 404, "Not found");
    expect(code).toBe(1);
    expect(reply.split("\r\n")[0]).toBe("SIP/2.0 404 Not found");
    expect(tagOf(reply)).not.toBe("");
    const { statistics } = (b.state(sl) as StatelessReplies).proxy;
    for (const name of ["4xx_replies", "404_replies", "sent_replies", "sent_err_replies"])
      expect(statistics.valueOf(name)).toBe(1);
  });

  test("sl_reply_error uses the parameters", async () => {
    const b = bed({ default_code: 505, default_reason: "Server Error" });
    const { reply } = await b.call(sl, "sl_reply_error", b.context(request("OPTIONS")));
    expect(reply.split("\r\n")[0]).toBe("SIP/2.0 505 Server Error");
  });

  test("an ACK is never answered, and codes outside 100 to 699 are refused", async () => {
    const b = bed();
    expect((await b.call(sl, "sl_send_reply", b.context(request("ACK")), 200, "OK")).code).toBe(-1);
    expect((await b.call(sl, "sl_send_reply", b.context(request("OPTIONS")), 99, "x")).code).toBe(-1);
    expect((await b.call(sl, "sl_send_reply", b.context(request("OPTIONS")), 700, "x")).code).toBe(-1);
    expect(b.flow.sent).toEqual([]);
  });
});

describe("ACKs to stateless replies", () => {
  test("are absorbed by their To tag, for a while", async () => {
    const b = bed();
    const absorb = b.proxy.absorbAck!;
    expect(absorb(b.context(request("ACK", "anything")))).toBe(false);
    const { reply } = await b.call(sl, "sl_send_reply", b.context(request("INVITE")), 404, "Not found");
    const tag = tagOf(reply);
    expect(absorb(b.context(request("ACK", tag)))).toBe(true);
    expect((b.state(sl) as StatelessReplies).absorbedAcks).toBe(1);
    expect(absorb(b.context(request("ACK", "other")))).toBe(false);
    expect(absorb(b.context(request("ACK")))).toBe(false);
    // the tag fits this transaction only
    expect(absorb(b.context(request("ACK", tag, "z9hG4bK2")))).toBe(false);
    await b.pass(70_000);
    expect(absorb(b.context(request("ACK", tag)))).toBe(false);
  });

  test("are let through after replies that need none", async () => {
    const b = bed();
    const { reply } = await b.call(sl, "sl_send_reply", b.context(request("OPTIONS")), 404, "Not found");
    expect(b.proxy.absorbAck!(b.context(request("ACK", tagOf(reply))))).toBe(false);
  });
});

describe("sl_forward_reply", () => {
  const text = [
    "SIP/2.0 486 Busy Here",
    "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKours",
    "Via: SIP/2.0/UDP 127.0.0.1:40000;branch=z9hG4bKtheirs",
    "From: <sip:a@x>;tag=1",
    "To: <sip:b@x>;tag=2",
    "Call-ID: sl-2",
    "CSeq: 1 INVITE",
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");

  test("sends the reply on, with another code of its class", async () => {
    const b = bed();
    const { code, reply } = await b.call(sl, "sl_forward_reply", b.context(text), 404, "Not found");
    expect(code).toBe(1);
    expect(reply.split("\r\n").slice(0, 2)).toEqual([
      "SIP/2.0 404 Not found",
      "Via: SIP/2.0/UDP 127.0.0.1:40000;branch=z9hG4bKtheirs",
    ]);
  });

  test("refuses a code of another class", async () => {
    const b = bed();
    expect((await b.call(sl, "sl_forward_reply", b.context(text), 200, "OK")).code).toBe(-1);
  });
});
