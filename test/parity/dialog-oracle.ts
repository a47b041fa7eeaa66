// Runs the calls of a group on the real Kamailio: its process, two phones on loopback, commands by JSON-RPC datagrams; all calls at a time.

import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import { createSql, parseLayouts } from "../../src/store/layouts.ts";
import { Call, type CallEnds, type CallGroup, type CallWorld, callConfig, type Side } from "./dialog-call.ts";
import { MediaPeers } from "./media-peer.ts";

async function open(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** The tables as we make them, which have to do for Kamailio. */
function makeDatabase(file: string, more: readonly string[]): void {
  const layouts = parseLayouts(readFileSync(new URL("../../embed/kamailio.tables", import.meta.url), "utf8"));
  const db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode = WAL"); // several processes write
  for (const name of ["version", "dialog", "dialog_vars", "acc", "missed_calls", "acc_cdrs"])
    db.exec(createSql(layouts.get(name)!, name));
  db.exec(
    "INSERT INTO version (table_name, table_version) VALUES ('dialog', 7), ('dialog_vars', 1), ('acc', 5), ('missed_calls', 4), ('acc_cdrs', 2)",
  );
  for (const statement of more) db.exec(statement);
  db.close();
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/**
 * What was seen in the calls of a group in the form `told` gives. Where it is not what is `known`, Kamailio is asked once more: on a busy machine its
 * phones are late, and a difference counts when it is seen twice.
 */
export async function askAgain<T>(group: CallGroup, told: (seen: string[][]) => T, known: T | undefined): Promise<T> {
  const first = told(await askCalls(group));
  return known === undefined || isDeepStrictEqual(first, known) ? first : told(await askCalls(group));
}

/** What was seen in each call of a group. Throws with Kamailio's words when it does not start. */
export async function askCalls(group: CallGroup): Promise<string[][]> {
  const [probe, probe2, uac, uas, control, relay] = await Promise.all([open(), open(), open(), open(), open(), open()]);
  const port = probe.address().port;
  const rpcPort = probe2.address().port;
  await Promise.all([probe, probe2].map((s) => new Promise<void>((done) => s.close(() => done()))));
  const end = (n: number): string => `127.0.0.1:${n}`;
  const ends: CallEnds = { me: end(port), uac: end(uac.address().port), uas: end(uas.address().port) };
  // in memory where there is such a place: Kamailio waits for the disk with every row
  const directory = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "dialog-"));
  const file = join(directory, "dialog.cfg");
  const database = join(directory, "dialog.sqlite");
  if (group.params?.includes("{DB}") === true) makeDatabase(database, group.sql ?? []);
  const extra = `modparam("jsonrpcs", "transport", 4)\nmodparam("jsonrpcs", "dgram_socket", "udp:${end(rpcPort)}")\n`;
  writeFileSync(
    file,
    callConfig(group, true, extra)
      .replaceAll("{DB}", `sqlite://${database}`)
      .replaceAll("{ME}", ends.me)
      .replaceAll("{RELAY}", end(relay.address().port)),
    "latin1",
  );
  const args = ["-DD", "-E", "-n", "1", "-m", "64", "-M", "16", "-f", file, "-Y", directory, "-l", `udp:${ends.me}`];
  const child = spawn("kamailio", args, { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  let line = "";
  const calls: Call[] = [];
  child.stderr.on("data", (data: Buffer) => {
    words = (words + data.toString("latin1")).slice(-20000);
    const parts = (line + data.toString("latin1")).split("\n");
    line = parts.pop()!;
    for (const part of parts) for (const call of calls) call.logged(part);
  });
  const peers = new MediaPeers(group.relay ?? "rtpengine");
  relay.on("message", (data, from) => {
    const said = peers.answer(data.toString("latin1"), calls);
    if (said !== null) relay.send(Buffer.from(said, "latin1"), from.port, from.address);
  });
  const answers = new Map<number, (value: unknown) => void>();
  let asked = 0;
  control.on("message", (data) => {
    const { id, result, error } = JSON.parse(data.toString("latin1")) as {
      id: number;
      result?: unknown;
      error?: { message: string; code: number };
    };
    answers.get(id)?.(error === undefined ? result : { error: `${error.code} ${error.message}` });
  });
  const world: CallWorld = {
    ends,
    send: (side, text) => void (side === "uac" ? uac : uas).send(Buffer.from(text, "latin1"), port, "127.0.0.1"),
    wait: pause,
    later: (ms, act) => void setTimeout(act, ms),
    rows: async (table) => {
      const db = new DatabaseSync(database, { readOnly: true });
      db.exec("PRAGMA busy_timeout = 3000");
      const rows = db.prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[];
      db.close();
      return rows;
    },
    rpc: (method, params) =>
      new Promise((done) => {
        const id = ++asked;
        answers.set(id, done);
        const ask = Buffer.from(JSON.stringify({ jsonrpc: "2.0", method, params, id }), "latin1");
        control.send(ask, rpcPort, "127.0.0.1");
        setTimeout(() => done({ error: "no answer" }), 3000);
      }),
  };
  let isUp = false;
  const listen = (socket: Socket, side: Side): void =>
    void socket.on("message", (data) => {
      isUp = true;
      const text = data.toString("latin1");
      calls.find((c) => text.includes(`Call-ID: ${c.callId}`))?.got(side, text);
    });
  listen(uac, "uac");
  listen(uas, "uas");
  try {
    const poke = `OPTIONS sip:up@${ends.me} SIP/2.0\r\nVia: SIP/2.0/UDP ${ends.uac};branch=z9hG4bKup;rport\r\nFrom: <sip:a@x>;tag=up\r\nTo: <sip:b@y>\r\nCall-ID: up\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`;
    for (let i = 0; !isUp; i++) {
      if (child.exitCode !== null || i > 100) throw new Error(`kamailio does not run:\n${words}`);
      world.send("uac", poke);
      await pause(50);
    }
    await pause(100);
    await Promise.all(
      group.cases.map(async (c, n) => {
        await pause(n * 20);
        const call = new Call(world, n, String(port));
        calls[n] = call;
        await c.run(call);
        await pause(50);
        call.end();
      }),
    );
    if (process.env["DIALOG_WORDS"] !== undefined) process.stderr.write(words);
    return calls.map((c) => c.seen);
  } finally {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
    for (const socket of [uac, uas, control, relay]) socket.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
