// Cases of module siputils: contacts packed and unpacked, Remote-Party-ID, P-Charging-Vector, and questions.

import { type LanguageCase, shows } from "./language-bed.ts";
import { after } from "./toolbox-case.ts";

const FIXED = ["Contact: <sip:al@127.0.0.9>;expires=60"];
const CONTACTS: readonly (readonly [string, string[]])[] = [
  ["usual", FIXED],
  ["with password and transport", ['Contact: "A" <sip:u:pw@10.0.0.1:5070;transport=tcp;x=1>;expires=5']],
  ["no user", ["Contact: <sip:10.0.0.1>"]],
  ["bare", ["Contact: sip:u@10.0.0.1;q=1"]],
  ["two", ["Contact: <sip:a@10.0.0.1>, <sip:b@10.0.0.2:5061;transport=udp>"]],
  ["two lines", ["Contact: <sip:a@10.0.0.1>", "Contact: <sip:b@10.0.0.2>"]],
  ["star", ["Contact: *"]],
  ["sips", ["Contact: <sips:a@10.0.0.1:5061>"]],
];
const PACKED = ["Contact: <sip:pre*u*pw*10.0.0.1*5070*tcp@me.example>"];

function changes(call: string, name: string, headers: readonly string[] = []): LanguageCase {
  return after(`${call}: ${name}`, `${call}; SAY("$rc");`, { headers });
}

const contacts: readonly LanguageCase[] = [
  ...CONTACTS.flatMap(([name, headers]) => [
    changes('encode_contact("pre", "me.example")', name, headers),
    changes('contact_param_encode("ksu", "sip:1.2.3.4:5060;transport=tcp")', name, headers),
    changes('contact_param_rm("x")', name, headers),
    changes("decode_contact_header()", name, headers),
    changes('contact_param_decode("ksu")', name, headers),
  ]),
  ...[
    "<sip:pre*u*pw*10.0.0.1*5070*tcp@me.example>",
    "<sip:pre*u**10.0.0.1**@me.example>",
    "sip:pre*u*pw*10.0.0.1*5070*tcp@me.example;expires=5",
    "<sip:pre*u*pw@me.example>",
    "<sip:pre*u*pw*h*5070*tcp*more@me.example>",
  ].map((c) => changes("decode_contact_header()", c, [`Contact: ${c}`])),
  ...[
    "sip:pre*u*pw*10.0.0.1*5070*tcp@me.example",
    "sip:pre*u**10.0.0.1**@me.example",
    "sip:pre***10.0.0.1**@me.example",
    "sip:bob@me.example",
    "sip:pre*u*pw*h*5070@me.example",
    "sip:pre*u*pw*10.0.0.1*5070*tcp@me.example;x=1",
  ].map((uri) =>
    shows(`decode_contact: ${uri}`, ["$ru"], { line: `OPTIONS ${uri}`, run: 'decode_contact(); SAY("$rc");' }),
  ),
  ...[
    "sip:1.2.3.4;ksu=c2lwOmFAYg--",
    "sip:1.2.3.4;ksu=c2lwOmFAYg",
    "sip:1.2.3.4;ksu=c2lwOmFAYg==",
    "sip:1.2.3.4;ksu=!!!",
    "sip:1.2.3.4;ksu",
    "sip:1.2.3.4",
    "sip:u@1.2.3.4;lr;ksu=c2lwOmFAYjp4;x=1",
  ].flatMap((uri) => [
    shows(`contact_param_decode_ruri: ${uri}`, ["$ru"], {
      line: `OPTIONS ${uri}`,
      run: 'contact_param_decode_ruri("ksu"); SAY("$rc");',
    }),
    changes('contact_param_decode("ksu")', uri, [`Contact: <${uri}>;expires=7`]),
    changes('contact_param_rm("ksu")', uri, [`Contact: <${uri}>;expires=7`]),
  ]),
  after(
    "contact_param_encode and decode",
    'contact_param_encode("k", "sip:1.2.3.4"); msg_apply_changes(); SAY("$ct"); contact_param_decode("k"); SAY("$rc");',
    { headers: CONTACTS[1]![1] },
  ),
  after(
    "encode_contact and decode_contact_header",
    'encode_contact("p", "h.example"); msg_apply_changes(); SAY("$ct"); decode_contact_header(); SAY("$rc");',
    { headers: CONTACTS[1]![1] },
  ),
  changes('contact_param_encode("ksu", "no uri")', "broken address", FIXED),
  changes('encode_contact("pre", "me.example")', "packed already", PACKED),
];

