// Opens what the configuration listens on: expands interfaces and wildcards to addresses, both protocols where none is named.

import type { Host, SocketAddress } from "../host/host.ts";
import { HostError } from "../host/host.ts";
import type { Listener, ListenOptions } from "../net/flow.ts";
import { UdpListener } from "../net/udp.ts";
import type { Proxy } from "../proxy/proxy.ts";
import type { NetTransports } from "../proxy/transports.ts";
import {
  fileLine,
  type Globals,
  type Listen,
  SctpMode,
  sctpAddress,
  sctpMode,
  wantsTls,
  withoutSctp,
} from "../script/index.ts";
import { Transport } from "../sip/transports.ts";
import { ipFamily } from "../util/ip.ts";
import type { Log } from "../util/log.ts";
import { own } from "../util/own.ts";

/** A listen line that cannot be had; the process ends with code 3. */
export class ListenError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ListenError";
  }
}

const PROTOCOLS: Readonly<Record<string, number>> = {
  udp: Transport.UDP,
  tcp: Transport.TCP,
  tls: Transport.TLS,
  sctp: Transport.SCTP,
};
type Wanted = Omit<Listen, "at"> & { readonly at: Listen["at"] | null };

function everyAddress(host: string): Wanted {
  return { proto: null, host, port: null, advertise: null, socketName: null, mcast: null, at: null };
}

/** Opens all listeners. Throws ListenError; those opened before stay open for the caller to close. */
export async function openListeners(host: Host, transports: NetTransports, globals: Globals, log: Log): Promise<void> {
  const noTcp = globals.bool("disable_tcp");
  const tls = wantsTls(globals) && !noTcp;
  const noSctp = sctpProblem(host, transports, globals);
  const everyone = [everyAddress(globals.bool("auto_bind_ipv6") ? "*" : "0.0.0.0")];
  const wanted: readonly Wanted[] = globals.listen.length > 0 ? globals.listen : everyone;
  const opened = new Set<string>();
  const everywhere = advertisedForAll(globals);
  for (const listen of wanted) {
    const protocols =
      listen.proto === null
        ? [
            "udp",
            ...(noTcp ? [] : ["tcp"]),
            ...(tls && transports.hasTls ? ["tls"] : []),
            ...(transports.sctp.wanted && noSctp === null ? ["sctp"] : []),
          ]
        : [listen.proto];
    for (const name of protocols) {
      const protocol = own(PROTOCOLS, name);
      if (protocol === undefined) {
        log.warn(`listen ${name}:${listen.host}: ${name} is not available yet; left out`);
        continue;
      }
      if (protocol === Transport.TCP && noTcp) {
        log.warn(`listen tcp:${listen.host}: left out, since disable_tcp is set`);
        continue;
      }
      if (protocol === Transport.TLS && !(tls && transports.hasTls)) {
        log.warn(
          `listen tls:${listen.host}: left out: ${tls ? 'TLS needs loadmodule "tls.so"' : "write enable_tls=yes"}`,
        );
        continue;
      }
      if (protocol === Transport.SCTP && noSctp !== null) {
        leaveOut(listen, noSctp, globals, log);
        continue;
      }
      for (const address of await addressesOf(host, listen.host, (listen.advertise ?? everywhere) !== null)) {
        const port = portOf(listen, protocol, globals);
        const key = `${name}:${address}:${port}`;
        if (opened.has(key)) continue;
        opened.add(key);
        const joinOn = listen.mcast === null ? null : interfaceAddress(host, listen.mcast, ipFamily(address));
        await open(transports, protocol, name, address, port, listen.advertise ?? everywhere, {
          ...(listen.socketName === null ? {} : { socketName: listen.socketName }),
          ...(joinOn === null ? {} : { joinOn }),
        });
      }
    }
  }
  if (transports.listeners.length === 0) throw new ListenError("nothing to listen on");
  if (!transports.foreign.open(host.network))
    log.warn(
      "datagrams in the name of other addresses are not permitted (CAP_NET_RAW is needed) or not offered here: ours are used",
    );
  if (globals.int("udp4_raw") > 0 && transports.listeners.some(lacksRaw))
    log.warn("udp4_raw: not permitted (CAP_NET_RAW is needed) or not offered here; ordinary sockets send");
}

// Why no socket of SCTP can be had, as withoutSctp takes it; null when one can. Nobody is asked unless somebody wants one.
function sctpProblem(host: Host, transports: NetTransports, globals: Globals): string | null {
  if (sctpMode(globals) === SctpMode.OFF) return "";
  const isWanted = transports.sctp.wanted || globals.listen.some(({ proto }) => proto === "sctp");
  const code = isWanted ? (host.network.noSctp()?.code ?? null) : null;
  if (code === null || sctpMode(globals) !== SctpMode.ON || globals.listen.some(({ proto }) => proto === "sctp"))
    return code;
  const { why } = withoutSctp(code);
  throw new ListenError(`SCTP is turned on (enable_sctp), but ${why}: load the module sctp, or write enable_sctp=2`);
}

