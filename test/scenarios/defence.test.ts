// While somebody at 127.0.0.2 does his worst, telephones at 127.0.0.1 register and call. Volumes are bounded; nothing is said of times here but
// that calls succeed (test/bench/defence.ts measures them).

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type Attack, attack } from "../support/attack.ts";
import { root } from "../support/server.ts";
import type { SipAgent } from "../support/sip-agent.ts";
import { uriOf } from "../support/sip-text.ts";
import { describeTargets, login } from "../support/targets.ts";

/** The default configuration; the log says what is dropped. */
const CONFIG = readFileSync(join(root, "embed/default.cfg"), "utf8").replace(
  "\ntcp_connection_lifetime=3660",
  "\ntcp_connection_lifetime=3660\ndebug=2",
);
const TIMES = process.env.PORTICO_LONG === "1" ? 5 : 1;

describeTargets("defence", { config: CONFIG, without: ["kamailio"] }, (group) => {
  const [alice, bob] = [group.user("alice"), group.user("bob")];
  const running: Attack[] = [];
  afterEach(() => {
    for (const one of running.splice(0)) one.kill();
  });

  function begin(kind: string, count: number): Attack {
    const one = attack(kind, group.server.port, count);
    running.push(one);
    return one;
  }

  /** One telephone by TCP calls another by UDP, which answers and hangs up. */
  async function call(caller: SipAgent, callee: SipAgent): Promise<void> {
    const uri = `sip:${bob}@127.0.0.1:${group.server.port}`;
    const from = caller.from(alice);
    const headers = [`Contact: <${caller.contact(alice)}>`];
    const answered = caller.askWithLogin({ method: "INVITE", uri, from, headers }, login(alice));
    const invite = await callee.receiveRequest("INVITE");
    callee.send(callee.reply(invite, 200, "OK", [`Contact: <${callee.contact(bob)}>`]));
    const ok = await answered;
    expect(ok.status).toBe(200);
    const path = invite.all("Record-Route");
    const dialog = { callId: invite.first("Call-ID"), from: ok.first("From"), to: ok.first("To") };
    const way = [...path].reverse().map((hop) => `Route: ${hop}`);
    caller.send(
      caller.request({ ...dialog, method: "ACK", uri: uriOf(ok.first("Contact")), cseq: 2, headers: way }).raw,
    );
    await callee.receiveRequest("ACK");
    const bye = callee.request({
      callId: dialog.callId,
      from: dialog.to,
      to: dialog.from,
      method: "BYE",
      uri: uriOf(invite.first("Contact")),
      headers: path.map((hop) => `Route: ${hop}`),
    });
    callee.send(bye.raw);
    const hungUp = await caller.receiveRequest("BYE");
    caller.send(caller.reply(hungUp, 200, "OK"));
    expect((await callee.receiveFinal(bye)).status).toBe(200);
  }

  /** New telephones register and call each other, some times. */
  async function calls(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const [caller, callee] = [await group.server.agent("tcp"), await group.server.agent("udp")];
      expect((await caller.register(login(alice))).status).toBe(200);
      expect((await callee.register(login(bob))).status).toBe(200);
      for (let k = 0; k < 5; k++) await call(caller, callee);
      expect((await callee.register(login(bob), { expires: 0 })).status).toBe(200);
      expect((await caller.register(login(alice), { expires: 0 })).status).toBe(200);
    }
  }

  for (const kind of ["slowloris", "silent"])
    test(`200 connections: ${kind}`, async () => {
      const one = begin(kind, 200 * TIMES);
      await one.held;
      await calls(3);
      one.end();
      expect((await one.result)["held"]).toBe(200 * TIMES);
    });

  test("oversized and never-ending messages", async () => {
    const one = begin("endless", 20 * TIMES);
    await calls(3);
    const seen = await one.result;
    expect(seen["closed"]).toBe(20 * TIMES);
    await calls(1);
  });

  test("connection attempts as fast as one process can", async () => {
    const one = begin("connections", 4000 * TIMES);
    let over = false;
    void one.result.finally(() => {
      over = true;
    });
    let rounds = 0;
    do {
      await calls(1);
      rounds++;
    } while (!over && rounds < 100);
    expect((await one.result)["tried"]).toBe(4000 * TIMES);
    expect(group.server.log).toContain("dropped: source-connection-rate");
    expect(group.server.log.split("dropped: source-connection-rate").length - 1).toBeLessThan(5 * 20);
    await calls(1);
  });

  test("garbage datagrams between calls", async () => {
    const one = begin("garbage", 20_000 * TIMES);
    await calls(4);
    const { answers } = await one.result;
    expect(answers).toBeLessThan(2000 * TIMES);
    await calls(1);
    const lines = group.server.log.split("\n").filter((line) => line.includes("message from 127.0.0.2"));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(5 * 20);
  });
});
