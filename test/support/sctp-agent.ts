// An agent that speaks SCTP in a simulated world: sends messages to the proxy over one association, and keeps what it gets over any.

import type { SctpAssociation, SctpSocket } from "../../src/host/sctp.ts";
import type { SimHost } from "../../src/host/simulated.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { ADDRESS, type ProxyBed } from "./proxy-bed.ts";

export class SctpAgent {
  readonly received: string[] = [];
  /** What became of associations, in order. */
  readonly events: string[] = [];
  private readonly bed: ProxyBed;
  private readonly socket: SctpSocket;
  private readonly proxyPort: number;
  private last: SctpAssociation | null = null;

  private constructor(bed: ProxyBed, socket: SctpSocket, proxyPort: number) {
    this.bed = bed;
    this.socket = socket;
    this.proxyPort = proxyPort;
  }

  /** Listens on a port of that host. `isWelcome`: whether it takes associations that the proxy opens. */
  static async open(
    bed: ProxyBed,
    host: SimHost,
    port: number,
    proxyPort = 5060,
    isWelcome = true,
  ): Promise<SctpAgent> {
    const address = host.network.interfaces()[1]![1];
    const socket = await host.network.bindSctp({
      local: { family: 4, address, port },
      settings: {},
      maxMessage: 65_535,
      maxQueue: 1 << 20,
      onOpen: (association) => {
        agent.events.push("open");
        agent.last = association;
        return isWelcome;
      },
      onMessage: (buf, start, end) => void agent.received.push(textOf(buf, start, end)),
      onUnsent: () => void agent.events.push("unsent"),
      onClose: (_, error) => void agent.events.push(error === null ? "end" : error.code),
    });
    const agent = new SctpAgent(bed, socket, proxyPort);
    return agent;
  }

  /** Sends a message to the proxy and lets the world go on for 50 ms; what came meanwhile is returned. */
  async send(text: string): Promise<string[]> {
    const before = this.received.length;
    const to = this.socket.associate({ family: 4, address: ADDRESS, port: this.proxyPort })!;
    const bytes = bytesOf(text);
    this.socket.send(to, bytes, 0, bytes.length, 0);
    await this.bed.world.advance(50);
    return this.received.slice(before);
  }

  /** Ends its newest association. */
  async end(abort: boolean): Promise<void> {
    this.socket.end(this.last!, abort);
    await this.bed.world.advance(50);
  }

  close(): void {
    this.socket.close();
  }
}
