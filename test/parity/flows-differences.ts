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

const COPY =
  "a copy takes the request's transaction there: what relays it afterwards fails and the request is lost; here a copy is a transaction of its own";
const RELAYED = {
  log: ["1"],
  uac: ["SIP/2.0 200 R200 | MESSAGE | via1 | To: <sip:b@y>;tag=u200"],
  uas: ["MESSAGE sip:200@{UAS} SIP/2.0 | via2 | To: <sip:b@y>"],
};
const COPIED = {
  ...RELAYED,
  uas: [...RELAYED.uas, "second: MESSAGE sip:200@{UAS} SIP/2.0 | via2 | To: <sip:b@y>"],
};

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
  "copies: t_replicate": { why: COPY, ours: COPIED },
  "copies: t_replicate to a user": { why: COPY, ours: COPIED },
  "copies: t_replicate_udp": { why: COPY, ours: RELAYED },
  "copies: t_replicate_tcp without TCP": { why: COPY, ours: RELAYED },
  "copies: t_replicate_sctp": { why: COPY, ours: RELAYED },
  "copies: t_replicate_tls without TLS": { why: COPY, ours: RELAYED },
  "copies: t_replicate_to": { why: COPY, ours: COPIED },
  "copies: t_replicate of an INVITE": {
    why: "a copy's transaction says 100 to the client there; here the client hears of the request itself only",
    ours: { uac: [] },
  },
  'tmx: t_cancel_branches("this")': {
    why: "the branch that still rings is cancelled there too, at its next reply; its documentation says that only this one is, and so it is here",
    ours: {
      uac: [
        TRYING,
        "SIP/2.0 180 R180 | INVITE | via1 | To: <sip:b@y>;tag=u180",
        "SIP/2.0 183 R183 | INVITE | via1 | To: <sip:b@y>;tag=u183",
      ],
      uas: [
        "ACK sip:183@{UAS} SIP/2.0 | via1 | To: <sip:b@y>;tag=u487",
        "CANCEL sip:183@{UAS} SIP/2.0 | via1 | To: <sip:b@y>",
        "INVITE sip:183@{UAS} SIP/2.0 | via2 | To: <sip:b@y>",
        "INVITE sip:x@{UAS} SIP/2.0 | via2 | To: <sip:b@y>",
      ],
    },
  },
};
