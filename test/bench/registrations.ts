// Many registrations on SQLite, ours beside the installed Kamailio's: ./scripts/bench registrations [--brief] [--count=N] [--targets=dist,kamailio].
// Start-up with all of them in the table, memory, lookups and saves. The generator shares the machine with the server and is
// itself written in TypeScript: believe the ratios of one run on a quiet machine, and take high rates for lower bounds.

import { readdirSync, readFileSync } from "node:fs";
import type { Host, SocketAddress } from "../../src/host/host.ts";
import { selectHost } from "../../src/host/index.ts";
import { createSql, parseLayouts } from "../../src/store/layouts.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { openDatabase } from "../support/database.ts";
import { freePort } from "../support/ports.ts";
import { root, Server, TARGETS, type Target, whyMissing } from "../support/server.ts";

/** Requests under way at a time. */
const WINDOW = 50;
const DAY = 86_400_000;
const JULIAN_1970 = 2440587.5;

const config = (mode: number): string => `
loadmodule "db_sqlite.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "db_url", DB_URL)
modparam("usrloc", "db_mode", ${mode})
modparam("usrloc", "hash_size", 14)
request_route {
  if (is_method("REGISTER")) { save("location"); exit; }
  if ($rU == $null || lookup("location")) sl_send_reply("200", "OK");
  else sl_send_reply("404", "Not Here");
  exit;
}
`;

/** One line of the table, by target. */
export type Figures = Map<string, number>;

/** Starts each target on a table of `count` bindings and measures it; what was measured has its unit behind a comma. */
export async function measureRegistrations(target: Target, count: number, seconds: number): Promise<Figures> {
  const host = await selectHost();
  const figures: Figures = new Map();
  for (const [mode, name] of [
    [1, "write-through"],
    [2, "write-back"],
  ] as const) {
    const server = await prepared(target, mode, count);
    try {
      const started = performance.now();
      server.launch();
      await untilFound(host, server, count - 1);
      const process = server.pid;
      if (mode === 1) {
        figures.set("start until all can be called, s", (performance.now() - started) / 1000);
        figures.set("memory after the start, MB", residentOf(process));
        figures.set("lookup, 1/s", await rate(host, server.port, (n) => message(n % count), seconds));
      }
      const register = (n: number): string => registration(n % count, Math.floor(n / count) + 2);
      figures.set(`save again, ${name}, 1/s`, await rate(host, server.port, register, seconds));
      const fresh = (n: number): string => registration(count + n, 1);
      figures.set(`save of a new one, ${name}, 1/s`, await rate(host, server.port, fresh, seconds));
      figures.set(`memory after that, ${name}, MB`, residentOf(process));
    } finally {
      await server.close();
    }
  }
  return figures;
}

async function prepared(target: Target, mode: number, count: number): Promise<Server> {
  const server = Server.make(target, await freePort(), { config: config(mode) });
  const database = openDatabase(server.database);
  const layouts = parseLayouts(readFileSync(`${root}/embed/kamailio.tables`, "utf8"));
  database.exec("PRAGMA journal_mode = WAL; BEGIN");
  for (const name of ["version", "location", "location_attrs"]) {
    database.exec(createSql(layouts.get(name)!, name));
    database
      .prepare("INSERT INTO version (table_name, table_version) VALUES (?, ?)")
      .run(name, layouts.get(name)!.version);
  }
  const columns = "ruid, username, contact, expires, callid, cseq, last_modified, user_agent, socket, instance";
  const insert = database.prepare(`INSERT INTO location (${columns}) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, NULL)`);
  const now = Date.now() / DAY + JULIAN_1970;
  for (let n = 0; n < count; n++)
    insert.run(
      `uloc-1-1-${n.toString(16)}`,
      `user${n}`,
      contact(n),
      now + 1,
      `call-${n}@telephone.example.org`,
      now,
      "Telephone 1.2.3 (Model 45)",
      `udp:127.0.0.1:${server.port}`,
    );
  database.exec("COMMIT");
  database.close();
  return server;
}

const contact = (n: number): string => `sip:user${n}@192.0.2.${n % 250}:${5000 + (n % 1000)};transport=udp;line=${n}`;

function request(method: string, user: string, callId: string, cseq: number, more = ""): string {
  return `${method} sip:${user}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:PORT;branch=z9hG4bK${callId}${cseq};rport\r\nMax-Forwards: 70\r\nFrom: <sip:${user}@127.0.0.1>;tag=f${cseq}\r\nTo: <sip:${user}@127.0.0.1>\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\n${more}Content-Length: 0\r\n\r\n`;
}

