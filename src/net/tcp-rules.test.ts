// Rules of the configuration for connections: how much may wait to be sent, for how long, and who may connect.
import { expect, test } from "vitest";
import type { Host, TcpConnection, TcpConnectOptions, TcpHandlers, TcpListenOptions } from "../host/host.ts";
import { createSimulation } from "../host/simulated.ts";
import { Transport } from "../sip/transports.ts";
import { ListenerBase } from "./flow.ts";
import { FlowTable } from "./flows.ts";
import { type TcpRules, TcpTransport } from "./tcp.ts";

const HERE = { family: 4, address: "192.0.2.1", port: 5060 } as const;

/** A connection whose far end takes nothing until `queued` is set. */
class Stubborn implements TcpConnection {
  readonly tls = null;
  readonly local = HERE;
  readonly remote;
  queued = 0;
  aborted = false;
  constructor(port: number) {
    this.remote = { family: 4, address: "192.0.2.9", port } as const;
  }
  send(_buf: Uint8Array, start: number, end: number): boolean {
    this.queued += end - start;
    return true;
  }
  close(): void {}
  abort(): void {
    this.aborted = true;
  }
  pause(): void {}
  resume(): void {}
}

function bed(rules: Partial<TcpRules>) {
  const world = createSimulation({ seed: 3 });
  const sim = world.host({ addresses: [HERE.address] });
  const made: { options: TcpConnectOptions; connection: Stubborn }[] = [];
  let accept: (connection: TcpConnection) => TcpHandlers | null = () => null;
  const listening: TcpListenOptions[] = [];
  const connectTcp = async (options: TcpConnectOptions): Promise<TcpConnection> => {
    const connection = new Stubborn(options.remote.port);
    made.push({ options, connection });
    return connection;
  };
  const listenTcp = async (options: TcpListenOptions) => {
    listening.push(options);
    accept = options.onConnection;
    return { local: HERE, close: () => undefined };
  };
  const host: Host = { ...sim, network: { ...sim.network, connectTcp, listenTcp } };
  const tcp = new TcpTransport(host, { flows: new FlowTable(host.clock), receive: () => undefined, rules });
  const listener = { ...new ListenerBase(Transport.TCP, HERE, { local: HERE }), close: () => undefined };
  const open = async (port: number) => {
    const flow = tcp.flowTo({ family: 4, address: "192.0.2.9", port }, listener)!;
    await world.advance(10);
    return { flow, ...made.at(-1)! };
  };
  return { world, tcp, open, listening, accept: (c: TcpConnection) => accept(c) };
}

const BYTES = new Uint8Array(50_000);

test("tcp_wq_max: all connections together queue so much and no more, until they are taken", async () => {
  const { open, world } = bed({ maxTotalQueue: 200_000 });
  const a = await open(1);
  const b = await open(2);
  const sent: boolean[] = [];
  for (let i = 0; i < 4; i++) sent.push((i % 2 === 0 ? a : b).flow.send(BYTES, 0, BYTES.length));
  expect(sent).toEqual([true, true, true, true]);
  expect(a.flow.send(BYTES, 0, 1)).toBe(false);
  b.connection.queued = 0;
  await world.advance(60);
  const again: boolean[] = [];
  for (let i = 0; i < 4; i++) again.push(a.flow.send(BYTES, 0, BYTES.length));
  expect(again.filter((ok) => ok)).toHaveLength(2);
  expect(a.connection.queued).toBe(200_000);
});

test("tcp_send_timeout: a connection that takes nothing for so long is ended, one that takes a little is not", async () => {
  const { open, world } = bed({ sendTimeout: 10_000 });
  const a = await open(1);
  const b = await open(2);
  for (const { flow } of [a, b]) flow.send(BYTES, 0, BYTES.length);
  for (let second = 0; second < 25; second++) {
    b.connection.queued -= 10;
    await world.advance(1000);
  }
  expect([a.flow.open, a.connection.aborted]).toEqual([false, true]);
  expect([b.flow.open, b.connection.aborted]).toEqual([true, false]);
});

test("tcp_accept_unique: a second connection from the same address and port is refused", async () => {
  for (const unique of [false, true]) {
    const { tcp, accept } = bed({ unique });
    await tcp.listen({ local: HERE });
    expect(accept(new Stubborn(4000))).not.toBeNull();
    expect(accept(new Stubborn(4000)) === null).toBe(unique);
    expect(accept(new Stubborn(4001))).not.toBeNull();
  }
});

test("tcp_keepalive and tcp_keepidle are asked of the host, both ways", async () => {
  for (const [keepAlive, asked] of [
    [-1, undefined],
    [0, 0],
    [90_000, 90_000],
  ] as const) {
    const { tcp, open, listening } = bed({ keepAlive });
    await tcp.listen({ local: HERE });
    const { options } = await open(1);
    expect([options.keepAlive, listening[0]!.keepAlive]).toEqual([asked, asked]);
  }
});
