// TCP flows, on the real host of the runtime that runs this and on the simulated one.
import { describe, expect, test } from "vitest";
import type { HostError } from "../host/host.ts";
import { createSimulation } from "../host/simulated.ts";
import { rigs } from "../host/suite-rig.ts";
import { Transport } from "../sip/transports.ts";
import { bytesOf, textOf } from "../util/bytes.ts";
import { type Flow, FlowStage } from "./flow.ts";
import { DEFAULT_FLOW_LIMITS, FlowTable } from "./flows.ts";
import { TcpTransport } from "./tcp.ts";

const LOOPBACK = { family: 4, address: "127.0.0.1", port: 0 } as const;
const OPTIONS = "OPTIONS sip:a@b SIP/2.0\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
const OK = "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";

type TestHost = ReturnType<typeof rigs>[number]["host"];

function side(host: TestHost, limits = DEFAULT_FLOW_LIMITS, answer?: string) {
  const messages: { text: string; flow: Flow }[] = [];
  const closed: { flow: Flow; error: HostError | null }[] = [];
  const flows = new FlowTable(host.clock, limits);
  const transport = new TcpTransport(host, {
    flows,
    receive(buf, start, end, flow) {
      messages.push({ text: textOf(buf, start, end), flow });
      if (answer !== undefined) say(flow, answer);
    },
    onClose: (flow, error) => closed.push({ flow, error }),
    connectTimeout: 1000,
  });
  return { transport, flows, messages, closed };
}

function say(flow: Flow, text: string): boolean {
  const bytes = bytesOf(text);
  return flow.send(bytes, 0, bytes.length);
}

const [native, , simulated] = rigs();

