// Joins what both runtimes share into a Host; bun.ts and deno.ts add the C library.
import { asset, pythonFolder } from "./assets.ts";
import { listenBunTcp } from "./bun-tcp.ts";
import { FlushGate } from "./flush.ts";
import { type Host, HostError, type Network, type TcpListener, type TcpListenOptions } from "./host.ts";
import type { Libc } from "./libc.ts";
import { clock, hashing, interfaces, lookupAddresses, nameOf, random } from "./node-basics.ts";
import { files } from "./node-files.ts";
import { makeProcess } from "./node-process.ts";
import { makeSystem } from "./node-system.ts";
import { connectTcp, listenTcp } from "./node-tcp.ts";
import { nodeTls } from "./node-tls.ts";
import { connectUnix, listenUnix } from "./node-unix.ts";
import { Poller } from "./poller.ts";
import { NativeSctp } from "./sctp-native.ts";
import { openRuntimeSqlite } from "./sqlite-runtime.ts";
import { connectTuned, listenTuned, TcpTuner } from "./tcp-tuning.ts";
import { NativeUdp } from "./udp-native.ts";
import { bindPortableUdp } from "./udp-portable.ts";
import { NativeRawUdp } from "./udp-raw.ts";

/** The Host of a runtime. UDP is native on 64-bit little-endian Linux, unless PORTICO_UDP=portable; SCTP is there only natively. */
export function makeHost(name: "bun" | "deno", openLibc: () => Libc): Host {
  const gate = new FlushGate((fn) => clock.soon(fn));
  const poller = openPoller(openLibc, gate);
  const udp = poller === null || process.env["PORTICO_UDP"] === "portable" ? null : new NativeUdp(poller);
  const sctp = poller === null ? null : new NativeSctp(poller);
  const tuner = poller === null ? null : new TcpTuner(poller.libc);
  const listen = (options: TcpListenOptions): Promise<TcpListener> =>
    (name === "bun" && options.tls === undefined ? listenBunTcp : listenTcp)(gate, options);
  const network: Network = {
    nativeUdp: udp !== null,
    bindUdp: (options) =>
      udp === null || options.light === true
        ? bindPortableUdp(gate, options)
        : Promise.resolve().then(() => udp.bind(options)),
    listenTcp: (options) => listenTuned(tuner, options, listen),
    connectTcp: (options) => connectTuned(tuner, options, (o) => connectTcp(gate, o)),
    listenUnix: (options) => listenUnix(gate, options),
    connectUnix: (options) => connectUnix(gate, options),
    openRawUdp: () => (udp === null ? null : NativeRawUdp.open(udp.libc)),
    noSctp: () => (sctp === null ? noNativeCalls() : sctp.missing()),
    bindSctp: async (options) => {
      if (sctp === null) throw noNativeCalls();
      return sctp.bind(options);
    },
    interfaces,
    sourceFor: (address) => udp?.sourceFor(address) ?? null,
    nameOf,
    lookup: lookupAddresses,
  };
  return {
    name,
    clock,
    random,
    hashing,
    network,
    files,
    process: makeProcess(process.argv.slice(2), process.argv0),
    system: makeSystem(async () => udp?.libc.prepare()),
    tls: nodeTls(name),
    openSqlite: openRuntimeSqlite,
    beforeFlush: (fn) => gate.before(fn),
    asset,
    pythonFolder,
  };
}

// Native calls are made on 64-bit little-endian Linux.
function openPoller(openLibc: () => Libc, gate: FlushGate): Poller | null {
  if (process.platform !== "linux" || (process.arch !== "x64" && process.arch !== "arm64")) return null;
  try {
    return new Poller(openLibc(), gate, (fn) => clock.soon(fn));
  } catch {
    return null;
  }
}

function noNativeCalls(): HostError {
  return new HostError("ENOSYS", "native calls are not available on this system");
}
