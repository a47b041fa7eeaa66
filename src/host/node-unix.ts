// Unix stream sockets by node:net, the same on Bun and on Deno. Everything above sees the connections of TCP.
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import type { FlushGate } from "./flush.ts";
import { HostError, type TcpConnection, type UnixConnectOptions, type UnixListenOptions } from "./host.ts";
import { toHostError } from "./node-files.ts";
import { NodeConnection } from "./node-tcp.ts";

/** What fits into a socket's name. */
const MAX_PATH = 107;

/** Network.listenUnix. */
export async function listenUnix(gate: FlushGate, options: UnixListenOptions): Promise<{ close(): void }> {
  const { path, mode } = options;
  checkLength(path);
  await takeOver(path);
  const connections = new Set<NodeConnection>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = new NodeConnection(gate, socket, options.maxQueue, null);
    const handlers = options.onConnection(connection);
    if (handlers === null) return connection.abort();
    connections.add(connection);
    connection.start(handlers, () => connections.delete(connection));
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const { code } = toHostError(error);
      reject(new HostError(code, `cannot listen on unix:${path}: ${code}`));
    });
    // Nobody may connect before the permissions are as asked for.
    const before = setUmask(0o177);
    try {
      server.listen({ path }, () => {
        server.removeAllListeners("error");
        server.on("error", () => {}); // accept may fail for want of descriptors; the listener lives on
        try {
          chmodSync(path, mode);
        } catch {} // taken away by somebody: then nobody comes
        resolve({
          close() {
            server.close();
            remove(path);
            for (const connection of connections) connection.close();
          },
        });
      });
    } finally {
      if (before !== null) setUmask(before);
    }
  });
}

/** Network.connectUnix. */
export function connectUnix(gate: FlushGate, options: UnixConnectOptions): Promise<TcpConnection> {
  checkLength(options.path);
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path: options.path, allowHalfOpen: true });
    socket.once("error", (error) => {
      const { code } = toHostError(error);
      socket.destroy();
      reject(new HostError(code, `cannot connect to unix:${options.path}: ${code}`));
    });
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      const connection = new NodeConnection(gate, socket, options.maxQueue, null);
      connection.start(options.handlers, () => {});
      resolve(connection);
    });
  });
}

// A socket that a process left behind when it was killed refuses connections; only that one is taken away.
async function takeOver(path: string): Promise<void> {
  if (!isSocket(path)) return;
  const answer = await new Promise<string>((resolve) => {
    const probe: Socket = createConnection({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve("");
    });
    probe.once("error", (error) => {
      probe.destroy();
      resolve(toHostError(error).code);
    });
  });
  if (answer === "") throw new HostError("EADDRINUSE", `cannot listen on unix:${path}: another server listens there`);
  if (answer === "ECONNREFUSED") remove(path);
}

// Workers (some test runners) may not; a server is none.
function setUmask(mask: number): number | null {
  try {
    return process.umask(mask);
  } catch {
    return null;
  }
}

function isSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch {
    return false;
  }
}

function remove(path: string): void {
  try {
    if (isSocket(path)) unlinkSync(path);
  } catch {}
}

function checkLength(path: string): void {
  if (new TextEncoder().encode(path).length > MAX_PATH)
    throw new HostError("ENAMETOOLONG", `the name of a unix socket is too long: ${path}`);
}
