// Small cases for core, maxfwd, rr, pv, textops, siputils and sl: what Kamailio answers to them is in modules.json.

import { type Case, COMMON, type Step } from "./oracle.ts";

const R_URI = "sip:bob@127.0.0.1:{UA};x=1";

/** Variables to read, separated by white space. */
function get(names: string): Step[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => ({ get: name }));
}

function call(name: string, ...args: (string | number)[]): Step {
  return { call: [name, ...args] };
}

function act(name: string, ...args: (string | number)[]): Step {
  return { do: [name, ...args] };
}

function set(name: string, value: string | number | null): Step {
  return { set: [name, value] };
}

function withUri(uri: string): string {
  return COMMON.replace(R_URI, uri);
}

function withHeader(lines: string, message = COMMON): string {
  return message.replace("Max-Forwards: 70\r\n", `Max-Forwards: 70\r\n${lines}\r\n`);
}

function maxForwards(value: string | null): string {
  return COMMON.replace("Max-Forwards: 70\r\n", value === null ? "" : `Max-Forwards: ${value}\r\n`);
}

const IN_DIALOG = COMMON.replace("To: <sip:bob@office.example>", "To: <sip:bob@office.example>;tag=t2");

function routed(
  name: string,
  route: string,
  options: { readonly uri?: string; readonly inDialog?: boolean; readonly steps?: readonly Step[] } = {},
): Case {
  const base = options.inDialog === false ? COMMON : IN_DIALOG;
  const message = withHeader(route, base).replace(R_URI, options.uri ?? R_URI);
  return { name: `loose_route: ${name}`, message, steps: options.steps ?? AFTER_ROUTE };
}

const AFTER_ROUTE: readonly Step[] = [
  ...get("$route_uri"),
  call("loose_route"),
  ...get("$du $ru $fti $tti $rdir(name) $rdir(id)"),
  call("is_direction", "downstream"),
  call("is_direction", "upstream"),
  call("check_route_param", "nat=yes"),
  call("rr_next_hop_route"),
];

const LONG_URI = "sip:bob:pw@127.0.0.1:{UA};x=1;lr?h=1";

function uriCase(...steps: Step[]): Case {
  return { name: `R-URI: ${JSON.stringify(steps)}`, message: withUri(LONG_URI), steps: [...steps, ...get("$ru")] };
}

function telCase(...steps: Step[]): Case {
  return {
    name: `tel R-URI: ${JSON.stringify(steps)}`,
    message: withUri("tel:+123;x=1"),
    steps: [...steps, ...get("$ru")],
  };
}

const MAXFWD: readonly Case[] = [
  {
    name: "maxfwd: twice",
    steps: [
      call("mf_process_maxfwd_header", "10"),
      call("is_maxfwd_lt", "70"),
      call("is_maxfwd_lt", "69"),
      call("mf_process_maxfwd_header", "10"),
      ...get("$hdr(Max-Forwards)"),
    ],
  },
  {
    name: "maxfwd: none",
    message: maxForwards(null),
    steps: [call("is_maxfwd_lt", "70"), call("mf_process_maxfwd_header", "10"), call("is_maxfwd_lt", "11")],
  },
  { name: "maxfwd: 0", message: maxForwards("0"), steps: [call("mf_process_maxfwd_header", "10")] },
  {
    name: "maxfwd: 1",
    message: maxForwards("1"),
    steps: [call("mf_process_maxfwd_header", "10"), call("process_maxfwd", "10")],
  },
  { name: "maxfwd: 10", message: maxForwards("10"), steps: [call("maxfwd_process", "10")] },
  { name: "maxfwd: text", message: maxForwards("abc"), steps: [call("mf_process_maxfwd_header", "10")] },
  { name: "maxfwd: 200", message: maxForwards("200"), steps: [call("mf_process_maxfwd_header", "10")] },
  {
    name: "maxfwd: 300",
    message: maxForwards("300"),
    steps: [call("mf_process_maxfwd_header", "10"), call("is_maxfwd_lt", "70")],
  },
];

