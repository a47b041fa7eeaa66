// Runs a group of cases about names on our proxy, whole, in virtual time.

import type { SimHost } from "../../src/host/simulated.ts";
import { bytesOf, textOf } from "../../src/util/bytes.ts";
import { openNameServer, useNameServers } from "../support/name-server.ts";
import { openProxy, type ProxyBed } from "../support/proxy-bed.ts";
import {
  CLIENT,
  type DnsAnswer,
  type DnsGroup,
  dnsConfig,
  HOPS,
  isOpen,
  NAME_SERVERS,
  Onlooker,
  SERVER,
  SERVER6,
} from "./dns-case.ts";

/** Our answers to a group. Throws with the diagnostics when the configuration is refused. */
export async function runDns(group: DnsGroup): Promise<DnsAnswer[]> {
  const prepare = (host: SimHost): void => useNameServers(host, NAME_SERVERS, group.resolv);
  const addresses = group.six ? [SERVER, SERVER6] : [SERVER];
  const bed = await openProxy(dnsConfig(group), -1, addresses, undefined, {}, prepare);
  try {
    return await new Far(bed, group).run();
  } finally {
    await bed.close();
  }
}

class Far {
  private readonly bed: ProxyBed;
  private readonly group: DnsGroup;
  private readonly onlooker: Onlooker;

  constructor(bed: ProxyBed, group: DnsGroup) {
    this.bed = bed;
    this.group = group;
    this.onlooker = new Onlooker(group);
  }

  async run(): Promise<DnsAnswer[]> {
    const { bed, group, onlooker } = this;
    bed.world.setIcmp(true);
    const servers = await Promise.all(NAME_SERVERS.map((address) => openNameServer(bed.world, address, group.zone)));
    servers.forEach((server, i) => {
      server.manners.silent = group.silent?.includes(NAME_SERVERS[i]!) === true;
      const second = i > 0 && group.silent?.includes(NAME_SERVERS[0]!) === true;
      server.asked.push = (...list) => {
        for (const q of list) onlooker.wasAsked(second ? `${q} of the second` : q);
        return 0;
      };
    });
    for (const address of ["192.0.2.20", "192.0.2.21", "2001:db8::20"]) await this.hops(address);
    const send = await this.client();
    const answers: DnsAnswer[] = [];
    let count = 0;
    for (const c of group.cases) {
      const steps: DnsAnswer[number][] = [];
      for (const step of c.steps) {
        onlooker.begin();
        if (step.rpc !== undefined) await bed.rpc(String(step.rpc[0]), ...step.rpc.slice(1));
        if (step.uri === undefined) await bed.world.advance(step.ms ?? 0);
        else {
          send(onlooker.request(step, count++));
          for (let t = 0; t < (step.ms ?? 3000) && !onlooker.isAnswered; t += 10) await bed.world.advance(10);
        }
        steps.push(onlooker.seen());
      }
      answers.push(steps);
    }
    return answers;
  }

  private async hops(address: string): Promise<void> {
    const { network } = this.bed.world.host({ addresses: [address] });
    const family = address.includes(":") ? 6 : 4;
    const prefix = family === 6 ? `[${address}]:` : `${address}:`;
    for (const hop of HOPS.filter((h) => h.startsWith(prefix))) {
      const local = { family, address, port: Number(hop.slice(prefix.length)) } as const;
      if (isOpen(this.group, `${hop}/udp`)) {
        const socket = await network.bindUdp({
          local,
          onMessage: (buf, from, to, peer) => {
            const reply = this.onlooker.hopGot(`${hop}/udp`, textOf(buf, from, to));
            if (reply !== null) socket.send(peer, bytesOf(reply), 0, reply.length);
          },
        });
      }
      if (isOpen(this.group, `${hop}/tcp`)) {
        const onData = (
          connection: { send(b: Uint8Array, s: number, e: number): unknown },
          buf: Uint8Array,
          from: number,
          to: number,
        ): void => {
          const reply = this.onlooker.hopGot(`${hop}/tcp`, textOf(buf, from, to));
          if (reply !== null) connection.send(bytesOf(reply), 0, reply.length);
        };
        await network.listenTcp({
          local,
          maxQueue: 1 << 20,
          onConnection: () => ({ onData, onClose: () => undefined }),
        });
      }
    }
  }

  private async client(): Promise<(text: string) => void> {
    const [address = "", port = ""] = CLIENT.split(":");
    const { network } = this.bed.world.host({ addresses: [address] });
    const socket = await network.bindUdp({
      local: { family: 4, address, port: Number(port) },
      onMessage: (buf, from, to) => this.onlooker.clientGot(textOf(buf, from, to)),
    });
    const peer = socket.peer({ family: 4, address: SERVER, port: 5060 })!;
    return (text) => void socket.send(peer, bytesOf(text), 0, text.length);
  }
}