for (const rig of [native!, simulated!]) {
  describe(`TCP flows, ${rig.name}`, () => {
    test("a message sent while connecting arrives, and the reply comes back over the same connection", async () => {
      const server = side(rig.host, undefined, OK);
      const client = side(rig.host);
      const serverPort = await server.transport.listen({ local: LOOPBACK });
      const clientPort = await client.transport.listen({ local: LOOPBACK });
      const flow = client.transport.flowTo(serverPort.local, clientPort)!;
      expect(flow.open && flow.reliable && flow.protocol === Transport.TCP).toBe(true);
      expect(say(flow, OPTIONS)).toBe(true);
      expect(client.transport.flowTo(serverPort.local, clientPort)).toBe(flow);
      await rig.until(() => client.messages.length === 1);
      expect(server.messages[0]!.text).toBe(OPTIONS);
      expect(client.messages[0]).toEqual({ text: OK, flow });
      expect(server.messages[0]!.flow.listener).toBe(serverPort);
      expect(server.messages[0]!.flow.remote).toEqual(flow.local);
      expect(client.flows.byId(flow.id)).toBe(flow);
      // the other way over the same connection, found by address
      const back = server.transport.flowTo(flow.local, serverPort)!;
      expect(back).toBe(server.messages[0]!.flow);
      flow.close();
      expect(flow.open || say(flow, OPTIONS)).toBe(false);
      await rig.until(() => server.closed.length === 1 && client.closed.length === 1);
      expect(server.closed[0]!.error).toBe(null);
      expect(client.flows.size + server.flows.size).toBe(0);
      serverPort.close();
      clientPort.close();
    });

    test("a flow finished while it connects sends what it has, hears the answer, and is found no more", async () => {
      const server = side(rig.host, undefined, OK);
      const client = side(rig.host);
      const serverPort = await server.transport.listen({ local: LOOPBACK });
      const clientPort = await client.transport.listen({ local: LOOPBACK });
      const flow = client.transport.flowTo(serverPort.local, clientPort)!;
      expect(say(flow, OPTIONS)).toBe(true);
      flow.finish();
      expect(flow.open || say(flow, OPTIONS)).toBe(false);
      expect(client.flows.size).toBe(0);
      await rig.until(() => server.closed.length === 1 && client.closed.length === 1);
      expect(server.messages.map(({ text }) => text)).toEqual([OPTIONS]);
      expect(client.messages).toEqual([{ text: OK, flow }]);
      expect(client.closed[0]).toEqual({ flow, error: null });
      expect(flow.stage).toBe(FlowStage.FINISHED);
      serverPort.close();
      clientPort.close();
    });

    test("whoever opens a connection hears soon that it was refused, and that it is there", async () => {
      const server = side(rig.host);
      const client = side(rig.host);
      const port = await server.transport.listen({ local: LOOPBACK });
      const gone = await server.transport.listen({ local: LOOPBACK });
      gone.close();
      const states: string[] = [];
      for (const to of [port, gone]) {
        const flow = client.transport.flowTo(to.local, port)!;
        expect(flow.settling).not.toBe(null);
        void flow.settling!.then(() => states.push(`${flow === client.closed[0]?.flow} ${flow.open} ${flow.stage}`));
      }
      await rig.until(() => states.length === 2);
      expect(states.sort()).toEqual([`false true ${FlowStage.CONNECTED}`, `true false ${FlowStage.CONNECTING}`].sort());
      port.close();
      client.flows.closeAll();
    });

    test("a forced listener has connections of its own, under aliases too", async () => {
      const server = side(rig.host);
      const client = side(rig.host);
      const port = await server.transport.listen({ local: LOOPBACK });
      const [one, two] = [
        await client.transport.listen({ local: LOOPBACK }),
        await client.transport.listen({ local: LOOPBACK }),
      ];
      const first = client.transport.flowTo(port.local, one)!;
      expect(client.transport.flowTo(port.local, two)).toBe(first);
      const second = client.transport.flowTo(port.local, two, true)!;
      expect(second).not.toBe(first);
      expect(client.transport.flowTo(port.local, one, true)).toBe(first);
      expect(client.transport.flowTo(port.local, one)).toBe(second); // the newest
      expect(client.flows.addAlias(first, 4711)).toBe(true);
      const { address } = port.local;
      expect(client.flows.find(Transport.TCP, address, 4711, one)).toBe(first);
      expect(client.flows.find(Transport.TCP, address, 4711, two)).toBe(null);
      await rig.until(() => server.flows.size === 2);
      client.flows.closeAll();
      await rig.until(() => server.flows.size === 0);
      expect(client.flows.find(Transport.TCP, address, 4711, one)).toBe(null);
      for (const listener of [port, one, two]) listener.close();
    });

    test("thousands of messages arrive whole and in order", async () => {
      const server = side(rig.host);
      const client = side(rig.host);
      const port = await server.transport.listen({ local: LOOPBACK });
      const flow = client.transport.flowTo(port.local, port)!;
      const text = (i: number) => {
        const body = String(i).repeat((i % 50) + 1);
        return `MESSAGE sip:a@b SIP/2.0\r\nl: ${body.length}\r\n\r\n${body}`;
      };
      for (let i = 0; i < 3000; i++) expect(say(flow, text(i))).toBe(true);
      await rig.until(() => server.messages.length === 3000);
      expect(server.messages.every((message, i) => message.text === text(i))).toBe(true);
      flow.close();
      await rig.until(() => server.closed.length === 1);
      port.close();
    });

    test("nobody listening, a peer that talks nonsense and HTTP end the flow with a reason", async () => {
      const server = side(rig.host);
      const client = side(rig.host);
      const port = await server.transport.listen({ local: LOOPBACK });
      const gone = await server.transport.listen({ local: LOOPBACK });
      gone.close();
      const refused = client.transport.flowTo(gone.local, port)!;
      say(refused, OPTIONS);
      await rig.until(() => client.closed.length === 1);
      expect(client.closed[0]).toMatchObject({ flow: refused, error: { code: "ECONNREFUSED" } });

      const nonsense = client.transport.flowTo(port.local, port)!;
      say(nonsense, "nonsense\r\n\r\n");
      await rig.until(() => server.closed.length === 1 && client.closed.length === 2);
      expect(server.closed[0]!.error!.code).toBe("EPROTO");

      let answer = "";
      void rig.host.network
        .connectTcp({
          remote: port.local,
          timeout: 1000,
          maxQueue: 1000,
          handlers: {
            onData: (_c, buf, start, end) => {
              answer += textOf(buf, start, end);
            },
            onClose: () => {
              answer += "closed";
            },
          },
        })
        .then((connection) => {
          const bytes = bytesOf("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
          connection.send(bytes, 0, bytes.length);
        });
      await rig.until(() => answer.endsWith("closed"));
      expect(answer).toBe(
        "\r\nHTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 23\r\nConnection: close\r\n\r\nnothing is served here\nclosed",
      );
      port.close();
    });

    test("a full table refuses newcomers, both ways", async () => {
      const server = side(rig.host, { ...DEFAULT_FLOW_LIMITS, maxFlows: 1 });
      const client = side(rig.host);
      const port = await server.transport.listen({ local: LOOPBACK });
      const first = client.transport.flowTo(port.local, port)!;
      say(first, OPTIONS);
      await rig.until(() => server.messages.length === 1);
      const second = side(rig.host);
      say(second.transport.flowTo(port.local, port)!, OPTIONS);
      await rig.until(() => second.closed.length === 1);
      expect(server.transport.flowTo({ family: 4, address: "127.0.0.1", port: 9 }, port)).toBe(null);
      expect(server.messages.length).toBe(1);
      expect(server.flows.refused).toBe(2);
      first.close();
      await rig.until(() => server.closed.length === 1);
      port.close();
    });

    test("in a full table, who has said nothing gives way to newcomers, the oldest first", async () => {
      const server = side(rig.host, { ...DEFAULT_FLOW_LIMITS, maxFlows: 3 });
      const port = await server.transport.listen({ local: LOOPBACK });
      const come = async (text: string) => {
        const client = side(rig.host);
        const before = server.flows.size + server.flows.evicted;
        const flow = client.transport.flowTo(port.local, port)!;
        say(flow, text);
        await rig.until(() => server.flows.size + server.flows.evicted > before);
        return { client, flow };
      };
      const talker = await come(OPTIONS);
      await rig.until(() => server.messages.length === 1);
      const silent = await come("OPT");
      const other = await come("OPT");
      const third = await come(OPTIONS);
      await rig.until(() => server.messages.length === 2 && silent.client.closed.length === 1);
      const fourth = await come(OPTIONS);
      await rig.until(() => server.messages.length === 3 && other.client.closed.length === 1);
      expect([talker, third, fourth].every(({ flow }) => flow.open)).toBe(true);
      expect([server.flows.size, server.flows.evicted, server.flows.refused]).toEqual([3, 2, 0]);
      for (const { flow } of [talker, third, fourth]) flow.close();
      await rig.until(() => server.closed.length === 5);
      port.close();
    });
  });
}

describe("TCP flows in virtual time", () => {
  async function begin() {
    const world = createSimulation({ seed: 5 });
    const server = side(world.host({ addresses: ["10.0.0.1"] }), undefined, OK);
    const client = side(world.host({ addresses: ["10.0.0.2"] }));
    const port = await server.transport.listen({ local: { family: 4, address: "10.0.0.1", port: 5060 } });
    const own = await client.transport.listen({ local: { family: 4, address: "10.0.0.2", port: 5060 } });
    return { world, server, client, port, own };
  }

  test("idle flows are closed by the sweep, busy ones are not", async () => {
    const { world, client, server, port, own } = await begin();
    const flow = client.transport.flowTo(port.local, own)!;
    for (let s = 0; s < 300; s += 60) {
      say(flow, OPTIONS);
      await world.advance(60_000);
      expect(flow.open).toBe(true);
    }
    await world.advance(130_000);
    expect(flow.open).toBe(false);
    expect([client.flows.size, server.flows.size, client.closed.length, server.closed.length]).toEqual([0, 0, 1, 1]);
    expect(await world.runUntilIdle()).toBe(true); // no timer is left
  });

  test("a peer that connects and says nothing, or only CRLF, is closed; one that we have called may be silent", async () => {
    const { world, client, server, port, own } = await begin();
    const flow = client.transport.flowTo(port.local, own)!;
    const called = server.transport.flowTo(own.local, port)!;
    say(called, OPTIONS); // its other end has heard us, we have heard nothing
    for (let s = 0; s < 40; s++) {
      await world.advance(1000);
      say(flow, "\r\n\r\n");
    }
    expect([flow.open, called.open, server.flows.expired]).toEqual([false, true, 1]);
  });

  test("a message that is begun and never finished ends its connection", async () => {
    const { world, client, server, port, own } = await begin();
    const flow = client.transport.flowTo(port.local, own)!;
    say(flow, OPTIONS.slice(0, 30));
    for (let s = 0; s < 40; s++) {
      await world.advance(1000);
      say(flow, "x");
    }
    expect(server.closed.length).toBe(1);
    expect(server.flows.expired).toBe(1);
  });

  test("a cut ends flows on both ends; connecting across it times out", async () => {
    const { world, client, server, port, own } = await begin();
    const flow = client.transport.flowTo(port.local, own)!;
    say(flow, OPTIONS);
    await world.advance(100);
    world.cut("10.0.0.1", "10.0.0.2");
    await world.advance(1);
    expect(client.closed[0]).toMatchObject({ flow, error: { code: "ECONNRESET" } });
    expect(server.closed.length).toBe(1);
    const again = client.transport.flowTo(port.local, own)!;
    expect(again).not.toBe(flow);
    say(again, OPTIONS);
    await world.advance(1100);
    expect(client.closed[1]).toMatchObject({ flow: again, error: { code: "ETIMEDOUT" } });
    world.heal("10.0.0.1", "10.0.0.2");
    say(client.transport.flowTo(port.local, own)!, OPTIONS);
    await world.advance(100);
    expect(server.messages.length).toBe(2);
  });

  test("aliases find a flow, but never one that is another's", async () => {
    const { world, client, server, port, own } = await begin();
    say(client.transport.flowTo(port.local, own)!, OPTIONS);
    await world.advance(100);
    const { flow } = server.messages[0]!;
    const known = server.flows.byId(flow.id)!;
    expect(server.flows.addAlias(known, 5060)).toBe(true);
    expect(server.transport.flowTo({ family: 4, address: "10.0.0.2", port: 5060 }, port)).toBe(known);
    const stranger = side(world.host({ addresses: ["10.0.0.3"] }));
    const strangerPort = await stranger.transport.listen({ local: { family: 4, address: "10.0.0.3", port: 5060 } });
    say(stranger.transport.flowTo(port.local, strangerPort)!, OPTIONS);
    await world.advance(100);
    const theirs = server.flows.byId(server.messages[1]!.flow.id)!;
    expect(server.flows.addAlias(theirs, 5060)).toBe(true); // its own address only
    expect(server.transport.flowTo({ family: 4, address: "10.0.0.2", port: 5060 }, port)).toBe(known);
    known.close();
    expect(server.flows.find(Transport.TCP, "10.0.0.2", 5060)).toBe(null);
  });

  test("random segments, loss and delay change nothing in what arrives", async () => {
    const { world, client, server, port, own } = await begin();
    world.setLinks({ loss: 0.2, delay: 30, jitter: 50, segment: 40 });
    const flow = client.transport.flowTo(port.local, own)!;
    for (let i = 0; i < 200; i++) {
      say(flow, OPTIONS.replace("CSeq: 1", `CSeq: ${i}`));
      await world.advance(5);
    }
    await world.advance(30_000);
    expect(server.messages.map(({ text }) => Number(/CSeq: (\d+)/.exec(text)![1]))).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    );
    expect(client.messages.length).toBe(200);
  });
});
