// Module corex: extensions of the core: sockets, Via, raw sending, files, flags up to 63, names with all their subdomains.

import type { Proxy } from "../../proxy/proxy.ts";
import { ArgError } from "../../registry/args.ts";
import {
  ConfigError,
  defineModule,
  intParam,
  manyParam,
  type PvDef,
  pvClass,
  strParam,
} from "../../registry/define.ts";
import { Transport } from "../../sip/transports.ts";
import { core } from "../core/index.ts";
import { commands } from "./commands.ts";
import { addConfigured } from "./dns-records.ts";
import { messageFunctions } from "./messages.ts";
import { scripting } from "./scripting.ts";
import { socketFunctions, socketVariables } from "./sockets.ts";
import { viaFunctions } from "./via.ts";

const NIO = "event_route[network:msg] does not run yet";

interface Corex {
  readonly proxy: Proxy;
  readonly subdomains: readonly Subdomain[];
  readonly records: readonly string[];
}

interface Subdomain {
  readonly host: string;
  /** 0 any. */
  readonly port: number;
  /** A `Transport` number; 0 any. */
  readonly protocol: number;
}

// "proto:domain:port", protocol and port left out at will
function subdomainOf(text: string): Subdomain {
  const m = /^(?:([a-z]+):)?([\w.-]+)(?::(\d{1,5}))?$/i.exec(text.trim());
  const protocol =
    m?.[1] === undefined ? 0 : Object.entries(Transport).find(([name]) => name === m[1]!.toUpperCase())?.[1];
  if (m === null || protocol === undefined)
    throw new ConfigError(
      `"${text}" names no domain`,
      "alias_subdomains",
      'write "example.org" or "udp:example.org:5060"',
    );
  return { host: m[2]!.toLowerCase(), port: Number(m[3] ?? 0), protocol };
}

/** The place of $cfg is known where the variable stands (pv/resolve.ts), not here. */
const cfgVariable: PvDef<unknown> = pvClass<unknown>({
  doc: "Where the script is: (line), (name) or (file) of the configuration, (route).",
  inner: "required",
  resolve: (_i, inner) => new ArgError(`no part "${inner}" of $cfg`, "use line, name, file or route"),
});

/** Kamailio's module corex. */
export const corex = defineModule({
  name: "corex",
  doc: "Extensions of the core: sockets, Via, sending texts, files, flags up to 63, names with their subdomains.",
  uses: [core],
  params: {
    alias_subdomains: manyParam("A domain that is ours with all below it: [proto:]domain[:port]."),
    dns_cache: manyParam("A record for the DNS cache: type=A;name=host;addr=ip;ttl=seconds;flags=2."),
    dns_file: strParam("", "A file of such records, one a line."),
    nio_intercept: intParam(0, "Whether event_route[network:msg] runs.", { effect: NIO }),
    nio_min_msg_len: intParam(0, "The shortest message it runs for.", { effect: NIO }),
    nio_msg_avp: strParam("", "The AVP in which it leaves what is sent or read instead.", { effect: NIO }),
    evcb_reply_out: strParam("", "The function that runs for replies that leave.", {
      effect: "event_route[corex:reply-out] does not run yet",
    }),
  },
  state: () => null,
  configure: (_state, params, host): Corex => {
    const file = params.dns_file === "" ? [] : linesOf(host.host.files.read(params.dns_file));
    return {
      proxy: host.proxy,
      subdomains: params.alias_subdomains.map(subdomainOf),
      records: [...params.dns_cache, ...file],
    };
  },
  start: (self, host) => {
    for (const { host: name, port, protocol } of self.subdomains)
      self.proxy.identity.addSubdomains(name, port, protocol);
    for (const record of self.records) {
      const bad = addConfigured(self.proxy, record);
      if (bad !== null) host.log.error(`dns_cache: ${record}: ${bad}`);
    }
  },
  kemi: scripting,
  functions: { ...messageFunctions, ...socketFunctions, ...viaFunctions },
  pvs: { cfg: cfgVariable, ...socketVariables },
  rpc: commands,
});

function linesOf(bytes: Uint8Array): string[] {
  return new TextDecoder("latin1")
    .decode(bytes)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
