// What rtpengine tells of a call's media: totals as $rtpestat shows them, and the quality (MOS) that parameters name variables for.

import type { Bencoded, Dictionary } from "./bencode.ts";

/** A value of the quality: which of the three, what of it, and for whom. */
export interface MosValue {
  readonly what: "min" | "max" | "average";
  /** "" the MOS itself. */
  readonly field: "" | "at" | "packetloss" | "jitter" | "roundtrip" | "roundtrip_leg" | "samples";
}

const GROUPS = { min: "lowest MOS", max: "highest MOS", average: "average MOS" } as const;
const FIELDS = {
  "": "MOS",
  at: "reported at",
  packetloss: "packet loss",
  jitter: "jitter",
  roundtrip: "round-trip time",
  roundtrip_leg: "round-trip time leg",
  samples: "samples",
} as const;

function dictionary(value: Bencoded | undefined): Dictionary | null {
  return value === undefined || typeof value !== "object" || Array.isArray(value) ? null : value;
}
function list(value: Bencoded | undefined): readonly Bencoded[] {
  return Array.isArray(value) ? value : [];
}
function number(value: Bencoded | undefined): number | null {
  return typeof value === "number" ? value : null;
}

/** "RTP: 1720 bytes, 10 packets, 0 errors; RTCP: …"; null when the answer holds no totals. */
export function totalsText(answer: Dictionary): string | null {
  const totals = dictionary(answer["totals"]);
  const part = (name: string): string | null => {
    const t = dictionary(totals?.[name]);
    if (t === null) return null;
    const of = (field: string): number => number(t[field]) ?? 0;
    return `${name}: ${of("bytes")} bytes, ${of("packets")} packets, ${of("errors")} errors`;
  };
  const rtp = part("RTP");
  const rtcp = part("RTCP");
  return rtp === null || rtcp === null ? null : `${rtp}; ${rtcp}`;
}

/** The sources of a party's streams by its label; null, which is all sources, for the label "". */
function sourcesOf(answer: Dictionary, label: string): Set<string> | null {
  if (label === "") return null;
  const found = new Set<string>();
  for (const tag of Object.values(dictionary(answer["tags"]) ?? {})) {
    const party = dictionary(tag);
    if (party?.["label"] !== label) continue;
    for (const medium of list(party["medias"]))
      for (const stream of list(dictionary(medium)?.["streams"])) {
        const one = number(dictionary(stream)?.["SSRC"]);
        if (one !== null) found.add(String(one));
        for (const ingress of list(dictionary(stream)?.["ingress SSRCs"])) {
          const ssrc = number(dictionary(ingress)?.["SSRC"]);
          if (ssrc !== null) found.add(String(ssrc));
        }
      }
  }
  return found;
}

/** One of the three groups over the sources of a party: the lowest, the highest, or the mean. Null when nothing is known. */
function groupOf(answer: Dictionary, what: MosValue["what"], label: string): Dictionary | null {
  const wanted = sourcesOf(answer, label);
  const groups: Dictionary[] = [];
  for (const [ssrc, source] of Object.entries(dictionary(answer["SSRC"]) ?? {})) {
    if (wanted !== null && !wanted.has(ssrc)) continue;
    const group = dictionary(dictionary(source)?.[GROUPS[what]]);
    if (group !== null && number(group["MOS"]) !== null) groups.push(group);
  }
  if (groups.length === 0) return null;
  const mos = (g: Dictionary): number => number(g["MOS"]) ?? 0;
  if (what === "min") return groups.reduce((a, b) => (mos(b) < mos(a) ? b : a));
  if (what === "max") return groups.reduce((a, b) => (mos(b) > mos(a) ? b : a));
  const mean: Dictionary = {};
  for (const field of Object.values(FIELDS)) {
    const values = groups.map((g) => number(g[field])).filter((v) => v !== null);
    if (values.length === 0) continue;
    const sum = values.reduce((a, b) => a + b, 0);
    mean[field] = field === "samples" ? sum : Math.trunc(sum / values.length);
  }
  return mean;
}

/** A value of the quality as text; null when it is not known. `label`: of that party; "" of the call. */
export function mosText(answer: Dictionary, { what, field }: MosValue, label: string): string | null {
  const group = groupOf(answer, what, label);
  const value = number(group?.[FIELDS[field]]);
  // the round trip of a leg is newer than the rest of the report
  if (value === null) return group !== null && field === "roundtrip_leg" ? "-1" : null;
  if (field === "") return `${Math.trunc(value / 10)}.${value % 10}`;
  if (field !== "at") return String(value);
  const after = Math.max(0, value - (number(answer["created"]) ?? value));
  return `${Math.trunc(after / 60)}:${String(after % 60).padStart(2, "0")}`;
}

/** A dictionary as JSON, compact or with tabs and line ends as the oracle prints it. */
export function jsonText(value: Bencoded, pretty: boolean, depth = 0): string {
  if (!pretty) return JSON.stringify(value);
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((v) => jsonText(v, true, depth + 1)).join(", ")}]`;
  const tabs = "\t".repeat(depth + 1);
  const inner = Object.entries(value).map(([k, v]) => `${tabs}${JSON.stringify(k)}:\t${jsonText(v, true, depth + 1)}`);
  return inner.length === 0 ? "{\n}" : `{\n${inner.join(",\n")}\n${"\t".repeat(depth)}}`;
}
