// UDP sockets in another network namespace: this program is started there and does what it is told, a line of JSON at a time.
// Its other half is `Outpost` in namespaces.ts.

import { createSocket, type Socket } from "node:dgram";
import { createInterface } from "node:readline";

/** What an outpost is told. Data is latin1. */
export type Order =
  | { readonly open: number; readonly address: string; readonly port: number }
  | { readonly send: number; readonly address: string; readonly port: number; readonly data: string }
  | { readonly close: number };

/** What an outpost tells. */
export type News =
  | { readonly opened: number; readonly port: number }
  | { readonly failed: number; readonly why: string }
  | { readonly got: number; readonly from: string; readonly data: string };

function main(): void {
  const sockets = new Map<number, Socket>();
  const tell = (news: News): void => void process.stdout.write(`${JSON.stringify(news)}\n`);
  const open = (id: number, address: string, port: number): void => {
    const socket = createSocket("udp4");
    socket.on("error", (error) => tell({ failed: id, why: error.message }));
    socket.on("message", (data, from) =>
      tell({ got: id, from: `${from.address}:${from.port}`, data: data.toString("latin1") }),
    );
    socket.bind(port, address, () => tell({ opened: id, port: socket.address().port }));
    sockets.set(id, socket);
  };
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const order = JSON.parse(line) as Order;
    if ("open" in order) open(order.open, order.address, order.port);
    else if ("send" in order)
      sockets.get(order.send)?.send(Buffer.from(order.data, "latin1"), order.port, order.address, () => {});
    else sockets.get(order.close)?.close();
  });
  lines.on("close", () => process.exit(0));
}

if (import.meta.main) main();
