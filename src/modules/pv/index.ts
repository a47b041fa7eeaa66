// Module pv: the variables that are always at hand, and functions on variables.

import { TRANSFORMS } from "../../pv/transforms.ts";
import { ArgError } from "../../registry/args.ts";
import { ConfigError, defineModule, manyParam, pvClass, pv as pvDef } from "../../registry/define.ts";
import { toInt, type Value } from "../../sip/value.ts";
import { core } from "../core/index.ts";
import { avp } from "./avp.ts";
import { branchVariables } from "./branches.ts";
import { identityVariables } from "./identity.ts";
import { type PvInstance, SharedVariables } from "./instance.ts";
import { messageVariables } from "./message.ts";
import { messageBufferVariable } from "./message-buffer.ts";
import { miscVariables } from "./misc.ts";
import { networkVariables } from "./network.ts";
import { pvScripting } from "./scripting.ts";
import { sharedCommands } from "./shared-commands.ts";
import { staticBranchFunctions, staticBranchVariables } from "./static-branch.ts";
import { TIME_TRANSFORMS, timeVariables } from "./time.ts";
import { uriVariables } from "./uris.ts";
import { variableFunctions } from "./variable-functions.ts";
import { xavpVariables } from "./xavp.ts";
import { xavpFunctions } from "./xavp-functions.ts";

export { SharedVariables } from "./instance.ts";

/** "name=s:text" or "name=i:5". */
function parseShvSet(text: string): readonly [string, Value] {
  const m = /^\s*([^=\s]+)\s*=\s*([si]):(.*)$/s.exec(text);
  if (m === null) throw new ConfigError(`"${text}" sets no variable`, "shvset", "write it as name=i:5 or name=s:text");
  return [m[1]!, m[2] === "i" ? toInt(m[3]!) : m[3]!];
}

// "email=s:email_addr;tmp=i:100"
function parseAliases(lists: readonly string[]): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>();
  for (const text of lists.flatMap((list) => list.split(";"))) {
    if (text.trim() === "") continue;
    const m = /^\s*([^=\s]+)\s*=\s*((?:[siSI]:)?[^=\s]+)\s*$/.exec(text);
    if (m === null)
      throw new ConfigError(`"${text}" names no AVP`, "avp_aliases", "write it as email=s:email_addr;tmp=i:100");
    aliases.set(m[1]!, m[2]!);
  }
  return aliases;
}

/** The release of Kamailio whose language is spoken. */
const RELEASE = "5.6.3";

/** Kamailio's module pv. */
export const pv = defineModule({
  name: "pv",
  doc: "Variables for message, addresses, time and flags; values kept with a transaction or shared by all.",
  uses: [core],
  params: {
    shvset: manyParam("A shared variable and its first value: name=i:5 or name=s:text."),
    avp_aliases: manyParam("Other names of AVPs: email=s:email_addr;tmp=i:100."),
    varset: manyParam("What $var(name) is when a message comes: name=i:5 or name=s:text."),
  },
  state: (host) => new SharedVariables(host.host.clock.wall()),
  configure: (shared, params, host): PvInstance => {
    const given = params.shvset.map(parseShvSet);
    // a reload keeps what scripts have stored since
    for (const [name, value] of given) if (!shared.has(name)) shared.set(name, value);
    const firstVars = new Map(params.varset.map(parseShvSet));
    return { shared, log: host.log, avpAliases: parseAliases(params.avp_aliases), firstVars };
  },
  start: ({ firstVars }, { proxy }) => {
    proxy.firstVars = firstVars.size === 0 ? null : firstVars;
  },
  functions: {
    ...variableFunctions,
    ...xavpFunctions,
    ...staticBranchFunctions,
  },
  pvs: {
    ...uriVariables,
    ...messageVariables,
    ...identityVariables,
    ...networkVariables,
    ...branchVariables,
    ...timeVariables((instance) => (instance as PvInstance).shared.startedAt),
    ...xavpVariables,
    ...staticBranchVariables,
    ...miscVariables,
    msgbuf: messageBufferVariable,
    avp,
    var: pvClass<PvInstance>({
      doc: "Variable of the script that lives as long as the message is handled; 0 until it is set.",
      inner: "required",
      writable: true,
      // the variable resolver of src/pv gives each name its slot and never asks here
      resolve: (_s, name) => new ArgError(`$var(${name ?? ""}) has no slot here`),
    }),
    rc: pvDef("Return code of the last function or route.", (_s: PvInstance, ctx): Value => ctx.rc, undefined, [
      "retcode",
      "?",
    ]),
    shv: pvClass<PvInstance>({
      doc: "Variable that all messages share; 0 until it is set.",
      inner: "required",
      writable: true,
      resolve: ({ shared }, name) => ({
        get: () => shared.get(name ?? ""),
        set: (_ctx, value) => shared.set(name ?? "", value ?? (shared.has(name ?? "") ? "" : null)), // as measured
      }),
    }),
    pp: pvDef("Number of the process.", (_s: PvInstance, ctx): Value => ctx.proxy.host.process.pid),
    true: pvDef("Always 1.", (): Value => 1),
    ksr: pvClass<PvInstance>({
      doc: "The Kamailio release whose language is spoken: (ver) as text, (verval) as a number that compares.",
      inner: "required",
      resolve: (_s, key) => {
        if (key === "ver") return { get: () => RELEASE };
        if (key === "verval") return { get: () => 5_006_003 };
        return new ArgError(`unknown key "${key}"`, "use $ksr(ver) or $ksr(verval)");
      },
    }),
    version: pvClass<PvInstance>({
      doc: "The Kamailio release whose language is spoken: (num) its number, (full) with the name of this program.",
      inner: "required",
      resolve: (_s, form) => {
        if (form === "num") return { get: () => RELEASE };
        if (form === "full") return { get: () => `portico (kamailio ${RELEASE} language)` };
        return new ArgError(`unknown form of version "${form}"`, "use $version(num) or $version(full)");
      },
    }),
  },
  transforms: { ...TRANSFORMS, ...TIME_TRANSFORMS },
  rpc: sharedCommands,
  kemi: pvScripting,
});
