// Conversations of phones behind NAT with the stock configuration, its relays included: rtpproxy, or rtpengine.

import { hangUp } from "./stock-cases-basic.ts";
import type { StockCase, Talk } from "./stock-talk.ts";
import { PHONES, type PhoneName, places, sdp } from "./stock-texts.ts";

const OFFICE = (user: string): string => `sip:${user}@office.example`;
const one = (name: string, run: (t: Talk) => Promise<void>): StockCase => ({ name, run });
const offer = (phone: PhoneName): { body: string } => ({ body: sdp(places(phone).own.replace(/:.*/, "")) });

async function call(t: Talk, from: PhoneName, to: PhoneName): Promise<void> {
  await t.invite(from, OFFICE(to), offer(from));
  await t.reply(to, 180);
  await t.reply(to, 200, offer(to));
  await t.ack(from);
}

export const BEHIND_NAT: readonly StockCase[] = [
  one("both on public addresses", async (t) => {
    await t.register("bob");
    await call(t, "alice", "bob");
    await hangUp(t, "alice", "bob");
  }),
  one("the called is behind NAT", async (t) => {
    await t.register("dave");
    await call(t, "alice", "dave");
    await t.within("alice", "INVITE", offer("alice"));
    await t.reply("dave", 200, offer("dave"));
    await t.ack("alice");
    await hangUp(t, "dave", "alice");
  }),
  one("the caller is behind NAT", async (t) => {
    await t.register("bob");
    await call(t, "dave", "bob");
    await t.within("bob", "INVITE", offer("bob"));
    await t.reply("dave", 200, offer("dave"));
    await t.ack("bob");
    await hangUp(t, "bob", "dave");
  }),
  one("both are", async (t) => {
    await t.register("dave");
    await t.register("erin");
    await call(t, "dave", "erin");
    await hangUp(t, "dave", "erin");
  }),
  one("refused, given up", async (t) => {
    await t.register("dave");
    await t.invite("alice", OFFICE("dave"), offer("alice"));
    await t.reply("dave", 486);
    await t.invite("alice", OFFICE("dave"), offer("alice"));
    await t.reply("dave", 183, offer("dave"));
    await t.cancel("alice");
    await t.reply("dave", 200, { method: "CANCEL" });
    await t.reply("dave", 487);
  }),
  one("forked to a phone behind NAT and one that is not", async (t) => {
    await t.register("dave", { user: "bob" });
    await t.register("bob");
    await t.invite("alice", OFFICE("bob"), offer("alice"));
    await t.reply("bob", 486);
    await t.reply("dave", 200, offer("dave"));
    await t.ack("alice");
    await hangUp(t, "alice", "dave");
  }),
  one("an offer in the ACK", async (t) => {
    await t.register("dave");
    await t.invite("alice", OFFICE("dave"));
    await t.reply("dave", 200, offer("dave"));
    await t.ack("alice", offer("alice"));
    await hangUp(t, "alice", "dave");
  }),
  one("MESSAGE, OPTIONS and UPDATE", async (t) => {
    await t.register("dave");
    await t.request("alice", "MESSAGE", OFFICE("dave"), { body: "hi", type: "text/plain" });
    await t.reply("dave", 200, { method: "MESSAGE" });
    await t.request("dave", "OPTIONS", OFFICE("dave"));
    await t.reply("dave", 200, { method: "OPTIONS" });
    await call(t, "alice", "dave");
    await t.within("alice", "UPDATE", offer("alice"));
    await t.reply("dave", 200, { method: "UPDATE", ...offer("dave") });
    await hangUp(t, "alice", "dave");
  }),
  one("what is registered", async (t) => {
    await t.register("dave", { expires: 600 });
    await t.register("dave", { contact: "" });
    await t.register("dave", { expires: 0 });
  }),
];

/** Without a relay, once the server knows that there is none. */
export const UNRELAYED: readonly StockCase[] = [
  one("the relay is asked in vain", (t) => t.wait(7000)),
  ...BEHIND_NAT.slice(0, 2),
];

/** The pings of the stock configuration, half a minute apart. */
export const PINGS: readonly StockCase[] = [
  {
    name: "a phone behind NAT is asked, one on a public address is not",
    any: true,
    run: async (t) => {
      await t.register("dave", { expires: 600 });
      await t.register("alice", { expires: 600 });
      await t.wait(33_000);
      await t.reply("dave", 200, { method: "OPTIONS" });
    },
  },
];

export const ADDRESS_OF = (phone: PhoneName): string => PHONES[phone].at.replace(/:.*/, "");
