// Conversations for what the stock configuration does when one of its features is switched on: TLS, bindings in a database, presence.

import { establish, hangUp } from "./stock-cases-basic.ts";
import type { StockCase, Talk } from "./stock-talk.ts";
import { PHONES } from "./stock-texts.ts";

const OFFICE = (user: string): string => `sip:${user}@office.example`;
const one = (name: string, run: (t: Talk) => Promise<void>): StockCase => ({ name, run });

export const ENCRYPTED: readonly StockCase[] = [
  one("a phone by TLS is called, and calls", async (t) => {
    await t.register("tess");
    await establish(t, "alice", "tess");
    await hangUp(t, "tess", "alice");
    await t.register("bob");
    await establish(t, "tess", "bob");
    await t.within("bob", "INVITE");
    await t.reply("tess", 200);
    await t.ack("bob");
    await hangUp(t, "bob", "tess");
  }),
  one("by TLS to TCP", async (t) => {
    await t.register("tara");
    await establish(t, "tess", "tara");
    await hangUp(t, "tara", "tess");
  }),
];

export const DATABASE: readonly StockCase[] = [
  one("register, call", async (t) => {
    await t.register("bob", { expires: 600, lines: ["User-Agent: Phone 1.0", "Expires: 600"] });
    await establish(t, "alice", "bob");
    await hangUp(t, "alice", "bob");
    await t.register("bob", { expires: 0 });
  }),
  one("known from before", async (t) => {
    await t.invite("alice", OFFICE("carol"));
    await t.reply("carol", 486);
  }),
];

const PIDF = (status: string): string =>
  `<?xml version="1.0"?>\r\n<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:bob@office.example"><tuple id="t1"><status><basic>${status}</basic></status></tuple></presence>\r\n`;

export const PRESENCE: readonly StockCase[] = [
  one("subscribe, publish, change, remove", async (t) => {
    await t.request("alice", "SUBSCRIBE", OFFICE("bob"), {
      lines: ["Event: presence", "Expires: 600", "Accept: application/pidf+xml"],
    });
    await t.reply("alice", 200, { method: "NOTIFY" });
    await t.request("bob", "PUBLISH", OFFICE("bob"), {
      lines: ["Event: presence", "Expires: 600"],
      body: PIDF("open"),
      type: "application/pidf+xml",
    });
    await t.reply("alice", 200, { method: "NOTIFY" });
    await t.within("alice", "SUBSCRIBE", {
      lines: ["Event: presence", "Expires: 0", `Contact: <sip:alice@${PHONES.alice.at}>`],
    });
    await t.reply("alice", 200, { method: "NOTIFY" });
  }),
  one("what is not understood", async (t) => {
    await t.request("alice", "SUBSCRIBE", OFFICE("bob"), { lines: ["Event: nonsense"] });
    await t.request("alice", "SUBSCRIBE", OFFICE("bob"));
    await t.request("alice", "PUBLISH", OFFICE("bob"), { lines: ["Event: presence", "SIP-If-Match: none"] });
    await t.request("alice", "PUBLISH", OFFICE("bob"), { lines: ["Event: presence"] });
    await t.request("alice", "PUBLISH", OFFICE("bob"), {
      lines: ["Event: presence", "Expires: 60"],
      body: "no xml",
      type: "application/pidf+xml",
    });
    await t.request("alice", "SUBSCRIBE", OFFICE("bob"), { lines: ["Event: message-summary"] });
  }),
  one("asked once", async (t) => {
    await t.request("alice", "SUBSCRIBE", OFFICE("carol"), { lines: ["Event: presence", "Expires: 0"] });
    await t.reply("alice", 200, { method: "NOTIFY" });
  }),
];
