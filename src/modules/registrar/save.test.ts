// What save() answers and stores; expected values are those of Kamailio 5.6.3 for the same requests.

import { describe, expect, test } from "vitest";
import { CaughtFlow, headerOf, ModuleBed, type Outcome, registerText } from "../../../test/support/module-bed.ts";
import { Transport } from "../../sip/transports.ts";
import usrloc, { type Usrloc } from "../usrloc/index.ts";
import registrar from "./index.ts";

type Params = Parameters<ModuleBed["load"]>[1];

function bed(params: Params = {}, location: Params = {}): ModuleBed {
  const b = new ModuleBed();
  b.load(usrloc, location);
  b.load(registrar, params);
  return b;
}

const register = (b: ModuleBed, o: Parameters<typeof registerText>[0], flags?: string): Promise<Outcome> =>
  b.call(registrar, "save", b.context(registerText(o)), "location", flags);

const contactOf = (o: Outcome): string => headerOf(o.reply, "Contact");
const status = (o: Outcome): string => o.reply.split("\r\n")[0]!.slice(8);

describe("save()", () => {
  test("stores a contact, answers 200 with it, and lists contacts by q", async () => {
    const b = bed();
    const first = await register(b, { contact: "<sip:alice@1.1.1.1:5060>" });
    expect([first.code, status(first), contactOf(first)]).toEqual([
      1,
      "200 OK",
      "<sip:alice@1.1.1.1:5060>;expires=3600",
    ]);
    const second = await register(b, { contact: '"A" <sip:a2@1.1.1.1;transport=tcp>;q=0.5;expires=100', cseq: 2 });
    expect(contactOf(second)).toBe(
      "<sip:a2@1.1.1.1;transport=tcp>;q=0.5;expires=100, <sip:alice@1.1.1.1:5060>;expires=3600",
    );
    const query = await register(b, { cseq: 3 });
    expect([query.code, contactOf(query)]).toEqual([4, contactOf(second)]);
  });

  test("refreshes a binding without another, and does not change the order", async () => {
    const b = bed();
    await register(b, { contact: ["<sip:d1@5.5.5.5>;expires=100", "<sip:d2@5.5.5.5>;expires=90;q=0.5"] });
    const again = await register(b, { contact: "<sip:d1@5.5.5.5>;q=0.9", cseq: 2 });
    expect([again.code, contactOf(again)]).toEqual([
      2,
      "<sip:d2@5.5.5.5>;q=0.5;expires=90, <sip:d1@5.5.5.5>;q=0.9;expires=3600",
    ]);
  });

  test("desc_time_order puts the newest first", async () => {
    const b = bed({}, { desc_time_order: 1 });
    await register(b, { contact: ["<sip:d1@5.5.5.5>;expires=100", "<sip:d2@5.5.5.5>;expires=90;q=0.5"] });
    const again = await register(b, { contact: "<sip:d1@5.5.5.5>;expires=80", cseq: 2 });
    expect(contactOf(again)).toBe("<sip:d1@5.5.5.5>;expires=80, <sip:d2@5.5.5.5>;q=0.5;expires=90");
  });

  test("removes by Expires 0 and by *", async () => {
    const b = bed();
    await register(b, { contact: ["<sip:d1@5.5.5.5>", "<sip:d2@5.5.5.5>"] });
    const one = await register(b, { contact: "<sip:d1@5.5.5.5>;expires=0", cseq: 2 });
    expect([one.code, contactOf(one)]).toEqual([3, "<sip:d2@5.5.5.5>;expires=3600"]);
    const unknown = await register(b, { contact: "<sip:d9@5.5.5.5>;expires=0", cseq: 3 });
    expect([unknown.code, contactOf(unknown)]).toEqual([1, "<sip:d2@5.5.5.5>;expires=3600"]);
    const all = await register(b, { contact: "*", more: "Expires: 0\n", cseq: 4 });
    expect([all.code, status(all), contactOf(all)]).toEqual([3, "200 OK", ""]);
    expect((b.state(usrloc) as Usrloc).total).toBe(0);
  });

  test("exchanges the last contact for a new one in one request", async () => {
    const b = bed();
    await register(b, { contact: "<sip:b1@1.1.1.1>;expires=100" });
    const mix = await register(b, { contact: "<sip:b1@1.1.1.1>;expires=0, <sip:b3@1.1.1.1>;expires=200", cseq: 2 });
    expect([mix.code, contactOf(mix)]).toEqual([3, "<sip:b3@1.1.1.1>;expires=200"]);
    expect(contactOf(await register(b, { cseq: 3 }))).toBe("<sip:b3@1.1.1.1>;expires=200");
  });

  test.each([
    ["star without Expires", { contact: "*" }, "400 Bad Request", "* used in contact and expires is not zero"],
    [
      "star with another",
      { contact: ["*", "<sip:x@1.1.1.1>"], more: "Expires: 0\n" },
      "400 Bad Request",
      "* used in contact and more than 1 contact",
    ],
    ["unclosed bracket", { contact: "<sip:b3@1.1.1.1" }, "400 Bad Request", "Contact parse error"],
    ["long contact", { contact: `<sip:${"a".repeat(600)}@1.1.1.1>` }, "400 Bad Request", "Contact/received too long"],
    ["bad q", { contact: "<sip:b3@1.1.1.1>;q=2" }, "400 Bad Request", "Invalid q param in contact"],
  ] as const)("refuses %s", async (_, request, code, text) => {
    const o = await register(bed(), request);
    expect([o.code, status(o), headerOf(o.reply, "P-Registrar-Error")]).toEqual([-1, code, text]);
  });

  test("refuses an older CSeq of the same Call-ID and takes the same one as a retransmission for a while", async () => {
    const b = bed();
    await register(b, { contact: "<sip:a@1.1.1.1>;q=0.5", cseq: 5 });
    const same = await register(b, { contact: "<sip:a@1.1.1.1>;q=0.9", cseq: 5 });
    expect([same.code, contactOf(same)]).toEqual([1, "<sip:a@1.1.1.1>;q=0.5;expires=3600"]);
    const older = await register(b, { contact: "<sip:a@1.1.1.1>;expires=0", cseq: 4 });
    expect([older.code, status(older), contactOf(older)]).toEqual([
      -1,
      "400 Bad Request",
      "<sip:a@1.1.1.1>;q=0.5;expires=3600",
    ]);
    expect(headerOf(older.reply, "P-Registrar-Error")).toBe("Invalid CSeq number");
    await b.pass(21_000);
    expect((await register(b, { contact: "<sip:a@1.1.1.1>;q=0.9", cseq: 5 })).code).toBe(-1);
    expect((await register(b, { contact: "<sip:a@1.1.1.1>", cseq: 1, callId: "other" })).code).toBe(2);
  });

  test("keeps to max_contacts, for several at once too", async () => {
    const b = bed({ max_contacts: 3, retry_after: 30 });
    await register(b, { contact: ["<sip:b2@1.1.1.1>;q=0.333;expires=200", "<sip:b3@1.1.1.1>;expires=200"] });
    const o = await register(b, { contact: "<sip:b4@1.1.1.1>;expires=300, <sip:b5@1.1.1.1>;expires=200", cseq: 2 });
    expect([o.code, status(o), contactOf(o)]).toEqual([
      -2,
      "503 Service Unavailable",
      "<sip:b2@1.1.1.1>;q=0.333;expires=200, <sip:b3@1.1.1.1>;expires=200",
    ]);
    expect([headerOf(o.reply, "P-Registrar-Error"), headerOf(o.reply, "Retry-After")]).toEqual([
      "Too many registered contacts",
      "30",
    ]);
    expect((await register(b, { contact: "<sip:b4@1.1.1.1>", cseq: 3 })).code).toBe(1);
  });

  test("the bound over all tables holds", async () => {
    const b = bed({}, { max_total_contacts: 2 });
    for (const user of ["a", "b"]) expect((await register(b, { user, contact: "<sip:x@1.1.1.1>" })).code).toBe(1);
    const o = await register(b, { user: "c", contact: "<sip:x@1.1.1.1>" });
    expect([o.code, status(o)]).toEqual([-2, "503 Service Unavailable"]);
  });

  test("too short a time is raised, or refused with Min-Expires", async () => {
    expect(contactOf(await register(bed(), { contact: "<sip:a@1.1.1.1>;expires=5" }))).toBe(
      "<sip:a@1.1.1.1>;expires=60",
    );
    const o = await register(bed({ min_expires_mode: 1 }), { contact: "<sip:a@1.1.1.1>;expires=5" });
    expect([o.code, status(o), headerOf(o.reply, "Min-Expires")]).toEqual([-1, "423 Interval Too Brief", "60"]);
    expect(contactOf(await register(bed({ max_expires: 7200 }), { contact: "<sip:a@1.1.1.1>;expires=50000000" }))).toBe(
      "<sip:a@1.1.1.1>;expires=7200",
    );
  });

  test("malformed times count as not given", async () => {
    for (const expires of ["abc", "99999999999"]) {
      expect(contactOf(await register(bed(), { contact: `<sip:a@1.1.1.1>;expires=${expires}` }))).toBe(
        "<sip:a@1.1.1.1>;expires=3600",
      );
    }
    expect(contactOf(await register(bed(), { contact: '<sip:a@1.1.1.1>;expires="100"' }))).toBe(
      "<sip:a@1.1.1.1>;expires=100",
    );
  });

  test("flag 4 keeps one contact", async () => {
    const b = bed({ max_contacts: 1 });
    await register(b, { contact: "<sip:a@1.1.1.1>" });
    const o = await register(b, { contact: "<sip:b@1.1.1.1>", cseq: 2 }, "0x04");
    expect([o.code, contactOf(o)]).toEqual([1, "<sip:b@1.1.1.1>;expires=3600"]);
  });

  test("flag 2 does not answer, reg_send_reply does", async () => {
    const b = bed();
    const ctx = b.context(registerText({ contact: "<sip:a@1.1.1.1>" }));
    expect((await b.call(registrar, "save", ctx, "location", "2")).reply).toBe("");
    expect(contactOf(await b.call(registrar, "reg_send_reply", ctx))).toBe("<sip:a@1.1.1.1>;expires=3600");
  });

  test("GRUUs and instances", async () => {
    const b = bed();
    const contact = '<sip:bob@1.1.1.1>;q=0.7;+sip.instance="<urn:uuid:1234>";reg-id=1';
    const o = await register(b, { user: "bob", contact, more: "Supported: gruu, path\n" });
    expect(contactOf(o)).toMatch(
      /^<sip:bob@1\.1\.1\.1>;q=0\.7;expires=3600;pub-gruu="sip:bob@127\.0\.0\.1;gr=urn:uuid:1234";temp-gruu="sip:uloc-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+@127\.0\.0\.1;gr";\+sip\.instance="<urn:uuid:1234>";reg-id=1$/,
    );
    const moved = await register(b, { user: "bob", contact: contact.replace("1.1.1.1", "2.2.2.2"), callId: "b2" });
    expect([moved.code, contactOf(moved)]).toEqual([
      2,
      '<sip:bob@2.2.2.2>;q=0.7;expires=3600;+sip.instance="<urn:uuid:1234>";reg-id=1',
    ]);
  });

  test("Path: refused without support and nothing stored, kept and answered with it", async () => {
    const b = bed({ use_path: 1 });
    const refused = await register(b, {
      contact: "<sip:a@1.1.1.1>",
      more: "Path: <sip:7.7.7.7;lr>,<sip:8.8.8.8;lr>\n",
    });
    expect([refused.code, status(refused), headerOf(refused.reply, "Unsupported")]).toEqual([
      -1,
      "420 Bad Extension",
      "path",
    ]);
    expect(contactOf(await register(b, { cseq: 2 }))).toBe("");
    const kept = await register(b, {
      contact: "<sip:a@1.1.1.1>",
      cseq: 3,
      more: "Supported: path\nPath: <sip:7.7.7.7;lr>\nPath: <sip:9.9.9.9;lr>\n",
    });
    expect([kept.code, headerOf(kept.reply, "Path")]).toEqual([1, "<sip:7.7.7.7;lr>,<sip:9.9.9.9;lr>"]);
  });

  test("outbound is refused when off, required when 2, and told of when 1", async () => {
    const off = await register(bed(), { contact: "<sip:a@1.1.1.1>", more: "Require: outbound\n" });
    expect([status(off), headerOf(off.reply, "Unsupported")]).toEqual(["420 Bad Extension", "outbound"]);
    const required = await register(bed({ outbound_mode: 2 }), { contact: "<sip:a@1.1.1.1>" });
    expect([status(required), headerOf(required.reply, "Require")]).toEqual(["421 Extension Required", "outbound"]);
    const on = await register(bed({ outbound_mode: 1, flow_timer: 25 }), {
      contact: "<sip:a@1.1.1.1>",
      more: "Supported: outbound\n",
    });
    expect(on.reply).toContain("Supported: outbound\r\nRequire: outbound\r\nFlow-Timer: 25\r\n");
  });

  test("received_avp is stored and answered", async () => {
    const b = bed({ received_avp: "$avp(s:rcv)" });
    const ctx = b.context(registerText({ contact: "<sip:a@1.1.1.1>" }));
    ctx.avps.push("rcv", "sip:9.9.9.9:1234;transport=tcp");
    expect(contactOf(await b.call(registrar, "save", ctx, "location"))).toBe(
      '<sip:a@1.1.1.1>;expires=3600;received="sip:9.9.9.9:1234;transport=tcp"',
    );
  });

  test("addresses of record: without case and escapes, with the domain when usrloc says so", async () => {
    const plain = bed();
    await register(plain, { user: "B%6fB", contact: "<sip:a@1.1.1.1>" });
    expect(contactOf(await register(plain, { user: "bob", host: "other.example" }))).toBe(
      "<sip:a@1.1.1.1>;expires=3600",
    );
    const domains = bed({ realm_prefix: "sip." }, { use_domain: 1 });
    await register(domains, { user: "bob", host: "SIP.example.com", contact: "<sip:a@1.1.1.1>" });
    expect(contactOf(await register(domains, { user: "bob", host: "example.com" }))).toBe(
      "<sip:a@1.1.1.1>;expires=3600",
    );
    expect(contactOf(await register(domains, { user: "bob", host: "example.net" }))).toBe("");
  });

  test("bindings end by themselves", async () => {
    const b = bed();
    await register(b, { contact: ["<sip:a@1.1.1.1>;expires=60", "<sip:b@1.1.1.1>;expires=200"] });
    await b.pass(61_000);
    expect(contactOf(await register(b, { cseq: 2 }))).toBe("<sip:b@1.1.1.1>;expires=139");
    await b.pass(62_000);
    expect((b.state(usrloc) as Usrloc).total).toBe(1);
  });
});

