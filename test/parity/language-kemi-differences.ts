// Where functions of KSR give another value or change the message otherwise than on Kamailio on purpose: why, and what we answer, case by case.

import type { LanguageAnswer } from "./language-bed.ts";

export const KEMI_DIFFERENCES: readonly {
  readonly why: string;
  readonly cases: Readonly<Record<string, LanguageAnswer>>;
}[] = [
  {
    why: "A function gives what it gives in the native language: 1 when a text matches, when a counter was counted, when an item was set or a table emptied, when there is no such variable. There it gives 0 or -1.",
    cases: {
      "textopsx.fnmatch(abc, a*)": [
        "1",
        "sip:bob@127.0.0.1:{ME};x=1 <null> <null>",
        'OPTIONS sip:bob@127.0.0.1:{ME};x=1 SIP/2.0  Max-Forwards: 70  From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1  To: <sip:bob@office.example>  Call-ID: language-1@127.0.0.1  CSeq: 7 OPTIONS  Contact: <sip:alice@127.0.0.1:{UA}>;expires=60  User-Agent: probe/1.0 (x)  X-One: one  Subject: hello there  Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-kemi-43;rport  X-List: one, two;p=1, three  X-Two: a  X-Two: b  Supported: path, 100rel  Privacy: id;user  Content-Length: 0    ',
      ],
      counters: [
        "1 | 1 | 1",
        "sip:bob@127.0.0.1:{ME};x=1 <null> <null>",
        'OPTIONS sip:bob@127.0.0.1:{ME};x=1 SIP/2.0  Max-Forwards: 70  From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1  To: <sip:bob@office.example>  Call-ID: language-1@127.0.0.1  CSeq: 7 OPTIONS  Contact: <sip:alice@127.0.0.1:{UA}>;expires=60  User-Agent: probe/1.0 (x)  X-One: one  Subject: hello there  Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-kemi-133;rport  Content-Length: 0    ',
      ],
      "items of a table": [
        "1 | v | 1 | 5 | 4 |  | <null> | 1 | 1 | 1 | 1 | 1 | 1",
        "sip:bob@127.0.0.1:{ME};x=1 <null> <null>",
        'OPTIONS sip:bob@127.0.0.1:{ME};x=1 SIP/2.0  Max-Forwards: 70  From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1  To: <sip:bob@office.example>  Call-ID: language-1@127.0.0.1  CSeq: 7 OPTIONS  Contact: <sip:alice@127.0.0.1:{UA}>;expires=60  User-Agent: probe/1.0 (x)  X-One: one  Subject: hello there  Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-kemi-174;rport  Content-Length: 0    ',
      ],
      "a dialog": [
        "1 | 1 | 1 | 1 | 1 | -1 | 1 | v | 1 | 1 | 1 | 1 | 1 | 1 | 1 | -1 | 1 | 1 | -1",
        "sip:bob@127.0.0.1:5060;x=1;user=phone <null> <null>",
        'INVITE sip:bob@127.0.0.1:5060;x=1;user=phone SIP/2.0  Max-Forwards: 70  From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1  To: <sip:bob@office.example>  Call-ID: language-1@127.0.0.1  Contact: <sip:alice@127.0.0.1:{UA}>;expires=60  User-Agent: probe/1.0 (x)  X-One: one  Subject: hello there  Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-kemi-194;rport  CSeq: 7 INVITE  Content-Length: 0    ',
      ],
    },
  },
  {
    why: "A flag does what its documentation says.",
    cases: {
      "textopsx.fnmatch_ex(ABC, a*, i)": [
        "1",
        "sip:bob@127.0.0.1:{ME};x=1 <null> <null>",
        'OPTIONS sip:bob@127.0.0.1:{ME};x=1 SIP/2.0  Max-Forwards: 70  From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1  To: <sip:bob@office.example>  Call-ID: language-1@127.0.0.1  CSeq: 7 OPTIONS  Contact: <sip:alice@127.0.0.1:{UA}>;expires=60  User-Agent: probe/1.0 (x)  X-One: one  Subject: hello there  Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-kemi-44;rport  X-List: one, two;p=1, three  X-Two: a  X-Two: b  Supported: path, 100rel  Privacy: id;user  Content-Length: 0    ',
      ],
      "nathelper.fix_nated_sdp(1)": [
        "2",
        "sip:bob@127.0.0.1:{ME};x=1 <null> <null>",
        'OPTIONS sip:bob@127.0.0.1:{ME};x=1 SIP/2.0  Max-Forwards: 70  From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1  To: <sip:bob@office.example>  Call-ID: language-1@127.0.0.1  CSeq: 7 OPTIONS  Contact: <sip:alice@127.0.0.1:{UA}>;expires=60  User-Agent: probe/1.0 (x)  X-One: one  Subject: hello there  Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-kemi-59;rport  Content-Type: application/sdp  Content-Length: 61    v=0  o=x  c=IN IP4 10.0.0.1  a=sendonly  a=direction:active  ',
      ],
    },
  },
  {
    why: "Without a body there is no Content-Type either.",
    cases: {
      "textopsx.remove_body()": [
        "1",
        "sip:bob@127.0.0.1:{ME};x=1 <null> <null>",
        'OPTIONS sip:bob@127.0.0.1:{ME};x=1 SIP/2.0  Max-Forwards: 70  From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1  To: <sip:bob@office.example>  Call-ID: language-1@127.0.0.1  CSeq: 7 OPTIONS  Contact: <sip:alice@127.0.0.1:{UA}>;expires=60  User-Agent: probe/1.0 (x)  X-One: one  Subject: hello there  Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-kemi-58;rport  Content-Length: 0    ',
      ],
    },
  },
  {
    why: "Path names our address, as it does from the native language; there it is empty.",
    cases: {
      "path.add_path()": [
        "1",
        "sip:bob@127.0.0.1:{ME};x=1 <null> <null>",
        'OPTIONS sip:bob@127.0.0.1:{ME};x=1 SIP/2.0  Max-Forwards: 70  From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1  To: <sip:bob@office.example>  Call-ID: language-1@127.0.0.1  CSeq: 7 OPTIONS  Contact: <sip:alice@127.0.0.1:{UA}>;expires=60  User-Agent: probe/1.0 (x)  X-One: one  Subject: hello there  Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-kemi-115;rport  Content-Length: 0  Path: <sip:127.0.0.1:{ME};lr>    ',
      ],
      "path.add_path_user(u)": [
        "1",
        "sip:bob@127.0.0.1:{ME};x=1 <null> <null>",
        'OPTIONS sip:bob@127.0.0.1:{ME};x=1 SIP/2.0  Max-Forwards: 70  From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1  To: <sip:bob@office.example>  Call-ID: language-1@127.0.0.1  CSeq: 7 OPTIONS  Contact: <sip:alice@127.0.0.1:{UA}>;expires=60  User-Agent: probe/1.0 (x)  X-One: one  Subject: hello there  Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-kemi-116;rport  Content-Length: 0  Path: <sip:u@127.0.0.1:{ME};lr>    ',
      ],
      "path.add_path_user_params(u, p=1)": [
        "1",
        "sip:bob@127.0.0.1:{ME};x=1 <null> <null>",
        'OPTIONS sip:bob@127.0.0.1:{ME};x=1 SIP/2.0  Max-Forwards: 70  From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1  To: <sip:bob@office.example>  Call-ID: language-1@127.0.0.1  CSeq: 7 OPTIONS  Contact: <sip:alice@127.0.0.1:{UA}>;expires=60  User-Agent: probe/1.0 (x)  X-One: one  Subject: hello there  Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-kemi-117;rport  Content-Length: 0  Path: <sip:u@127.0.0.1:{ME};lr;p=1>    ',
      ],
      "path.add_path_received()": [
        "1",
        "sip:bob@127.0.0.1:{ME};x=1 <null> <null>",
        'OPTIONS sip:bob@127.0.0.1:{ME};x=1 SIP/2.0  Max-Forwards: 70  From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1  To: <sip:bob@office.example>  Call-ID: language-1@127.0.0.1  CSeq: 7 OPTIONS  Contact: <sip:alice@127.0.0.1:{UA}>;expires=60  User-Agent: probe/1.0 (x)  X-One: one  Subject: hello there  Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-kemi-118;rport  Content-Length: 0  Path: <sip:127.0.0.1:{ME};lr;received=sip:127.0.0.1:{UA}>    ',
      ],
    },
  },
  {
    why: "Where a request goes that came from a strict router is said by its R-URI alone; Kamailio writes the same into $du.",
    cases: {
      "rr.loose_route()": ["1", "sip:192.0.2.77;lr;nat=yes;ftag=t1 <null> <null>"],
      "rr.loose_route_preloaded()": ["-1", "sip:192.0.2.77;lr;nat=yes;ftag=t1 <null> <null>"],
    },
  },
];
