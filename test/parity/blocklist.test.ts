// The destination blocklist on Kamailio and here. Kamailio's answers are in blocklist.json; where it is installed it is asked again, so that the
// record cannot go stale. PORTICO_RECORD=1 writes the file anew.

import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../support/ports.ts";
import { ADDRESS, openProxy } from "../support/proxy-bed.ts";
import {
  ackOf,
  answerOf,
  BLOCKLIST_CASES,
  type BlocklistCase,
  type BlocklistStep,
  configOf,
  HOPS,
  outcomeOf,
  requestOf,
} from "./blocklist-steps.ts";
import { haveOracle } from "./oracle.ts";

const FILE = new URL("blocklist.json", import.meta.url);
const recordAnew = process.env["PORTICO_RECORD"] === "1";
const LOAD = ["kex", "tm", "sl", "pv", "textops", "xlog", "blst"].map((m) => `loadmodule "${m}.so"\n`).join("");
const NAMES = Object.keys(HOPS) as (keyof typeof HOPS)[];
/** How long a step may take: a transaction without an answer and the second one after it. */
const MOST = 1100;

const stated = (log: readonly string[]): string[] => log.flatMap((l) => /@(.*t_relay.*)$/.exec(l)?.[1] ?? []);
const isOver = (step: BlocklistStep, replies: readonly string[]): boolean =>
  step.method !== "ACK" && replies.some((r) => !r.startsWith("SIP/2.0 1"));

async function ours(c: BlocklistCase): Promise<string[]> {
  const at = Object.fromEntries(NAMES.map((name, i) => [name, `192.0.2.10:${7001 + i}`]));
  const bed = await openProxy(configOf(c, at, LOAD));
  const hops = await Promise.all(NAMES.map((_, i) => bed.udp(7001 + i)));
  const out: string[] = [];
  const port = 7100;
  const caller = await bed.udp(port);
  for (const [n, step] of c.steps.entries()) {
    const before = caller.received.length;
    const replies = (): string[] => caller.received.slice(before);
    const seen = hops.map((hop) => hop.received.length);
    const asked = new Set<string>();
    const logged = bed.log.length;
    const request = requestOf(step, n, `192.0.2.10:${port}`, step.to === "me" ? `${ADDRESS}:5060` : at[step.to]!);
    await caller.send(request);
    for (let ms = 0; ms < MOST; ms += 50) {
      for (const [i, hop] of hops.entries()) {
        for (const text of hop.received.slice(seen[i]!)) {
          seen[i]!++;
          const method = text.slice(0, text.indexOf(" "));
          if (method === "ACK" && step.method !== "ACK") continue;
          asked.add(NAMES[i]!);
          const answer = HOPS[NAMES[i]!];
          if (answer !== null && method !== "ACK") await hop.send(answerOf(text, answer));
        }
      }
      if (isOver(step, replies())) break;
      await bed.world.advance(50);
    }
    out.push(outcomeOf(step, replies(), asked, stated(bed.log.slice(logged))));
    const reply = replies().find((r) => !r.startsWith("SIP/2.0 1"));
    if (step.method === "INVITE" && reply !== undefined) await caller.send(ackOf(request, reply));
  }
  await bed.close();
  return out;
}

function bound(): Promise<Socket> {
  const socket = createSocket("udp4");
  return new Promise((done) => socket.bind(0, "127.0.0.1", () => done(socket)));
}
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function theirs(c: BlocklistCase): Promise<string[]> {
  const listen = await freePort();
  const hops = await Promise.all(NAMES.map(bound));
  const caller = await bound();
  const at = Object.fromEntries(NAMES.map((name, i) => [name, `127.0.0.1:${hops[i]!.address().port}`]));
  const directory = mkdtempSync(join(tmpdir(), "blocklist-"));
  const file = join(directory, "t.cfg");
  const globals = `debug=-1\nlog_stderror=yes\nchildren=1\ndisable_tcp=yes\nlisten=udp:127.0.0.1:${listen}\n`;
  writeFileSync(file, configOf({ ...c, globals: globals + c.globals }, at, `loadmodule "corex.so"\n${LOAD}`), "latin1");
  const child = spawn("kamailio", ["-DD", "-E", "-m", "32", "-M", "8", "-f", file, "-Y", directory], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (d: Buffer) => {
    words += d.toString("latin1");
  });
  let asked = new Set<string>();
  let current = "";
  for (const [i, hop] of hops.entries())
    hop.on("message", (data, from) => {
      const text = data.toString("latin1");
      const method = text.slice(0, text.indexOf(" "));
      const answer = HOPS[NAMES[i]!];
      if (answer !== null && method !== "ACK") hop.send(answerOf(text, answer), from.port, from.address);
      if (method !== "ACK" || current === "ACK") asked.add(NAMES[i]!);
    });
  const send = (socket: Socket, text: string): void => socket.send(Buffer.from(text, "latin1"), listen, "127.0.0.1");
  try {
    const poke = await bound();
    let ready = false;
    poke.on("message", () => {
      ready = true;
    });
    const asking: BlocklistStep = { method: "MESSAGE", to: "me", lines: ["X-Do: clear"] };
    for (let i = 0; i < 100 && !ready; i++) {
      if (child.exitCode !== null) throw new Error(`kamailio did not start:\n${words}`);
      send(poke, requestOf(asking, 1000 + i, `127.0.0.1:${poke.address().port}`, `127.0.0.1:${listen}`));
      await sleep(50);
    }
    poke.close();
    const out: string[] = [];
    let replies: string[] = [];
    caller.on("message", (data) => void replies.push(data.toString("latin1")));
    for (const [n, step] of c.steps.entries()) {
      replies = [];
      asked = new Set();
      current = step.method;
      words = "";
      const me = `127.0.0.1:${listen}`;
      const request = requestOf(step, n, `127.0.0.1:${caller.address().port}`, step.to === "me" ? me : at[step.to]!);
      send(caller, request);
      for (let ms = 0; ms < MOST && !isOver(step, replies); ms += 10) await sleep(10);
      await sleep(30);
      out.push(outcomeOf(step, replies, asked, stated(words.split("\n"))));
      const reply = replies.find((r) => !r.startsWith("SIP/2.0 1"));
      if (step.method === "INVITE" && reply !== undefined) send(caller, ackOf(request, reply));
      await sleep(20);
    }
    return out;
  } finally {
    child.kill("SIGTERM");
    await new Promise<void>((done) => (child.exitCode !== null ? done() : child.once("exit", () => done())));
    for (const socket of [...hops, caller]) socket.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

type Answers = Record<string, string[]>;
let recorded: Answers = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Answers) : {};

async function askAll(): Promise<Answers> {
  const answers = await Promise.all(BLOCKLIST_CASES.map(theirs));
  return Object.fromEntries(BLOCKLIST_CASES.map((c, i) => [c.name, answers[i]!]));
}

beforeAll(async () => {
  if (!recordAnew) return;
  recorded = await askAll();
  writeFileSync(FILE, `${JSON.stringify(recorded, null, 2)}\n`);
}, 60_000);

describe("what Kamailio did is what is done here", () => {
  test.each(BLOCKLIST_CASES.map((c) => [c.name, c] as const))("%s", async (name, c) => {
    expect(await ours(c)).toEqual(recorded[name]);
  });
});

test.runIf(haveOracle() && !recordAnew)("what Kamailio does is what was recorded", { timeout: 60_000 }, async () => {
  expect(await askAll()).toEqual(recorded);
});