const TEXTOPS: readonly Case[] = [
  {
    name: "textops: add headers",
    steps: [
      call("append_hf", "X-A: 1\r\n"),
      call("append_hf", "X-A: 2\r\n"),
      call("insert_hf", "X-I: 1\r\n"),
      call("insert_hf", "X-I: 2\r\n"),
      call("append_hf", "X-AS: 1\r\n", "Subject"),
      call("insert_hf", "X-IS: 1\r\n", "Subject"),
      call("append_hf", "X-AN: 1\r\n", "Nope"),
      call("append_hf", "X-AT: 1\r\n", "X-Two"),
      call("insert_hf", "X-IT: 1\r\n", "X-Two"),
      call("append_to_reply", "X-Reply: 1\r\n"),
    ],
  },
  {
    name: "textops: remove headers",
    steps: [
      call("remove_hf", "X-Two"),
      call("remove_hf", "Nope"),
      call("remove_hf_re", "^user-"),
      call("remove_hf_exp", "^S", "^Supp"),
      call("is_present_hf", "Subject"),
      call("is_present_hf", "s"),
      call("is_present_hf", "subject"),
      call("is_present_hf", "Nope"),
      call("is_present_hf_re", "^x-"),
      call("is_present_hf_re", "^zz"),
    ],
  },
  {
    name: "textops: remove one",
    steps: [
      call("remove_hf_idx", "X-Two", 1),
      call("remove_hf_idx", "X-Two", 5),
      call("remove_hf_match", "Subject", "eq", "nope"),
      call("remove_hf_match", "Subject", "in", "there"),
    ],
  },
  { name: "textops: remove one from the end", steps: [call("remove_hf_idx", "X-Two", -2)] },
  {
    name: "textops: questions",
    steps: [
      call("is_method", "INVITE"),
      call("is_method", "ACK|BYE"),
      call("is_method", "BYE|INVITE"),
      call("has_body"),
      call("has_body", "text/plain"),
      call("has_body", "application/sdp"),
      call("is_audio_on_hold"),
      call("search", "hello"),
      call("search", "HELLO"),
      call("search", "^INVITE"),
      call("search_body", "World"),
      call("search_body", "Subject"),
      call("cmp_str", "a", "a"),
      call("cmp_str", "a", "A"),
      call("cmp_istr", "a", "A"),
      call("starts_with", "abc", "ab"),
      call("starts_with", "abc", "bc"),
      call("starts_with", "abc", "abcd"),
      call("starts_with", "abc", ""),
      call("ends_with", "abc", "bc"),
      call("ends_with", "abc", "b"),
      call("ends_with", "abc", "zabc"),
      call("str_find", "abc", "a"),
      call("str_find", "abc", "z"),
      call("search", "^Subject"),
      call("search", "there.X-Two"),
      call("search_hf", "Subject", "THERE", "a"),
      call("search_hf", "Subject", "zz", "a"),
      call("search_str", "abc", "B"),
      call("is_method", "OPTIONS"),
      call("str_find", "abc", "b"),
      call("str_ifind", "abc", "B"),
      call("in_list", "b", "a,b,c", ","),
      call("in_list", "b", "a, b ,c", ","),
      call("in_list", "x", "a,b,c", ","),
      call("in_list_prefix", "abc", "x,ab", ","),
      call("in_list_prefix", "a", "x,ab", ","),
      call("is_privacy", "id"),
    ],
  },
  {
    name: "textops: SDP type assumed",
    message: COMMON.replace("Content-Type: text/plain\r\n", ""),
    steps: [call("has_body", "application/sdp"), call("has_body", "text/plain")],
  },
  {
    name: "textops: no body",
    message: COMMON.replace("Hello World!", "").replace("Content-Length: 12", "Content-Length: 0"),
    steps: [call("has_body"), ...get("$rb $bs $cl")],
  },
  {
    name: "textops: subst",
    steps: [call("subst", "/^Subject: (.*) there/Subject: [\\1] here/"), call("subst", "/nothing like it/x/")],
  },
  { name: "textops: subst all", steps: [call("subst", "/two/2/ig")] },
  {
    name: "textops: subst_uri",
    steps: [call("subst_uri", "/^sip:(b)ob@(.*)/sip:\\1@\\2;y=2/i"), ...get("$ru"), call("subst_uri", "/zzz/y/")],
  },
  { name: "textops: subst_user", steps: [call("subst_user", "/^b/r/"), ...get("$ru $rU")] },
  {
    name: "textops: subst_hf",
    steps: [call("subst_hf", "X-Two", "/o/0/", "a"), call("subst_hf", "Subject", "/zzz/0/", "a")],
  },
  { name: "textops: replace", steps: [call("replace", "hello", "goodbye"), call("replace", "zzz", "x")] },
  { name: "textops: replace_hdrs", steps: [call("replace_hdrs", "probe", "tester")] },
  { name: "textops: replace_all", steps: [call("replace_all", "office", "work")] },
  { name: "textops: replace_hdrs_str", steps: [call("replace_hdrs_str", "office", "work", "f")] },
];

