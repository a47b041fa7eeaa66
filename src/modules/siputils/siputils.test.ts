import { describe, expect, test } from "vitest";
import { ModuleBed } from "../../../test/support/module-bed.ts";
import { core } from "../core/index.ts";
import { pv } from "../pv/index.ts";
import { siputils } from "./index.ts";

function request(method: string, uri: string, more = ""): string {
  return `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:40000;branch=z9hG4bK1\r\n${more}From: <sip:al@h>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: p\r\nCSeq: 3 ${method}\r\nContent-Length: 0\r\n\r\n`;
}

function bed(): ModuleBed {
  const made = new ModuleBed();
  for (const module of [core, pv]) made.load(module);
  made.load(siputils);
  return made;
}

describe("siputils", () => {
  test("options_reply answers only what is for the server itself", async () => {
    const b = bed();
    const { code, reply } = await b.call(siputils, "options_reply", b.context(request("OPTIONS", "sip:10.0.0.1")));
    expect(code).toBe(1);
    expect(reply).toMatch(/^SIP\/2\.0 200 OK\r\n/);
    expect(reply).toContain("\r\nAccept: */*\r\n");
    expect((await b.call(siputils, "options_reply", b.context(request("OPTIONS", "sip:bob@10.0.0.1")))).code).toBe(-1);
    expect((await b.call(siputils, "options_reply", b.context(request("MESSAGE", "sip:10.0.0.1")))).code).toBe(-1);
  });

  test("is_user compares the credentials of either header", async () => {
    const b = bed();
    const ctx = b.context(
      request(
        "REGISTER",
        "sip:x",
        'Authorization: Digest username="al", realm="r", nonce="n", uri="sip:x", response="0"\r\n',
      ),
    );
    expect((await b.call(siputils, "is_user", ctx, "al")).code).toBe(1);
    expect((await b.call(siputils, "is_user", ctx, "bob")).code).toBe(-1);
  });

  test("is_gruu tells temporary and public ones apart", async () => {
    const b = bed();
    const ask = async (uri: string): Promise<number> =>
      (await b.call(siputils, "is_gruu", b.context(request("INVITE", uri)))).code;
    expect([await ask("sip:a@b;gr"), await ask("sip:a@b;gr=urn:uuid:1"), await ask("sip:a@b")]).toEqual([2, 1, -1]);
  });

  test("hdr_date_check compares with the host's clock", async () => {
    const b = bed();
    const now = new Date(b.host.clock.wall()).toUTCString();
    const fresh = b.context(request("INVITE", "sip:a@b", `Date: ${now}\r\n`));
    expect((await b.call(siputils, "hdr_date_check", fresh, 60)).code).toBe(1);
    const old = b.context(request("INVITE", "sip:a@b", "Date: Sat, 13 Nov 2010 23:29:00 GMT\r\n"));
    expect((await b.call(siputils, "hdr_date_check", old, 60)).code).toBe(-1);
    expect((await b.call(siputils, "hdr_date_check", b.context(request("INVITE", "sip:a@b")), 60)).code).toBe(-1);
  });

  test("is_first_hop sees a second Via", async () => {
    const b = bed();
    expect((await b.call(siputils, "is_first_hop", b.context(request("INVITE", "sip:a@b")))).code).toBe(1);
    expect(
      (
        await b.call(
          siputils,
          "is_first_hop",
          b.context(request("INVITE", "sip:a@b", "Via: SIP/2.0/UDP 9.9.9.9;branch=z9hG4bK2\r\n")),
        )
      ).code,
    ).toBe(-1);
  });
});