let serial = 0;
const message = (n: number): string => request("MESSAGE", `user${n}`, `m${serial++}`, 1);
const registration = (n: number, cseq: number): string =>
  request(
    "REGISTER",
    `user${n}`,
    `call-${n}@telephone.example.org`,
    cseq,
    `Contact: <${contact(n)}>\r\nExpires: 3600\r\nUser-Agent: Telephone 1.2.3 (Model 45)\r\n`,
  );

const loopback = (port: number): SocketAddress => ({ family: 4, address: "127.0.0.1", port });

async function untilFound(host: Host, server: Server, user: number): Promise<void> {
  let found = false;
  const socket = await host.network.bindUdp({
    local: loopback(0),
    onMessage: (buf, from) => {
      found ||= buf[from + 8] === 50;
    },
  });
  const peer = socket.peer(loopback(server.port))!;
  for (const end = performance.now() + 120_000; !found; ) {
    if (performance.now() > end || !server.isAlive)
      throw new Error(`the last binding was not found in two minutes:\n${server.log.slice(-3000)}`);
    const bytes = bytesOf(message(user).replace("PORT", String(socket.local.port)));
    socket.send(peer, bytes, 0, bytes.length);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  socket.close();
}

/** Good answers a second, with WINDOW requests under way, over so many seconds after half of one. What was refused is told. */
async function rate(host: Host, port: number, build: (n: number) => string, seconds: number): Promise<number> {
  let [n, good, bad] = [0, 0, 0];
  let isOver = false;
  let refused = "";
  const socket = await host.network.bindUdp({
    local: loopback(0),
    onMessage: (buf, from) => {
      if (buf[from + 8] === 50) good++;
      else {
        bad++;
        refused = textOf(buf, from, buf.indexOf(13, from));
      }
      if (!isOver) next();
    },
  });
  const peer = socket.peer(loopback(port))!;
  const own = String(socket.local.port);
  const next = (): void => {
    const bytes = bytesOf(build(n++).replace("PORT", own));
    socket.send(peer, bytes, 0, bytes.length);
  };
  for (let i = 0; i < WINDOW; i++) next();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const [since, before] = [performance.now(), good];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const value = (good - before) / ((performance.now() - since) / 1000);
  isOver = true;
  // what is still under way must not disturb what is measured next
  for (let last = -1; last !== good + bad; ) {
    last = good + bad;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  socket.close();
  if (bad > 0) console.error(`${bad} of ${bad + good} requests were refused: ${refused}`);
  return value;
}

/** Megabytes of a process and its children; what several share counts once (PSS). */
function residentOf(pid: number): number {
  const kilobytes = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1] ?? 0);
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "latin1").split(" ").filter(Boolean),
  );
  return kilobytes / 1024 + children.reduce((sum, child) => sum + residentOf(Number(child)), 0);
}

/** Runs from the command line: prints one table with a column for each target. */
export async function main(args: readonly string[]): Promise<number> {
  const option = (name: string): string | undefined =>
    args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  const brief = args.includes("--brief");
  const count = Number(option("count") ?? (brief ? 2000 : 100_000));
  const wanted = (option("targets") ?? (brief ? "bun" : "dist,kamailio")).split(",");
  const columns = new Map<string, Figures>();
  for (const name of wanted) {
    const target = TARGETS.find((one) => one.name === name);
    const missing = target === undefined ? `there is no target ${name}` : await whyMissing(target);
    if (missing !== null || target === undefined) console.error(`${name}: left out, ${missing}`);
    else columns.set(name, await measureRegistrations(big(target), count, brief ? 0.3 : 5));
  }
  console.log(`\n${count} registrations on SQLite`);
  const names = [...columns.keys()];
  const [first] = columns.values();
  console.log(`  ${"".padEnd(44)}${names.map((name) => name.padStart(12)).join("")}`);
  for (const what of first?.keys() ?? []) {
    const cells = names.map((name) => {
      const value = columns.get(name)!.get(what) ?? Number.NaN;
      return value.toFixed(value >= 100 ? 0 : 2).padStart(12);
    });
    console.log(`  ${what.padEnd(44)}${cells.join("")}`);
  }
  return columns.size > 0 ? 0 : 1;
}

// Kamailio's memory is given at the start; the usual amounts do not hold this many. One process for UDP: several lock each other out of the file.
function big(target: Target): Target {
  if (target.name !== "kamailio") return target;
  return { ...target, command: ["kamailio", "-DD", "-n", "1", "-N", "1", "-m", "1024", "-M", "768"] };
}
