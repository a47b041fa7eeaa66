// Cases of variables: what each class reads in a plain request, in one that has everything, and in odd ones; indexes and absent values.

import { type LanguageCase, shows, value } from "./language-bed.ts";

const AUTH =
  'Digest username="al@realm.example", realm="r.example", nonce="abc", uri="sip:r.example", response="0123456789abcdef0123456789abcdef", algorithm=MD5, qop=auth, nc=00000001, cnonce="cc", opaque="oo"';

/** A request that has everything. */
const RICH: Partial<LanguageCase> = {
  line: "INVITE sip:+49;ext=5:pw@Example.COM:5070;transport=TCP;lr?h=1",
  headers: [
    "From: Bob <sips:b.o-b:secret@[2001:db8::1]:6000;user=phone>;tag=f-1;x=y",
    'To: "Quoted, \\"Name\\"" <sip:carol@carol.example>;tag=to1',
    'P-Asserted-Identity: "PAI" <sip:pai@p.example>, <tel:+1>',
    'P-Preferred-Identity: "PPI N" <sip:ppi@q.example:5070>',
    "Remote-Party-ID: <sip:rpid@r.example>;party=calling",
    "Diversion: <sip:div@d.example>;privacy=full;reason=user-busy;counter=3",
    "Diversion: <sip:div2@d.example>;reason=unknown",
    `Proxy-Authorization: ${AUTH}`,
    "Contact: <sip:one@10.0.0.1>;expires=30, <sip:two@10.0.0.2>",
    "Contact: <sip:three@10.0.0.3>;expires=900",
    "Expires: 120",
    "Refer-To: <sip:ref@x.example?Replaces=1>",
    "Record-Route: <sip:rr1.example;lr>, <sip:rr2.example;lr>",
    "Route: <sip:127.0.0.1:{ME};lr>, <sip:next.example;lr>",
    "Route: <sip:last.example>",
    "X-Two: a",
    "x-two: b, c",
    "X-Empty:",
    "c: application/sdp",
    "CSeq: 00012   INVITE",
    "Accept: text/plain",
  ],
  body: "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\n",
};

const PLAIN: Partial<LanguageCase> = {};

/** Odd R-URIs, by a word. */
const LINES: Readonly<Record<string, string>> = {
  tel: "OPTIONS tel:+4930123;phone-context=x.example",
  sips: "OPTIONS sips:u:p@host.example;transport=tcp",
  "sips alone": "OPTIONS sips:host.example",
  "sip over TLS": "OPTIONS sip:host.example;transport=tls",
  "port 0": "OPTIONS sip:host.example:0",
  "user=phone": "OPTIONS sip:+49;ext=1@host.example;user=phone",
  "no user": "OPTIONS sip:host.example",
  port: "OPTIONS sip:u@host.example:5099",
  ip6: "OPTIONS sip:u@[2001:DB8::5]:5062;transport=udp",
  urn: "OPTIONS urn:service:sos",
  broken: "OPTIONS http://x.example/",
};

const SCALARS =
  "rm rmid rv rs rsi rr mt mts rb bs cl ci cs csb ct cT ua rt ru rU rUl rd rp rP rz ou oU oUl od op oP du dd dp dP fu fU fUl fd fn ft tu tU tUl td tn tt fti tti route_uri ai pu pU pd pn re di dip dir dic au ad aU ar aa adu adn adc adr ado Au AU si siz sp sas su sut Ri Rp Ru Rut Ras RAi RAp RAu RAut Rn pr proto prid fs fsn br bR bf bF mf mF sf sF ds sid ruid rc retcode T_branch_idx T_reply_code T_reply_ruid T_reply_reason";

/** Those whose value depends on the ports of the run: adding 1 would tell nothing. */
const PORTS: ReadonlySet<string> = new Set(["$sp", "$Rp", "$RAp", "$via0(port)"]);

function one(text: string, label: string, more: Partial<LanguageCase>): LanguageCase {
  const name = `${text}: ${label}`;
  return PORTS.has(text) ? shows(name, [`[${text}]`], more) : value(name, text, more);
}

function each(names: string, label: string, more: Partial<LanguageCase>): LanguageCase[] {
  return names.split(" ").map((name) => one(`$${name}`, label, more));
}

function inners(words: string): string[] {
  return words.split(" ");
}

