// What attacks cost: memory of idle connections, and how long a call takes to be answered while somebody at another address does his worst. One table for all
// targets; run it on a machine that does nothing else:
//   bun test/bench/defence.ts [bun,deno,dist,kamailio] [TCP connections, 2000] [TLS connections, 500]

import { readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { connect as connectTls } from "node:tls";
import { attack } from "../support/attack.ts";
import { TestCertificates } from "../support/certificates.ts";
import { freePort } from "../support/ports.ts";
import { chosenTargets, type Server, startServer } from "../support/server.ts";
import type { SipAgent } from "../support/sip-agent.ts";

process.env.PORTICO_TARGETS = process.argv[2] ?? "bun,deno,dist";
const TCP = Number(process.argv[3] ?? 2000);
const TLS = Number(process.argv[4] ?? 500);
const files = new TestCertificates().authority("ca").issue("a", "ca", "a.example");
const tlsPort = await freePort();
writeFileSync(
  files.path("tls.cfg"),
  `[server:default]\nmethod = TLSv1.2+\ncertificate = ${files.path("a.pem")}\nprivate_key = ${files.path("a.key")}\n[client:default]\n`,
);

const wide = (name: string): string =>
  `tcp_max_connections=${TCP * 2}\ntcp_connection_lifetime=600\n${name === "kamailio" ? "" : `source_max_connections=0\nsource_connection_burst=${TCP * 2}\n`}`;
const script = (globals: string): string => `#!KAMAILIO
debug=0
enable_tls=yes
${globals}listen=tls:127.0.0.1:${tlsPort}
loadmodule "tls.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
modparam("tls", "config", "${files.path("tls.cfg")}")
request_route {
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if (has_totag()) loose_route();
  else record_route();
  t_relay();
}
`;

/** Resident memory of a process and those it started, in KiB. */
function memory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const own = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
  return own + (children === "" ? 0 : children.split(" ").reduce((sum, child) => sum + memory(Number(child)), 0));
}

interface Row {
  readonly target: string;
  readonly what: string;
  readonly calls: number;
  readonly lost: number;
  readonly p50: string;
  readonly p99: string;
  readonly max: string;
  readonly memory: number;
  readonly remark: string;
}
const rows: Row[] = [];

/** Two telephones by UDP that call each other through the server for so long; how long each INVITE waited for its 200. */
async function calls(
  server: Server,
  what: string,
  ms: number,
  remark: () => string,
  until?: Promise<unknown>,
): Promise<void> {
  const [alice, bob] = [await server.agent("udp"), await server.agent("udp")];
  const times: number[] = [];
  let [lost, over] = [0, false];
  void until?.finally(() => {
    over = true;
  });
  const end = performance.now() + ms;
  while (performance.now() < end && !over) {
    const began = performance.now();
    if (await call(alice, bob)) times.push(performance.now() - began - hangUp);
    else lost++;
    for (const agent of [alice, bob]) agent.received.length = agent.inbox.length = 0;
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string =>
    (times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? -1).toFixed(1);
  const row: Row = {
    ...{ target: server.target.name, what, calls: times.length, lost },
    ...{ p50: at(0.5), p99: at(0.99), max: at(1), memory: memory(server.pid), remark: remark() },
  };
  rows.push(row);
  console.error(Object.values(row).join(" | "));
}

/** Milliseconds that the end of the last call took. */
let hangUp = 0;

async function call(alice: SipAgent, bob: SipAgent): Promise<boolean> {
  try {
    const uri = `sip:bob@127.0.0.1:${bob.port}`;
    const invite = alice.request({ method: "INVITE", uri, headers: [`Contact: <${alice.contact("alice")}>`] });
    alice.send(invite.raw);
    const got = await bob.receiveRequest("INVITE", 2000);
    bob.send(bob.reply(got, 200, "OK", [`Contact: <${bob.contact("bob")}>`]));
    const ok = await alice.receiveFinal(invite, 2000);
    const answered = performance.now();
    const headers = ok
      .all("Record-Route")
      .reverse()
      .map((route) => `Route: ${route}`);
    const dialog = { uri, headers, callId: ok.first("Call-ID"), from: ok.first("From"), to: ok.first("To") };
    alice.send(alice.request({ ...dialog, method: "ACK", cseq: Number.parseInt(ok.first("CSeq"), 10) }).raw);
    await bob.receiveRequest("ACK", 2000);
    const bye = alice.request({ ...dialog, method: "BYE" });
    alice.send(bye.raw);
    bob.send(bob.reply(await bob.receiveRequest("BYE", 2000), 200, "OK"));
    await alice.receiveFinal(bye, 2000);
    hangUp = performance.now() - answered;
    return ok.status === 200;
  } catch {
    return false;
  }
}

const OPTIONS = (i: number, by: string): string =>
  `OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/${by} 127.0.0.1:9;branch=z9hG4bKi${i}\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\n` +
  `Call-ID: idle${i}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`;

/** Opens connections that ask one thing and then are silent. */
async function idle(server: Server, count: number, by: "TCP" | "TLS"): Promise<void> {
  const sockets: Socket[] = [];
  const before = memory(server.pid);
  for (let i = 0; i < count; i++) {
    const socket =
      by === "TCP"
        ? connect({ host: "127.0.0.1", port: server.port })
        : connectTls({ host: "127.0.0.1", port: tlsPort, rejectUnauthorized: false });
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("data", () => resolve());
      socket.once(by === "TCP" ? "connect" : "secureConnect", () => socket.write(OPTIONS(i, by)));
    });
    socket.on("error", () => {});
  }
  const each = ((memory(server.pid) - before) / count).toFixed(1);
  await calls(server, `${count} idle ${by} connections`, 3000, () => `${each} KiB each`);
  for (const socket of sockets) socket.destroy();
}

