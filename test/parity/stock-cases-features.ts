// Conversations for what the stock configuration does when one of its features is switched on: users, numbers, gateways, defence, presence.

import { establish, hangUp } from "./stock-cases-basic.ts";
import type { StockCase, Talk } from "./stock-talk.ts";
import { type Login, PHONES, type PhoneName } from "./stock-texts.ts";

const OFFICE = (user: string): string => `sip:${user}@office.example`;
const one = (name: string, run: (t: Talk) => Promise<void>): StockCase => ({ name, run });

export const PASSWORD = "secret 1";
const login = (user: string, password = PASSWORD): Login => ({ user, password });
const as = (user: string): { login: Login } => ({ login: login(user) });

/** Rows of subscriber for these users. */
export function subscribers(...users: string[]): string[] {
  return users.map(
    (u) => `INSERT INTO subscriber (username, domain, password) VALUES ('${u}', 'office.example', '${PASSWORD}')`,
  );
}

export const AUTHENTICATION: readonly StockCase[] = [
  one("register with a password, again, remove", async (t) => {
    await t.register("bob", { ...as("bob"), expires: 600 });
    await t.register("bob", { ...as("bob"), expires: 300 });
    await t.register("bob", { ...as("bob"), contact: "" });
    await t.register("bob", { ...as("bob"), expires: 0 });
  }),
  one("a wrong password, an unknown user, somebody else's name", async (t) => {
    await t.register("bob", { login: login("bob", "guess") });
    await t.register("bob", { login: login("ghost") });
    await t.register("bob", { login: login("alice") });
    await t.register("carol", { user: "ghost", login: login("ghost") });
  }),
  one("credentials that are broken", async (t) => {
    await t.register("bob", { lines: ["Authorization: Digest nonsense"] });
    await t.register("bob", {
      lines: [
        'Authorization: Digest username="bob", realm="office.example", nonce="made up", uri="sip:office.example", response="00000000000000000000000000000000"',
      ],
    });
    await t.register("bob", { lines: ["Authorization: Basic Ym9iOnNlY3JldA=="] });
  }),
  one("a registration that runs out", async (t) => {
    await t.register("bob", { ...as("bob"), expires: 1 });
    await t.wait(1500);
    await t.invite("alice", OFFICE("bob"), as("alice"));
  }),
  one("a call with a password", async (t) => {
    await t.register("bob", as("bob"));
    await t.invite("alice", OFFICE("bob"), as("alice"));
    await t.reply("bob", 180);
    await t.reply("bob", 200);
    await t.ack("alice");
    await hangUp(t, "alice", "bob");
  }),
  one("a call with a wrong password", async (t) => {
    await t.register("bob", as("bob"));
    await t.invite("alice", OFFICE("bob"), { login: login("alice", "no") });
  }),
  one("a call in another's name", async (t) => {
    await t.register("bob", as("bob"));
    await t.invite("alice", OFFICE("bob"), { user: "carol", login: login("alice") });
  }),
  one("from outside to a user, and to outside", async (t) => {
    await t.register("bob", as("bob"));
    const from = { lines: ["From: <sip:x@elsewhere.example>;tag=f9"] };
    await t.invite("far", OFFICE("bob"), from);
    await t.reply("bob", 486);
    await t.invite("far", "sip:y@elsewhere.example", from);
  }),
  one("to outside with a password", async (t) => {
    await t.invite("alice", `sip:x@${PHONES.far.at}`, as("alice"));
    await t.reply("far", 180);
    await t.reply("far", 200);
    await t.ack("alice");
    await hangUp(t, "far", "alice");
  }),
  one("MESSAGE and PUBLISH with a password", async (t) => {
    await t.register("bob", as("bob"));
    await t.request("alice", "MESSAGE", OFFICE("bob"), { ...as("alice"), body: "hi", type: "text/plain" });
    await t.reply("bob", 202, { method: "MESSAGE" });
    await t.request("alice", "PUBLISH", OFFICE("alice"), { ...as("alice"), lines: ["Event: presence"] });
  }),
  one("CANCEL of a call with a password", async (t) => {
    await t.register("bob", as("bob"));
    await t.invite("alice", OFFICE("bob"), as("alice"));
    await t.reply("bob", 180);
    await t.request("alice", "OPTIONS", "sip:office.example");
    await t.request("alice", "OPTIONS", OFFICE("bob"));
  }),
];

export const BY_ADDRESS: readonly StockCase[] = [
  one("a trusted address calls without a password", async (t) => {
    await t.register("bob", as("bob"));
    await establish(t, "gate", "bob");
    await hangUp(t, "bob", "gate");
  }),
  one("it registers with one all the same", (t) => t.register("gate", { ...as("bob"), user: "bob" })),
  one("it may not be used to reach others", (t) =>
    t.invite("gate", `sip:x@${PHONES.far.at}`, { lines: ["From: <sip:x@elsewhere.example>;tag=f9"] }),
  ),
  one("another port, another network, another group", async (t) => {
    await t.register("bob", as("bob"));
    for (const phone of ["mail", "carol", "alice"] as const) await t.invite(phone, OFFICE("bob"));
  }),
];

