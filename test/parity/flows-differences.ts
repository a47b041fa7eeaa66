// Where call flows differ from Kamailio's on purpose: what we do instead, and why.

import type { Flow } from "./flows-case.ts";

interface Difference {
  readonly why: string;
  /** What of the recorded answer we show instead. */
  readonly ours: Partial<Flow>;
}

const TRYING = "SIP/2.0 100 trying -- your call is important to us | INVITE | via1 | To: <sip:b@y>";

const NO_AGENT =
  "ACK and CANCEL made of the request as it came carry a User-Agent of the server there; here they never do";
const PENALTY =
  "faked_reply_prio does nothing there; here it does what its documentation says, with the value that lets received replies win";

export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  "one branch: 486 after 200": {
    why: "a failure after a 2xx of the same branch is acknowledged there; RFC 6026 has no such reply, and what an ACK is made of is no longer kept",
    ours: { uas: ["INVITE sip:two@{UAS} SIP/2.0 | via2 | To: <sip:b@y>"] },
  },
  "relaying: t_relay_to(1) of the R-URI": {
    why: "flags as the only argument are not obeyed there; here they are, as documented",
    ours: { uac: ["SIP/2.0 200 R200 | INVITE | via1 | To: <sip:b@y>;tag=u200"] },
  },
  "reparse_invite 0: CANCEL": {
    why: NO_AGENT,
    ours: {
      uas: [
        "second: INVITE sip:180@{UAS} SIP/2.0 | via2 | Route: <sip:{UAS2};lr> | To: <sip:b@y>",
        "second: CANCEL sip:180@{UAS} SIP/2.0 | via1 | Route: <sip:{ME};lr> | Route: <sip:{UAS2};lr> | To: <sip:b@y>",
        "second: ACK sip:180@{UAS} SIP/2.0 | via1 | Route: <sip:{ME};lr> | Route: <sip:{UAS2};lr> | To: <sip:b@y>;tag=u487",
      ],
    },
  },
  "reparse_invite 0: ACK": {
    why: NO_AGENT,
    ours: {
      uas: [
        "second: INVITE sip:486@{UAS} SIP/2.0 | via2 | Route: <sip:{UAS2};lr> | To: <sip:b@y>",
        "second: ACK sip:486@{UAS} SIP/2.0 | via1 | Route: <sip:{ME};lr> | Route: <sip:{UAS2};lr> | To: <sip:b@y>;tag=u486",
      ],
    },
  },
  "reparse_invite 0: Max-Forwards changed": {
    why: NO_AGENT,
    ours: {
      uas: [
        "INVITE sip:486@{UAS} SIP/2.0 | via2 | Max-Forwards: 12 | To: <sip:b@y> | -Max-Forwards: 70",
        "ACK sip:486@{UAS} SIP/2.0 | via1 | To: <sip:b@y>;tag=u486",
      ],
    },
  },
  "faked_reply_prio: 486 and silence": {
    why: PENALTY,
    ours: { uac: [TRYING, "SIP/2.0 486 R486 | INVITE | via1 | To: <sip:b@y>;tag=u486"] },
  },
  "faked_reply_prio: 503 and silence": {
    why: PENALTY,
    ours: { uac: [TRYING, "SIP/2.0 500 Service Unavailable | INVITE | via1 | To: <sip:b@y>;tag={T}"] },
  },
};
