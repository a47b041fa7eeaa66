// Where variables answer otherwise than on Kamailio on purpose: why, and what we answer, case by case.

import type { LanguageAnswer } from "./language-bed.ts";

export const VARIABLE_DIFFERENCES: readonly {
  readonly why: string;
  readonly cases: Readonly<Record<string, LanguageAnswer>>;
}[] = [
  {
    why: "Empty without a Route, as it prints there too; assigned it is null there.",
    cases: {
      "$route_uri: plain": [" | 1"],
    },
  },
  {
    why: "Values are counted in the order of the message, from the end with -1; there Contacts of one line come in reverse and -1 is behind the last.",
    cases: {
      "$hfl(Contact): rich": ["<sip:one@10.0.0.1>;expires=30 | <sip:one@10.0.0.1>;expires=301"],
      "$hfl(m): rich": ["<sip:one@10.0.0.1>;expires=30 | <sip:one@10.0.0.1>;expires=301"],
      "$hfl(Via) by index": [
        "0: [SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-language;rport]",
        "1: [SIP/2.0/TCP far.example:5070;branch=z9hG4bK-far;received=192.0.2.7]",
        "2: [<null>]",
        "3: [<null>]",
        "-1: [SIP/2.0/TCP far.example:5070;branch=z9hG4bK-far;received=192.0.2.7]",
        "-2: [SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-language;rport]",
        "-3: [<null>]",
        "-4: [<null>]",
      ],
      "$hfl(Contact) by index": [
        "0: [<sip:one@10.0.0.1>;expires=30]",
        "1: [<sip:two@10.0.0.2>]",
        "2: [<sip:three@10.0.0.3>;expires=900]",
        "3: [<null>]",
        "-1: [<sip:three@10.0.0.3>;expires=900]",
        "-2: [<sip:two@10.0.0.2>]",
        "-3: [<sip:one@10.0.0.1>;expires=30]",
        "-4: [<null>]",
      ],
      "$hfl(Route) by index": [
        "0: [<sip:127.0.0.1:{ME};lr>]",
        "1: [<sip:next.example;lr>]",
        "2: [<sip:last.example>]",
        "3: [<null>]",
        "-1: [<sip:last.example>]",
        "-2: [<sip:next.example;lr>]",
        "-3: [<sip:127.0.0.1:{ME};lr>]",
        "-4: [<null>]",
      ],
      "$hfl(Record-Route) by index": [
        "0: [<sip:rr1.example;lr>]",
        "1: [<sip:rr2.example;lr>]",
        "2: [<null>]",
        "3: [<null>]",
        "-1: [<sip:rr2.example;lr>]",
        "-2: [<sip:rr1.example;lr>]",
        "-3: [<null>]",
        "-4: [<null>]",
      ],
    },
  },
  {
    why: "An empty R-URI is not taken: the request could not be sent.",
    cases: {
      '$ru = "";': [
        "[sip:bob@127.0.0.1:{ME};x=1] [bob] [127.0.0.1] [{ME}] [UDP] [sip:bob@127.0.0.1:{ME};x=1] [<null>]",
        "[OPTIONS sip:bob@127.0.0.1:{ME};x=1 SIP/2.0]",
      ],
      '$ru = ""; of a long URI [$ru] [$rU] [$rd] [$rp] [$rP] [$ou] [$du]': [
        "[sip:u:pw@h.example:5070;p=1;lr?h=1] [u] [h.example] [5070] [UDP] [sip:u:pw@h.example:5070;p=1;lr?h=1] [<null>]",
      ],
    },
  },
  {
    why: "A tel URI without a number is no URI: nothing is read out of it, and its number cannot be taken away.",
    cases: {
      '$rU = "new"; of a tel URI [$ru] [$rU] [$rd] [$rp] [$rP] [$ou] [$du]': [
        "[tel:new;x=1] [<null>] [<null>] [<null>] [<null>] [tel:+123;x=1] [<null>]",
      ],
      '$rU = ""; of a tel URI [$ru] [$rU] [$rd] [$rp] [$rP] [$ou] [$du]': [
        "[tel:+123;x=1] [+123] [<null>] [5060] [UDP] [tel:+123;x=1] [<null>]",
      ],
      "$rU = $null; of a tel URI [$ru] [$rU] [$rd] [$rp] [$rP] [$ou] [$du]": [
        "[tel:+123;x=1] [+123] [<null>] [5060] [UDP] [tel:+123;x=1] [<null>]",
      ],
      '$rU = "a b@c"; of a tel URI [$ru] [$rU] [$rd] [$rp] [$rP] [$ou] [$du]': [
        "[tel:a b@c;x=1] [<null>] [<null>] [<null>] [<null>] [tel:+123;x=1] [<null>]",
      ],
      '$rU = "x"; $rd = "y.example"; $rp = 7; of a tel URI [$ru] [$rU] [$rd] [$rp] [$rP] [$ou] [$du]': [
        "[tel:x;x=1] [<null>] [<null>] [<null>] [<null>] [tel:+123;x=1] [<null>]",
      ],
    },
  },
  {
    why: "From and To stay well-formed: an empty URI or host changes nothing, an empty user takes its @ along, an empty name its white space.",
    cases: {
      '$fu = "";': [
        '[sip:alice@office.example:5062;p=1] [alice] [office.example] ["Alice A"] [t1]',
        "[sip:bob@office.example] [bob] [office.example] [<null>] [<null>]",
        '[From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1]',
        "[To: <sip:bob@office.example>]",
      ],
      '$fU = "";': [
        '[sip:alice@office.example:5062;p=1] [alice] [office.example] ["Alice A"] [t1]',
        "[sip:bob@office.example] [bob] [office.example] [<null>] [<null>]",
        '[From: "Alice A" <sip:office.example:5062;p=1>;tag=t1]',
        "[To: <sip:bob@office.example>]",
      ],
      '$fd = "";': [
        '[sip:alice@office.example:5062;p=1] [alice] [office.example] ["Alice A"] [t1]',
        "[sip:bob@office.example] [bob] [office.example] [<null>] [<null>]",
        '[From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1]',
        "[To: <sip:bob@office.example>]",
      ],
      '$fn = "";': [
        '[sip:alice@office.example:5062;p=1] [alice] [office.example] ["Alice A"] [t1]',
        "[sip:bob@office.example] [bob] [office.example] [<null>] [<null>]",
        "[From: <sip:alice@office.example:5062;p=1>;tag=t1]",
        "[To: <sip:bob@office.example>]",
      ],
      '$tu = "";': [
        '[sip:alice@office.example:5062;p=1] [alice] [office.example] ["Alice A"] [t1]',
        "[sip:bob@office.example] [bob] [office.example] [<null>] [<null>]",
        '[From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1]',
        "[To: <sip:bob@office.example>]",
      ],
      '$tU = "";': [
        '[sip:alice@office.example:5062;p=1] [alice] [office.example] ["Alice A"] [t1]',
        "[sip:bob@office.example] [bob] [office.example] [<null>] [<null>]",
        '[From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1]',
        "[To: <sip:office.example>]",
      ],
      '$td = "";': [
        '[sip:alice@office.example:5062;p=1] [alice] [office.example] ["Alice A"] [t1]',
        "[sip:bob@office.example] [bob] [office.example] [<null>] [<null>]",
        '[From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1]',
        "[To: <sip:bob@office.example>]",
      ],
      '$tn = "";': [
        '[sip:alice@office.example:5062;p=1] [alice] [office.example] ["Alice A"] [t1]',
        "[sip:bob@office.example] [bob] [office.example] [<null>] [<null>]",
        '[From: "Alice A" <sip:alice@office.example:5062;p=1>;tag=t1]',
        "[To: <sip:bob@office.example>]",
      ],
      '$fu = ""; msg_apply_changes();': [
        '[sip:alice@office.example:5062;p=1] [alice] [office.example] ["Alice A"] [t1]',
        "[sip:bob@office.example] [bob] [office.example] [<null>] [<null>]",
        '["Alice A" <sip:alice@office.example:5062;p=1>;tag=t1]',
        "[<sip:bob@office.example>]",
      ],
      '$fU = ""; msg_apply_changes();': [
        '[sip:office.example:5062;p=1] [<null>] [office.example] ["Alice A"] [t1]',
        "[sip:bob@office.example] [bob] [office.example] [<null>] [<null>]",
        '["Alice A" <sip:office.example:5062;p=1>;tag=t1]',
        "[<sip:bob@office.example>]",
      ],
      '$fd = ""; msg_apply_changes();': [
        '[sip:alice@office.example:5062;p=1] [alice] [office.example] ["Alice A"] [t1]',
        "[sip:bob@office.example] [bob] [office.example] [<null>] [<null>]",
        '["Alice A" <sip:alice@office.example:5062;p=1>;tag=t1]',
        "[<sip:bob@office.example>]",
      ],
      '$tU = ""; msg_apply_changes();': [
        '[sip:alice@office.example:5062;p=1] [alice] [office.example] ["Alice A"] [t1]',
        "[sip:office.example] [<null>] [office.example] [<null>] [<null>]",
        '["Alice A" <sip:alice@office.example:5062;p=1>;tag=t1]',
        "[<sip:office.example>]",
      ],
      '$td = ""; msg_apply_changes();': [
        '[sip:alice@office.example:5062;p=1] [alice] [office.example] ["Alice A"] [t1]',
        "[sip:bob@office.example] [bob] [office.example] [<null>] [<null>]",
        '["Alice A" <sip:alice@office.example:5062;p=1>;tag=t1]',
        "[<sip:bob@office.example>]",
      ],
    },
  },
  {
    why: "An address without brackets gets them when it gets a name.",
    cases: {
      '$fn = "Name"; msg_apply_changes(); of a From without brackets': [
        "[sip:alice@office.example] [alice] [office.example] [Name] [t1]",
        "[sip:h.example] [<null>] [h.example] [<null>] [<null>]",
        "[Name <sip:alice@office.example>;tag=t1]",
        "[sip:h.example]",
      ],
      '$fn = "\\"Quoted Name\\""; msg_apply_changes(); of a From without brackets': [
        '[sip:alice@office.example] [alice] [office.example] ["Quoted Name"] [t1]',
        "[sip:h.example] [<null>] [h.example] [<null>] [<null>]",
        '["Quoted Name" <sip:alice@office.example>;tag=t1]',
        "[sip:h.example]",
      ],
      '$fU = "a"; $fd = "b.example"; $fn = "C"; msg_apply_changes(); of a From without brackets': [
        "[sip:a@b.example] [a] [b.example] [C] [t1]",
        "[sip:h.example] [<null>] [h.example] [<null>] [<null>]",
        "[C <sip:a@b.example>;tag=t1]",
        "[sip:h.example]",
      ],
      '$tn = "Name"; msg_apply_changes(); of a From without brackets': [
        "[sip:alice@office.example] [alice] [office.example] [<null>] [t1]",
        "[sip:h.example] [<null>] [h.example] [Name] [<null>]",
        "[sip:alice@office.example;tag=t1]",
        "[Name <sip:h.example>]",
      ],
      '$tn = "\\"Quoted Name\\""; msg_apply_changes(); of a From without brackets': [
        "[sip:alice@office.example] [alice] [office.example] [<null>] [t1]",
        '[sip:h.example] [<null>] [h.example] ["Quoted Name"] [<null>]',
        "[sip:alice@office.example;tag=t1]",
        '["Quoted Name" <sip:h.example>]',
      ],
      '$tU = "a"; $td = "b.example"; $tn = "C"; msg_apply_changes(); of a From without brackets': [
        "[sip:alice@office.example] [alice] [office.example] [<null>] [t1]",
        "[sip:a@b.example] [a] [b.example] [C] [<null>]",
        "[sip:alice@office.example;tag=t1]",
        "[C <sip:a@b.example>]",
      ],
    },
  },
  {
    why: "q is at most 1.",
    cases: {
      '$br = "sip:one@1.example"; $br = "sip:two@2.example"; $(branch(q)[1]) = 500; $branch(q) = 2000; [$branch(uri)] [$branch(dst_uri)] [$branch(path)] [$branch(q)] [$branch(flags)] [$branch(send_socket)]':
        ["[sip:one@1.example] [<null>] [<null>] [1000] [0] [<null>]"],
    },
  },
  {
    why: "Names of all classes may be computed.",
    cases: {
      '$shv(k{N}) = "x"; $var(n{N}) = "k{N}"; $shv($var(n{N}))': ["x"],
      '$var(n{N}) = "k"; $xavp(k) = 7; $xavp($var(n{N}))': ["7"],
      '$var(n{N}) = "k"; $xavp(k=>f) = 7; $xavp($var(n{N})=>f)': ["7"],
      '$var(n{N}) = "f"; $xavp(k=>f) = 7; $xavp(k=>$var(n{N}))': ["7"],
      '$var(n{N}) = "k"; $xavp($var(n{N})) = 7; $xavp(k)': ["7"],
      '$var(n{N}) = "k"; $xavu(k) = 7; $xavu($var(n{N}))': ["7"],
      '$var(n{N}) = "k"; $xavi(k) = 7; $xavi($var(n{N}))': ["7"],
    },
  },
  {
    why: "A define that is no number is 0 as a number.",
    cases: {
      " of a request with defines $def(VARIABLE_TEXT) $defn(VARIABLE_TEXT) $def(VARIABLE_NUMBER) $defn(VARIABLE_NUMBER) $def(VARIABLE_EMPTY)":
        ["some text 0 42 42 "],
    },
  },
  {
    why: "A value has one type; there these are both text and number.",
    cases: {
      "types of $rp": ["str", "set", "not empty", "defined"],
      "types of $nh(p)": ["str", "set", "not empty", "defined"],
      "types of $op": ["str", "set", "not empty", "defined"],
      "types of $TF": ["str", "set", "not empty", "defined"],
      "types of $bF": ["str", "set", "not empty", "defined"],
    },
  },
  {
    why: "What null does not change counts as unset.",
    cases: {
      'pv_unset("$ru"); $rc [$ru]': ["1 [sip:bob@127.0.0.1:{ME};x=1]"],
      'pv_unset("$rd"); $rc [$rd]': ["1 [127.0.0.1]"],
      'pv_unset("$br"); $rc [$br]': ["1 [<null>]"],
    },
  },
  {
    why: "What cannot be assigned cannot be unset.",
    cases: {
      'pv_unset("$ci"); $rc [$ci]': ["-1 [language-1@127.0.0.1]"],
    },
  },
  {
    why: "It does what its documentation says; there it finds nothing.",
    cases: {
      'xavu_params_explode("a=b;c=d", "x"); xavu_params_implode("x", "$var(o{N})"); $rc $var(o{N})': ["1 a=b;c=d;"],
    },
  },
];