describe("lookup()", () => {
  const options = (user = "alice", more = ""): string =>
    `OPTIONS sip:${user}@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 1.1.1.1;branch=z9hG4bKa\nFrom: <sip:x@y>;tag=1\nTo: <sip:${user}@127.0.0.1>\nCall-ID: q\nCSeq: 1 OPTIONS\n${more}\n`;

  test("first contact into the R-URI, others as branches", async () => {
    const b = bed();
    await register(b, { contact: ["<sip:a@1.1.1.1>;q=0.2", "<sip:b@2.2.2.2>;q=0.8"] });
    const { code, ctx } = await b.call(registrar, "lookup", b.context(options()), "location");
    expect([code, ctx.message.newUri, ctx.message.q, ctx.message.dstUri]).toEqual([1, "sip:b@2.2.2.2", 800, null]);
    expect(ctx.branches.map((t) => [t.uri, t.q, t.dstUri])).toEqual([["sip:a@1.1.1.1", 200, null]]);
    expect((await b.call(registrar, "lookup", b.context(options("nobody")), "location")).code).toBe(-1);
    expect((await b.call(registrar, "registered", b.context(options()), "location")).code).toBe(1);
    expect((await b.call(registrar, "registered", b.context(options("nobody")), "location")).code).toBe(-1);
  });

  test("append_branches 0 takes one; lookup_to_dset leaves the R-URI", async () => {
    const b = bed({ append_branches: 0 });
    await register(b, { contact: ["<sip:a@1.1.1.1>", "<sip:b@2.2.2.2>"] });
    expect((await b.call(registrar, "lookup", b.context(options()), "location")).ctx.branches.length).toBe(0);
    const { ctx } = await b.call(registrar, "lookup_to_dset", b.context(options()), "location");
    expect([ctx.message.newUri, ctx.branches.length]).toEqual([null, 2]);
  });

  test("path decides before received; branch flags come back", async () => {
    const b = bed({ use_path: 1, received_avp: "$avp(rcv)" });
    const ctx = b.context(
      registerText({ contact: "<sip:a@1.1.1.1>", more: "Supported: path\nPath: <sip:7.7.7.7;lr>,<sip:8.8.8.8;lr>\n" }),
    );
    ctx.avps.push("rcv", "sip:9.9.9.9:1");
    ctx.message.branchFlags = 32;
    await b.call(registrar, "save", ctx, "location");
    const { message } = (await b.call(registrar, "lookup", b.context(options()), "location")).ctx;
    expect([message.dstUri, message.path, message.branchFlags]).toEqual([
      "sip:7.7.7.7;lr",
      "<sip:7.7.7.7;lr>,<sip:8.8.8.8;lr>",
      32,
    ]);
  });

  test("a binding made over a stream is called over it", async () => {
    const b = bed();
    const tcp = new CaughtFlow(Transport.TCP, 50123);
    b.flows.set(tcp.id, tcp);
    await b.call(registrar, "save", b.context(registerText({ contact: "<sip:a@10.1.1.1>" }), tcp), "location");
    const { message } = (await b.call(registrar, "lookup", b.context(options()), "location")).ctx;
    expect([message.dstUri, message.flowId, message.flowUri]).toEqual([null, tcp.id, "sip:a@10.1.1.1"]);
  });

  test("method_filtering leaves out who does not allow the method", async () => {
    const b = bed({ method_filtering: 1 });
    await register(b, { contact: "<sip:a@1.1.1.1>", more: "Allow: INVITE, ACK, BYE\n" });
    expect((await b.call(registrar, "lookup", b.context(options()), "location")).code).toBe(-2);
    await register(b, { contact: "<sip:a@1.1.1.1>", more: "Allow: INVITE, OPTIONS\n", cseq: 2 });
    expect((await b.call(registrar, "lookup", b.context(options()), "location")).code).toBe(1);
  });

  test("public and temporary GRUUs find the one binding", async () => {
    const b = bed();
    const contact = (n: number): string => `<sip:bob@1.1.1.${n}>;+sip.instance="<urn:uuid:${n}>"`;
    const o = await register(b, { user: "bob", contact: [contact(1), contact(2)], more: "Supported: gruu\n" });
    const find = async (uri: string): Promise<unknown> => {
      const { code, ctx } = await b.call(registrar, "lookup", b.context(options()), "location", uri);
      return [code, ctx.message.newUri, ctx.branches.length];
    };
    expect(await find("sip:bob@127.0.0.1;gr=urn:uuid:2")).toEqual([1, "sip:bob@1.1.1.2", 0]);
    expect(await find("sip:bob@127.0.0.1;gr=urn:uuid:3")).toEqual([-1, null, 0]);
    const temp = /temp-gruu="([^"]+)"/.exec(contactOf(o))![1]!;
    expect(await find(temp)).toEqual([1, "sip:bob@1.1.1.1", 0]);
  });

  test("unregister and reg_fetch_contacts", async () => {
    const b = bed();
    await register(b, { contact: ["<sip:a@1.1.1.1>", "<sip:b@1.1.1.1>"] });
    const { ctx } = await b.call(
      registrar,
      "reg_fetch_contacts",
      b.context(options()),
      "location",
      "sip:alice@x",
      "callee",
    );
    const read = (inner: string, index: number | null): unknown => {
      const accessor = registrar.pvs["ulc"]!.resolve(b.instance(registrar), inner, index);
      return "get" in accessor ? accessor.get(ctx) : accessor.message;
    };
    expect([read("callee=>count", null), read("callee=>addr", 1), read("callee=>addr", 2), read("x=>addr", 0)]).toEqual(
      [2, "sip:b@1.1.1.1", null, null],
    );
    const ruid = read("callee=>ruid", 0);
    await b.call(registrar, "unregister", ctx, "location", "sip:alice@x", ruid);
    expect(contactOf(await register(b, { cseq: 2 }))).toBe("<sip:b@1.1.1.1>;expires=3600");
    expect((await b.call(registrar, "unregister", ctx, "location", "sip:alice@x")).code).toBe(1);
    expect(contactOf(await register(b, { cseq: 3 }))).toBe("");
  });
});

test("add_sock_hdr adds the listener", async () => {
  const b = bed();
  const { code, ctx } = await b.call(registrar, "add_sock_hdr", b.context(registerText()), "Sock-Info");
  const out = new Uint8Array(2000);
  const end = ctx.message.edits.write(out, 0, ctx.message.buf, 0, ctx.message.end);
  expect(code).toBe(1);
  expect(new TextDecoder().decode(out.subarray(0, end))).toContain("\r\nSock-Info: udp:127.0.0.1:5060\r\n\r\n");
});
