// The flags of functions, "trust-address ICE=remove …", as what they are in a request to rtpengine.

import type { Bencoded, Dictionary } from "./bencode.ts";

/** Which branch of a Via, or what else, tells the branches of a call apart. */
export type ViaBranch = "none" | "1" | "2" | "auto" | "extra" | "next" | "auto-next" | "auto-extra";

const VIA_BRANCHES: readonly string[] = ["1", "2", "auto", "extra", "next", "auto-next", "auto-extra"];

/** What the flags say. */
export interface Flags {
  /** Entries of the request, in order. */
  readonly entries: Dictionary;
  readonly viaBranch: ViaBranch;
  /** force-answer: it is an answer, whatever the message. */
  readonly answers: boolean;
  /** directional: block_dtmf() and the like mean the sender alone. */
  readonly directional: boolean;
  /** The To tag goes along also where it usually does not. */
  readonly withToTag: boolean;
  /** In place of those of the message; null without. */
  readonly callId: string | null;
  readonly fromTag: string | null;
  readonly toTag: string | null;
}

/** Words that make up the transport protocol. */
const TRANSPORTS: Readonly<Record<string, (t: Transport) => void>> = {
  RTP: (t) => void (t.secure = ""),
  SRTP: (t) => void (t.secure = "S"),
  DTLS: (t) => {
    t.secure = "S";
    t.dtls = true;
  },
  AVP: (t) => void (t.feedback = ""),
  AVPF: (t) => void (t.feedback = "F"),
};
const WHOLE_TRANSPORT = /^(UDP\/TLS\/)?RTP\/(S?)AVP(F?)$/;

interface Transport {
  secure: "" | "S";
  feedback: "" | "F";
  dtls: boolean;
}

/** Words with a dash that belong to lists of their own. */
const LISTS: readonly (readonly [prefix: string, list: string])[] = [
  ["replace-", "replace"],
  ["rtcp-mux-", "rtcp-mux"],
  ["SDES-", "SDES"],
];
/** Keys whose values are numbers; the second name is what they are sent as too. */
const NUMBERS: Readonly<Record<string, string>> = {
  repacketize: "repacketize",
  TOS: "TOS",
  "delete-delay": "delete delay",
};

/** Reads flags. */
export function parseFlags(text: string): Flags {
  const direct: Dictionary = {};
  const lists: Record<string, string[]> = {};
  const codec: Record<string, string[]> = {};
  const transport: Transport = { secure: "", feedback: "", dtls: false };
  let hasTransport = false;
  let viaBranch: ViaBranch = "none";
  let answers = false;
  let directional = false;
  let withToTag = false;
  let callId: string | null = null;
  let fromTag: string | null = null;
  let toTag: string | null = null;
  const push = (into: Record<string, string[]>, list: string, value: string): void => {
    if (Object.hasOwn(into, list)) into[list]!.push(value);
    else into[list] = [value];
  };
  for (const word of text.split(/\s+/)) {
    if (word === "") continue;
    const equals = word.indexOf("=");
    const key = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? null : word.slice(equals + 1);
    const whole = WHOLE_TRANSPORT.exec(word);
    const listed = LISTS.find(([prefix]) => value === null && word.startsWith(prefix));
    if (whole !== null) {
      transport.dtls = whole[1] !== undefined;
      transport.secure = whole[2] === "S" ? "S" : "";
      transport.feedback = whole[3] === "F" ? "F" : "";
      hasTransport = true;
    } else if (value === null && Object.hasOwn(TRANSPORTS, word)) {
      TRANSPORTS[word]!(transport);
      hasTransport = true;
    } else if (word === "force-answer") answers = true;
    else if (word === "directional") directional = true;
    else if (word === "to-tag") withToTag = true;
    else if (word === "internal" || word === "external") push(lists, "direction", word);
    else if (listed !== undefined) push(lists, listed[1], word.slice(listed[0].length));
    else if (value === null) push(lists, "flags", word);
    else if (key === "via-branch") {
      if (VIA_BRANCHES.includes(value)) viaBranch = value as ViaBranch;
    } else if (key === "call-id") callId = value;
    else if (key === "from-tag") fromTag = value;
    else if (key === "to-tag") {
      toTag = value;
      withToTag = true;
    } else if (key === "received-from")
      continue; // it is always told
    else if (["direction", "replace", "rtcp-mux", "SDES", "T.38"].includes(key)) push(lists, key, value);
    else if (key.startsWith("codec-")) push(codec, key.slice("codec-".length), value);
    else addValue(direct, key, value);
  }
  if (hasTransport)
    direct["transport-protocol"] = `${transport.dtls ? "UDP/TLS/" : ""}RTP/${transport.secure}AVP${transport.feedback}`;
  const entries: Dictionary = { ...direct, ...(lists as Dictionary) };
  if (Object.keys(codec).length > 0) entries["codec"] = codec as Bencoded;
  return { entries, viaBranch, answers, directional, withToTag, callId, fromTag, toTag };
}

function addValue(into: Dictionary, key: string, value: string): void {
  const number = Object.hasOwn(NUMBERS, key) && /^-?\d{1,9}$/.test(value) ? NUMBERS[key]! : null;
  if (number !== null) into[number] = Number(value);
  if (number !== key) into[key] = value; // as the oracle, which sends the delay of a delete under both names
}