const identity: readonly LanguageCase[] = [
  after("append_rpid_hf", '$avp(s:rpid) = "sip:+4930@h"; append_rpid_hf(); SAY("$rc");'),
  after("append_rpid_hf: nothing known", '$avp(s:rpid) = $null; append_rpid_hf(); SAY("$rc");'),
  after("append_rpid_hf: empty", '$avp(s:rpid) = ""; append_rpid_hf(); SAY("$rc");'),
  after("append_rpid_hf: with texts", '$avp(s:rpid) = "sip:+4930@h"; append_rpid_hf("a <", ">;b"); SAY("$rc");'),
  ...[
    "sip:+4930123@h",
    "<sip:+4930123@h>",
    '"A" <sip:+4930123@h>;x=1',
    "sip:4930@h",
    "sip:+49a@h",
    "tel:+4930",
    "+4930",
    "",
    "sip:+01@h",
  ].map((rpid) =>
    shows(`is_rpid_user_e164: ${rpid}`, [], {
      run: `$avp(s:rpid) = "${rpid.replaceAll('"', '\\"')}"; is_rpid_user_e164(); SAY("$rc");`,
    }),
  ),
];

const PCV = "P-Charging-Vector: icid-value=abc123;icid-generated-at=192.0.2.9;orig-ioi=home1.net;term-ioi=home2.net";
const PCVS: readonly (readonly [string, string[]])[] = [
  ["none", []],
  ["whole", [PCV]],
  ["quoted", ['P-Charging-Vector: icid-value="abc 1";orig-ioi="h1"']],
  ["spaces", ["P-Charging-Vector:  icid-value = x ; term-ioi = y"]],
  ["broken", ["P-Charging-Vector: foo"]],
  ["case", ["p-charging-vector: ICID-Value=Q;ICID-Generated-At=h"]],
];
// With any other header Kamailio 5.6.3 reads left-over memory when it generates one.
const charging: readonly LanguageCase[] = PCVS.flatMap(([name, headers]) => [
  shows(`$pcv: ${name}`, ["$pcv(value)|$pcv(genaddr)|$pcv(orig)|$pcv(term)|$pcv(all)"], { headers }),
  after(`sip_p_charging_vector r: ${name}`, 'sip_p_charging_vector("r"); SAY("$rc");', { headers }),
  ...(name !== "none" && name !== "whole" ? [] : generated(name, headers)),
]);

function generated(name: string, headers: readonly string[]): LanguageCase[] {
  const shown = "$(hdr(P-Charging-Vector){re.subst,/[0-9a-fA-F]{20,}/ID/})";
  return [
    shows(`sip_p_charging_vector g: ${name}`, [shown], {
      headers,
      run: 'sip_p_charging_vector("g"); SAY("$rc $pcv(genaddr) $pcv(orig) $(pcv(value){s.len})"); msg_apply_changes();',
    }),
    shows(`sip_p_charging_vector f: ${name}`, [`${shown}|$(hdr(P-Charging-Vector)[1])`], {
      headers,
      run: 'sip_p_charging_vector("f"); SAY("$rc"); msg_apply_changes();',
    }),
  ];
}

