// A closed loop against a real process over UDP on loopback: so many requests under way, the next one sent for each answer.
// The generator shares the machine with the server and is itself written in TypeScript: a lower bound, good for comparison.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host, SocketAddress } from "../../src/host/host.ts";
import { selectHost } from "../../src/host/index.ts";
import { bytesOf } from "../../src/util/bytes.ts";
import { freePort } from "../support/ports.ts";
import { start, stop } from "../support/programs.ts";
import type { Row } from "./table.ts";
import { answer, CONFIG, message, options, type Place, register } from "./traffic.ts";

const ROOT = join(import.meta.dirname, "../..");
const WINDOW = 50;
/** The first digit of a status, as an octet. */
const PROVISIONAL = 49;
const SUCCESS = 50;

/** Requests a second, by kind; and how long the start takes. Source on the runtime that runs this. */
export async function measureLoad(brief: boolean): Promise<Row[]> {
  const host = await selectHost();
  const directory = mkdtempSync(join(tmpdir(), "portico-bench-"));
  const file = join(directory, "bench.cfg");
  writeFileSync(file, CONFIG);
  const port = await freePort();
  const runtime = host.name === "deno" ? "deno" : "bun";
  const command = [join(ROOT, "scripts/portico"), "-f", file, "-l", `udp:127.0.0.1:${port}`];
  const started = performance.now();
  const running = start(command, { env: { PORTICO_RUNTIME: runtime } });
  try {
    const rows: Row[] = [];
    await firstAnswer(host, port, () => running.child.exitCode === null);
    rows.push({
      what: "start, from source, until OPTIONS is answered",
      value: performance.now() - started,
      unit: "ms",
    });
    for (const [what, build] of [
      ["OPTIONS", options],
      ["MESSAGE, relayed", message],
      [
        "REGISTER of 10 000 users, in memory",
        (n: number, place: Place) => register(n % 10_000, place).replace(/bench-\d+/g, `bench-${n}`),
      ],
    ] as const) {
      rows.push({
        what: `${what}, ${WINDOW} under way`,
        value: await rate(host, port, build, brief ? 300 : 4000),
        unit: "a second",
      });
    }
    return rows;
  } catch (error) {
    throw new Error(`the server printed:\n${running.output()}`, { cause: error });
  } finally {
    await stop(running);
    rmSync(directory, { recursive: true, force: true });
  }
}

const loopback = (port: number): SocketAddress => ({ family: 4, address: "127.0.0.1", port });

async function firstAnswer(host: Host, port: number, isAlive: () => boolean): Promise<void> {
  let answered = false;
  const socket = await host.network.bindUdp({
    local: loopback(0),
    onMessage: () => {
      answered = true;
    },
  });
  const peer = socket.peer(loopback(port))!;
  const from = `127.0.0.1:${socket.local.port}`;
  for (let n = 0; !answered; n++) {
    if (!isAlive() || n > 4000) throw new Error("the server does not answer");
    const bytes = bytesOf(options(n, { from, proxy: `127.0.0.1:${port}`, to: from }));
    socket.send(peer, bytes, 0, bytes.length);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  socket.close();
}

/** Answers a second over `length` ms, after a warm-up of a quarter of that. Throws when answers stop coming. */
async function rate(
  host: Host,
  port: number,
  build: (n: number, place: Place) => string,
  length: number,
): Promise<number> {
  const callee = await host.network.bindUdp({
    local: loopback(0),
    onMessage: (buf, from, to, peer) => answer(callee, peer, buf, from, to),
  });
  let n = 0;
  let answered = 0;
  let refused = 0;
  let last = performance.now();
  const caller = await host.network.bindUdp({
    local: loopback(0),
    onMessage: (buf, from) => {
      const kind = buf[from + 8];
      if (kind === PROVISIONAL) return;
      if (kind === SUCCESS) answered++;
      else refused++;
      next();
    },
  });
  const peer = caller.peer(loopback(port))!;
  const place = {
    from: `127.0.0.1:${caller.local.port}`,
    proxy: `127.0.0.1:${port}`,
    to: `127.0.0.1:${callee.local.port}`,
  };
  const next = () => {
    const bytes = bytesOf(build(n++, place));
    caller.send(peer, bytes, 0, bytes.length);
  };
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  for (let i = 0; i < WINDOW; i++) next();
  await pause(length / 4);
  const before = answered;
  last = performance.now();
  await pause(length);
  const perSecond = ((answered - before) * 1000) / (performance.now() - last);
  caller.close();
  callee.close();
  if (refused > 0) throw new Error(`${refused} requests were refused`);
  if (perSecond === 0) throw new Error("no answers any more");
  return perSecond;
}
