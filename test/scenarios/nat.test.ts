// Debian's stock configuration with NAT traversal (nathelper, rtpengine), telephones behind routers: they register, call and are called, audio flows,
// pings keep the way to them open, and a way that is lost ends a call cleanly. The installed Kamailio passes the same.

import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { whyNoNamespaces } from "../support/namespaces.ts";
import { describeAudio, PhoneCall } from "../support/phone-call.ts";
import { isInstalled } from "../support/programs.ts";
import { chosenTargets, whyMissing } from "../support/server.ts";
import { MEMORY, NatWorld, type Phone, PUBLIC, SERVER, STOCK } from "./nat-world.ts";

const missing =
  whyNoNamespaces() ??
  (isInstalled("rtpengine") ? null : "rtpengine is not installed (Debian package rtpengine-daemon)") ??
  (existsSync(STOCK) ? null : `${STOCK} is not there (Debian package kamailio)`);

const uri = (phone: Phone): string => `sip:${phone.user}@${SERVER}`;
const call = (from: Phone, to: Phone): Promise<PhoneCall> => PhoneCall.between(from, to, uri(to));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What happens in one world, step by step. */
type Step = readonly [name: string, run: (world: NatWorld, phones: Phones) => Promise<void>];
type Phones = Record<"a1" | "a2" | "b1" | "open", Phone>;

async function register(phone: Phone): Promise<string> {
  const { agent, user, contact } = phone;
  const to = `<sip:${user}@${SERVER}>`;
  const reply = await agent.ask({
    ...{ method: "REGISTER", uri: `sip:${SERVER}`, from: agent.from(user), to },
    headers: [contact, "Expires: 600"],
  });
  expect(reply.status, reply.raw).toBe(200);
  return reply.first("Contact");
}

async function talks(made: PhoneCall): Promise<void> {
  for (const { sdp } of [made.caller, made.callee]) expect(sdp).toContain(`c=IN IP4 ${SERVER}\r\n`);
  const heard = await made.talk();
  expect(heard.caller).toBeGreaterThanOrEqual(10);
  expect(heard.callee).toBeGreaterThanOrEqual(10);
}

const STEPS: readonly Step[] = [
  [
    "telephones register: their own address is kept beside the one they are reached at",
    async (_, { a1, a2, b1, open }) => {
      const contact = await register(a1);
      expect(contact).toContain(a1.agent.contact("a1"));
      expect(contact).toMatch(/;received="sip:203\.0\.113\.11:\d+"/);
      await register(a2);
      expect(await register(b1)).toMatch(/;received="sip:203\.0\.113\.12:\d+"/);
      expect(await register(open)).not.toContain("received");
    },
  ],
  [
    "one is called from outside, and hangs up",
    async (_, { a1, open }) => {
      const made = await call(open, a1);
      expect(made.invite.uri).toContain("192.168.1.10"); // the telephone sees its own contact
      expect(made.invite.first("Record-Route")).toContain(";nat=yes");
      expect(made.ok.first("Contact")).toMatch(/;alias=203\.0\.113\.11~\d+~1/);
      await talks(made);
      expect((await made.hangUp("callee")).status).toBe(200);
    },
  ],
  [
    "one calls outside, and is hung up on",
    async (_, { a1, open }) => {
      const made = await call(a1, open);
      expect(made.invite.first("Contact")).toMatch(/;alias=203\.0\.113\.11~\d+~1/);
      await talks(made);
      expect((await made.hangUp("callee")).status).toBe(200);
    },
  ],
  [
    "two behind one router",
    async (_, { a1, a2 }) => {
      const made = await call(a1, a2);
      await talks(made);
      expect((await made.hangUp("callee")).status).toBe(200);
    },
  ],
  [
    "two behind different routers, both at the same inner address; held and taken up again",
    async (_, { a1, b1 }) => {
      const made = await call(a1, b1);
      await talks(made);
      const held = await made.change(
        "callee",
        describeAudio(b1.audio, "sendonly"),
        describeAudio(a1.audio, "recvonly"),
      );
      expect(held.offer).toContain("a=sendonly");
      expect(held.answer).toContain("a=recvonly");
      await made.change("caller", a1.sdp, b1.sdp);
      await talks(made);
      expect((await made.hangUp("caller")).status).toBe(200);
    },
  ],
  [
    "pings keep the way open for longer than the router remembers",
    async (_, { b1, open }) => {
      const before = b1.pings;
      await pause((MEMORY + 1) * 1000);
      expect(b1.pings - before).toBeGreaterThanOrEqual(MEMORY);
      expect(open.pings).toBe(0);
      const made = await call(open, b1);
      expect((await made.hangUp("caller")).status).toBe(200);
    },
  ],
  [
    "a way is lost: the call fails; registered anew, the telephone is back",
    async (world, { a2, b1 }) => {
      world.homes[1]!.reconnect();
      const sent = PhoneCall.dial(a2, uri(b1));
      const failed = await a2.agent.receiveFinal(sent);
      expect(failed.status).toBe(408);
      a2.agent.send(a2.agent.ackRefusal(sent, failed));
      await register(b1);
      const invited = PhoneCall.dial(a2, uri(b1));
      const invite = await b1.agent.receiveRequest("INVITE");
      b1.agent.send(b1.agent.reply(invite, 486, "Busy Here"));
      const busy = await a2.agent.receiveFinal(invited);
      expect(busy.status).toBe(486);
      a2.agent.send(a2.agent.ackRefusal(invited, busy));
    },
  ],
];

async function run(world: NatWorld): Promise<void> {
  const phones: Phones = {
    a1: await world.home(0, "192.168.1.10", "a1"),
    a2: await world.home(0, "192.168.1.11", "a2"),
    b1: await world.home(1, "192.168.1.10", "b1"),
    open: await world.phone(world.outpost, PUBLIC, "open"),
  };
  for (const [name, step] of STEPS) {
    try {
      await step(world, phones);
    } catch (error) {
      throw new Error(`${name}; the server said:\n${world.log.slice(-3000)}`, { cause: error });
    }
  }
}

// The kernel's routers forget on the real clock: the worlds wait beside each other.
describe("Debian's configuration and telephones behind NAT", () => {
  for (const target of chosenTargets())
    test.concurrent(target.name, { timeout: 90_000 }, async ({ skip }) => {
      if (missing !== null) {
        if (process.env.CI === "true") throw new Error(missing);
        skip(missing);
      }
      const why = await whyMissing(target);
      if (why !== null) throw new Error(why);
      const world = await NatWorld.open();
      try {
        await world.start(target);
        await run(world);
        expect((await world.close())?.code).toBe(0);
      } finally {
        await world.close();
      }
    });
});
