// Global parameters of TCP that show between hosts alone, on real processes in a network namespace: the address that connections are opened from over
// IPv6, how often the first packet is repeated, and when the system finds that a far end has gone. Kamailio passes the same (PORTICO_TARGETS=kamailio).

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FarStreams, isAnswer, isArrival, isReady } from "../support/far-streams.ts";
import { type Namespace, Outpost, openNamespace, whyNoNamespaces } from "../support/namespaces.ts";
import { isInstalled, type Running, start, stop } from "../support/programs.ts";
import { chosenTargets, whyMissing } from "../support/server.ts";
import type { SipAgent } from "../support/sip-agent.ts";

const SERVER4 = "192.0.2.1";
const SERVER6 = "fd00::1";
const SOURCE6 = "fd00::7";
const FAR6 = "fd00::9";
const OTHER6 = "fd00::a";
const FAR_PORT = 7001;
/** Nobody answers there: what is sent to it is thrown away. */
const SILENT = "192.0.2.99";

const CONFIG = `#!KAMAILIO
debug=0
listen=udp:${SERVER4}:5060
listen=tcp:${SERVER4}:5060
listen=udp:[${SERVER6}]:5060
listen=tcp:[${SERVER6}]:5060
tcp_source_ipv6=[${SOURCE6}]
tcp_connect_timeout=20
tcp_syncnt=1
tcp_keepidle=1
tcp_keepintvl=1
tcp_keepcnt=2
tcp_connection_lifetime=600
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "tmx.so"
modparam("tm", "fr_timer", 30000)
request_route {
  if (method == "OPTIONS") { sl_send_reply("200", "OK"); exit; }
  if ($rU == "far") { $du = "sip:[${FAR6}]:${FAR_PORT};transport=tcp"; t_relay(); exit; }
  if ($rU == "forced") { $fs = "tcp:[${SERVER6}]:5060"; $du = "sip:[${OTHER6}]:${FAR_PORT};transport=tcp"; t_relay(); exit; }
  $du = "sip:${SILENT}:${FAR_PORT};transport=tcp";
  t_relay();
}
`;

const missing = whyNoNamespaces() ?? (isInstalled("ss") ? null : "ss is not installed (Debian package iproute2)");
const CI = process.env.CI === "true";
const OPTIONS =
  `OPTIONS sip:x@${SERVER4} SIP/2.0\r\nVia: SIP/2.0/TCP ${SERVER4}:9;branch=z9hG4bKaway\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\n` +
  "Call-ID: away\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

describe.skipIf(missing !== null && !CI)(`streams between hosts${missing === null ? "" : ` (${missing})`}`, () => {
  for (const target of chosenTargets()) {
    describe(target.name, () => {
      const directory = mkdtempSync(join(tmpdir(), "portico-away-"));
      let world: Namespace;
      let server: Running | undefined;
      let outpost: Outpost;
      let far: FarStreams;
      let phone: SipAgent;
      const inside = (...command: string[]): string => {
        const [program = "", ...args] = [...world.prefix, ...command];
        return spawnSync(program, args).stdout.toString();
      };

      beforeAll(async () => {
        const why = missing ?? (await whyMissing(target));
        if (why !== null) throw new Error(why);
        world = await openNamespace();
        world.set(
          "ip link add name wire type veth peer name nowhere",
          "ip link set nowhere up",
          "ip link set wire up",
          `ip addr add ${SERVER4}/24 dev wire`,
          ...[SERVER6, SOURCE6, FAR6, OTHER6].map((address) => `ip addr add ${address}/64 dev wire nodad`),
          `ip neigh add ${SILENT} lladdr 02:00:00:00:00:99 dev wire`,
        );
        const file = join(directory, "portico.cfg");
        writeFileSync(file, CONFIG);
        const args = [
          "-f",
          file,
          "-E",
          "-P",
          join(directory, "pid"),
          ...(target.name === "kamailio" ? ["-Y", directory] : []),
        ];
        server = start([
          ...world.prefix,
          "env",
          ...Object.entries(target.env).map(([k, v]) => `${k}=${v}`),
          ...target.command,
          ...args,
        ]);
        outpost = new Outpost(world);
        phone = await outpost.agent(SERVER4, SERVER4);
        far = new FarStreams(world, "::", FAR_PORT);
        await far.hear(isReady, "the far end");
        for (const end = Date.now() + 20_000; ; ) {
          if ((await phone.ask({ method: "OPTIONS" }, 200).catch(() => null)) !== null) break;
          if (Date.now() > end)
            throw new Error(`the server (${target.name}) does not answer:\n${server!.output().slice(-2000)}`);
        }
      });
      afterAll(async () => {
        phone?.close();
        far?.close();
        outpost?.close();
        if (server !== undefined) await stop(server);
        world?.close();
        rmSync(directory, { recursive: true, force: true });
      });

      test("tcp_source_ipv6: connections by IPv6 are opened from that address, unless the script has said by which socket", async () => {
        for (const [user, source] of [
          ["far", SOURCE6],
          ["forced", SERVER6],
        ]) {
          phone.send(phone.request({ method: "MESSAGE", uri: `sip:${user}@${SERVER4}` }).raw);
          const { from, text } = await far.hear(isArrival, "the request");
          expect([from, text.slice(0, 13)]).toEqual([source, `MESSAGE sip:${user}`.slice(0, 13)]);
        }
      });

      test("tcp_keepidle, tcp_keepintvl, tcp_keepcnt: who has gone without a word is found out; tcp_syncnt: so is who is not there", async () => {
        const ours = (state: string, ...which: string[]): boolean =>
          inside("ss", "-tnH", "state", state, "src", SERVER4, "and", ...which).trim() !== "";
        const lasts = async (holds: () => boolean, limit: number): Promise<number> => {
          const start = performance.now();
          while (holds() && performance.now() - start < limit) await new Promise((done) => setTimeout(done, 100));
          return performance.now() - start;
        };
        far.connect(SERVER4, 5060, OPTIONS);
        expect((await far.hear(isAnswer, "the answer")).got).toContain("SIP/2.0 200 OK");
        const answers = (): boolean => ours("established", "sport", "=", ":5060");
        const calls = (): boolean => ours("syn-sent", "dport", "=", `:${FAR_PORT}`);
        expect(answers()).toBe(true);
        phone.send(phone.request({ method: "MESSAGE", uri: `sip:silent@${SERVER4}` }).raw);
        expect(await lasts(() => !calls(), 5000)).toBeLessThan(5000);
        // the first packet, one more after a second, two seconds of waiting: three in place of the twenty of tcp_connect_timeout
        const called = lasts(calls, 15_000);
        world.set(`iptables -A OUTPUT -p tcp -s ${SERVER4} -d ${SERVER4} -j DROP`);
        // one second of silence and two questions, a second each, in place of two hours
        expect(await lasts(answers, 15_000)).toBeLessThan(15_000);
        const took = await called;
        expect([took > 1500, took < 15_000]).toEqual([true, true]);
      }, 40_000);
    });
  }
});
