// A real softphone (Baresip) on the default configuration: registers, calls, holds, refuses, gives up, by UDP, TCP and IPv6.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { isInstalled } from "../support/programs.ts";
import { root } from "../support/server.ts";
import { describeTargets } from "../support/targets.ts";
import { type Phone, type PhoneOptions, startPhone } from "./baresip.ts";

const hasBaresip = isInstalled("baresip");
const MISSING = "baresip is not installed (Debian package baresip-core)";
const password = "secret1234";
const sixPort = await freePort();
const config = `${readFileSync(join(root, "embed/default.cfg"), "utf8")}
listen=udp:[::1]:${sixPort}
listen=tcp:[::1]:${sixPort}
`;

type Side = "udp" | "tcp" | "udp6" | "tcp6";
const PAIRS: readonly (readonly [Side, Side])[] = [
  ["udp", "udp"],
  ["udp", "tcp"],
  ["tcp", "udp"],
  ["tcp", "tcp"],
  ["udp6", "tcp6"],
  ["tcp6", "udp6"],
];
const CASES = ["callee hangs up", "caller hangs up", "hold and resume", "refused", "given up"] as const;

/** Each call has users of its own: the bindings of telephones that were killed would ring along for a while. */
const names = (from: Side, to: Side, name: string): [string, string] => {
  const word = `${from}-${to}-${name.replaceAll(" ", "-")}`;
  return [`amy-${word}`, `bob-${word}`];
};
const everybody = PAIRS.flatMap(([from, to]) => CASES.flatMap((name) => names(from, to, name)));
const users = [...everybody, "carol"].map((user) => ({ user, password }));

describeTargets("softphones", { config, users }, (group) => {
  const phones: Phone[] = [];
  afterEach(async () => {
    await Promise.all(phones.splice(0).map((phone) => phone.close()));
  });

  const uri = (user: string, side: Side): string =>
    side.endsWith("6") ? `sip:${user}@[::1]:${sixPort}` : `sip:${user}@127.0.0.1:${group.server.port}`;

  async function phone(user: string, side: Side, more: Partial<PhoneOptions> = {}): Promise<[Phone, boolean]> {
    const started = await startPhone({
      user,
      password,
      transport: side.startsWith("udp") ? "udp" : "tcp",
      server: uri("", side).slice("sip:@".length),
      ...(side.endsWith("6") ? { address: "::1" } : {}),
      ...more,
    });
    phones.push(started.phone);
    return [started.phone, started.registered];
  }

  function clientTest(name: string, run: () => Promise<void>): void {
    test(name, async ({ skip }) => {
      if (!hasBaresip) {
        if (process.env.CI === "true") throw new Error(MISSING);
        skip(MISSING);
      }
      await run();
    });
  }

  clientTest("a wrong password is refused", async () => {
    const [, registered] = await phone("carol", "udp", { password: "wrong" });
    expect(registered).toBe(false);
  });

  for (const [from, to] of PAIRS) {
    describe(`${from} calls ${to}`, () => {
      for (const name of CASES) {
        clientTest(name, async () => {
          const [amy, bob] = names(from, to, name);
          const [[caller, one], [callee, two]] = await Promise.all([phone(amy, from), phone(bob, to)]);
          expect([one, two], `${caller.log}${callee.log}`).toEqual([true, true]);
          await play(name, caller, callee, uri(bob, from));
        });
      }
    });
  }
});

async function play(name: (typeof CASES)[number], caller: Phone, callee: Phone, uri: string): Promise<void> {
  await caller.command("dial", uri);
  await callee.event("CALL_INCOMING");
  await caller.event("CALL_RINGING");
  if (name === "refused") {
    await callee.command("hangup");
    expect((await caller.event("CALL_CLOSED")).param).toMatch(/486|480|603|Busy|Declin|Rejected/i);
    return;
  }
  if (name === "given up") {
    await caller.command("hangup");
    await callee.event("CALL_CLOSED");
    return;
  }
  await callee.command("accept");
  await Promise.all([caller.event("CALL_ESTABLISHED"), callee.event("CALL_ESTABLISHED")]);
  if (name === "hold and resume") {
    for (const [one, other] of [
      [caller, callee],
      [callee, caller],
    ] as const) {
      for (const command of ["hold", "resume"]) {
        await one.command(command);
        await Promise.all([one.event("CALL_REMOTE_SDP"), other.event("CALL_REMOTE_SDP")]);
      }
    }
  }
  const [quitter, left] = name === "callee hangs up" ? [callee, caller] : [caller, callee];
  await quitter.command("hangup");
  await left.event("CALL_CLOSED");
}
