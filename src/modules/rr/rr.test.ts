import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ModuleBed } from "../../../test/support/module-bed.ts";
import { ListenerBase } from "../../net/flow.ts";
import type { SocketFace } from "../../sip/edits.ts";
import { Transport } from "../../sip/transports.ts";
import { core } from "../core/index.ts";
import { pv } from "../pv/index.ts";
import { rr } from "./index.ts";

const local = { family: 4, address: "10.0.0.1", port: 5060 } as const;
const udp: SocketFace = new ListenerBase(Transport.UDP, local, { local });
const tcp: SocketFace = new ListenerBase(Transport.TCP, local, { local });
const six = { family: 6, address: "2001:db8::1", port: 5062 } as const;
const udp6: SocketFace = new ListenerBase(Transport.UDP, six, { local: six, advertisedHost: "2001:db8::99" });

function invite(more = "", uri = "sip:bob@10.0.0.9", toTag = ""): string {
  return `INVITE ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:40000;branch=z9hG4bK1\r\n${more}From: <sip:alice@x>;tag=f1\r\nTo: <sip:bob@x>${toTag}\r\nCall-ID: rr-1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n`;
}

function bed(params: Readonly<Record<string, string | number>> = {}): ModuleBed {
  const made = new ModuleBed();
  for (const module of [core, pv]) made.load(module);
  made.load(rr, params);
  return made;
}

async function recorded(
  params: Readonly<Record<string, string | number>>,
  from: SocketFace,
  to: SocketFace,
  call: readonly string[] = ["record_route"],
): Promise<string[]> {
  const b = bed(params);
  const ctx = b.context(invite());
  const [name, ...args] = call;
  expect((await b.call(rr, name!, ctx, ...args)).code).toBe(1);
  return (ctx.message.edits.recordRoute?.lines(from, to) ?? "").split("\r\n").slice(0, -1);
}

// What Kamailio 5.6.3 wrote for the same, recorded by hand over UDP and TCP.
describe("Record-Route depends on the way out", () => {
  test("one header when it leaves by the socket it came by", async () => {
    expect(await recorded({}, udp, udp)).toEqual(["Record-Route: <sip:10.0.0.1:5060;lr;ftag=f1>"]);
    expect(await recorded({}, tcp, tcp)).toEqual(["Record-Route: <sip:10.0.0.1:5060;transport=tcp;lr;ftag=f1>"]);
  });

  test("two with r2=on when it leaves by another, that of the way out first", async () => {
    expect(await recorded({}, udp, tcp, ["record_route", ";p=1"])).toEqual([
      "Record-Route: <sip:10.0.0.1:5060;transport=tcp;r2=on;lr;ftag=f1;p=1>",
      "Record-Route: <sip:10.0.0.1:5060;r2=on;lr;ftag=f1;p=1>",
    ]);
    expect(await recorded({}, tcp, udp6)).toEqual([
      "Record-Route: <sip:[2001:db8::99]:5062;r2=on;lr;ftag=f1>",
      "Record-Route: <sip:10.0.0.1:5060;transport=tcp;r2=on;lr;ftag=f1>",
    ]);
  });

  test("enable_double_rr 0 never, 2 always", async () => {
    expect(await recorded({ enable_double_rr: 0 }, udp, tcp)).toEqual(["Record-Route: <sip:10.0.0.1:5060;lr;ftag=f1>"]);
    expect(await recorded({ enable_double_rr: 2 }, udp, udp)).toHaveLength(2);
  });

  test("enable_full_lr, append_fromtag, add_username", async () => {
    const params = { enable_full_lr: 1, append_fromtag: 0, add_username: 1 };
    expect(await recorded(params, udp, tcp)).toEqual([
      "Record-Route: <sip:bob@10.0.0.1:5060;transport=tcp;r2=on;lr=on>",
      "Record-Route: <sip:bob@10.0.0.1:5060;r2=on;lr=on>",
    ]);
  });

  test("an advertised address names both transports when they differ", async () => {
    expect(await recorded({}, udp, tcp, ["record_route_advertised_address", "1.2.3.4:99"])).toEqual([
      "Record-Route: <sip:1.2.3.4:99;transport=tcp;r2=on;ftag=f1;lr>",
      "Record-Route: <sip:1.2.3.4:99;transport=udp;r2=on;ftag=f1;lr>",
    ]);
  });

  test("remove_record_route takes it back, and it can be added anew", async () => {
    const b = bed();
    const ctx = b.context(invite());
    await b.call(rr, "record_route", ctx);
    await b.call(rr, "remove_record_route", ctx);
    expect(ctx.message.edits.recordRoute).toBeNull();
    expect((await b.call(rr, "record_route", ctx)).code).toBe(1);
  });

  test("custom_user_avp is used in place of the R-URI's user", async () => {
    const b = bed({ add_username: 1, custom_user_avp: "$avp(u)" });
    const ctx = b.context(invite());
    ctx.avps.push("u", "mo");
    await b.call(rr, "record_route", ctx);
    expect(ctx.message.edits.recordRoute?.lines(udp, udp)).toContain("<sip:mo@10.0.0.1:5060;");
    expect(() => bed({ custom_user_avp: "nonsense" })).toThrow(/AVP/);
  });
});

