// Module corex: extensions of the core: sockets, Via, raw sending, files, flags up to 63, names with all their subdomains.

import { avpNameOf } from "../../proxy/avp-name.ts";
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
import { type NetworkRules, watchNetwork } from "./network.ts";
import { scripting } from "./scripting.ts";
import { socketFunctions, socketVariables } from "./sockets.ts";
import { viaFunctions } from "./via.ts";

interface Corex {
  readonly proxy: Proxy;
  readonly subdomains: readonly Subdomain[];
  readonly records: readonly string[];
  readonly network: NetworkRules | null;
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
    nio_intercept: intParam(0, "Whether event_route[network:msg] runs."),
    nio_min_msg_len: intParam(0, "The shortest message it runs for, in bytes."),
    nio_msg_avp: strParam("", "The AVP in which it leaves what is sent or read instead."),
    evcb_reply_out: strParam(
      "",
      "The function of a script in another language that runs in place of event_route[corex:reply-out].",
    ),
  },
  state: () => null,
  configure: (_state, params, host): Corex => {
    const file = params.dns_file === "" ? [] : linesOf(host.host.files.read(params.dns_file));
    return {
      proxy: host.proxy,
      subdomains: params.alias_subdomains.map(subdomainOf),
      records: [...params.dns_cache, ...file],
      network:
        params.nio_intercept !== 0 ? { minLength: params.nio_min_msg_len, avp: avpNameOf(params.nio_msg_avp) } : null,
    };
  },
  start: (self, host) => {
    watchNetwork(self.proxy, self.network);
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
  events: {
    "network:msg": {
      doc: "A message came in or is about to leave; nio_msg_avp holds what takes its place. It cannot wait.",
    },
    "corex:reply-out": { doc: "A reply leaves, made here or passed on; it is the message. It cannot wait." },
  },
});

function linesOf(bytes: Uint8Array): string[] {
  return new TextDecoder("latin1")
    .decode(bytes)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
