// The commands core.* and shm.*: what runs here, since when, on which sockets, with how much memory; and how it is ended.

import type { Proxy } from "../../proxy/proxy.ts";
import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import { VERSION } from "../../util/version.ts";
import { protocolName } from "./send-socket.ts";

interface Running {
  readonly proxy: Proxy;
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

function uptime({ proxy }: Running): Fields {
  const since = proxy.started;
  const now = proxy.host.clock.wall();
  return { now: ctime(now), up_since: ctime(since), uptime: Math.floor((now - since) / 1000) };
}

function info(): Fields {
  return { version: NAME, id: "unknown", compiler: "none", compiled: "", flags: FLAGS };
}

function runInfo(self: Running): Fields {
  const now = self.proxy.host.clock.wall();
  const seconds = Math.floor((now - self.proxy.started) / 1000);
  const [d, h, m] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  return {
    name: self.proxy.host.process.programName,
    version: VERSION,
    sourceid: "unknown",
    compiler: "none",
    compiled: "",
    time_now: ctime(now),
    time_started: ctime(self.proxy.started),
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

/** Memory as Kamailio shows that which its processes share. */
export function memory({ proxy }: Running): Fields {
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

/** What the group "tcp" calls otherwise; the rest goes by the same names there and here. */
const SOFT: Readonly<Record<string, string>> = {
  max_connections: "max_connections(soft)",
  max_tls_connections: "max_tls_connections(soft)",
};
/** Not shown there. */
const UNSHOWN = new Set(["accept_no_cl", "reuse_port", "wait_data_ms", "rd_buf_size", "wq_blk_size"]);

function tcpOptions({ proxy: { groups } }: Running): Fields {
  const names = groups.names("tcp").filter((name) => !UNSHOWN.has(name));
  return Object.fromEntries(names.map((name) => [SOFT[name] ?? name, groups.value("tcp", name, null)]));
}

function memoryReport(self: Running): Fields {
  const { total, free, used, real_used, max_used } = memory(self);
  return { total_size: total!, free_size_s: free!, used_size_s: used!, real_used_s: real_used!, max_used_s: max_used! };
}

/** The signals that mean something here. */
const SIGNALS = [0, 1, 2, 9, 15];

function kill({ proxy }: Running, [signal]: readonly (string | number | undefined)[]): RpcValue {
  const number = signal === undefined ? 15 : Number(signal);
  if (!SIGNALS.includes(number)) throw new RpcError(400, `signal ${number} means nothing here: 0, 1, 2, 9 or 15`);
  if (number !== 0) proxy.host.process.raise(number);
  return null;
}

/** The hops of ordinary sockets. */
const USUAL_TTL = 64;

function rawInfo({ proxy: { groups, transports } }: Running): Fields {
  const ttl = Number(groups.value("core", "udp4_raw_ttl", null));
  return {
    udp4_raw: transports.sendsRaw === true ? 1 : 0,
    udp4_raw_mtu: groups.value("core", "udp4_raw_mtu", null),
    udp4_raw_ttl: ttl < 0 ? USUAL_TTL : ttl,
  };
}

function reading(doc: string, run: (self: Running) => RpcValue): Command {
  // arguments are not looked at, as on Kamailio
  return { doc, args: [], rest: "str", run };
}

function echo(doc: string, rest: "int" | "str"): Command {
  return { doc, args: [], rest, run: (_self, given) => given.filter((g) => g !== undefined) };
}

/** The commands. */
export const runningCommands: Readonly<Record<string, Command>> = {
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
  "core.udp4_raw_info": reading("Whether datagrams go by raw sockets, and how.", rawInfo),
  "core.tcp_options": reading("The settings of TCP in force.", tcpOptions),
  "core.modules": reading("The modules loaded, the last one first.", ({ proxy }) =>
    [...proxy.loaded.modules].reverse(),
  ),
  "core.ppdefines": reading("The words of #!define and the like.", ({ proxy }) => [...proxy.loaded.defines.keys()]),
  "core.ppdefines_full": reading("These words with their values.", ({ proxy }) =>
    [...proxy.loaded.defines].map(([name, value]) => ({ name, type: 0, value: value ?? "none" })),
  ),
  "core.psa": reading("The processes, with all that is known of them.", ({ proxy }) => [
    { index: 0, pid: proxy.host.process.pid, status: 1, rank: 0, description: "main process" },
  ]),
  "core.kill": {
    doc: "Sends a signal to the program, SIGTERM when none is named: 15, 2 and 9 end it, 1 has certificates read again, 0 does nothing.",
    args: [{ name: "signal", kind: "int", optional: true }],
    run: kill,
  },
  "shm.info": reading("How memory is managed.", ({ proxy }) => ({
    name: "garbage collected",
    size: proxy.host.process.memory().rss,
  })),
  "shm.stats": reading("Memory in use, in bytes.", memory),
  "shm.report": reading("Memory in use, in bytes; pieces of it are not told apart here.", memoryReport),
};