const CLASSES: readonly string[] = [
  ...inners("u U d p P").map((k) => `$nh(${k})`),
  ...inners("fline body body_len").map((k) => `$msg(${k})`),
  ...inners("host port proto protoid branch rport received i").flatMap((k) => [
    `$via0(${k})`,
    `$via1(${k})`,
    `$viaZ(${k})`,
  ]),
  ...inners("min max").map((k) => `$expires(${k})`),
  ...inners("X-Two Via Route Contact f From x-none X-Empty m * Diversion").flatMap((k) => [
    `$hdr(${k})`,
    `$hdrc(${k})`,
    `$hfl(${k})`,
    `$hflc(${k})`,
  ]),
  ...inners("uri dst_uri path q flags send_socket count ruid location_ua instance otcpid").map((k) => `$branch(${k})`),
  ...inners("uri dst_uri path q flags send_socket count ruid location_ua instance otcpid").map((k) => `$sbranch(${k})`),
  ...inners("IPv4 IPv6 UDP TCP TLS SCTP WS WSS").map((k) => `$K(${k})`),
  ...inners("id_index id_label reply_code reply_reason branch_index ruid reply_type").map((k) => `$T(${k})`),
  ...inners("flags uri").map((k) => `$T_branch(${k})`),
  ...inners("ip af port proto sproto buf len").flatMap((k) => [`$snd(${k})`, `$sndfrom(${k})`, `$sndto(${k})`]),
  ...inners("duri dhost dport dproto dprotoid cntvia").map((k) => `$rpl(${k})`),
  "$T_req($si)",
  "$T_rpl($si)",
  "$T_inv($si)",
  "$var(never)",
  "$vz(never)",
  "$vn(never)",
  "$shv(never)",
  "$avp(never)",
  "$avp(i:5)",
  "$xavp(never)",
  "$xavp(never=>x)",
  "$xavu(never)",
  "$xavu(never=>x)",
  "$xavi(never)",
  "$xavi(never=>x)",
  "$def(NEVER)",
  "$defn(NEVER)",
  "$env(NEVER_SET_X)",
  "$stat(never)",
  "$_s(a$rU-b)",
  "$_s($rU)",
  "$cnt($avp(never))",
  "$cnt($xavp(never))",
  "$Mf(3)",
  "$sel(ruri)",
  "$sel(from.tag)",
  "$sel(to.tag)",
  "$rdir(id)",
  "$rdir(name)",
  "$sndto(never)",
  "$nh(never)",
  "$ltt(t)",
];

function classes(label: string, more: Partial<LanguageCase>): LanguageCase[] {
  return CLASSES.map((text) => one(text, label, more));
}

const INDEXED: readonly LanguageCase[] = ["X-Two", "Via", "Contact", "Route", "Record-Route", "X-None", "*"].flatMap(
  (name) =>
    ["hdr", "hfl"].flatMap((kind) => [
      shows(
        `$${kind}(${name}) by index`,
        (name === "*" ? ["0", "1", "2", "-1"] : ["0", "1", "2", "3", "-1", "-2", "-3", "-4"]).map(
          (i) => `${i}: [$(${kind}(${name})[${i}])]`,
        ),
        RICH,
      ),
      ...(name === "*" ? [] : [shows(`$${kind}(${name}) by index, all`, [`[$(${kind}(${name})[*])]`], RICH)]),
    ]),
);

export const cases: readonly LanguageCase[] = [
  ...each(SCALARS, "plain", PLAIN),
  ...each(SCALARS, "rich", RICH),
  ...classes("plain", PLAIN),
  ...classes("rich", RICH),
  ...INDEXED,
  ...Object.entries(LINES).map(([word, line]) =>
    shows(
      `R-URI: ${word}`,
      "ru rU rUl rd rp rP rz ou oU oUl od op oP nh(u) nh(U) nh(d) nh(p) nh(P)".split(" ").map((n) => `${n} [$${n}]`),
      { line },
    ),
  ),
  ...Object.values(LINES).map((line) =>
    shows(
      `$du: ${line.slice(8)}`,
      "du dd dp dP nh(u) nh(U) nh(d) nh(p) nh(P)".split(" ").map((n) => `${n} [$${n}]`),
      { run: `$du = "${line.slice(8)}";` },
    ),
  ),
];
