// The parameters of module rtpengine.

import { ArgError } from "../../registry/args.ts";
import { intParam, manyParam, type ParamDef, strParam } from "../../registry/define.ts";
import type { MosValue } from "./statistics.ts";

const VARIABLE = "a variable that can be written, $avp(name) or $var(name)";

const FIELDS: readonly (readonly [MosValue["field"], string])[] = [
  ["", ""],
  ["at", ": when"],
  ["packetloss", ": packet loss, percent"],
  ["jitter", ": jitter, ms"],
  ["roundtrip", ": round trip, microseconds"],
  ["roundtrip_leg", ": round trip of the leg, microseconds"],
];

/** A parameter for a value of the quality. */
export interface MosParam {
  readonly name: string;
  readonly value: MosValue;
  readonly of: "" | "A" | "B";
}

/** All of them: mos_min_pv, mos_min_at_A_pv and so on. */
export const mosParams: readonly MosParam[] = (["", "A", "B"] as const).flatMap((of) =>
  (["min", "max", "average"] as const).flatMap((what) =>
    [...FIELDS.map(([field]) => field), "samples" as const]
      .filter((field) => (what === "average" ? field !== "at" : field !== "samples"))
      .map((field) => ({
        name: ["mos", what, field, of, "pv"].filter((part) => part !== "").join("_"),
        value: { what, field },
        of,
      })),
  ),
);

const mosDefs: Record<string, ParamDef<string>> = Object.fromEntries(
  mosParams.map(({ name, value, of }) => {
    const whose = of === "" ? "the call" : `the party of mos_${of}_label_pv`;
    const rest = FIELDS.find(([field]) => field === value.field)?.[1] ?? ": of how many reports";
    const which = value.what === "min" ? "lowest" : value.what === "max" ? "highest" : "mean";
    return [name, strParam("", `Variable for the ${which} quality (MOS) of ${whose}${rest}.`)];
  }),
);

/** A parameter that names a variable; "" none. */
export function variableParam(doc: string): ParamDef<string> {
  return {
    ...strParam("", `${doc}: ${VARIABLE}.`),
    parse: (value) =>
      value === "" || String(value).startsWith("$")
        ? String(value)
        : new ArgError(`"${value}" is no variable`, VARIABLE),
  };
}

/** Kamailio's names and defaults. */
export const params = {
  rtpengine_sock: manyParam('Relays: "[set ==] udp:host:port[=weight] …".'),
  rtpengine_disable_tout: intParam(60, "How long a relay that does not answer is left alone.", { unit: "s", min: 0 }),
  aggressive_redetection: intParam(1, "Whether all relays are tried when all are left alone.", { min: 0, max: 1 }),
  rtpengine_tout_ms: intParam(1000, "How long an answer is waited for, each time.", {
    unit: "ms",
    min: 10,
    max: 60_000,
  }),
  rtpengine_allow_op: intParam(
    0,
    "Whether calls go on by relays that are switched off: 0 no, 1 also by silent ones, 2 only by those switched off by hand.",
    { min: 0, max: 2 },
  ),
  queried_nodes_limit: intParam(0, "The most relays tried for one request; 0 all of the set.", { min: 0, max: 30 }),
  rtpengine_retr: intParam(5, "How often a request is repeated.", { min: 0, max: 20 }),
  extra_id_pv: variableParam("What tells branches apart with via-branch=extra"),
  setid_avp: variableParam("The number of the set"),
  force_send_interface: strParam("", "Local address to send from."),
  read_sdp_pv: variableParam("Where descriptions come from, in place of the body"),
  write_sdp_pv: variableParam("Where descriptions go, in place of the body"),
  rtp_inst_pvar: variableParam("Gets the address of the relay chosen"),
  hash_table_size: intParam(256, "Kept for configurations made for Kamailio.", {
    effect: "the table of calls grows by itself",
  }),
  hash_table_tout: intParam(3600, "How long the relay of a call is remembered.", { unit: "s", min: 1 }),
  db_url: strParam("", "Database with the relays, in place of rtpengine_sock."),
  table_name: strParam("rtpengine", "Its table."),
  setid_col: strParam("setid", "Column of the number of the set."),
  url_col: strParam("url", "Column of the address."),
  weight_col: strParam("weight", "Column of the weight."),
  disabled_col: strParam("disabled", "Column that is not 0 for relays that are switched off."),
  setid_default: intParam(0, "The set where none is chosen.", { min: 0 }),
  media_duration: variableParam("Gets the length of what play_media() plays, ms; -1 unknown"),
  control_cmd_tos: intParam(-1, "Type of service of control packets; -1 as the system says.", { min: -1, max: 255 }),
  hash_algo: intParam(
    0,
    "How the relay of a call is chosen by its Call-ID: 0 by the sum of its octets, 1 by SHA-1, 2 by CRC-32; other values count as 0.",
  ),
  wsapi: strParam("", "Kept for configurations made for Kamailio.", { effect: "relays are reached by UDP" }),
  mos_A_label_pv: variableParam("The label of party A"),
  mos_B_label_pv: variableParam("The label of party B"),
  ...mosDefs,
};
