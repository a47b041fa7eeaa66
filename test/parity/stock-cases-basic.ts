// Conversations for the stock configuration as it is: registration, calls, and what it refuses.

import type { RequestOptions, StockCase, Talk } from "./stock-talk.ts";
import { PHONES, type PhoneName } from "./stock-texts.ts";

const OFFICE = (user: string): string => `sip:${user}@office.example`;

/** A call to a registered phone up to the ACK. */
export async function establish(
  t: Talk,
  from: PhoneName,
  to: PhoneName,
  o: RequestOptions = {},
  answer: RequestOptions = {},
): Promise<void> {
  await t.invite(from, OFFICE(o.user ?? to), { ...o, user: from });
  await t.reply(to, 180);
  await t.reply(to, 200, answer);
  await t.ack(from);
}

/** The end of a call. */
export async function hangUp(t: Talk, from: PhoneName, to: PhoneName): Promise<void> {
  await t.within(from, "BYE");
  await t.reply(to, 200, { method: "BYE" });
}

const one = (name: string, run: (t: Talk) => Promise<void>): StockCase => ({ name, run });
/** One request with a change of its text. */
const bad = (name: string, method: string, uri: string, o: RequestOptions): StockCase =>
  one(name, (t) => t.request("alice", method, uri, o));

export const REGISTRATION: readonly StockCase[] = [
  one("register, ask, again, remove", async (t) => {
    await t.register("bob", { expires: 600 });
    await t.register("bob", { contact: "" });
    await t.register("bob", { expires: 300 });
    await t.register("bob", { expires: 0 });
    await t.register("bob", { contact: "" });
  }),
  one("two phones of one user, all removed", async (t) => {
    await t.register("bob", { expires: 600 });
    await t.register("bob2", { user: "bob", expires: 600, lines: ["Expires: 600"] });
    await t.register("bob", { contact: "*", expires: 0 });
    await t.register("bob", { contact: "" });
  }),
  one("all removed, without Expires 0", (t) => t.register("bob", { contact: "*", expires: 5 })),
  one("longer than allowed, not at all, by the contact", async (t) => {
    await t.register("bob", { expires: 90000 });
    await t.register("bob");
    await t.register("bob", { contact: `<sip:bob@${PHONES.bob.at}>;expires=120;q=0.3` });
  }),
  one("two contacts at once", (t) =>
    t.register("bob", { contact: `<sip:bob@${PHONES.bob.at}>;q=0.9, <sip:bob@${PHONES.bob2.at}>;q=0.1`, expires: 60 }),
  ),
  one("an older CSeq of the same Call-ID", async (t) => {
    const text = t.make("bob", "REGISTER", "sip:office.example", { lines: ["CSeq: 9 REGISTER", "Expires: 600"] });
    await t.raw("bob", text);
    await t.raw("bob", text.replace("CSeq: 9", "CSeq: 8").replace("z9hG4bK-", "z9hG4bK-stock-b"));
  }),
  one("a contact that is none", (t) => t.register("bob", { contact: "<nonsense" })),
  one("no To", (t) => t.register("bob", { without: ["To"] })),
  one("a foreign registrar", (t) => t.request("bob", "REGISTER", "sip:elsewhere.example")),
  one("a foreign To", (t) => t.register("bob", { to: "sip:bob@elsewhere.example" })),
  one("a Path", async (t) => {
    await t.register("bob", { lines: ["Supported: path", `Path: <sip:${PHONES.far.at};lr>`, "Expires: 60"] });
    await t.invite("alice", OFFICE("bob"));
    await t.reply("far", 486);
  }),
  one("a Path that is not supported", (t) => t.register("bob", { lines: [`Path: <sip:${PHONES.far.at};lr>`] })),
  one("instance, methods and user agent in ul.lookup", async (t) => {
    await t.register("bob", {
      contact: `<sip:bob@${PHONES.bob.at}>;+sip.instance="<urn:uuid:1>";reg-id=1`,
      lines: ["Allow: INVITE, ACK, BYE", "User-Agent: Phone 1.0", "Expires: 60"],
    });
    await t.request("alice", "MESSAGE", OFFICE("bob"), { body: "hi", type: "text/plain" });
  }),
];