const SIPUTILS: readonly Case[] = [
  {
    name: "siputils: no tag",
    steps: [
      call("has_totag"),
      call("is_request"),
      call("is_reply"),
      call("is_first_hop"),
      call("is_supported", "path"),
      call("is_user", "alice"),
      call("is_gruu"),
      call("options_reply"),
    ],
  },
  { name: "siputils: tag", message: IN_DIALOG, steps: [call("has_totag")] },
  {
    name: "siputils: Supported",
    message: withHeader("Supported: 100rel, path"),
    steps: [call("is_supported", "path"), call("is_supported", "100rel"), call("is_supported", "gruu")],
  },
  {
    name: "siputils: parameters",
    message: withUri("sip:bob@127.0.0.1:{UA};x=1;y"),
    steps: [
      call("uri_param", "x"),
      call("uri_param", "x", "1"),
      call("uri_param", "x", "2"),
      call("uri_param", "y"),
      call("uri_param", "z"),
      call("uri_param_any", "x"),
      call("uri_param_any", "z"),
      call("add_uri_param", "n=5"),
      ...get("$ru"),
      call("get_uri_param", "x", "$avp(p)"),
      ...get("$avp(p)"),
      call("get_uri_param", "q", "$avp(p)"),
      call("uri_param_rm", "x"),
      ...get("$ru"),
    ],
  },
  {
    name: "siputils: parameter before headers",
    message: withUri("sip:bob@127.0.0.1:{UA}?h=1"),
    steps: [call("add_uri_param", "n"), ...get("$ru")],
  },
  {
    name: "siputils: comparisons",
    steps: [
      call("cmp_uri", "sip:a@B.c", "sip:a@b.C"),
      call("cmp_uri", "sip:a@b;x=1", "sip:a@b;x=2"),
      call("cmp_uri", "sip:a@b:5060", "sip:a@b"),
      call("cmp_aor", "sip:a@b;x=1", "sip:a@b;x=2"),
      call("cmp_aor", "sip:a@b", "sip:c@b"),
      call("is_uri", "sip:a@b"),
      call("is_uri", "a@b"),
      call("is_tel_number", "+123"),
      call("is_tel_number", "12a"),
      call("is_numeric", "12"),
      call("is_numeric", "+12"),
      call("is_alphanum", "a1"),
      call("is_alphanum", "a-1"),
      call("is_alphanumex", "a-1", "-"),
      call("is_alphanumex", "a_1", "-"),
      call("is_numeric", ""),
      call("cmp_hdr_name", "s", "Subject"),
      call("cmp_hdr_name", "X-A", "x-a"),
      call("tel2sip", "tel:+1-2.3;Isub=A", "h.x", "$avp(t)"),
      ...get("$avp(t)"),
      call("tel2sip", "sip:a@b", "h.x", "$avp(t)"),
      ...get("$avp(t)"),
    ],
  },
];

