// What attacks cost: memory of idle connections, and how long an OPTIONS takes while somebody does his worst. Run by hand:
//   bun test/bench/defence.ts [bun|deno|dist] [connections]

import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { attack } from "../support/attack.ts";
import { chosenTargets, type Server, startServer } from "../support/server.ts";

const name = process.argv[2] ?? "bun";
const CONNECTIONS = Number(process.argv[3] ?? 2000);
process.env.PORTICO_TARGETS = name;
const target = chosenTargets()[0]!;

const WIDE = `tcp_max_connections=${CONNECTIONS * 2}\nsource_max_connections=0\nsource_connection_burst=${CONNECTIONS * 2}\n`;
const script = (globals: string): string => `#!KAMAILIO
debug=0
${globals}loadmodule "sl.so"
loadmodule "pv.so"
request_route { sl_send_reply("200", "OK"); }
`;

/** Resident memory of a process and those it started, in KiB. */
function memory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const own = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
  return own + (children === "" ? 0 : children.split(" ").reduce((sum, child) => sum + memory(Number(child)), 0));
}

async function idle(server: Server): Promise<void> {
  const sockets: Socket[] = [];
  const before = memory(server.pid);
  for (let i = 0; i < CONNECTIONS; i++) {
    const socket = connect({ host: "127.0.0.1", port: server.port });
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("data", () => resolve());
      socket.write(
        `OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKi${i}\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\n` +
          `Call-ID: idle${i}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
      );
    });
  }
  const after = memory(server.pid);
  const each = ((after - before) / CONNECTIONS).toFixed(1);
  console.log(`${CONNECTIONS} idle TCP connections: ${before} -> ${after} KiB, ${each} KiB each`);
  await latency(server, `with ${CONNECTIONS} idle connections`, 1000);
  for (const socket of sockets) socket.destroy();
}

/** Asks OPTIONS one after the other for so many milliseconds. */
async function latency(server: Server, what: string, ms: number, until?: Promise<unknown>): Promise<void> {
  const agent = await server.agent("udp");
  const times: number[] = [];
  let over = false;
  void until?.finally(() => {
    over = true;
  });
  let lost = 0;
  const end = performance.now() + ms;
  while (performance.now() < end && !over) {
    const began = performance.now();
    const reply = await agent.ask({ method: "OPTIONS" }, 2000).catch(() => null);
    if (reply === null) lost++;
    else times.push(performance.now() - began);
    agent.received.length = 0;
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string =>
    (times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? -1).toFixed(2);
  console.log(`${what}: ${times.length} OPTIONS, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms, lost ${lost}`);
}

async function under(server: Server, kind: string, count: number): Promise<void> {
  const one = attack(kind, server.port, count);
  if (kind === "slowloris" || kind === "silent") await one.held;
  await latency(server, `during ${kind}`, 5000, one.result);
  one.end();
  const seen = await Promise.race([one.result, new Promise<null>((done) => setTimeout(() => done(null), 60_000))]);
  one.kill();
  console.log(`  the attacker: ${JSON.stringify(seen)}`);
}

const wide = await startServer(target, { config: script(WIDE) });
await latency(wide, "at rest, first second", 1000);
await latency(wide, "at rest", 2000);
await idle(wide);
await wide.close();
const server = await startServer(target, { config: script("") });
await latency(server, "at rest, first second", 1000);
for (const [kind, count] of [
  ["slowloris", 200],
  ["silent", 1000],
  ["endless", 200],
  ["connections", 30_000],
  ["garbage", 200_000],
] as const)
  await under(server, kind, count);
console.log(`memory at the end: ${memory(server.pid)} KiB`);
await server.close();
process.exit(0);
