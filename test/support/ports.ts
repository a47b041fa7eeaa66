// Free loopback ports for the tests' servers. They lie below those that the system gives to sockets by itself, or one of
// the thousands of connections of the other tests could sit on a port between its being chosen and its being listened on.

import { createSocket } from "node:dgram";
import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** sipp's media lies below this range (test/parity/sipp-flows.ts), rtpengine's above it, then the system's own (Linux: 32768). */
const FIRST = 20_000;
const COUNT = 10_000;

/** A file a port, with the process that was given it: other test processes, and threads of this one, leave it alone. */
const claims = join(tmpdir(), `portico-test-ports-${userInfo().uid}`);

/** A port of 127.0.0.1 that nobody holds, by UDP or TCP; never the same twice while the process that asked lives. */
export async function freePort(): Promise<number> {
  const start = Math.floor(Math.random() * COUNT);
  for (let i = 0; i < COUNT; i++) {
    const port = FIRST + ((start + i) % COUNT);
    if (claim(port) && (await canBind(port)) && (await canListen(port))) return port;
  }
  throw new Error(`no free loopback port from ${FIRST} to ${FIRST + COUNT - 1}`);
}

function claim(port: number): boolean {
  const file = join(claims, String(port));
  mkdirSync(claims, { recursive: true });
  try {
    if (isHeld(file)) return false;
    // The claim of an ended process. (Two could take over the same one at the same instant; both would have had to draw this port.)
    unlinkQuietly(file);
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

function isHeld(file: string): boolean {
  let holder: string;
  try {
    holder = readFileSync(file, "latin1");
  } catch {
    return false;
  }
  try {
    // an empty claim is being written at this moment; signal 0 only asks whether the process is there
    return holder === "" || process.kill(Number(holder), 0);
  } catch {
    return false;
  }
}

function unlinkQuietly(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // not there: the usual case
  }
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => resolve(false));
    socket.bind(port, "127.0.0.1", () => socket.close(() => resolve(true)));
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
