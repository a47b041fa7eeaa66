// Where we answer otherwise than Kamailio on purpose: what differs, by a change of the recorded answer, and why.

import type { Answer } from "./oracle.ts";

interface Difference {
  readonly why: string;
  readonly ours: (theirs: Answer) => Answer;
}

export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  "siputils: parameter before headers": {
    why: "Kamailio 5.6.3 leaves a broken R-URI behind when it has headers; we put the parameter in front of them.",
    ours: (theirs) => ({
      ...theirs,
      results: [theirs.results[0]!, "sip:bob@127.0.0.1:{UA};n?h=1"],
      forwarded: theirs.forwarded.replace(/^INVITE .*? SIP\/2\.0/, "INVITE sip:bob@127.0.0.1:{UA};n?h=1 SIP/2.0"),
    }),
  },
  "pv: list of addresses": {
    why: "A negative index counts from the end for $hfl as it does for $hdr; Kamailio gives null.",
    ours: (theirs) => ({ ...theirs, results: theirs.results.with(3, "<sip:c@x>") }),
  },
  "textopsx: keep_hf": {
    why: "It has done what was asked, and says so; Kamailio 5.6.3 returns -1 all the same.",
    ours: (theirs) => ({ ...theirs, results: ["1"] }),
  },
  "sl: branches in a redirect": {
    why: "An empty reason is filled in with the usual phrase: phones show it.",
    ours: (theirs) => ({ ...theirs, reply: theirs.reply.replace("SIP/2.0 300 ", "SIP/2.0 300 Multiple Choices") }),
  },
};

/** The answer we owe for a case, given Kamailio's. */
export function expected(name: string, theirs: Answer): Answer {
  return DIFFERENCES[name]?.ours(theirs) ?? theirs;
}