export const ALIASES: readonly StockCase[] = [
  one("an alias of a user", async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("support"));
    await t.reply("bob", 486);
  }),
  one("an alias of somebody who is not there", (t) => t.invite("alice", OFFICE("sales"))),
  one("an alias elsewhere", async (t) => {
    await t.invite("alice", OFFICE("outside"));
    await t.reply("far", 486);
  }),
  one("no alias", (t) => t.invite("alice", OFFICE("ghost"))),
];

export const SPEED: readonly StockCase[] = [
  one("two digits of a user", async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("11"));
    await t.reply("bob", 486);
  }),
  one("of another user, of nobody", async (t) => {
    await t.invite("carol", OFFICE("11"));
    await t.invite("alice", OFFICE("12"));
    await t.invite("alice", OFFICE("123"));
  }),
  one("two digits that lead outside", async (t) => {
    await t.invite("alice", OFFICE("22"));
    await t.reply("far", 486);
  }),
];

export const DOMAINS: readonly StockCase[] = [
  one("the same user of two domains", async (t) => {
    await t.request("bob", "REGISTER", "sip:one.example", { to: "sip:bob@one.example" });
    await t.request("bob2", "REGISTER", "sip:two.example", { to: "sip:bob@two.example", user: "bob" });
    await t.invite("alice", "sip:bob@one.example");
    await t.reply("bob", 486);
    await t.invite("alice", "sip:bob@two.example");
    await t.reply("bob2", 486);
    await t.invite("alice", OFFICE("bob"));
  }),
  one("a domain that is not ours", async (t) => {
    await t.invite("alice", "sip:bob@three.example");
    await t.request("bob", "REGISTER", "sip:three.example", { to: "sip:bob@three.example" });
    await t.request("alice", "OPTIONS", "sip:two.example");
  }),
];

export const GATEWAY: readonly StockCase[] = [
  one("no gateway is named", (t) => t.invite("alice", OFFICE("+431234567"))),
  one("numbers go to the gateway", async (t) => {
    await t.quietly("cfg.sets", "pstn", "gw_ip", PHONES.gate.at.replace(/:.*/, ""));
    for (const number of ["+431234567", "00431234567"]) {
      await t.invite("alice", OFFICE(number));
      await t.reply("gate", 183);
      await t.reply("gate", 200);
      await t.ack("alice");
      await hangUp(t, "gate", "alice");
    }
  }),
  one("to a port", async (t) => {
    await t.quietly("cfg.sets", "pstn", "gw_port", "s:5060");
    await t.invite("alice", OFFICE("+431234567"));
    await t.reply("gate", 503);
  }),
  one("numbers that are none, callers that are not ours", async (t) => {
    await t.invite("alice", OFFICE("+0123"));
    await t.invite("alice", OFFICE("0043"));
    await t.invite("far", OFFICE("+431234567"), { lines: ["From: <sip:x@elsewhere.example>;tag=f9"] });
  }),
];

export const VOICEMAIL: readonly StockCase[] = [
  one("no voicemail is named", (t) => t.invite("alice", OFFICE("bob"))),
  one("nobody is there", async (t) => {
    await t.quietly("cfg.sets", "voicemail", "srv_ip", PHONES.mail.at.replace(/:.*/, ""));
    await t.invite("alice", OFFICE("bob"));
    await t.reply("mail", 200);
    await t.ack("alice");
    await hangUp(t, "alice", "mail");
  }),
  one("busy", async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", 486);
    await t.reply("mail", 200);
    await t.ack("alice");
    await hangUp(t, "mail", "alice");
  }),
  one("no answer", async (t) => {
    await t.quietly("cfg.seti", "tm", "fr_inv_timer", 1000);
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", 180);
    await t.wait(1300);
    await t.reply("bob", 200, { method: "CANCEL" });
    await t.reply("bob", 487);
    await t.reply("mail", 200);
    await t.ack("alice");
    await t.quietly("cfg.seti", "tm", "fr_inv_timer", 120000);
  }),
  one("silence", async (t) => {
    await t.quietly("cfg.seti", "tm", "fr_timer", 1000);
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"));
    await t.wait(1300);
    await t.reply("mail", 486);
    await t.quietly("cfg.seti", "tm", "fr_timer", 30000);
  }),
  one("declined, and given up", async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", 603);
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", 180);
    await t.cancel("alice");
    await t.reply("bob", 200, { method: "CANCEL" });
    await t.reply("bob", 487);
  }),
  one("the mailbox itself, messages waiting", async (t) => {
    await t.request("alice", "SUBSCRIBE", OFFICE("alice"), { lines: ["Event: message-summary", "Expires: 60"] });
    await t.reply("mail", 200, { method: "SUBSCRIBE", lines: ["Expires: 60"] });
    await t.within("mail", "NOTIFY", { lines: ["Event: message-summary", "Subscription-State: active"] });
    await t.request("alice", "MESSAGE", OFFICE("ghost"));
  }),
];