describe("loose_route", () => {
  const own = "127.0.0.1:5060";

  test("a pair of ours after a strict router goes whole", async () => {
    const b = bed();
    const routes = `Route: <sip:${own};r2=on;lr>, <sip:10.0.0.7;lr>, <sip:bob@10.0.0.9>\r\n`;
    const ctx = b.context(invite(routes, `sip:${own};transport=tcp;r2=on;lr`, ";tag=t1"));
    expect((await b.call(rr, "loose_route", ctx)).code).toBe(1);
    expect(ctx.message.dstUri).toBe("sip:10.0.0.7;lr");
    expect(ctx.message.newUri).toBe("sip:bob@10.0.0.9");
  });

  test("a request that names us twice is not sent back to ourselves by the R-URI", async () => {
    // Kamailio 5.6.3 takes this for strict routing and sends the request to itself
    const b = bed();
    const ctx = b.context(invite(`Route: <sip:${own};lr>\r\n`, `sip:bob@${own}`, ";tag=t1"));
    expect((await b.call(rr, "loose_route", ctx)).code).toBe(1);
    expect(ctx.message.dstUri).toBeNull();
    expect(ctx.message.requestUri()).toBe(`sip:bob@${own}`);
  });

  test("takes any Route without throwing, and leaves a well-formed head", async () => {
    const b = bed();
    const uri = fc.constantFrom(
      `sip:${own};lr`,
      `sip:${own};r2=on;lr`,
      `sip:${own}`,
      "sip:10.0.0.7;lr",
      "sip:x@10.0.0.8",
      "tel:+1",
      "sip:",
      "sip:10.0.0.7:99999",
    );
    const header = fc
      .array(uri, { minLength: 1, maxLength: 4 })
      .map((uris) => `Route: ${uris.map((u) => `<${u}>`).join(", ")}\r\n`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(header, { maxLength: 3 }),
        uri,
        fc.constantFrom("", ";tag=t"),
        async (headers, target, tag) => {
          const ctx = b.context(invite(headers.join(""), target === "sip:" ? "sip:a@b" : target, tag));
          const { code } = await b.call(rr, "loose_route", ctx);
          expect([1, -1, -3]).toContain(code);
          const { edits } = ctx.message;
          const out = new Uint8Array(8192);
          const end = edits.write(out, 0, ctx.message.buf, ctx.message.firstLineEnd, ctx.message.end, true);
          const head = new TextDecoder("latin1").decode(out.subarray(0, end)).split("\r\n").slice(0, -2);
          for (const line of head) expect(line).toMatch(/^[A-Za-z-]+: \S/);
        },
      ),
      { seed: 7, numRuns: 300 },
    );
  });
});