async function under(server: Server, kind: string, count: number, port = server.port): Promise<void> {
  const one = attack(kind, port, count);
  const holds = ["slowloris", "silent", "half-tls"].includes(kind);
  if (holds) await one.held;
  let seen: Record<string, number> | null = null;
  void one.result.then((result) => {
    seen = result;
  });
  await calls(server, `${kind}, ${count}`, holds ? 4000 : 8000, () => told(seen), one.result);
  one.end();
  await Promise.race([one.result.catch(() => null), new Promise((done) => setTimeout(done, 60_000))]);
  one.kill();
  if (holds) console.error(`  the attacker: ${told(seen)}`);
}

function told(seen: Record<string, number> | null): string {
  if (seen === null) return "";
  const { tried, made, seconds, closed, sent, answers } = seen;
  if (seconds !== undefined) return `${Math.round(tried! / seconds)} attempts/s, ${made} made`;
  if (closed !== undefined) return `${closed} of ${tried} closed`;
  return answers === undefined ? "" : `${sent} sent, ${answers} answered`;
}

for (const target of chosenTargets()) {
  const open = await startServer(target, { config: script(wide(target.name)) });
  await calls(open, "at rest, first second", 1000, () => "");
  await calls(open, "at rest", 3000, () => "");
  await idle(open, TCP, "TCP");
  await idle(open, TLS, "TLS");
  await open.close();
  const server = await startServer(target, { config: script("") });
  await calls(server, "at rest, first second", 1000, () => "");
  await under(server, "half-tls", 20, tlsPort);
  await under(server, "half-tls", 200, tlsPort);
  await under(server, "slowloris", 200);
  await under(server, "silent", 1000);
  await under(server, "endless", 200);
  await under(server, "storm", 60_000);
  await under(server, "garbage", 200_000);
  await calls(server, "afterwards", 2000, () => "");
  await server.close();
}
files.remove();

const HEAD = ["target", "while", "calls", "lost", "p50 ms", "p99 ms", "max ms", "memory MB", "remark"];
const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
console.log([line(HEAD), line(HEAD.map(() => "---"))].join("\n"));
for (const row of rows) console.log(line(Object.values({ ...row, memory: Math.round(row.memory / 1024) })));
process.exit(0);