export const CALLS: readonly StockCase[] = [
  one("call, ended by the caller", async (t) => {
    await t.register("bob");
    await establish(t, "alice", "bob");
    await hangUp(t, "alice", "bob");
  }),
  one("call, ended by the called", async (t) => {
    await t.register("bob");
    await establish(t, "alice", "bob");
    await hangUp(t, "bob", "alice");
  }),
  one("re-INVITE both ways, UPDATE, INFO, REFER", async (t) => {
    await t.register("bob");
    await establish(t, "alice", "bob");
    for (const [from, to] of [
      ["alice", "bob"],
      ["bob", "alice"],
    ] as const) {
      await t.within(from, "INVITE");
      await t.reply(to, 200);
      await t.ack(from);
    }
    for (const method of ["UPDATE", "INFO", "REFER", "NOTIFY"]) {
      await t.within("alice", method);
      await t.reply("bob", 202, { method });
    }
    await t.within("bob", "INVITE");
    await t.reply("alice", 488);
    await hangUp(t, "alice", "bob");
  }),
  one("reliable provisional reply", async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"), { lines: ["Supported: 100rel"] });
    await t.reply("bob", 183, { lines: ["Require: 100rel", "RSeq: 1"] });
    await t.within("alice", "PRACK", { lines: ["RAck: 1 1 INVITE"] });
    await t.reply("bob", 200, { method: "PRACK" });
    await t.reply("bob", 200);
  }),
  one("CANCEL while it rings", async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", 180);
    await t.cancel("alice");
    await t.reply("bob", 200, { method: "CANCEL" });
    await t.reply("bob", 487);
  }),
  one("CANCEL before it rings", async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"));
    await t.cancel("alice");
    await t.reply("bob", 180);
    await t.reply("bob", 200, { method: "CANCEL" });
    await t.reply("bob", 487);
  }),
  one("CANCEL of nothing", async (t) => {
    t.make("alice", "INVITE", OFFICE("bob"));
    await t.request("alice", "CANCEL", OFFICE("bob"));
  }),
  one("CANCEL after the answer", async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", 200);
    await t.cancel("alice");
    await t.ack("alice");
  }),
  ...[486, 480, 404, 503, 500, 408, 603, 401, 407, 488].map((code) =>
    one(`refused with ${code}`, async (t) => {
      await t.register("bob");
      await t.invite("alice", OFFICE("bob"));
      await t.reply(
        "bob",
        code,
        code < 408 && code > 400 && code !== 404 ? { lines: ['WWW-Authenticate: Digest realm="r", nonce="n"'] } : {},
      );
    }),
  ),
  one("moved", async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", 302, { contact: `<sip:carol@${PHONES.carol.at}>` });
  }),
  one("forked, one answers", async (t) => {
    await t.register("bob");
    await t.register("bob2", { user: "bob" });
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", 180);
    await t.reply("bob2", 183);
    await t.reply("bob2", 200);
    await t.reply("bob", 200, { method: "CANCEL" });
    await t.reply("bob", 487);
    await t.ack("alice");
    await hangUp(t, "alice", "bob2");
  }),
  one("forked, both refuse", async (t) => {
    await t.register("bob");
    await t.register("bob2", { user: "bob" });
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", 486);
    await t.reply("bob2", 404);
  }),
  one("forked, one declines for all", async (t) => {
    await t.register("bob");
    await t.register("bob2", { user: "bob" });
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob2", 180);
    await t.reply("bob", 603);
    await t.reply("bob2", 200, { method: "CANCEL" });
    await t.reply("bob2", 487);
  }),
  one("forked, by q", async (t) => {
    await t.register("bob", { contact: `<sip:bob@${PHONES.bob.at}>;q=0.2` });
    await t.register("bob2", { user: "bob", contact: `<sip:bob@${PHONES.bob2.at}>;q=0.8` });
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob2", 486);
    await t.reply("bob", 486);
  }),
  one("INVITE sent again", async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"));
    await t.again("alice", "INVITE");
    await t.reply("bob", 180);
    await t.again("alice", "INVITE");
    await t.reply("bob", 200);
    await t.again("alice", "INVITE");
    await t.reply("bob", 200);
    await t.ack("alice");
  }),
  one("MESSAGE, sent again, and its answer", async (t) => {
    await t.register("bob");
    await t.request("alice", "MESSAGE", OFFICE("bob"), { body: "hello", type: "text/plain" });
    await t.again("alice", "MESSAGE");
    await t.reply("bob", 202, { method: "MESSAGE" });
    await t.again("alice", "MESSAGE");
  }),
  one("methods that only travel", async (t) => {
    await t.register("bob");
    for (const method of ["OPTIONS", "INFO", "REFER", "NOTIFY", "SUBSCRIBE", "UPDATE", "WHATEVER"]) {
      await t.request("alice", method, OFFICE("bob"));
      await t.reply("bob", 200, { method });
    }
  }),
  one("by TCP", async (t) => {
    await t.register("tara");
    await establish(t, "alice", "tara");
    await hangUp(t, "tara", "alice");
    await t.register("bob");
    await establish(t, "tara", "bob");
    await hangUp(t, "tara", "bob");
  }),
  one("a contact that nobody listens at", async (t) => {
    await t.register("bob", { contact: "<sip:bob@198.51.100.20:9;transport=tcp>" });
    await t.invite("alice", OFFICE("bob"));
  }),
];

