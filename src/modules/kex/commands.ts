// The commands core.*, pkg.* and mod.*: what runs here, since when, on which sockets, with how much memory.

import type { Proxy } from "../../proxy/proxy.ts";
import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import { VERSION } from "../../util/version.ts";
import { protocolName } from "../core/index.ts";

interface Running {
  readonly proxy: Proxy;
  /** When this process began, in milliseconds since 1970. */
  readonly since: number;
}
type Command = RpcDef<Running>;
type Fields = { [key: string]: RpcValue };

const NAME = `portico ${VERSION} (kamailio 5.6.3 language)`;
const FLAGS = "USE_TCP, USE_TLS, USE_MCAST, USE_DNS_CACHE, USE_DNS_FAILOVER, USE_NAPTR, USE_DST_BLOCKLIST";
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** A time as ctime(3) writes it: "Sat Nov 21 11:38:15 2026". */
function ctime(ms: number): string {
  const d = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, "0");
  const clock = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return `${DAYS[d.getDay()]} ${MONTHS[d.getMonth()]} ${String(d.getDate()).padStart(2)} ${clock} ${d.getFullYear()}`;
}

function uptime({ proxy, since }: Running): Fields {
  const now = proxy.host.clock.wall();
  return { now: ctime(now), up_since: ctime(since), uptime: Math.floor((now - since) / 1000) };
}

function info(): Fields {
  return { version: NAME, id: "unknown", compiler: "none", compiled: "", flags: FLAGS };
}

function runInfo(self: Running): Fields {
  const now = self.proxy.host.clock.wall();
  const seconds = Math.floor((now - self.since) / 1000);
  const [d, h, m] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  return {
    name: self.proxy.host.process.programName,
    version: VERSION,
    sourceid: "unknown",
    compiler: "none",
    compiled: "",
    time_now: ctime(now),
    time_started: ctime(self.since),
    uptime_secs: seconds,
    utime_days: `${d}d ${h}h ${m}m ${seconds % 60}s`,
  };
}

// One process does all.
function processes({ proxy }: Running): Fields[] {
  return [{ IDX: 0, PID: proxy.host.process.pid, DSC: "main process" }];
}

function sockets({ proxy }: Running): RpcValue {
  return {
    socket: proxy.transports.listeners.map((l) => ({
      proto: protocolName(l.protocol),
      address: l.addressText,
      port: String(l.local.port),
      mcast: "no",
      mhomed: "no",
      virtual: "no",
    })),
  };
}

function aliases({ proxy }: Running): RpcValue {
  const names = [...proxy.identity.names()];
  return {
    myself_callbacks: proxy.identity.hasSubdomains ? "yes" : "no",
    aliases: names.map(({ host, port }) => ({
      alias: { proto: "*", address: host, port: port === 0 ? "*" : port },
    })),
  };
}

function memory({ proxy }: Running): Fields {
  const { rss, heapUsed } = proxy.host.process.memory();
  return {
    total: rss,
    free: Math.max(0, rss - heapUsed),
    used: heapUsed,
    real_used: rss,
    max_used: rss,
    fragments: 0,
  };
}

/** Memory as Kamailio's group of shared memory, which here is that of the process. */
export function countMemory(proxy: Proxy): void {
  const put = (name: string, field: string): void =>
    proxy.statistics.put("shmem", name, () => Number(memory({ proxy, since: 0 })[field]), true);
  put("total_size", "total");
  put("free_size", "free");
  put("used_size", "used");
  put("real_used_size", "real_used");
  put("max_used_size", "max_used");
  put("fragments", "fragments");
}

function connections({ proxy }: Running): Fields[] {
  return [...proxy.transports.streams()].map((flow) => ({
    id: flow.id,
    type: protocolName(flow.protocol).toUpperCase(),
    state: flow.open ? "established" : "closed",
    timeout: Math.max(0, Math.ceil(proxy.transports.idleLeft(flow) / 1000)),
    src_ip: flow.remote.address,
    src_port: flow.remote.port,
    dst_ip: flow.local.address,
    dst_port: flow.local.port,
  }));
}

