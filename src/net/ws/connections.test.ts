// WebSocket flows in the table of flows, and the names of their clients.
import { describe, expect, test } from "vitest";
import { createSimulation } from "../../host/simulated.ts";
import { Transport } from "../../sip/transports.ts";
import { bytesOf } from "../../util/bytes.ts";
import { FlowStage, ListenerBase, nextFlowId } from "../flow.ts";
import { FlowTable, type StreamFlow } from "../flows.ts";
import { WsConnections } from "./connections.ts";
import type { WsFlow } from "./flow.ts";
import { topViaName } from "./top-via.ts";

const nameOf = (text: string, known = ""): string | null => {
  const bytes = bytesOf(`xx${text}`);
  return topViaName(bytes, 2, bytes.length, known);
};
const request = (via: string): string =>
  `OPTIONS sip:a@b SIP/2.0\r\nMax-Forwards: 7\r\nVia: ${via}\r\nCall-ID: 1\r\n\r\n`;

describe("topViaName", () => {
  test("the name in the first Via, over WS and WSS, in lower case", () => {
    expect(nameOf(request("SIP/2.0/WS abc.invalid;branch=1"))).toBe("abc.invalid");
    expect(nameOf(request("SIP/2.0/WSS Df7-j.Invalid:5060;branch=1"))).toBe("df7-j.invalid");
    expect(nameOf(request("SIP/2.0/WS  abc.invalid"), "abc.invalid")).toBe("abc.invalid");
  });

  test("null for addresses, other names, other transports, replies and what is cut off", () => {
    for (const via of [
      "SIP/2.0/WS 192.0.2.1;branch=1",
      "SIP/2.0/WS example.org",
      "SIP/2.0/WS .invalid",
      "SIP/2.0/WS abc.invalid.org",
      "SIP/2.0/TCP abc.invalid",
      `SIP/2.0/WS ${"a".repeat(90)}.invalid`,
      "SIP/2.0/WSabc.invalid",
    ])
      expect([via, nameOf(request(via))]).toEqual([via, null]);
    expect(nameOf("SIP/2.0 200 OK\r\nVia: SIP/2.0/WS abc.invalid\r\n\r\n")).toBeNull();
    expect(nameOf("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/WS")).toBeNull();
    expect(nameOf("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/WS abc.inva")).toBeNull();
    expect(nameOf("")).toBeNull();
  });
});

class Below implements StreamFlow {
  readonly protocol: number;
  readonly id = nextFlowId();
  readonly reliable = true;
  readonly settling = null;
  readonly dialled = false;
  readonly stage = FlowStage.CONNECTED;
  readonly listener;
  readonly local;
  readonly remote;
  readonly lastActive = 0;
  readonly partialSince = 0;
  readonly spoke = true;
  readonly queued = 0;
  open = true;
  readonly sent: Uint8Array[] = [];
  constructor(address: string, port: number, protocol: number) {
    this.protocol = protocol;
    this.remote = { family: 4, address, port } as const;
    this.local = { family: 4, address: "192.0.2.1", port: 5060 } as const;
    this.listener = Object.assign(new ListenerBase(protocol, this.local, { local: this.local }), { close: () => {} });
  }
  isStuck(): boolean {
    return false;
  }
  send(buf: Uint8Array, start: number, end: number): boolean {
    this.sent.push(buf.slice(start, end));
    return this.open;
  }
  close(): void {
    this.open = false;
  }
  finish(): void {
    this.open = false;
  }
  fail(): void {
    this.open = false;
  }
}

function bed() {
  const { clock } = createSimulation({ seed: 1 }).host({ addresses: ["192.0.2.1"] });
  const flows = new FlowTable(clock);
  const closed: number[] = [];
  const connections = new WsConnections({
    clock,
    flows,
    receive: () => {},
    onClose: (flow) => void closed.push(flow.id),
  });
  const open = (address: string, port: number, protocol: number = Transport.TCP): WsFlow => {
    const below = new Below(address, port, protocol);
    flows.add(below);
    return connections.adopt(below)!;
  };
  const says = (flow: WsFlow, name: string): void => {
    const bytes = bytesOf(request(`SIP/2.0/WS ${name}`));
    connections.learnName(flow, bytes, 0, bytes.length);
  };
  return { flows, connections, closed, open, says };
}

describe("connections", () => {
  test("a connection is found under WS in place of TCP, by the id it had; over TLS under WSS, and asked for as ws too", () => {
    const { flows, connections, open } = bed();
    const flow = open("192.0.2.10", 4000);
    expect(flows.byId(flow.below.id)).toBe(flow);
    expect(flows.find(Transport.TCP, "192.0.2.10", 4000)).toBeNull();
    expect(connections.find(Transport.WS, "192.0.2.10", 4000)).toBe(flow);
    expect([flow.listener.protocol, flow.listener.name]).toEqual([Transport.WS, "tcp:192.0.2.1:5060"]);
    const secure = open("192.0.2.10", 4001, Transport.TLS);
    expect([secure.protocol, secure.listener.protocol]).toEqual([Transport.WSS, Transport.WSS]);
    expect(connections.find(Transport.WS, "192.0.2.10", 4001)).toBe(secure);
    expect(connections.find(Transport.WS, "192.0.2.10", 4002)).toBeNull();
  });

  test("an upgrade that fails leaves all as it was", () => {
    const { flows, connections, open } = bed();
    const flow = open("192.0.2.10", 4000);
    connections.release(flow);
    expect(flows.byId(flow.id)).toBe(flow.below);
    expect(flows.find(Transport.TCP, "192.0.2.10", 4000)).toBe(flow.below);
    expect(connections.size).toBe(0);
  });

  test("a name belongs to who has it; only a new connection from the same address takes it over", () => {
    const { connections, open, says } = bed();
    const find = (name: string) => connections.find(Transport.WS, name, 5060);
    const first = open("192.0.2.10", 4000);
    says(first, "a.invalid");
    const thief = open("192.0.2.66", 4000);
    says(thief, "a.invalid");
    expect(find("a.invalid")).toBe(first);
    const again = open("192.0.2.10", 4001);
    says(again, "a.invalid");
    expect(find("a.invalid")).toBe(again);
    first.onClose(null);
    expect(find("a.invalid")).toBe(again);
    again.onClose(null);
    expect(find("a.invalid")).toBeNull();
    says(thief, "a.invalid");
    expect(find("a.invalid")).toBe(thief);
  });

  test("a connection has at most four names, the latest ones", () => {
    const { connections, open, says } = bed();
    const flow = open("192.0.2.10", 4000);
    for (const name of ["a", "b", "c", "d", "e"]) says(flow, `${name}.invalid`);
    expect(flow.names).toEqual(["b.invalid", "c.invalid", "d.invalid", "e.invalid"]);
    expect(connections.find(Transport.WS, "a.invalid", 5060)).toBeNull();
  });

  test("the end is told once, and leaves nothing behind", () => {
    const { flows, connections, closed, open } = bed();
    const flow = open("192.0.2.10", 4000);
    flow.closeWith(1000, bytesOf("bye"));
    expect([closed, connections.size, flows.size, flow.open]).toEqual([[flow.id], 1, 0, false]);
    expect(flow.closeWith(1000, bytesOf("bye"))).toBe(false);
    flow.onClose(null);
    flow.onClose(null);
    expect([closed, connections.size]).toEqual([[flow.id], 0]);
    expect(connections.counts.closedHere).toBe(1);
  });
});
