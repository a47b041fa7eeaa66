// What can be set of SCTP, by the names of Kamailio's parameters without their "sctp_": rules of ours and settings of the sockets.
import { HostError } from "../host/host.ts";
import type { SctpSetting, SctpSettings } from "../host/sctp.ts";

/** What the configuration says, besides the settings of sockets. */
export interface SctpRules {
  /** Times a message that the system gave up is sent again over a new association. */
  send_retries: number;
  /** Whether associations are followed, and whether replies go by the association that the request came by. */
  assoc_tracking: number;
  assoc_reuse: number;
  /** The most associations; below zero: as many as we can hold. */
  max_assocs: number;
}

export type SctpParameter = SctpSetting | keyof SctpRules;

/** All parameters, in the order in which Kamailio shows them. */
export const SCTP_PARAMETERS: readonly SctpParameter[] = [
  "socket_rcvbuf",
  "socket_sndbuf",
  "autoclose",
  "send_ttl",
  "send_retries",
  "assoc_tracking",
  "assoc_reuse",
  "max_assocs",
  "srto_initial",
  "srto_max",
  "srto_min",
  "asocmaxrxt",
  "init_max_attempts",
  "init_max_timeo",
  "hbinterval",
  "pathmaxrxt",
  "sack_delay",
  "sack_freq",
  "max_burst",
];

export const SCTP_RULES: SctpRules = { send_retries: 0, assoc_tracking: 1, assoc_reuse: 1, max_assocs: -1 };

/** Those that have defaults of their own in Kamailio, whatever the system's are. */
export const SCTP_SETTINGS: SctpSettings = { autoclose: 180, send_ttl: 32_000 };

/** Whether a parameter is a rule of ours. */
export function isRule(name: SctpParameter): name is keyof SctpRules {
  return Object.hasOwn(SCTP_RULES, name);
}

/** Why a rule cannot have that value beside the others; null when it can. */
export function ruleProblem(rules: SctpRules, name: keyof SctpRules, value: number): HostError | null {
  const bad = (text: string): HostError => new HostError("EINVAL", text);
  if (name === "assoc_tracking" && value === 0 && rules.assoc_reuse !== 0)
    return bad("assoc_tracking cannot be turned off while assoc_reuse is on");
  if (name === "assoc_reuse" && value !== 0 && rules.assoc_tracking === 0)
    return bad("assoc_reuse cannot be turned on while assoc_tracking is off");
  return null;
}
