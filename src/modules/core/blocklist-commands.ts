// The dst_blocklist.* commands, with the names and fields of Kamailio's; the older names begin with dst_blacklist.

import type { Blocklist, Listed } from "../../net/blocklist.ts";
import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { Transport, transportName } from "../../sip/transports.ts";
import { canonicalIp, ipFamily } from "../../util/ip.ts";

type Command = RpcDef<ModuleHost>;
type Args = Parameters<Command["run"]>[1];

function listOf({ proxy }: ModuleHost): Blocklist {
  const { blocklist } = proxy;
  if (!blocklist.on) throw new RpcError(500, "dst blocklist support disabled");
  return blocklist;
}

const protocolText = ({ protocol }: Listed): string => (protocol === 0 ? "*" : transportName(protocol).toLowerCase());

function view(list: Blocklist): RpcValue {
  const out: RpcValue[] = [];
  for (const e of list.list())
    out.push({
      protocol: protocolText(e),
      ip: e.address,
      port: e.port,
      "expires in (s)": e.seconds,
      flags: e.flags,
    });
  return out;
}

function debug(list: Blocklist): RpcValue {
  const out: RpcValue[] = [];
  for (const e of list.list()) out.push(protocolText(e), e.address, e.port, e.seconds, e.flags);
  return out;
}

function add(list: Blocklist, [ip, port, protocol, flags]: Args): RpcValue {
  const text = String(ip ?? "").replace(/^\[(.*)\]$/, "$1");
  const address = ipFamily(text) === 6 ? canonicalIp(text) : text;
  if (ipFamily(text) === 0 || address === null) throw new RpcError(400, "Malformed ip address");
  const number = Number(protocol);
  if (!(number >= 0 && number <= Transport.WSS)) throw new RpcError(400, "Unknown protocol");
  const to = Number(port);
  if (!(to >= 0 && to <= 65535)) throw new RpcError(400, "Bad port");
  list.add(number, address, to, Number(flags));
  return null;
}

const NUMBER = { kind: "int", optional: false } as const;

const commands: Readonly<Record<string, Command>> = {
  view: { doc: "What is on the blocklist.", args: [], run: (self) => view(listOf(self)) },
  debug: { doc: "The same as a flat list of values.", args: [], run: (self) => debug(listOf(self)) },
  mem_info: {
    doc: "Bytes of the blocklist in use, and the most there may be.",
    args: [],
    run: (self) => [listOf(self).usedBytes, listOf(self).maxBytes],
  },
  add: {
    doc: "Puts a destination on the blocklist: protocol 0 any, 1 UDP, 2 TCP, 3 TLS, 4 SCTP, 5 WS, 6 WSS; flags as in dst_blocklist_udp_imask, or 64.",
    args: [
      { name: "ip", kind: "str", optional: false },
      { name: "port", ...NUMBER },
      { name: "protocol", ...NUMBER },
      { name: "flags", ...NUMBER },
    ],
    run: (self, args) => add(listOf(self), args),
  },
  delete_all: {
    doc: "Empties the blocklist.",
    args: [],
    run: (self) => {
      listOf(self).clear();
      return null;
    },
  },
};

/** The commands under both names, for a module whose instance knows the list. */
export const blocklistCommands: Readonly<Record<string, Command>> = Object.fromEntries(
  ["dst_blocklist", "dst_blacklist"].flatMap((prefix) =>
    Object.entries(commands).map(([name, def]) => [`${prefix}.${name}`, def]),
  ),
);
