// A public network with a server and a media relay, and telephones behind two routers that translate addresses: Linux's own masquerading with random
// ports and short memories, in network namespaces. Everything but the telephones is real.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FarSocket, type Namespace, Outpost, openNamespace } from "../support/namespaces.ts";
import { describeAudio } from "../support/phone-call.ts";
import { type Finished, type Running, start, stop } from "../support/programs.ts";
import type { Target } from "../support/server.ts";
import { SipAgent } from "../support/sip-agent.ts";

export const SERVER = "203.0.113.1";
export const PUBLIC = "203.0.113.5";
export const STOCK = "/etc/kamailio/kamailio.cfg";
/** Seconds for which a router remembers who talked to whom. */
export const MEMORY = 2;

/** A telephone: where it is reached is known to the server alone. */
export class Phone {
  readonly user: string;
  readonly agent: SipAgent;
  readonly audio: FarSocket;
  /** Pings of the server, which it answers while it is awake. */
  pings = 0;

  constructor(user: string, socket: FarSocket, audio: FarSocket) {
    this.user = user;
    this.audio = audio;
    const agent = new SipAgent("udp", 5060, socket.address, SERVER);
    this.agent = agent;
    socket.onData = ({ data }) => {
      if (data.startsWith("OPTIONS ")) {
        this.pings++;
        agent.deliver(data);
        void agent.receiveRequest("OPTIONS").then((ping) => agent.send(agent.reply(ping, 200, "OK")));
      } else if (data.length > 4) agent.deliver(data);
    };
    agent.attach(
      socket.port,
      (text) => socket.send(text, SERVER, 5060),
      () => socket.close(),
    );
  }

  get contact(): string {
    return `Contact: <${this.agent.contact(this.user)}>`;
  }

  /** A description with this telephone's own address, which nobody else can reach. */
  get sdp(): string {
    return describeAudio(this.audio);
  }
}

/** A router and the home behind it. */
class Home {
  readonly outpost: Outpost;
  readonly router: Namespace;
  readonly inside: Namespace;
  readonly #outside: string;

  private constructor(router: Namespace, inside: Namespace, outside: string) {
    this.router = router;
    this.inside = inside;
    this.#outside = outside;
    this.outpost = new Outpost(inside);
  }

  static async open(world: Namespace, name: string, outside: string): Promise<Home> {
    const [router, inside] = [await openNamespace(), await openNamespace()];
    world.join(name, router, "wan");
    world.set(`ip link set ${name} master br0`);
    router.join("lan", inside, "eth0");
    router.set(
      `ip addr add ${outside}/24 dev wan`,
      "ip addr add 192.168.1.1/24 dev lan",
      "echo 1 >/proc/sys/net/ipv4/ip_forward",
      `echo ${MEMORY} >/proc/sys/net/netfilter/nf_conntrack_udp_timeout`,
      `echo ${MEMORY} >/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream`,
      "iptables -t nat -A POSTROUTING -o wan -j MASQUERADE --random-fully",
      "iptables -A INPUT -i wan -p udp -j DROP", // silence, as of most routers
    );
    inside.set(
      "ip addr add 192.168.1.10/24 dev eth0",
      "ip addr add 192.168.1.11/24 dev eth0",
      "ip route add default via 192.168.1.1",
    );
    return new Home(router, inside, outside);
  }

  /** The line outside is lost and comes back; the router forgets everything. */
  reconnect(): void {
    this.router.set("ip link set wan down", "ip link set wan up", `ip addr replace ${this.#outside}/24 dev wan`);
  }

  close(): void {
    this.outpost.close();
    this.inside.close();
    this.router.close();
  }
}

/** The whole of it, with a server that runs Debian's configuration. */
export class NatWorld {
  readonly public: Namespace;
  readonly outpost: Outpost;
  readonly homes: readonly Home[];
  readonly #directory = mkdtempSync(join(tmpdir(), "portico-nat-"));
  #server: Running | null = null;
  #relay: Running | null = null;

