// Runs the cases of requests made by the server on the real Kamailio: commands by JSON-RPC over HTTP, next hops on loopback.

import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/ports.ts";
import {
  configOf,
  type Ends,
  filled,
  type LocalCase,
  type LocalGroup,
  type Outcome,
  type Reply,
  repliesTo,
  tidier,
} from "./local-requests-cases.ts";

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function open(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** What Kamailio does with the cases of a group. Throws with its words when it does not start. */
export async function askLocal(group: LocalGroup): Promise<Outcome[]> {
  const [a, b] = await Promise.all([open(), open()]);
  const port = await freePort();
  const end = (n: number): string => `127.0.0.1:${n}`;
  const ends: Ends = { me: end(port), a: end(a.address().port), b: end(b.address().port) };
  const directory = mkdtempSync(join(tmpdir(), "local-"));
  const file = join(directory, "local.cfg");
  const head = `#!KAMAILIO\nloadmodule "corex.so"\nchildren=1\nlog_stderror=yes\nlisten=udp:${ends.me}\nlisten=tcp:${ends.me}\ntcp_accept_no_cl=yes\n`;
  const commands =
    'loadmodule "xhttp.so"\nloadmodule "jsonrpcs.so"\nmodparam("jsonrpcs", "transport", 1)\nevent_route[xhttp:request] { jsonrpc_dispatch(); }\n';
  writeFileSync(file, `${head}${configOf(group, ends)}\n${commands}`, "latin1");
  const args = ["-DD", "-E", "-m", "64", "-M", "16", "-f", file, "-Y", directory];
  const child = spawn("kamailio", args, { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  child.stderr.on("data", (data: Buffer) => {
    words = (words + data.toString("latin1")).slice(-8000);
  });
  const got = { a: [] as string[], b: [] as string[] };
  let replies: readonly Reply[] = [];
  for (const [socket, list] of [
    [a, got.a],
    [b, got.b],
  ] as const)
    socket.on("message", (data, from) => {
      const text = data.toString("latin1");
      if (list.includes(text)) return;
      list.push(text);
      for (const [n, reply] of repliesTo(text, replies, ends).entries())
        setTimeout(
          () => (reply.fromB ? b : socket).send(Buffer.from(reply.text, "latin1"), from.port, "127.0.0.1"),
          n * 20,
        );
    });
  const run = async ([command, ...params]: readonly string[]): Promise<unknown> => {
    const body = JSON.stringify({ jsonrpc: "2.0", method: command, params, id: 1 });
    const answer = await fetch(`http://${ends.me}/RPC`, { method: "POST", body });
    const { result, error } = (await answer.json()) as { result?: unknown; error?: { message: string } };
    return error === undefined ? result : { error: error.message };
  };
  const one = async (c: LocalCase): Promise<Outcome> => {
    got.a.length = 0;
    got.b.length = 0;
    replies = c.replies ?? [];
    const tidy = tidier(ends);
    const result = await run([c.command, ...c.args.map((arg) => filled(arg, ends))]);
    await pause(100);
    const after = c.after === undefined ? null : await run(c.after);
    await pause(100);
    const words = (list: readonly string[]): string[] => [...new Set(list.map(tidy))];
    const outcome = { a: words(got.a), b: words(got.b) };
    const tidyAll = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value), (_, v: unknown) => (typeof v === "string" ? tidy(v) : v));
    return { result: tidyAll(result), after: tidyAll(after), ...outcome };
  };
  try {
    for (let i = 0; ; i++) {
      if (child.exitCode !== null || i > 100) throw new Error(`kamailio does not run:\n${words}`);
      if ((await run(["core.version"]).catch(() => null)) !== null) break;
      await pause(50);
    }
    const outcomes: Outcome[] = [];
    for (const c of group.cases) outcomes.push(await one(c));
    return outcomes;
  } finally {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
    a.close();
    b.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
