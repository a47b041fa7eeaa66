// Where our calls are not as Kamailio's, and why: by "group: case", lines of theirs and what stands in their place with us.

export interface DialogDifference {
  readonly why: string;
  /** Texts in lines of theirs, and what ours has in place of them. */
  readonly texts?: readonly (readonly [theirs: string, ours: string])[];
  /** Lines of ours that theirs does not have. */
  readonly more?: readonly string[];
}

export const DIALOG_DIFFERENCES: Readonly<Record<string, DialogDifference>> = {
  "a call: BYE before the ACK": {
    why: "The CSeq of requests before the ACK counts too: a BYE of ours with a number that was used would be refused.",
    texts: [
      [
        "tt=s7 fu=sip:alice@x ft=c7 tor=0 life=43200 start=T tc=0 fc=1",
        "tt=s7 fu=sip:alice@x ft=c7 tor=0 life=43200 start=T tc=0 fc=2",
      ],
      ['"tag":"c7","contact":"sip:alice@{UAC}","cseq":"1"', '"tag":"c7","contact":"sip:alice@{UAC}","cseq":"2"'],
    ],
  },
  "a call: a new Contact": {
    why: "UPDATE gives a new Contact as re-INVITE does (RFC 3311 5.1); Kamailio sees the latter only.",
    texts: [
      ["start=T tc=0 fc=2 tco=sip:bob@{UAS} fco=sip:alice@", "start=T tc=0 fc=2 tco=sip:bob@{UAS} fco=sip:elsewhere@"],
      ["tco=sip:there@{UAS} fco=sip:alice@", "tco=sip:there@{UAS} fco=sip:elsewhere@"],
      ['"contact":"sip:alice@{UAC}","cseq":"2"', '"contact":"sip:elsewhere@{UAC}","cseq":"2"'],
    ],
  },
  "ended from here: while it rings": {
    why: "The call ends: Kamailio 5.6 tells its scripts so but sends nothing; later versions answer 480, as we do.",
    texts: [["log failed OPTIONS st=2", "log failed INVITE st=5"]],
    more: [
      "uac < SIP/2.0 480 Temporarily Unavailable | CSeq: 1 INVITE | Call-ID: {C} | From: <sip:alice@x>;tag=c8 | To: <sip:bob@y>;tag={T} | Via: SIP/2.0/UDP {UAC}",
      "uas < CANCEL sip:bob@{UAS} SIP/2.0 | CSeq: 1 CANCEL | Call-ID: {C} | From: <sip:alice@x>;tag=c8 | Reason: SIP;cause=480 | To: <sip:bob@y> | Via: SIP/2.0/UDP {ME}",
      "uas < ACK sip:bob@{UAS} SIP/2.0 | CSeq: 1 ACK | Call-ID: {C} | From: <sip:alice@x>;tag=c8 | To: <sip:bob@y>;tag=s8 | Via: SIP/2.0/UDP {ME}",
    ],
  },
  "referred: caller": {
    why: "From and To have the URIs that belong to their tags; Kamailio has them the wrong way round.",
    texts: [
      ["From: <sip:bob@y>;tag=c0", "From: <sip:alice@x>;tag=c0"],
      ["To: <sip:alice@x>;tag=s0", "To: <sip:bob@y>;tag=s0"],
    ],
  },
  "referred: callee": {
    why: "As above.",
    texts: [
      ["From: <sip:alice@x>;tag=s1", "From: <sip:bob@y>;tag=s1"],
      ["To: <sip:bob@y>;tag=c1", "To: <sip:alice@x>;tag=c1"],
    ],
  },
};