export const REFUSALS: readonly StockCase[] = [
  bad("OPTIONS to the server", "OPTIONS", "sip:office.example", {}),
  bad("OPTIONS to its address", "OPTIONS", "sip:203.0.113.1", {}),
  bad("OPTIONS to nobody's name", "OPTIONS", OFFICE("ghost"), {}),
  bad("INVITE to nobody", "INVITE", OFFICE("ghost"), {}),
  bad("MESSAGE to nobody", "MESSAGE", OFFICE("ghost"), {}),
  bad("without a user", "INVITE", "sip:office.example", {}),
  bad("MESSAGE without a user", "MESSAGE", "sip:office.example", {}),
  bad("to a foreign place", "INVITE", "sip:x@elsewhere.example", {}),
  bad("no hops left", "INVITE", OFFICE("bob"), { lines: ["Max-Forwards: 0"] }),
  bad("OPTIONS without hops", "OPTIONS", "sip:office.example", { lines: ["Max-Forwards: 0"] }),
  bad("Max-Forwards is no number", "INVITE", OFFICE("ghost"), { lines: ["Max-Forwards: many"] }),
  one("Max-Forwards comes down", async (t) => {
    await t.register("bob");
    for (const value of ["1", "10", "255"]) {
      await t.request("alice", "INFO", OFFICE("bob"), { lines: [`Max-Forwards: ${value}`] });
      await t.reply("bob", 200, { method: "INFO" });
    }
    await t.request("alice", "INFO", OFFICE("bob"), { without: ["Max-Forwards"] });
    await t.reply("bob", 200, { method: "INFO" });
  }),
  ...["friendly-scanner", "sipcli/v1.8", "my scanner", "VaxSIPUserAgent", "pplsip", "sipvicious"].map((agent) =>
    bad(`User-Agent ${agent}`, "OPTIONS", "sip:office.example", { lines: [`User-Agent: ${agent}`] }),
  ),
  bad("no To", "INVITE", OFFICE("bob"), { without: ["To"] }),
  bad("no From", "INVITE", OFFICE("bob"), { without: ["From"] }),
  bad("From without a tag", "INVITE", OFFICE("bob"), { change: (t) => t.replace(/;tag=f\d/, "") }),
  bad("no CSeq", "MESSAGE", OFFICE("bob"), { without: ["CSeq"] }),
  bad("no Contact", "INVITE", OFFICE("bob"), { without: ["Contact"] }),
  bad("CSeq of another method", "INVITE", OFFICE("bob"), { lines: ["CSeq: 1 MESSAGE"] }),
  bad("CSeq too large", "MESSAGE", OFFICE("bob"), { lines: ["CSeq: 4294967296 MESSAGE"] }),
  bad("Content-Length too small", "MESSAGE", OFFICE("bob"), { lines: ["Content-Length: 1"], body: "hello" }),
  bad("Content-Length too large", "MESSAGE", OFFICE("bob"), { lines: ["Content-Length: 9"], body: "hello" }),
  bad("Expires is no number", "REGISTER", "sip:office.example", { lines: ["Expires: soon"] }),
  bad("Proxy-Require", "INVITE", OFFICE("bob"), { lines: ["Proxy-Require: magic"] }),
  bad("another version", "INVITE", OFFICE("bob"), { change: (t) => t.replace(" SIP/2.0\r\n", " SIP/3.0\r\n") }),
  bad("an unknown scheme", "INVITE", "http:bob@office.example", {}),
  bad("a bad URI", "INVITE", "sip:", {}),
  bad("a bad From URI", "INVITE", OFFICE("bob"), { change: (t) => t.replace(/^From: <sip:/m, "From: <sip::::") }),
  bad("a telephone number", "INVITE", "tel:+43123456", {}),
  bad("an Authorization that is none", "MESSAGE", OFFICE("ghost"), { lines: ["Authorization: Digest broken"] }),
  bad("preloaded Route to us", "INVITE", OFFICE("ghost"), { lines: ["Route: <sip:203.0.113.1;lr>"] }),
  one("preloaded Route to others", async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"), { lines: [`Route: <sip:203.0.113.1;lr>, <sip:${PHONES.far.at};lr>`] });
    await t.reply("bob", 486);
  }),
  ...["BYE", "INVITE", "ACK", "SUBSCRIBE", "NOTIFY"].map((method) =>
    bad(`${method} within, without Route`, method, OFFICE("bob"), { lines: ["To: <sip:bob@office.example>;tag=u9"] }),
  ),
  bad("SUBSCRIBE within, to the server", "SUBSCRIBE", "sip:office.example", {
    lines: ["To: <sip:bob@office.example>;tag=u9", "Event: presence"],
  }),
  one("within a call, without Route", async (t) => {
    await t.register("bob");
    await establish(t, "alice", "bob");
    await t.within("alice", "BYE", { route: false });
    await t.within("alice", "BYE", {
      lines: ["Max-Forwards: 0"],
      change: (m) => m.replace("Max-Forwards: 70\r\n", ""),
    });
    await hangUp(t, "alice", "bob");
  }),
  bad("PUBLISH", "PUBLISH", OFFICE("bob"), { lines: ["Event: presence"] }),
  bad("SUBSCRIBE to presence", "SUBSCRIBE", OFFICE("bob"), { lines: ["Event: presence"] }),
  bad("SUBSCRIBE to messages waiting", "SUBSCRIBE", OFFICE("bob"), { lines: ["Event: message-summary"] }),
  bad("SUBSCRIBE without a user", "SUBSCRIBE", "sip:office.example", { lines: ["Event: presence"] }),
  one("a method the phone does not take", async (t) => {
    await t.register("bob", { lines: ["Allow: INVITE, ACK, BYE, CANCEL"] });
    await t.request("alice", "MESSAGE", OFFICE("bob"));
    await t.request("alice", "OPTIONS", OFFICE("bob"));
  }),
  one("keep-alive by UDP and TCP", async (t) => {
    await t.register("tara");
    await t.raw("alice", "\r\n\r\n", "CRLF");
    await t.raw("tara", "\r\n\r\n", "CRLF");
    await t.raw("alice", "\0\0\0\0", "four zeros");
  }),
  one("not SIP at all", (t) => t.raw("alice", "GET / HTTP/1.0\r\n\r\n")),
  one("an unasked reply", async (t) => {
    await t.raw(
      "alice",
      `SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP ${PHONES.bob.at};branch=z9hG4bK-stock-x\r\nFrom: <sip:a@b>;tag=f1\r\nTo: <sip:b@c>;tag=u1\r\nCall-ID: none\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n`,
    );
  }),
];