// A line for SCTP where there is none ends the start only if the configuration insists on SCTP.
function leaveOut(listen: Wanted, code: string, globals: Globals, log: Log): void {
  const { why, hint } = withoutSctp(code);
  const place = listen.at === null ? "" : `${fileLine(listen.at)}: `;
  if (sctpMode(globals) === SctpMode.ON)
    throw new ListenError(`${place}cannot listen on ${sctpAddress(listen)}: ${why}; ${hint}`);
  log.warn(`${place}listen ${sctpAddress(listen)}: left out: ${why}; ${hint}`);
}

function lacksRaw(listener: Listener): boolean {
  return listener instanceof UdpListener && listener.local.family === 4 && listener.socket.sendsRaw !== true;
}

// TLS has a port of its own, where none is given for it: tls_port_no, or the one after that of the other protocols, as Kamailio has it.
function portOf({ proto, port }: Wanted, protocol: number, globals: Globals): number {
  if (protocol !== Transport.TLS) return port ?? (globals.int("port") || 5060);
  if (port === null) return globals.int("tls_port_no");
  return proto === null ? port + 1 : port;
}

// advertised_address and advertised_port stand for every listener that advertises nothing of its own
function advertisedForAll(globals: Globals): Listen["advertise"] {
  const host = globals.text("advertised_address");
  return host === null
    ? null
    : { proto: null, host, port: globals.has("advertised_port") ? globals.int("advertised_port") : null };
}

async function open(
  transports: NetTransports,
  protocol: number,
  name: string,
  address: string,
  port: number,
  advertise: Listen["advertise"],
  more: Pick<ListenOptions, "socketName" | "joinOn">,
): Promise<void> {
  const local: SocketAddress = { family: ipFamily(address) as 4 | 6, address, port };
  const shown = `${name}:${address.includes(":") ? `[${address}]` : address}:${port}`;
  try {
    await transports.listen(protocol, {
      local,
      ...more,
      ...(advertise === null ? {} : { advertisedHost: advertise.host }),
      ...(advertise === null || advertise.port === null ? {} : { advertisedPort: advertise.port }),
    });
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new ListenError(`cannot listen on ${shown}: ${explain(error)}`);
  }
}

// An interface may be given by its name or by its address.
function interfaceAddress(host: Host, text: string, family: number): string {
  if (ipFamily(text) !== 0) return text;
  for (const [name, address] of host.network.interfaces())
    if (name === text && ipFamily(address) === family) return address;
  throw new ListenError(`mcast: this machine has no interface ${text} with an address of that kind`);
}

/**
 * Looks up the names of the addresses listened on and counts them as ours (auto_aliases), in its own time: no message waits for it, and
 * an address without a name has none.
 */
export async function addNamesOfListeners(host: Host, proxy: Proxy): Promise<void> {
  for (const { local } of [...proxy.transports.listeners]) {
    const name = await host.network.nameOf(local.address);
    if (name !== null && ipFamily(name) === 0) proxy.identity.addAlias(name, local.port);
  }
}

function explain(error: HostError): string {
  switch (error.code) {
    case "EADDRINUSE":
      return "another program has that port. Stop it, or choose another with -l or listen=";
    case "EACCES":
      return "not permitted. Ports below 1024 need privileges";
    case "EADDRNOTAVAIL":
      return "this machine has no such address";
    default:
      return error.message;
  }
}

// "*" and interface names stand for addresses. Wildcards are expanded, since what stands in Via must be an address one can reach;
// where something is advertised in its place, the wildcard itself is bound.
async function addressesOf(host: Host, text: string, advertised: boolean): Promise<readonly string[]> {
  if (ipFamily(text) !== 0 && (advertised || (text !== "0.0.0.0" && text !== "::"))) return [text];
  const all = host.network.interfaces();
  if (text === "*" || text === "0.0.0.0" || text === "::") {
    const family = text === "::" ? 6 : text === "0.0.0.0" ? 4 : 0;
    return all
      .map(([, address]) => address)
      .filter((a) => !a.startsWith("fe80") && (family === 0 || ipFamily(a) === family));
  }
  const named = all.filter(([name]) => name === text).map(([, address]) => address);
  if (named.length > 0) return named;
  const found = await host.network.lookup(text, 4);
  if (found.length > 0) return found.slice(0, 1);
  throw new ListenError(`cannot listen on ${text}: it is no address, no interface of this machine and no known name`);
}