/** Requests as fast as they can be sent. */
const flood = (t: Talk, phone: PhoneName, count: number): Promise<void> =>
  t.volley(phone, count, () => t.make(phone, "OPTIONS", "sip:office.example"));

export const FLOOD: readonly StockCase[] = [
  one("too many requests, and the ban", async (t) => {
    await flood(t, "alice", 60);
    await t.request("bob", "OPTIONS", "sip:office.example");
    await t.command("htable.get", "ipban", PHONES.alice.at.replace(/:.*/, ""));
    await t.request("alice", "OPTIONS", "sip:office.example");
    await t.quietly("htable.setex", "ipban", PHONES.alice.at.replace(/:.*/, ""), 1);
    await t.wait(6500);
    await t.request("alice", "OPTIONS", "sip:office.example");
  }),
];

export const REDIRECTION: readonly StockCase[] = [301, 302, 300, 380].map((code) =>
  one(`moved, ${code}`, async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", code, { contact: `<sip:carol@${PHONES.carol.at}>` });
  }),
);

export const CHALLENGES: readonly StockCase[] = [401, 407, 403].map((code) =>
  one(`asked for a password, ${code}`, async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", code, { lines: ['WWW-Authenticate: Digest realm="r", nonce="n"'] });
  }),
);

const ROWS =
  "SELECT method, from_tag, to_tag, callid, sip_code, sip_reason, src_user, src_domain, src_ip, dst_ouser, dst_user, dst_domain FROM";

export const ACCOUNTS: readonly StockCase[] = [
  one("a call", async (t) => {
    await t.register("bob");
    await establish(t, "alice", "bob");
    await hangUp(t, "bob", "alice");
    await t.sql(`${ROWS} acc ORDER BY id`);
    await t.sql(`${ROWS} missed_calls ORDER BY id`);
    await t.sql("DELETE FROM acc");
  }),
  ...[486, 404, 503, 603].map((code) =>
    one(`a missed call, ${code}`, async (t) => {
      await t.register("bob");
      await t.invite("alice", OFFICE("bob"));
      await t.reply("bob", code);
      await t.sql(`${ROWS} acc ORDER BY id`);
      await t.sql(`${ROWS} missed_calls ORDER BY id`);
      await t.sql("DELETE FROM missed_calls");
    }),
  ),
  one("given up, and to nobody", async (t) => {
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", 180);
    await t.cancel("alice");
    await t.reply("bob", 200, { method: "CANCEL" });
    await t.reply("bob", 487);
    await t.invite("alice", OFFICE("ghost"));
    await t.sql(`${ROWS} acc ORDER BY id`);
    await t.sql(`${ROWS} missed_calls ORDER BY id`);
    await t.sql("DELETE FROM missed_calls");
  }),
  one("a failing BYE, a MESSAGE", async (t) => {
    await t.register("bob");
    await establish(t, "alice", "bob");
    await t.within("alice", "BYE");
    await t.reply("bob", 481, { method: "BYE" });
    await t.request("alice", "MESSAGE", OFFICE("bob"));
    await t.reply("bob", 200, { method: "MESSAGE" });
    await t.sql(`${ROWS} acc ORDER BY id`);
    await t.sql(`${ROWS} missed_calls ORDER BY id`);
    await t.sql("DELETE FROM acc");
  }),
  one("two phones, both miss it", async (t) => {
    await t.register("bob");
    await t.register("bob2", { user: "bob" });
    await t.invite("alice", OFFICE("bob"));
    await t.reply("bob", 486);
    await t.reply("bob2", 480);
    await t.sql(`${ROWS} acc ORDER BY id`);
    await t.sql(`${ROWS} missed_calls ORDER BY id`);
  }),
];

const rpc = (method: string, ...params: (string | number)[]): string =>
  JSON.stringify({ jsonrpc: "2.0", method, params, id: 7 });

export const OVER_HTTP: readonly StockCase[] = [
  one("a command", (t) => t.http("/RPC", rpc("core.echo", "a", 1))),
  one("commands about users", async (t) => {
    await t.register("bob", { contact: "<sip:bob@198.51.100.20:5070>", expires: 600 });
    await t.http("/RPC/", rpc("ul.lookup", "location", "ghost"));
    await t.http("/RPC", rpc("ul.rm", "location", "bob"));
    await t.http("/RPC", rpc("ul.rm", "location", "bob"));
  }),
  one("no such command, no command, no JSON", async (t) => {
    await t.http("/RPC", rpc("no.such"));
    await t.http("/RPC", "{}");
    await t.http("/RPC", "nonsense");
    await t.http("/RPC", "");
  }),
  one("another page", (t) => t.http("/other", "")),
  one("a setting", async (t) => {
    await t.http("/RPC", rpc("cfg.get", "core", "debug"));
    await t.http("/RPC", rpc("cfg.seti", "tm", "fr_timer", 29000));
    await t.http("/RPC", rpc("cfg.get", "tm", "fr_timer"));
  }),
  one("phones still call", async (t) => {
    await t.register("bob");
    await establish(t, "alice", "bob");
    await hangUp(t, "alice", "bob");
  }),
];
