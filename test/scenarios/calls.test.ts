// Calls between registered users through the default configuration, played by sipp in all pairs of transports.

import { test } from "vitest";
import type { Transport } from "../support/sip-agent.ts";
import { hasSipp, runSipp, type Sipp, startSipp } from "../support/sipp.ts";
import { describeTargets, type Group, login, sippTest } from "../support/targets.ts";

const PAIRS: readonly (readonly [Transport, Transport])[] = [
  ["udp", "udp"],
  ["tcp", "tcp"],
  ["udp", "tcp"],
  ["tcp", "udp"],
];
const SAME = PAIRS.slice(0, 2);

/** A sipp that waits for calls, registered for the user. */
async function callee(
  group: Group,
  user: string,
  flow: string,
  transport: Transport,
  extra: object = {},
): Promise<Sipp> {
  const sipp = await startSipp(group.server, { flow, transport, ...extra });
  const contact = `sip:${user}@127.0.0.1:${sipp.port}${transport === "tcp" ? ";transport=tcp" : ""}`;
  await runSipp(group.server, {
    flow: "register",
    transport,
    user,
    login: login(user),
    keys: { contact, expires: 600 },
  });
  return sipp;
}

interface Flow {
  readonly title: string;
  readonly caller: string;
  /** One flow for each telephone of the callee; none when nobody is there. */
  readonly callees: readonly string[];
  readonly status?: number;
  readonly pairs?: typeof PAIRS;
  /** Registered at all? When not, the called user does not even exist. */
  readonly known?: boolean;
  readonly calls?: number;
  readonly loss?: number;
}

const FLOWS: readonly Flow[] = [
  { title: "180, 200, ACK and BYE along the recorded path", caller: "uac-call", callees: ["uas-call"], pairs: PAIRS },
  {
    title: "changed by both sides, ended by the callee",
    caller: "uac-reinvite",
    callees: ["uas-reinvite"],
    pairs: PAIRS,
  },
  { title: "cancelled before it rings", caller: "uac-cancel-early", callees: ["uas-cancelled-early"] },
  { title: "cancelled while it rings", caller: "uac-cancel-ringing", callees: ["uas-cancelled-ringing"], pairs: PAIRS },
  { title: "busy", caller: "uac-refused", callees: ["uas-busy"], status: 486, pairs: PAIRS },
  { title: "to a user who does not exist", caller: "uac-refused", callees: [], status: 404 },
  { title: "not answered in time", caller: "uac-refused", callees: ["uas-cancelled-ringing"], status: 408 },
  {
    title: "rings two telephones, one answers",
    caller: "uac-call",
    callees: ["uas-cancelled-ringing", "uas-call"],
    pairs: PAIRS,
  },
  {
    title: "rings two telephones, both are busy",
    caller: "uac-refused",
    callees: ["uas-busy", "uas-busy"],
    status: 486,
  },
  { title: "MESSAGE", caller: "uac-message", callees: ["uas-message"], pairs: PAIRS },
];

describeTargets("calls", { defines: { DEAD_MILLISECONDS: 2000, RING_MILLISECONDS: 2500 } }, (group) => {
  for (const flow of FLOWS) {
    for (const [from, to] of flow.pairs ?? SAME) {
      const caller = group.user("caller");
      const called = flow.callees.length > 0 ? group.user("callee") : "nobody";
      sippTest(`${flow.title}, ${from} to ${to}`, hasSipp, async () => {
        const telephones: Sipp[] = [];
        for (const name of flow.callees) telephones.push(await callee(group, called, name, to));
        await runSipp(group.server, {
          flow: flow.caller,
          transport: from,
          user: called,
          login: login(caller),
          keys: { from: caller },
          words: { status: flow.status ?? "" },
        });
        await Promise.all(telephones.map((telephone) => telephone.done));
      });
    }
  }
});

// Losses cost time: repeated requests come after 0.5, 1.5 and 3.5 seconds. sipp loses on the caller's side only: as a
// callee it takes a repetition of a request that it has thrown away for a stray one.
describeTargets("calls with losses", { defines: { DEAD_MILLISECONDS: 7000 } }, (group) => {
  const caller = group.user("caller");
  const called = group.user("callee");
  sippTest("ten calls with 10 % of the caller's datagrams lost both ways", hasSipp, async () => {
    const options = { transport: "udp", calls: 10, limit: 60 } as const;
    const telephone = await callee(group, called, "uas-call-lossy", "udp", options);
    const more = { user: called, login: login(caller), keys: { from: caller }, loss: 10 };
    await runSipp(group.server, { flow: "uac-call-lossy", ...options, ...more });
    await telephone.stop();
  });
});

test("sipp is there where it must be", () => {
  if (!hasSipp && process.env.CI === "true") throw new Error("sipp is missing (Debian package sip-tester)");
});