const RR: readonly Case[] = [
  { name: "rr: record_route twice", steps: [call("record_route"), call("record_route")] },
  { name: "rr: parameters", steps: [call("record_route", ";a=b"), call("add_rr_param", ";nat=yes")] },
  { name: "rr: parameter first", steps: [call("add_rr_param", ";nat=yes"), call("record_route")] },
  { name: "rr: preset", steps: [call("record_route_preset", "1.2.3.4:5090;x=y")] },
  { name: "rr: preset pair", steps: [call("record_route_preset", "1.2.3.4:5090;r2=on", "2.3.4.5;r2=on")] },
  { name: "rr: advertised", steps: [call("record_route_advertised_address", "1.2.3.4:5090")] },
  { name: "rr: above others", message: withHeader("Record-Route: <sip:1.1.1.1;lr>"), steps: [call("record_route")] },
  { name: "rr: sips", message: withUri("sips:bob@127.0.0.1:{UA}"), steps: [call("record_route")] },
  routed("ours alone", "Route: <sip:127.0.0.1:{ME};lr;ftag=t1;nat=yes>"),
  routed("upstream", "Route: <sip:127.0.0.1:{ME};lr;ftag=t2>"),
  routed(
    "ours and next in one header",
    "Route: <sip:127.0.0.1:{ME};lr>, <sip:127.0.0.1:{UA};lr;q=1>\r\nRoute: <sip:9.9.9.9;lr>",
  ),
  routed("ours and next", "Route: <sip:127.0.0.1:{ME};lr>\r\nRoute: <sip:9.9.9.9;lr>"),
  routed("strict next", "Route: <sip:127.0.0.1:{ME};lr>,<sip:s@9.9.9.9:7777>"),
  routed("strict next and more", "Route: <sip:127.0.0.1:{ME};lr>,<sip:s@9.9.9.9:7777>\r\nRoute: <sip:8.8.8.8;lr>"),
  routed("not ours", "Route: <sip:9.9.9.9;lr>"),
  routed("not ours, strict", "Route: <sip:9.9.9.9>"),
  routed("pair", "Route: <sip:127.0.0.1:{ME};r2=on;lr;ftag=t1>\r\nRoute: <sip:127.0.0.1:{ME};r2=on;lr;ftag=t1>"),
  routed(
    "pair and next",
    "Route: <sip:127.0.0.1:{ME};r2=on;lr;ftag=t1>, <sip:127.0.0.1:{ME};r2=on;lr;ftag=t1>,<sip:9.9.9.9;lr>",
  ),
  routed("two of ours, no pair", "Route: <sip:127.0.0.1:{ME};lr>, <sip:127.0.0.1:{ME};lr>"),
  routed("from a strict router", "Route: <sip:bob@127.0.0.1:{UA}>", { uri: "sip:127.0.0.1:{ME};lr" }),
  routed("from a strict router, more", "Route: <sip:9.9.9.9;lr>,<sip:bob@127.0.0.1:{UA}>", {
    uri: "sip:127.0.0.1:{ME}",
  }),
  routed("from a strict router to a strict router", "Route: <sip:9.9.9.9>,<sip:bob@127.0.0.1:{UA}>", {
    uri: "sip:127.0.0.1:{ME}",
  }),
  { name: "loose_route: no Route", message: IN_DIALOG, steps: AFTER_ROUTE },
  routed("no dialog, ours", "Route: <sip:127.0.0.1:{ME};lr>", { inDialog: false }),
  routed("no dialog, ours and next", "Route: <sip:127.0.0.1:{ME};lr>,<sip:9.9.9.9;lr>", { inDialog: false }),
  routed("no dialog, not ours", "Route: <sip:9.9.9.9;lr>", { inDialog: false }),
  routed("outbound proxy", "Route: <sip:127.0.0.1:{ME};lr>", { inDialog: false, uri: "sip:bob@127.0.0.1:{ME}" }),
  routed("broken", "Route: <sip:127.0.0.1;lr"),
  routed("user in ours", "Route: <sip:user@127.0.0.1:{ME};lr>"),
  routed("our address, another port", "Route: <sip:127.0.0.1;lr>"),
  routed("preloaded", "Route: <sip:127.0.0.1:{ME};lr>,<sip:9.9.9.9;lr>", {
    inDialog: false,
    steps: [call("loose_route_preloaded"), ...get("$du")],
  }),
  routed("preloaded alone", "Route: <sip:127.0.0.1:{ME};lr>", {
    inDialog: false,
    steps: [call("loose_route_preloaded"), ...get("$du")],
  }),
  routed("preloaded in a dialog", "Route: <sip:127.0.0.1:{ME};lr>,<sip:9.9.9.9;lr>", {
    steps: [call("loose_route_preloaded"), ...get("$du")],
  }),
  routed("mode 1", "Route: <sip:9.9.9.9;lr>,<sip:bob@127.0.0.1:{UA}>", {
    uri: "sip:127.0.0.1:{ME}",
    steps: [call("loose_route_mode", "1"), ...get("$du $ru")],
  }),
];

