// The agents of simulations on the network of simulated hosts, so that they can talk to the whole program: each has a host and port 5060 of its
// own, its name being its address.

import type { UdpSocket } from "../../src/host/host.ts";
import type { Simulation } from "../../src/host/simulated.ts";
import { bytesOf } from "../../src/util/bytes.ts";
import type { Wire } from "./agents.ts";
import type { Node } from "./world.ts";

const PORT = 5060;

export class SimWire implements Wire {
  private readonly world: Simulation;
  private readonly clock;
  private readonly sockets = new Map<string, UdpSocket>();
  private readonly toOpen: { readonly address: string; readonly node: Node }[] = [];

  constructor(world: Simulation) {
    this.world = world;
    this.clock = world.host({ addresses: ["192.0.2.250"] }).clock;
  }

  get now(): number {
    return this.world.now;
  }

  add(name: string, node: Node): void {
    this.toOpen.push({ address: name, node });
  }

  /** Opens the sockets of those added since. */
  async open(): Promise<void> {
    for (const { address, node } of this.toOpen.splice(0)) {
      const host = this.world.host({ addresses: [address] });
      const socket = await host.network.bindUdp({
        local: { family: 4, address, port: PORT },
        onMessage: (buf, start, end, peer) => node.receive(buf.slice(start, end), peer.remote.address),
      });
      this.sockets.set(address, socket);
    }
  }

  after(ms: number, run: () => void): void {
    this.clock.after(ms, run);
  }

  sendText(from: string, to: string, text: string): void {
    const socket = this.sockets.get(from);
    const peer = socket?.peer({ family: 4, address: to, port: PORT });
    const bytes = bytesOf(text);
    if (socket !== undefined && peer) socket.send(peer, bytes, 0, bytes.length);
  }
}
