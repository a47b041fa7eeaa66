// Conversations with every feature of the stock configuration switched on, and one for features that do nothing alone.

import { hangUp } from "./stock-cases-basic.ts";
import { PASSWORD } from "./stock-cases-features.ts";
import type { RequestOptions, StockCase, Talk } from "./stock-talk.ts";
import { PHONES, type PhoneName, places, sdp } from "./stock-texts.ts";

const OFFICE = (user: string): string => `sip:${user}@office.example`;
const one = (name: string, run: (t: Talk) => Promise<void>): StockCase => ({ name, run });
const as = (user: string): RequestOptions => ({ login: { user, password: PASSWORD } });
const offer = (phone: PhoneName): RequestOptions => ({ body: sdp(places(phone).own.replace(/:.*/, "")) });
/** Until the requests of a phone are no flood together. */
const PAUSE = 2200;

export const SERVES: readonly StockCase[] = [
  one("it serves", async (t) => {
    await t.request("alice", "OPTIONS", "sip:office.example");
    await t.invite("alice", OFFICE("ghost"));
  }),
];

export const EVERYTHING: readonly StockCase[] = [
  one("a call with a password, and its records", async (t) => {
    await t.register("bob", as("bob"));
    await t.invite("alice", OFFICE("bob"), { ...as("alice"), ...offer("alice") });
    await t.reply("bob", 180);
    await t.reply("bob", 200, offer("bob"));
    await t.ack("alice");
    await hangUp(t, "bob", "alice");
    await t.sql(
      "SELECT method, callid, sip_code, src_user, src_ip, dst_ouser, dst_user, dst_domain FROM acc ORDER BY id",
    );
    await t.wait(PAUSE);
  }),
  one("a trusted gateway calls an alias whose phone is behind NAT", async (t) => {
    await t.register("dave", { ...as("bob"), user: "bob" });
    await t.invite("gate", OFFICE("support"), offer("gate"));
    await t.reply("dave", 200, offer("dave"));
    await t.ack("gate");
    await t.within("gate", "INVITE", offer("gate"));
    await t.reply("dave", 200, offer("dave"));
    await t.ack("gate");
    await hangUp(t, "dave", "gate");
    await t.wait(PAUSE);
  }),
  one("busy goes to voicemail, numbers to the gateway", async (t) => {
    await t.quietly("cfg.sets", "voicemail", "srv_ip", PHONES.mail.at.replace(/:.*/, ""));
    await t.quietly("cfg.sets", "pstn", "gw_ip", PHONES.gate.at.replace(/:.*/, ""));
    await t.register("bob", as("bob"));
    await t.invite("alice", OFFICE("bob"), as("alice"));
    await t.reply("bob", 486);
    await t.reply("mail", 200);
    await t.ack("alice");
    await hangUp(t, "mail", "alice");
    await t.invite("alice", OFFICE("+431234567"), as("alice"));
    await t.reply("gate", 503);
    await t.wait(PAUSE);
  }),
  one("by TLS, moved, asked for a password", async (t) => {
    await t.register("tess", { ...as("bob"), user: "bob" });
    for (const code of [302, 401]) {
      await t.invite("alice", OFFICE("bob"), as("alice"));
      await t.reply("tess", code, {
        contact: `<sip:carol@${PHONES.carol.at}>`,
        lines: ['WWW-Authenticate: Digest realm="r", nonce="n"'],
      });
    }
    await t.wait(PAUSE);
  }),
  one("speed dial, another domain, presence, a command", async (t) => {
    await t.register("bob", as("bob"));
    await t.invite("alice", OFFICE("11"), as("alice"));
    await t.reply("bob", 486);
    await t.invite("alice", "sip:bob@two.example", as("alice"));
    await t.request("alice", "SUBSCRIBE", OFFICE("bob"), { ...as("alice"), lines: ["Event: presence", "Expires: 0"] });
    await t.reply("alice", 200, { method: "NOTIFY" });
    await t.http("/RPC", JSON.stringify({ jsonrpc: "2.0", method: "core.echo", params: ["a"], id: 7 }));
  }),
];
