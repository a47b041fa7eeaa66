// Free loopback ports, given by the system. A port counts as free when UDP and TCP can both be had on it.

import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const given = new Set<number>();

/** A port of 127.0.0.1 that nobody holds at this moment, by UDP or TCP; never the same twice in one process. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = await bindUdp(0);
    if (port !== null && !given.has(port) && (await canListen(port))) {
      given.add(port);
      return port;
    }
  }
  throw new Error("no free loopback port after 50 attempts");
}

function bindUdp(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => resolve(null));
    socket.bind(port, "127.0.0.1", () => {
      const bound = socket.address().port;
      socket.close(() => resolve(bound));
    });
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