const URIS = ["sip:a:b@h:1;x=1", "sip:h", "sips:a@h", "tel:+49", "nonsense", "", "sip:a@[::1]:5060"];
const questions: readonly LanguageCase[] = [
  ...URIS.flatMap((uri) => [
    shows(`set_uri_user: ${uri}`, ["$var(u)"], {
      run: `$var(u) = "${uri}"; $var(n) = "new"; set_uri_user("$var(u)", "$var(n)"); SAY("$rc");`,
    }),
    shows(`set_uri_user to nothing: ${uri}`, ["$var(u)"], {
      run: `$var(u) = "${uri}"; $var(n) = ""; set_uri_user("$var(u)", "$var(n)"); SAY("$rc");`,
    }),
    shows(`set_uri_host: ${uri}`, ["$var(u)"], {
      run: `$var(u) = "${uri}"; $var(n) = "new"; set_uri_host("$var(u)", "$var(n)"); SAY("$rc");`,
    }),
    shows(`set_uri_host to nothing: ${uri}`, ["$var(u)"], {
      run: `$var(u) = "${uri}"; $var(n) = ""; set_uri_host("$var(u)", "$var(n)"); SAY("$rc");`,
    }),
    shows(`is_uri, is_uri_user_e164: ${uri}`, [], {
      run: `$var(u) = "${uri}"; is_uri("$var(u)"); SAY("$rc"); is_uri_user_e164("$var(u)"); SAY("$rc");`,
    }),
  ]),
  ...["123", "+123", "+49", "+4", "+049", "0123", "0", "+0", "12a", "", "+", "1 2", "abcXYZ09", "a.b-c"].map((t) =>
    shows(`numbers: ${t}`, [], {
      run: `$var(u) = "${t}"; is_numeric("$var(u)"); SAY("$rc"); is_alphanum("$var(u)"); SAY("$rc"); is_alphanumex("$var(u)", ".-"); SAY("$rc"); is_tel_number("$var(u)"); SAY("$rc"); is_e164("$var(u)"); SAY("$rc");`,
    }),
  ),
  ...[
    ["sip:a@b", "sip:A@b"],
    ["sip:a@b", "sip:a@B"],
    ["sip:a@b;x=1", "sip:a@b"],
    ["sip:a@b:5060", "sip:a@b"],
    ["sip:a@b;user=phone", "sip:a@b"],
    ["x", "y"],
  ].map(([a, b]) =>
    shows(`compare ${a} ${b}`, [], {
      run: `cmp_uri("${a}", "${b}"); SAY("$rc"); cmp_aor("${a}", "${b}"); SAY("$rc"); cmp_hdr_name("${a}", "${b}"); SAY("$rc");`,
    }),
  ),
  shows("cmp_hdr_name: names", [], {
    run: 'cmp_hdr_name("f", "From"); SAY("$rc"); cmp_hdr_name("X-a", "x-A"); SAY("$rc"); cmp_hdr_name("v", "Contact"); SAY("$rc");',
  }),
  ...["tel:+(34)-999-888-777", "tel:+12-(34)-56-78;Ext=200;ISUB=+123-456", "sip:a@b", "x"].map((t) =>
    shows(`tel2sip: ${t}`, ["$var(r)"], { run: `$var(r) = "old"; tel2sip("${t}", "foo.com", "$var(r)"); SAY("$rc");` }),
  ),
  ...["sip:b@h;gr", "sip:b@h;gr=urn:x", "sip:b@h"].map((u) =>
    shows(`is_gruu: ${u}`, [], { line: `OPTIONS ${u}`, run: `is_gruu(); SAY("$rc"); is_gruu("${u}"); SAY("$rc");` }),
  ),
  ...["path", "100rel", "timer", "gruu", "outbound"].map((o) =>
    shows(`is_supported: ${o}`, [], {
      headers: ["Supported: path, 100rel", "Supported: timer"],
      run: `is_supported("${o}"); SAY("$rc");`,
    }),
  ),
  ...["x", "y", "z", "X"].map((p) =>
    shows(`URI parameter ${p}`, ["$ru", "$var(v)"], {
      line: "OPTIONS sip:bob@127.0.0.1:{ME};x=1;y",
      run: `$var(v) = ""; uri_param("${p}"); SAY("$rc"); uri_param("${p}", "1"); SAY("$rc"); uri_param_any("${p}"); SAY("$rc"); get_uri_param("${p}", "$var(v)"); SAY("$rc"); uri_param_rm("${p}"); SAY("$rc"); add_uri_param("${p}=2"); SAY("$rc");`,
    }),
  ),
  shows("small questions", [], {
    run: 'is_request(); SAY("$rc"); is_reply(); SAY("$rc"); has_totag(); SAY("$rc"); is_first_hop(); SAY("$rc"); is_user("x"); SAY("$rc"); hdr_date_check("10"); SAY("$rc");',
  }),
];

/** All of them. */
export const cases: readonly LanguageCase[] = [...contacts, ...identity, ...charging, ...questions];