const CORE: readonly Case[] = [
  uriCase(act("rewriteuser", "al")),
  uriCase(act("sethost", "h.x")),
  uriCase(act("sethostport", "h.x:99")),
  uriCase(act("rewriteport", "77")),
  uriCase(act("rewriteuserpass", "a:b")),
  uriCase(act("strip", 1)),
  uriCase(act("strip", 3)),
  uriCase(act("strip", 5)),
  uriCase(act("strip_tail", 1)),
  uriCase(act("prefix", "99")),
  uriCase(act("seturi", "sip:z@y")),
  uriCase(act("seturi", "sip:z@y"), act("revert_uri")),
  uriCase(act("rewritehostporttrans", "h.x:99;transport=tcp")),
  uriCase(set("$rU", "x")),
  uriCase(set("$rU", null)),
  uriCase(set("$rU", "")),
  uriCase(set("$rd", "x")),
  uriCase(set("$rd", null)),
  uriCase(set("$rp", "5")),
  uriCase(set("$rp", 6)),
  uriCase(set("$rp", null)),
  uriCase(set("$rp", "")),
  uriCase(set("$ru", "sip:k@l")),
  uriCase(set("$ru", null)),
  telCase(...get("$rU $rd $rz $rp $rP")),
  telCase(act("rewriteuser", "5")),
  telCase(act("sethost", "a.b")),
  telCase(act("strip", 1)),
  telCase(act("prefix", "0")),
  {
    name: "R-URI without user",
    message: withUri("sip:127.0.0.1:{UA}"),
    steps: [
      act("strip", 1),
      ...get("$rU"),
      act("prefix", "1"),
      ...get("$ru"),
      act("strip", 1),
      ...get("$ru"),
      act("rewriteuser", "z"),
      ...get("$ru $rU"),
    ],
  },
  {
    name: "flags",
    steps: [
      act("setflag", 3),
      act("setbflag", 2),
      ...get("$mf $mF $bf $bF $Mf(3) $Mf(4) $Bf(2) $Bf(1)"),
      set("$mf", 5),
      act("resetflag", 0),
      ...get("$mf"),
      set("$bf", 6),
      ...get("$bf $bF"),
      act("resetbflag", 2),
      ...get("$bf"),
    ],
  },
  {
    name: "branches",
    steps: [
      call("append_branch", "sip:b1@x", "0.5"),
      call("append_branch", "sip:b2@x"),
      call("append_branch"),
      ...get(
        "$br $bR $ds $branch(count) $branch(uri) $(branch(uri)[1]) $(branch(uri)[-1]) $branch(q) $(branch(q)[1]) $branch(flags) $branch(dst_uri)",
      ),
      set("$(branch(dst_uri)[1])", "sip:q"),
      ...get("$(branch(dst_uri)[1])"),
      set("$branch(uri)", null),
      ...get("$branch(count) $branch(uri)"),
      set("$br", "sip:n@n"),
      ...get("$branch(count) $br"),
      act("clear_branches"),
      ...get("$branch(count)"),
    ],
  },
];

