// What the system says of names: resolv.conf(5) and hosts(5).

import type { Host, SocketAddress } from "../../host/host.ts";
import { textOf } from "../../util/bytes.ts";
import { canonicalIp, ipFamily } from "../../util/ip.ts";
import { dnsName } from "./wire.ts";

/** The part of resolv.conf that is obeyed. */
export interface ResolvConf {
  readonly servers: readonly SocketAddress[];
  readonly search: readonly string[];
  /** Milliseconds a server may take. */
  readonly timeout: number;
  /** How often each is asked. */
  readonly attempts: number;
  /** Names with fewer dots are first looked for in the search list. */
  readonly ndots: number;
  /** Whether each query begins with another server. */
  readonly rotate: boolean;
}

/** Variable of the environment that names another resolv.conf, as tests do. */
const OTHER_FILE = "PORTICO_RESOLV_CONF";
const RESOLV_CONF = "/etc/resolv.conf";
const HOSTS = "/etc/hosts";
/** The system's resolver takes no more either. */
const MAX_SERVERS = 3;
const MAX_SEARCH = 6;
const MAX_HOSTS = 65_536;
/** Milliseconds until the files are read again. */
const REREAD = 10_000;

/** Reads resolv.conf. Beyond the system's own form a server may have a port: "127.0.0.1:5353", "[::1]:5353". */
export function parseResolvConf(text: string): ResolvConf {
  const servers: SocketAddress[] = [];
  let search: string[] = [];
  let options: readonly string[] = [];
  for (const line of text.split("\n")) {
    const [word, ...rest] = line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/);
    if (word === "nameserver" && servers.length < MAX_SERVERS) {
      const server = serverOf(rest[0] ?? "");
      if (server !== null) servers.push(server);
    } else if (word === "search" || word === "domain")
      search = rest.map((name) => dnsName(name)).filter((name) => name !== null);
    else if (word === "options") options = [...options, ...rest];
  }
  if (servers.length === 0) servers.push({ family: 4, address: "127.0.0.1", port: 53 });
  const number = (name: string, value: number, most: number): number => {
    const found = options.findLast((o) => o.startsWith(`${name}:`));
    const n = found === undefined ? Number.NaN : Number.parseInt(found.slice(name.length + 1), 10);
    return n >= 0 ? Math.min(n, most) : value;
  };
  return {
    servers,
    search: search.slice(0, MAX_SEARCH),
    timeout: Math.max(1, number("timeout", 5, 30)) * 1000,
    attempts: Math.max(1, number("attempts", 2, 5)),
    ndots: number("ndots", 1, 15),
    rotate: options.includes("rotate"),
  };
}

function serverOf(text: string): SocketAddress | null {
  const bare = text.replace(/%.*$/, "");
  const plain = ipFamily(bare);
  if (plain !== 0) return { family: plain, address: bare, port: 53 };
  const parts = /^\[?([^\]]*?)\]?:(\d{1,5})$/.exec(text);
  if (parts === null) return null;
  const family = ipFamily(parts[1]!);
  const port = Number(parts[2]);
  return family === 0 || port < 1 || port > 65535 ? null : { family, address: parts[1]!, port };
}

/** Reads a hosts file: addresses by name, in the order of the file. */
export function parseHosts(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    const numeric = address === undefined ? null : canonicalIp(address);
    if (numeric === null) continue;
    for (const text of names) {
      const name = dnsName(text);
      if (name === null || found.size >= MAX_HOSTS) continue;
      const known = found.get(name);
      if (known === undefined) found.set(name, [numeric]);
      else if (!known.includes(numeric)) known.push(numeric);
    }
  }
  return found;
}

/** The files of one host, read again when they may have changed. */
export class SystemFiles {
  private readonly host: Host;
  private readAt = Number.NEGATIVE_INFINITY;
  private current: { readonly conf: ResolvConf; readonly hosts: ReadonlyMap<string, readonly string[]> } | null = null;

  constructor(host: Host) {
    this.host = host;
  }

  conf(): ResolvConf {
    return this.fresh().conf;
  }

  /** Numeric addresses of a name in the hosts file, of both families. */
  addresses(name: string): readonly string[] {
    return this.fresh().hosts.get(name) ?? NONE;
  }

  private fresh() {
    const now = this.host.clock.mono();
    if (this.current === null || now - this.readAt > REREAD) {
      this.readAt = now;
      const path = this.host.process.env(OTHER_FILE) ?? RESOLV_CONF;
      this.current = { conf: parseResolvConf(this.read(path)), hosts: parseHosts(this.read(HOSTS)) };
    }
    return this.current;
  }

  // A file that is not there says nothing, as for the system's own resolver.
  private read(path: string): string {
    try {
      const bytes = this.host.files.read(path);
      return textOf(bytes, 0, bytes.length);
    } catch {
      return "";
    }
  }
}

const NONE: readonly string[] = [];
