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

test("tcp_wq_max: all connections together queue so much; then who has much waiting is closed, and others go on", async () => {
  const { open, world } = bed({ maxTotalQueue: 200_000 });
  const a = await open(1);
  const b = await open(2);
  const c = await open(3);
  const sent: boolean[] = [];
  for (let i = 0; i < 4; i++) sent.push((i % 2 === 0 ? a : b).flow.send(BYTES, 0, BYTES.length));
  expect(sent).toEqual([true, true, true, true]);
  expect(c.flow.send(BYTES, 0, 10_000)).toBe(true);
  expect(c.flow.send(BYTES, 0, 20_000)).toBe(false);
  expect([a, b, c].map(({ connection }) => connection.aborted)).toEqual([false, false, true]);
  expect(a.flow.send(BYTES, 0, 1)).toBe(false);
  expect(a.connection.aborted).toBe(true);
  await world.advance(60);
  const again = [1, 2, 3].map(() => b.flow.send(BYTES, 0, BYTES.length));
  expect(again).toEqual([true, true, false]);
  expect(b.connection.queued).toBe(200_000);
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

test("what the system is told about connections is asked of the host, both ways", async () => {
  for (const tuning of [{}, { keepAlive: 0 }, { keepAlive: 90_000, keepCount: 3, trafficClass: 0x28 }]) {
    const { tcp, open, listening } = bed({ tuning });
    await tcp.listen({ local: HERE });
    const { options } = await open(1);
    expect(options).toMatchObject(tuning);
    expect(listening[0]).toMatchObject(tuning);
    expect("keepAlive" in options).toBe("keepAlive" in tuning);
  }
});