const PV: readonly Case[] = [
  {
    name: "pv: R-URI and destination",
    steps: get(
      "$ru $rU $rd $rp $rP $rz $rUl $ruri $ruri.user $ruri.domain $ou $ouri $oU $od $op $oP $oUl $du $duri $dd $dp $dP $nh(u) $nh(U) $nh(d) $nh(p) $nh(P)",
    ),
  },
  {
    name: "pv: destination set",
    steps: [
      set("$du", "sip:u@1.2.3.4;transport=tcp"),
      ...get("$du $dd $dp $dP $nh(u) $nh(d)"),
      set("$du", null),
      ...get("$du"),
      set("$du", "bad"),
      ...get("$du $dd"),
      set("$du", ""),
      ...get("$du"),
    ],
  },
  {
    name: "pv: From and To",
    steps: get(
      "$fu $fU $fUl $fd $fn $ft $from $from.user $from.domain $tu $tU $tUl $td $tn $tt $to $to.user $to.domain",
    ),
  },
  {
    name: "pv: message",
    steps: get(
      "$rm $rmid $rv $rs $rsi $rr $mt $mts $ci $cs $csb $ct $cT $ua $cl $bs $rb $msg(body) $msg(fline) $true $null $version(num) $expires(min) $expires(max)",
    ),
  },
  {
    name: "pv: headers",
    steps: get(
      "$hdr(X-Two) $(hdr(X-Two)[0]) $(hdr(X-Two)[1]) $(hdr(X-Two)[-1]) $(hdr(X-Two)[-2]) $(hdr(X-Two)[2]) $(hdr(X-Two)[*]) $hdr(s) $hdr(Subject) $hdr(nope) $hdrc(X-Two) $hdrc(nope) $hfl(Contact) $hflc(Contact)",
    ),
  },
  {
    name: "pv: list of addresses",
    message: withHeader('Route: "A, b" <sip:a@x>, <sip:b@x;lr>\r\nRoute: <sip:c@x>'),
    steps: get("$hfl(Route) $(hfl(Route)[1]) $(hfl(Route)[2]) $(hfl(Route)[-1]) $hflc(Route) $hdrc(Route)"),
  },
  {
    name: "pv: lists",
    message: withHeader('Allow: INVITE, ACK ,BYE\r\nAllow: "a,b";c=d'),
    steps: get("$hfl(Allow) $(hfl(Allow)[1]) $(hfl(Allow)[2]) $(hfl(Allow)[-1]) $hflc(Allow) $hdrc(Allow)"),
  },
  {
    name: "pv: network",
    steps: get(
      "$si $siz $sp $sas $su $sut $src_ip $Ri $Rp $Ru $Rut $Ras $RAi $RAp $RAu $RAut $pr $proto $prid $af(name) $fs $K(UDP) $K(TCP) $K(IPv4) $K(INET) $via0(host) $via0(port) $via0(proto) $via0(protoid) $via0(branch) $via0(rport) $via0(received) $via1(host) $viaZ(host)",
    ),
  },
  {
    name: "pv: identity absent",
    steps: get("$au $ar $aa $aU $ad $adu $adn $adc $adr $ado $Au $AU $ai $pU $pu $pd $pn $di $dip $dir $dic $re $rt"),
  },
  {
    name: "pv: identity",
    message: withHeader(
      [
        'Proxy-Authorization: Digest username="al@dom.x", realm="r.x", nonce="n1", uri="sip:u.x", response="00", algorithm=MD5, cnonce="cn", opaque="op", qop=auth, nc=00000001',
        'P-Asserted-Identity: "P" <sip:+1@pai.x>',
        'P-Preferred-Identity: "Q q" <sip:ppi@ppi.x:7>',
        'Remote-Party-ID: "R" <sip:rpid@rpid.x>;party=calling',
        "Diversion: <sip:div@div.x>;reason=no-answer;counter=2;privacy=full",
        "Refer-To: <sip:ref@ref.x>",
      ].join("\r\n"),
    ),
    steps: get("$au $ar $aa $aU $ad $adu $adn $adc $adr $ado $Au $AU $ai $pU $pu $pd $pn $di $dip $dir $dic $re $rt"),
  },
  {
    name: "pv: From and To written",
    steps: [
      set("$fu", "sip:new@x"),
      set("$fn", 'New "N"'),
      set("$tU", "carol"),
      set("$td", "d.e"),
      set("$tn", "Carol"),
      ...get("$fu $fn"),
    ],
  },
  { name: "pv: parts written", steps: [set("$fU", "u2"), set("$fd", "d2"), set("$tu", "sip:t@t"), set("$fn", null)] },
  {
    name: "pv: user given",
    message: COMMON.replace(/From: .*/, "From: Bob <sip:h>;tag=1"),
    steps: [set("$fU", "a"), set("$fn", '"Q q"'), set("$tU", null), ...get("$fU $fn $fd")],
  },
  {
    name: "pv: AVPs",
    steps: [
      set("$avp(a)", "1"),
      set("$avp(a)", "2"),
      ...get("$avp(a) $(avp(a)[0]) $(avp(a)[1]) $(avp(a)[2]) $(avp(a)[-1]) $(avp(a)[*])"),
      set("$(avp(a)[1])", "x"),
      ...get("$(avp(a)[*])"),
      set("$avp(a)", null),
      ...get("$(avp(a)[*])"),
      set("$avp(a)", "3"),
      set("$(avp(a)[*])", "9"),
      ...get("$(avp(a)[*]) $avp(s:a) $avp(i:5)"),
      set("$avp(i:5)", "five"),
      ...get("$avp(i:5) $avp(5) $avp(s:5)"),
      set("$(avp(a)[*])", null),
      ...get("$avp(a)"),
      set("$avp(n)", 5),
      ...get("$avp(n) $shv(unset)"),
    ],
  },
];

