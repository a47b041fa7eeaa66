// SCTP over real sockets: sipp's calls, a scripted peer, and Kamailio as the next hop. Few kernels of test machines have SCTP; where it is
// missing this is skipped (test/lab/sctp shows how to run it in a virtual machine), and so it is under CI.

import { existsSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { selectHost } from "../../src/host/index.ts";
import type { SctpAssociation } from "../../src/host/sctp.ts";
import { until } from "../support/far-end.ts";
import { freePort } from "../support/ports.ts";
import { type Running, run, start, stop } from "../support/programs.ts";
import { SctpPeer } from "../support/sctp-peer.ts";
import { type Server, startServer } from "../support/server.ts";
import { unique } from "../support/sip-agent.ts";
import { readSip, type SipText, writeSip } from "../support/sip-text.ts";
import { hasSipp } from "../support/sipp.ts";
import { describeTargets } from "../support/targets.ts";

const host = await selectHost();
const missing = host.network.noSctp();
const proxyPort = await freePort();
const calleePort = await freePort();
const kamailioPort = await freePort();
const deadPort = await freePort();

/** Kamailio's module, which is a package of its own (kamailio-sctp-modules). */
const KAMAILIO_MODULES = ["/usr/lib/x86_64-linux-gnu/kamailio/modules", "/usr/lib64/kamailio/modules"];
const kamailioHasSctp = KAMAILIO_MODULES.some((directory) => existsSync(`${directory}/sctp.so`));

const config = (port: number, next: string): string => `#!KAMAILIO
debug=1
enable_sctp=1
listen=sctp:127.0.0.1:${port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "sctp.so"
modparam("tm", "fr_timer", 5000)
request_route {
  if (is_method("OPTIONS") && $rU != "callee") { $var(seen) = $proto + " " + $pr + " " + $sp; sl_send_reply("200", "$var(seen)"); exit; }
  if ($rU == "dead") { $du = "sip:127.0.0.1:${deadPort};transport=sctp"; }
  else if ($rU == "service") { $du = "sip:127.0.0.1:${calleePort};transport=sctp"; }
  else if ($rU == "chain") { $ru = "sip:service@127.0.0.1"; $du = "${next}"; }
  t_relay();
}
`;

const KAMAILIO = {
  name: "kamailio",
  command: ["kamailio", "-DD", "-n", "1", "-N", "1", "-m", "32", "-M", "8"],
  env: {},
};

let peer: SctpPeer;

/** Sends a request to that port over SCTP; what comes back with its Call-ID is collected. */
function ask(port: number, method: string, uri: string): { readonly callId: string; replies(): SipText[] } {
  const callId = unique("sctp");
  const text = writeSip([
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/SCTP 127.0.0.1:${peer.local.port};branch=z9hG4bK${callId}`,
    "Max-Forwards: 70",
    "From: <sip:a@127.0.0.1>;tag=a",
    "To: <sip:b@127.0.0.1>",
    `Call-ID: ${callId}`,
    `CSeq: 1 ${method}`,
  ]);
  peer.send(association(port), text);
  const mine = (message: SipText): boolean => message.first("Call-ID") === callId && message.status !== 0;
  return { callId, replies: () => peer.texts.map(readSip).filter(mine) };
}

function association(port: number): SctpAssociation {
  return peer.socket.associate({ family: 4, address: "127.0.0.1", port })!;
}

/** Runs sipp's own call flow over SCTP, a caller against a port or a callee on one. */
function sipp(role: "uac" | "uas", port: number, calls: number, ...more: readonly string[]): Running {
  const target = role === "uac" ? [`127.0.0.1:${port}`] : ["-p", String(port)];
  const args = ["-sn", role, ...target, "-i", "127.0.0.1", "-t", "s1", "-m", String(calls), "-r", "10"];
  return start(["sipp", ...args, "-nostdin", "-timeout", "60s", "-timeout_error", ...more], { limit: 90_000 });
}

async function untilListening(port: number): Promise<void> {
  for (let i = 0; i < 500; i++) {
    const { output } = await run(["cat", "/proc/net/sctp/eps"], { limit: 5000 });
    if (output.includes(` ${port} `)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nobody listens on SCTP port ${port}`);
}

async function call(port: number, user: string, calls: number): Promise<void> {
  const callee = sipp("uas", calleePort, calls);
  try {
    await untilListening(calleePort);
    const caller = sipp("uac", port, calls, "-s", user, "-d", "20");
    const { code, output } = await caller.finished;
    expect(code, output.slice(-2000)).toBe(0);
    expect((await callee.finished).code).toBe(0);
  } finally {
    await stop(callee);
  }
}

if (missing !== null)
  test("SCTP between processes", ({ skip }) =>
    skip(`the kernel has no SCTP (${missing.code}): it was tried in a virtual machine, see test/lab/sctp`));
else {
  peer = await SctpPeer.open(host, "127.0.0.1");
  afterAll(() => peer.socket.close());
  const options = { config: config(proxyPort, `sip:127.0.0.1:${kamailioPort};transport=sctp`) };

  describeTargets("SCTP", options, (group) => {
    test("a request is answered over its association, whatever port its Via names", async () => {
      const { replies } = ask(proxyPort, "OPTIONS", "sip:x@a");
      await until(() => replies().length === 1, "the answer");
      expect(replies()[0]!.startLine).toBe(`SIP/2.0 200 sctp sctp ${peer.local.port}`);
    });

    test("a next hop that nobody listens on fails the request at once", async ({ skip }) => {
      if (group.target === "kamailio") skip("it waits for its timer");
      const { replies } = ask(proxyPort, "MESSAGE", "sip:dead@a");
      await until(() => replies().length === 1, "the answer", 3000);
      expect(replies()[0]!.status).toBe(477);
    });

    test("an association that breaks fails what waits over it", async ({ skip }) => {
      if (group.target === "kamailio") skip("it waits for its timer");
      const callee = await SctpPeer.open(host, "127.0.0.1");
      const { replies } = ask(proxyPort, "MESSAGE", `sip:x@127.0.0.1:${callee.local.port};transport=sctp`);
      await until(() => callee.texts.length === 1, "the request");
      expect(callee.texts[0]).toMatch(new RegExp(`Via: SIP/2.0/SCTP 127.0.0.1:${proxyPort};branch=z9hG4bK`));
      callee.socket.end(callee.last!, true);
      await until(() => replies().length === 1, "the answer", 3000);
      expect(replies()[0]!.status).toBe(500);
      callee.socket.close();
    });

    test("a message of 50,000 bytes goes through", async () => {
      const callee = await SctpPeer.open(host, "127.0.0.1");
      const callId = unique("long");
      const start = [`MESSAGE sip:x@127.0.0.1:${callee.local.port};transport=sctp SIP/2.0`];
      const via = `Via: SIP/2.0/SCTP 127.0.0.1:${peer.local.port};branch=z9hG4bK${callId}`;
      const rest = ["From: <sip:a@a>;tag=a", "To: <sip:b@b>", `Call-ID: ${callId}`, "CSeq: 1 MESSAGE"];
      peer.send(association(proxyPort), writeSip([...start, via, "Max-Forwards: 9", ...rest], "y".repeat(50_000)));
      await until(() => callee.texts.length === 1, "the request");
      expect(readSip(callee.texts[0]!).body.length).toBe(50_000);
      callee.socket.close();
    });

    test("sipp calls through, both ways over SCTP", async ({ skip }) => {
      if (!hasSipp) skip("sipp is not installed (Debian package sip-tester)");
      await call(proxyPort, "service", 20);
    });

    test("sipp calls through Kamailio as the next hop", async ({ skip }) => {
      if (!hasSipp || !kamailioHasSctp) skip("sipp, or Kamailio with its module sctp, is not installed");
      const kamailio: Server = await startServer(KAMAILIO, { config: config(kamailioPort, "sip:127.0.0.1") });
      try {
        await call(proxyPort, "chain", 10);
      } finally {
        await kamailio.close();
      }
    });
  });
}
