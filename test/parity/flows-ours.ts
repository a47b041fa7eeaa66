// Runs call flows on our proxy, whole, in virtual time.

import { bytesOf } from "../../src/util/bytes.ts";
import { openNameServer, useNameServers } from "../support/name-server.ts";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import { configOf, type Ends, type Flow, type FlowGroup, flowOf, Players } from "./flows-case.ts";

const ENDS: Ends = { me: "192.0.2.1:5060", uac: "192.0.2.20:7001", uas: "192.0.2.20:7002", uas2: "192.0.2.20:7003" };
const STEP = 5;

/** Our flows of a group, in the order of its cases. Throws with the diagnostics when the configuration is refused. */
export async function runFlows(group: FlowGroup): Promise<Flow[]> {
  const bed = await openProxy(configOf(group, ENDS, false));
  try {
    await openNameServer(bed.world, "192.0.2.53", ""); // which knows no name
    useNameServers(bed.host, ["192.0.2.53"]);
    return await new Far(bed, group).run();
  } finally {
    await bed.close();
  }
}

class Far {
  private readonly bed: ProxyBed;
  private readonly group: FlowGroup;
  private due: { at: number; act: () => void }[] = [];
  private now = 0;
  private current: Players | null = null;
  private number = -1;

  constructor(bed: ProxyBed, group: FlowGroup) {
    this.bed = bed;
    this.group = group;
  }

  async run(): Promise<Flow[]> {
    const host = this.bed.world.host({ addresses: ["192.0.2.20"] });
    const open = async (port: number, got: (text: string) => void): Promise<(text: string) => void> => {
      const onMessage = (buf: Uint8Array, from: number, to: number): void => {
        const text = Buffer.from(buf.subarray(from, to)).toString("latin1");
        if (flowOf(text) === this.number) got(text);
      };
      const socket = await host.network.bindUdp({ local: { family: 4, address: "192.0.2.20", port }, onMessage });
      const peer = socket.peer({ family: 4, address: "192.0.2.1", port: 5060 })!;
      return (text) => {
        const bytes = bytesOf(text);
        socket.send(peer, bytes, 0, bytes.length);
      };
    };
    const client = await open(7001, (text) =>
      this.current?.clientGot(text, (m, ms) => this.later(ms, () => client(m))),
    );
    const hop = await open(7002, (text) => this.current?.hopGot(text, (m, ms) => this.later(ms, () => hop(m)), ""));
    const second = await open(7003, (text) =>
      this.current?.hopGot(text, (m, ms) => this.later(ms, () => second(m)), "second: "),
    );
    const flows: Flow[] = [];
    for (const [n, c] of this.group.cases.entries()) {
      const players = new Players(c, n, ENDS, "o");
      this.current = players;
      this.number = n;
      this.bed.log.length = 0;
      players.start((what, ms) => this.later(ms, () => client(players.made(what))));
      await this.until((c.ms ?? 250) + 60);
      for (const line of this.bed.log) players.logged(line);
      flows.push(players.seen());
    }
    return flows;
  }

  private later(ms: number, act: () => void): void {
    if (ms === 0) act();
    else this.due.push({ at: this.now + ms, act });
  }

  private async until(ms: number): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      await this.bed.world.advance(STEP);
      this.now += STEP;
      const ready = this.due.filter((d) => d.at <= this.now);
      this.due = this.due.filter((d) => d.at > this.now);
      for (const { act } of ready) act();
    }
    this.due = [];
  }
}