const EXTRA: readonly Case[] = [
  {
    name: "kex: script flags",
    steps: [
      call("setsflag", 1),
      call("issflagset", 1),
      call("issflagset", 2),
      ...get("$sf $sF $Sf(1)"),
      call("resetsflag", 1),
      ...get("$sf"),
      set("$sf", 6),
      ...get("$sf"),
      call("isdsturiset"),
      call("setdsturi", "sip:a@b"),
      call("isdsturiset"),
      ...get("$du"),
      call("resetdsturi"),
      ...get("$du"),
    ],
  },
  { name: "kex: is_myself", steps: [call("is_myself", "sip:a@127.0.0.1:1"), call("is_myself", "sip:a@9.9.9.9")] },
  {
    name: "textopsx: changes applied",
    steps: [
      act("append_hf", "X-New: 1\r\n"),
      act("remove_hf", "Subject"),
      set("$ru", "sip:new@uri"),
      call("msg_apply_changes"),
      ...get("$hdr(X-New) $hdr(Subject) $ru $ou"),
      call("append_hf", "X-Later: 1\r\n"),
    ],
  },
  { name: "textopsx: keep_hf", steps: [call("keep_hf", "User-Agent")] },
];

const SL: readonly Case[] = [
  {
    name: "sl: R-URI and branch in a redirect",
    steps: [call("append_branch", "sip:b1@x", "0.5"), set("$ru", "sip:new@r")],
    final: ["302", "Moved"],
  },
  {
    name: "sl: branches in a redirect",
    steps: [call("append_branch", "sip:b1@x"), call("append_branch", "sip:b2@x")],
    final: ["300", ""],
  },
  { name: "sl: empty redirect", steps: [], final: ["302", "Moved"] },
  {
    name: "sl: codes",
    steps: [call("sl_reply_error"), call("sl_send_reply", "100", "Trying"), call("send_reply", "183", "Progress")],
  },
];

/** All cases, in the order of the answers. */
export const cases: readonly Case[] = [...MAXFWD, ...TEXTOPS, ...SIPUTILS, ...RR, ...CORE, ...PV, ...EXTRA, ...SL];
