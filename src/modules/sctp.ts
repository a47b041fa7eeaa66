// Module sctp: parameters of SCTP, changed while the program runs too, and what is open. The transport itself is net/sctp.ts; it needs no module.

import { FlowStage } from "../net/flow.ts";
import type { SctpListener, SctpTransport } from "../net/sctp.ts";
import { SCTP_PARAMETERS, type SctpParameter } from "../net/sctp-rules.ts";
import { defineModule, intParam, type ParamDef, RpcError, type RpcValue } from "../registry/define.ts";
import type { ModuleHost } from "../registry/module-host.ts";

interface Parameter {
  readonly doc: string;
  readonly min: number;
  readonly max: number;
}

const MOST = 2_147_483_647;
const SHORT = 65_535; // where the system's interface has 16 bits
const parameter = (doc: string, min = 0, max = MOST): Parameter => ({ doc, min, max });
const OF_SYSTEM = "The system's own when it is not given.";

const PARAMETERS: Readonly<Record<SctpParameter, Parameter>> = {
  socket_rcvbuf: parameter("Bytes of each socket's receive buffer."),
  socket_sndbuf: parameter("Bytes of each socket's send buffer."),
  autoclose: parameter("Seconds until an idle association is closed; 180 when it is not given.", 1),
  send_ttl: parameter(
    "Milliseconds until a message that could not be sent is given up, 0 for never; 32000 when it is not given.",
  ),
  send_retries: parameter(
    "Times a message that was given up is sent again, over a new association; 0 when it is not given.",
    0,
    9,
  ),
  assoc_tracking: parameter(
    "Whether associations are followed, which assoc_reuse needs; 1 when it is not given.",
    0,
    1,
  ),
  assoc_reuse: parameter(
    "Whether replies go by the association that the request came by, else to the address in its Via; 1 when it is not given.",
    0,
    1,
  ),
  max_assocs: parameter("The most associations, -1 for any number; -1 when it is not given.", -1),
  srto_initial: parameter(`Retransmission timeout at first, milliseconds. ${OF_SYSTEM}`),
  srto_max: parameter(`The longest retransmission timeout, milliseconds. ${OF_SYSTEM}`),
  srto_min: parameter(`The shortest retransmission timeout, milliseconds. ${OF_SYSTEM}`),
  asocmaxrxt: parameter(`Retransmissions until an association is given up. ${OF_SYSTEM}`, 0, SHORT),
  init_max_attempts: parameter(`Attempts to open an association. ${OF_SYSTEM}`, 0, SHORT),
  init_max_timeo: parameter(`The longest time between two such attempts, milliseconds. ${OF_SYSTEM}`),
  hbinterval: parameter(`Milliseconds between heartbeats, -1 for none. ${OF_SYSTEM}`, -1),
  pathmaxrxt: parameter(`Retransmissions until a path is given up. ${OF_SYSTEM}`, 0, SHORT),
  sack_delay: parameter(`Milliseconds until an acknowledgement is sent. ${OF_SYSTEM}`),
  sack_freq: parameter(`Packets until an acknowledgement is sent. ${OF_SYSTEM}`, 0, SHORT),
  max_burst: parameter(`Packets sent in one go. ${OF_SYSTEM}`, 0, SHORT),
};

/** Those that hold from the start on only. */
const FIXED: ReadonlySet<string> = new Set<SctpParameter>(["socket_rcvbuf", "socket_sndbuf"]);

type Given = Readonly<Record<string, number | null>>;

interface Instance {
  readonly host: ModuleHost;
  readonly given: Given;
}

function declared(name: SctpParameter): ParamDef<number | null> {
  const { doc, min, max } = PARAMETERS[name];
  return { ...intParam(0, doc, { min, max }), default: null, parse: null };
}

function transportOf({ proxy }: ModuleHost): SctpTransport {
  const { sctp } = proxy.transports;
  if (sctp === undefined) throw new RpcError(500, "there is no SCTP");
  return sctp;
}

// Those given are put in force, and all can be seen and changed by cfg.*, under their names without "sctp_".
function start({ host, given }: Instance): void {
  const sctp = transportOf(host);
  const { groups } = host.proxy;
  sctp.wanted = true;
  const values = new Map<SctpParameter, number>();
  for (const name of SCTP_PARAMETERS) {
    const value = given[`sctp_${name}`] ?? null;
    if (value !== null) values.set(name, value);
  }
  sctp.configure(values);
  const inForce = sctp.values();
  for (const name of SCTP_PARAMETERS) {
    groups.remove("sctp", `sctp_${name}`);
    groups.describe("sctp", name, PARAMETERS[name].doc);
    groups.set("sctp", name, inForce[name]);
    if (!FIXED.has(name)) groups.allowChange("sctp", name, (value) => change(host, sctp, name, value));
  }
}

function change(host: ModuleHost, sctp: SctpTransport, name: SctpParameter, value: number | string): boolean {
  const { min, max } = PARAMETERS[name];
  if (typeof value !== "number" || value < min || value > max) return false;
  const problem = sctp.set(name, value);
  if (problem !== null) host.log.error(`cannot change ${name}: ${problem.message}`);
  return problem === null;
}

function info({ host }: Instance): RpcValue {
  const { flows, rules, total } = transportOf(host);
  let opened = 0;
  for (const { stage } of flows.all()) if (stage === FlowStage.CONNECTED) opened++;
  return {
    opened_connections: opened,
    tracked_connections: rules.assoc_tracking === 0 ? 0 : flows.size,
    total_connections: total,
  };
}

// [sctp:]address[:port] of a listener
function listenerOf({ listeners }: SctpTransport, text: string): SctpListener {
  const wanted = text.replace(/^sctp:/i, "");
  const found = listeners.find(
    ({ addressText, portText }) => wanted === addressText || wanted === `${addressText}:${portText}`,
  );
  if (found === undefined) throw new RpcError(400, "no such SCTP socket");
  return found;
}

function options({ host }: Instance, address: string | number | undefined): RpcValue {
  const sctp = transportOf(host);
  const values = sctp.values(address === undefined ? undefined : listenerOf(sctp, String(address)));
  return Object.fromEntries(SCTP_PARAMETERS.map((name) => [`sctp_${name}`, values[name]]));
}

/** Kamailio's module sctp. */
export const sctp = defineModule({
  name: "sctp",
  doc: "Parameters of SCTP and what is open. Addresses without a protocol listen for it too when this module is loaded and the system has SCTP.",
  params: Object.fromEntries(SCTP_PARAMETERS.map((name) => [`sctp_${name}`, declared(name)])),
  state: (host) => ({ host }),
  configure: ({ host }, given): Instance => ({ host, given }),
  start,
  rpc: {
    "sctp.info": {
      doc: "How many associations are open, how many are followed, and how many there have been.",
      args: [],
      run: info,
    },
    "sctp.options": {
      doc: "The parameters in force, those of sockets as the one listening on an address has them.",
      args: [{ name: "address", kind: "str", optional: true }],
      run: (self, [address]) => options(self, address),
    },
  },
});
