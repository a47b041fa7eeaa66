// Runs the cases about routes on our proxy, whole, in virtual time.

import { bytesOf } from "../../src/util/bytes.ts";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import { ackFor, answersTo, configOf, type Ends, type Group, Notes, requestOf, type Seen } from "./routes-case.ts";

const ENDS: Ends = { me: "192.0.2.1:5060", uac: "192.0.2.20:7001", uas: "192.0.2.20:7002" };

/** Our answers to a group, in the order of its cases. Throws with the diagnostics when the configuration is refused. */
export async function runRoutes(group: Group): Promise<Seen[]> {
  const bed = await openProxy(configOf(group, ENDS, false));
  try {
    const far = await new Far(bed, group).open();
    return await far.run();
  } finally {
    await bed.close();
  }
}

class Far {
  private readonly bed: ProxyBed;
  private readonly group: Group;
  private readonly notes = new Notes(ENDS);
  private readonly invites = new Map<string, string>();
  private request = "";
  private current = -1;
  private sendAsClient: (text: string) => void = () => {};

  constructor(bed: ProxyBed, group: Group) {
    this.bed = bed;
    this.group = group;
  }

  async open(): Promise<this> {
    const host = this.bed.world.host({ addresses: ["192.0.2.20"] });
    const socket = async (port: number, got: (text: string) => void): Promise<(text: string) => void> => {
      const onMessage = (buf: Uint8Array, from: number, to: number): void =>
        got(Buffer.from(buf.subarray(from, to)).toString("latin1"));
      const opened = await host.network.bindUdp({ local: { family: 4, address: "192.0.2.20", port }, onMessage });
      const peer = opened.peer({ family: 4, address: "192.0.2.1", port: 5060 })!;
      return (text) => {
        const bytes = bytesOf(text);
        opened.send(peer, bytes, 0, bytes.length);
      };
    };
    this.sendAsClient = await socket(7001, (text) => {
      if (!this.notes.clientGot(text, this.current)) return;
      const ack = ackFor(text, this.request);
      if (ack !== null) this.sendAsClient(ack);
    });
    const sendAsHop = await socket(7002, (text) => {
      this.notes.hopGot(text, this.current);
      for (const answer of answersTo(text, this.invites)) sendAsHop(answer);
    });
    return this;
  }

  async run(): Promise<Seen[]> {
    const seen: Seen[] = [];
    const { log, world } = this.bed;
    for (const [n, c] of this.group.cases.entries()) {
      log.length = 0;
      this.current = n;
      for (let k = 0; k < (c.times ?? 1); k++) {
        this.request = requestOf(c, n, k, ENDS, "o");
        this.sendAsClient(this.request);
        await world.advance((c.ms ?? 0) + 60);
      }
      for (const line of log) this.notes.logged(line, n);
      seen.push(this.notes.take());
    }
    return seen;
  }
}