function tcpInfo({ proxy }: Running): Fields {
  const flows = [...proxy.transports.streams()];
  return {
    readers: 1,
    max_connections: proxy.transports.maxFlows ?? 0,
    max_tls_connections: proxy.transports.maxTls,
    opened_connections: flows.length,
    opened_tls_connections: flows.filter((f) => f.tls != null).length,
    write_queued_bytes: 0,
  };
}

const UDP_RAW = { udp4_raw: 0, udp4_raw_mtu: 1500, udp4_raw_ttl: 64 };

function reading(doc: string, run: (self: Running) => RpcValue): Command {
  // arguments are not looked at, as on Kamailio
  return { doc, args: [], rest: "str", run };
}

function echo(doc: string, rest: "int" | "str"): Command {
  return { doc, args: [], rest, run: (_self, given) => given.filter((g) => g !== undefined) };
}

function moduleMemory({ proxy }: Running, which: string | undefined): RpcValue {
  if (which === undefined) throw new RpcError(500, 'Module name or "all" needed');
  return [
    `Module: ${which === "all" ? "core" : which}`,
    { Total: which === "all" ? proxy.host.process.memory().heapUsed : 0 },
    "",
  ];
}

const moduleStats: Command = {
  doc: "Memory by module; only that of the whole process is known here, under core.",
  args: [],
  rest: "str",
  run: (self, [which]) => moduleMemory(self, which === undefined ? undefined : String(which)),
};

/** The commands. */
export const commands: Readonly<Record<string, Command>> = {
  "core.uptime": reading("Returns uptime of SIP server.", uptime),
  "core.version": reading("The version.", () => NAME),
  "core.info": reading("The version and what it is made of.", info),
  "core.runinfo": reading("The version and how long it runs.", runInfo),
  "core.flags": reading("What it can do, as flags of Kamailio.", () => FLAGS),
  "core.arg": reading("The command line.", ({ proxy }) => {
    const { programName, args } = proxy.host.process;
    return [programName, ...args];
  }),
  "core.echo": echo("Gives back its arguments.", "str"),
  "core.prints": echo("Gives back its arguments.", "str"),
  "core.printi": echo("Gives back its arguments, which are numbers.", "int"),
  "core.ps": reading("The processes: number and what it does, in turn.", (self) =>
    processes(self).flatMap((p) => [p["PID"]!, p["DSC"]!]),
  ),
  "core.psx": reading("The processes.", processes),
  "core.pwd": reading("The directory it works in.", ({ proxy }) => [proxy.host.process.env("PWD") ?? "/"]),
  "core.shmmem": reading("Memory in use, in bytes.", memory),
  "core.sockets_list": reading("The sockets listened on.", sockets),
  "core.aliases_list": reading("The names that are ours.", aliases),
  "core.tcp_info": reading("How many connections there are, and may be.", tcpInfo),
  "core.tcp_list": reading("The connections.", connections),
  "core.udp4_raw_info": reading("Raw sockets: there are none.", () => UDP_RAW),
  "pkg.stats": reading("Memory of the process.", (self) => {
    const { rss, heapUsed } = self.proxy.host.process.memory();
    const { pid } = self.proxy.host.process;
    const used = { used: heapUsed, free: Math.max(0, rss - heapUsed), real_used: rss, total_size: rss };
    return [{ entry: 0, pid, rank: 0, ...used, total_frags: 0, desc: "main process" }];
  }),
  "pkg.info": reading("How memory is managed.", ({ proxy }) => ({
    name: "garbage collected",
    size: proxy.host.process.memory().rss,
  })),
  "mod.stats": moduleStats,
  "mod.mem_stats": moduleStats,
  "mod.mem_statsx": moduleStats,
};