  private constructor(open: Namespace, homes: readonly Home[]) {
    this.public = open;
    this.homes = homes;
    this.outpost = new Outpost(open);
  }

  static async open(): Promise<NatWorld> {
    const open = await openNamespace();
    open.set(
      "ip link add name br0 type bridge",
      "ip link set br0 up",
      `ip addr add ${SERVER}/24 dev br0`,
      `ip addr add ${PUBLIC}/24 dev br0`,
    );
    const homes = [await Home.open(open, "homea", "203.0.113.11"), await Home.open(open, "homeb", "203.0.113.12")];
    return new NatWorld(open, homes);
  }

  get log(): string {
    return this.#server?.output() ?? "";
  }

  /** Starts the relay and the server, and waits until the server answers. */
  async start(target: Target): Promise<void> {
    const ng = ["--listen-ng=127.0.0.1:2223", "--table=-1", `--interface=${SERVER}`, "--config-file=none"];
    const relay = ["rtpengine", ...ng, "--foreground", "--log-stderr", "--log-level=4", "--num-threads=1"];
    this.#relay = start([...this.public.prefix, ...relay], { cwd: this.#directory });
    const asking = await this.outpost.open("127.0.0.1");
    for (let n = 0; asking.got.length === 0; n++) {
      if (n > 1500 || this.#relay.child.exitCode !== null)
        throw new Error(`rtpengine does not answer:\n${this.#relay.output()}`);
      asking.send(`${n} d7:command4:pinge`, "127.0.0.1", 2223);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    asking.close();
    const file = join(this.#directory, "kamailio.cfg");
    // as the distribution gives it; only times are shorter
    const config = readFileSync(STOCK, "latin1")
      .replace('"natping_interval", 30', '"natping_interval", 1')
      .replace('"fr_timer", 30000', '"fr_timer", 1500')
      .replace("children=8", "children=1");
    writeFileSync(file, config, "latin1");
    const env = Object.entries(target.env).map(([name, value]) => `${name}=${value}`);
    const defines = ["WITH_NAT", "WITH_RTPENGINE", "WITH_NATSIPPING"].flatMap((name) => ["-A", name]);
    const args = ["-f", file, "-E", "-Y", this.#directory, "-P", join(this.#directory, "pid"), ...defines];
    const listen = ["-l", `udp:${SERVER}:5060`, "-l", `tcp:${SERVER}:5060`];
    const command = [...this.public.prefix, "env", ...env, ...target.command, ...args, ...listen];
    this.#server = start(command, { cwd: this.#directory });
    const probe = await this.phone(this.outpost, PUBLIC, "probe");
    const deadline = Date.now() + 60_000;
    for (;;) {
      const reply = await probe.agent.ask({ method: "OPTIONS", uri: `sip:nobody@${SERVER}` }, 200).catch(() => null);
      if (reply !== null) break;
      if (this.#server.child.exitCode !== null || Date.now() > deadline)
        throw new Error(`the server (${target.name}) does not answer:\n${this.log.slice(-3000)}`);
    }
    probe.agent.close();
  }

  async phone(at: Outpost, address: string, user: string): Promise<Phone> {
    return new Phone(user, await at.open(address), await at.open(address));
  }

  /** A telephone at home. */
  home(which: number, address: string, user: string): Promise<Phone> {
    return this.phone(this.homes[which]!.outpost, address, user);
  }

  /** How the server ended; null when it had ended before. */
  async close(): Promise<Finished | null> {
    const [server, relay] = [this.#server, this.#relay];
    this.#server = this.#relay = null;
    const finished = server === null ? null : await stop(server);
    if (relay !== null) await stop(relay, 500);
    this.outpost.close();
    for (const home of this.homes) home.close();
    this.public.close();
    rmSync(this.#directory, { recursive: true, force: true });
    return finished;
  }
}
