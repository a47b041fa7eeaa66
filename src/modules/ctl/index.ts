// Module ctl: commands over BINRPC, as kamcmd speaks it, on unix sockets of both kinds, TCP and UDP; and as lines of text through FIFOs.

import { HostError } from "../../host/host.ts";
import { ConfigError, defineModule, intParam, manyParam, strParam } from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { core } from "../core/index.ts";
import { type CtlAddress, type FifoAddress, parseAddress, parseFifoAddress } from "./address.ts";
import { CtlServer, type SocketOwner } from "./server.ts";

const SOCKET = "kamailio_ctl";
const USUAL_DIRECTORY = "/run/kamailio";
const AS_LONG = "answers are as long as they get: none is refused for its length";

interface Ctl {
  readonly server: CtlServer;
  readonly addresses: readonly CtlAddress[];
  readonly fifos: readonly FifoAddress[];
  readonly owner: SocketOwner;
}

// Where kamcmd looks; our own directory where we may not make a socket there, or another server has it. What nobody asked for may be missing.
async function listenAsUsual(self: Ctl, { host, log, proxy }: ModuleHost): Promise<void> {
  const { run, data } = proxy.places;
  const failures: string[] = [];
  for (const [directory, mode] of [[run ?? USUAL_DIRECTORY, 0o755] as const, [data, 0o700] as const]) {
    const path = host.files.resolve(directory, SOCKET);
    try {
      if (!host.files.exists(directory)) host.files.makeDirectory(directory, mode);
      await self.server.listen({ kind: "unixs", path }, self.owner);
      if (failures.length > 0) log.notice(`listens on unix:${path} (kamcmd -s unix:${path}), since it ${failures[0]}`);
      return;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      failures.push(error.message);
    }
  }
  log.warn(`takes no commands: it ${failures.join("; it ")}`);
}

function orNull(text: string): string | null {
  return text === "" ? null : text;
}

function orRefuse<A extends object>(param: string, address: A | string): A {
  if (typeof address === "string") throw new ConfigError(`${param}: ${address}`, param);
  return address;
}

/** Kamailio's module ctl. */
const ctl = defineModule({
  name: "ctl",
  doc: "Takes commands over BINRPC, from kamcmd and sercmd, and in the FIFO protocol.",
  uses: [core],
  params: {
    binrpc: manyParam(
      "Where to listen: unix:PATH, unixd:PATH (datagrams), tcp:ADDRESS:PORT, udp:ADDRESS:PORT. Without any: unix:/run/kamailio/kamailio_ctl.",
    ),
    mode: intParam(0o600, "Permissions of unix sockets and FIFOs.", { min: 0, max: 0o777 }),
    user: strParam("", "User who owns unix sockets and FIFOs, by name or number; who runs the server when empty."),
    group: strParam("", "Group that owns unix sockets and FIFOs; the user's own when empty."),
    binrpc_buffer_size: intParam(1024, "Size of a buffer.", { effect: AS_LONG, unit: "bytes" }),
    binrpc_max_body_size: intParam(32, "Longest answer.", { effect: AS_LONG, unit: "kB" }),
    binrpc_struct_max_body_size: intParam(8, "Longest structure in an answer.", { effect: AS_LONG, unit: "kB" }),
    autoconversion: intParam(0, "Whether numbers stand for texts and the other way round.", {
      effect: "they always do, so that no command is refused for it",
    }),
    fifo: manyParam(
      "Where to take commands as lines of text, in SER's FIFO protocol: PATH of a FIFO, udp:ADDRESS:PORT, tcp:ADDRESS:PORT. Answers to a FIFO go into the one in /tmp that the request names.",
    ),
  },
  state: (host) => new CtlServer(host),
  configure: (server, params): Ctl => ({
    server,
    addresses: params.binrpc.map((text) => orRefuse("binrpc", parseAddress(text))),
    fifos: params.fifo.map((text) => orRefuse("fifo", parseFifoAddress(text))),
    owner: { mode: params.mode, user: orNull(params.user), group: orNull(params.group) },
  }),
  start: async (self, host) => {
    if (self.addresses.length === 0) await listenAsUsual(self, host);
    for (const address of self.addresses) await self.server.listen(address, self.owner);
    for (const address of self.fifos) await self.server.listenFifo(address, self.owner);
  },
  stop: (server) => server.close(),
  rpc: {
    "ctl.listen": {
      doc: "Where this module listens: protocol, transport, address and port of each.",
      args: [],
      run: ({ server }) => server.listed(),
    },
    "ctl.connections": {
      doc: "How many connections are open.",
      args: [],
      run: ({ server }) => server.count,
    },
    "ctl.who": {
      doc: "Connections that are open: protocol, transport, both ends.",
      args: [],
      run: ({ server }) => server.who(),
    },
  },
});

export default ctl;
