// Cases of functions that the other groups leave out, and of older spellings: each with what it takes, refuses and changes.

import { type LanguageCase, type Setup, shows } from "./language-bed.ts";
import { after } from "./toolbox-case.ts";

export const setup: Setup = { head: 'alias="office.example"' };

const TEXT = { headers: ["Content-Type: text/plain"], body: "one two one\r\nthree one\r\n" };

const changed = (call: string, more: Partial<LanguageCase> = {}): LanguageCase =>
  after(call, `${call}; SAY("$rc");`, { ...TEXT, ...more });
const says = (call: string, more: Partial<LanguageCase> = {}): LanguageCase =>
  shows(call, [], { run: `${call}; SAY("$rc");`, ...more });

const replacing = ["replace_body", "replace_body_all", "replace_body_atonce"]
  .flatMap((name) => [
    changed(`${name}("one", "1")`),
    changed(`${name}("o(n)e", "")`),
    changed(`${name}("none", "1")`),
    changed(`${name}("^one", "1")`),
    changed(`${name}("one$", "1")`),
    changed(`${name}("one", "1")`, { headers: [], body: "" }),
  ])
  .map((c, i) => (i % 6 === 5 ? { ...c, name: `${c.name} without a body` } : c));

const text: readonly LanguageCase[] = [
  ...replacing,
  changed('replace_str("one", "1", "f")'),
  changed('replace_str("one", "1", "a")'),
  changed('replace_str("Subject", "s", "a")'),
  changed('replace_str("nowhere", "1", "a")'),
  changed('replace_str("OPTIONS", "X", "f")'),
  changed('replace_hdrs_str("nowhere", "1", "a")'),
  changed('replace_body_str("nowhere", "1", "a")'),
  changed('search_append("two", " and a half")'),
  changed('search_append("nowhere", "x")'),
  changed('subst_body("/one/1/")'),
  changed('subst_body("/one/1/g")'),
  changed('subst_body("/nowhere/1/")'),
  changed('subst_body("/(o.e) two/\\\\1 $var(x)\\\\1/")'),
  ...[
    ["abc", "cba"],
    ["abc", "ab"],
    ["", "ab"],
    ["abc", "xyz"],
    ["a", ""],
  ].flatMap(([a, b]) => [says(`str_all_in("${a}", "${b}")`), says(`str_any_in("${a}", "${b}")`)]),
  ...['"o(n)(e)", "2", "3"', '"o(n)(e)", "0", "3"', '"o(n)e", "1", "2"', '"x", "0", "1"', '"o(n)e", "5", "2"'].map(
    (args) =>
      shows(`regex_substring("one two", ${args})`, ["$var(r)"], {
        run: `$var(r) = "before"; regex_substring("one two", ${args}, "$var(r)"); SAY("$rc");`,
      }),
  ),
  after("append_time_to_request()", 'append_time_to_request(); SAY("$rc"); msg_apply_changes(); remove_hf("Date");'),
  says("append_time()"),
  changed('remove_hf_re_pv("^X-")'),
  changed('remove_hf_re_pv("$var(none)Sub.*")'),
  changed('remove_hf_exp_pv("^(X|S)", "^X-C")'),
  changed('remove_hf_exp_pv("^Nothing", "")'),
  changed('remove_hf_pv("Subject")'),
  says('is_present_hf_pv("Subject")'),
  says('is_present_hf_pv("Nothing")'),
];

const questions: readonly LanguageCase[] = [
  says("is_sip()"),
  says("is_http()"),
  says("sip_parse_headers()"),
  says('is_myhost("sip:x@office.example:9")'),
  says('is_myhost("sip:x@other.example")'),
  says('is_myself("sip:office.example:5999")'),
  ...["<sip:u@h;k=v>", "<sip:u@h>;k=v", "<sip:u@h;x;k>", "sip:u@h;k=v", "<sip:u@h;kk=v>", "*"].flatMap((contact) => [
    says('contact_param_check("k")', { name: `contact_param_check: ${contact}`, headers: [`Contact: ${contact}`] }),
  ]),
  ...["sip:1.2.3.4;ksu=c2lwOmFAYg--", "sip:1.2.3.4;ksu=!!", "sip:1.2.3.4"].map((uri) =>
    shows(`contact_param_decode_uri: ${uri}`, ["$ru"], {
      line: `OPTIONS ${uri}`,
      run: 'contact_param_decode_uri("ksu"); SAY("$rc");',
    }),
  ),
  changed('contact_param_encode_alias("ksu", "sip:1.2.3.4")', { headers: ["Contact: <sip:al@127.0.0.9>"] }),
  ...["t_is_branch_route", "t_is_reply_route", "t_is_request_route", "t_precheck_trans"].map((f) => says(`${f}()`)),
  ...["t_flush_flags", "t_flush_xflags", "t_reset_retr", "t_reset_max_lifetime", "t_drop"].map((f) => says(`${f}()`)),
  says('t_set_retr("100", "200")'),
  says("t_set_retr(0, 0)"),
  says('t_cancel_callid("none", "1", "2")'),
];

// Older names of what sets parts of the R-URI, and of module maxfwd.
const URI_SETTERS: readonly (readonly [string, string])[] = [
  ["rewritehost", "h.example"],
  ["sethost", "h.example"],
  ["seth", "h.example"],
  ["rewritehostport", "h.example:7"],
  ["sethostport", "h.example:7"],
  ["sethp", "h.example:7"],
  ["rewritehostporttrans", "h.example:7;transport=tcp"],
  ["sethostporttrans", "h.example:7;transport=tcp"],
  ["sethpt", "h.example:7;transport=tcp"],
  ["rewriteport", "9"],
  ["setport", "9"],
  ["setp", "9"],
  ["rewriteuser", "carl"],
  ["setuser", "carl"],
  ["setu", "carl"],
  ["rewriteuserpass", "carl:pw"],
  ["setuserpass", "carl:pw"],
  ["setup", "carl:pw"],
  ["rewriteuri", "sip:new@far.example"],
  ["seturi", "sip:new@far.example"],
];

const older: readonly LanguageCase[] = [
  ...URI_SETTERS.flatMap(([name, value]) => [
    shows(`${name}("${value}")`, ["$ru"], {
      line: "OPTIONS sip:u@h:5;transport=udp",
      run: `${name}("${value}");`,
    }),
    shows(`${name}("${value}") and revert_uri`, ["$ru"], {
      line: "OPTIONS sip:u@h:5;transport=udp",
      run: `${name}("${value}"); revert_uri();`,
    }),
  ]),
  ...["h:7", "h", "h;transport=tcp", "h:7;transport=tcp;z=1", "h;lr", "h:7;lr;transport=tls"].flatMap((value) => [
    shows(`sethostporttrans ${value}`, ["$ru"], {
      line: "OPTIONS sip:u@h:5;x=1;transport=udp;y=2",
      run: `sethostporttrans("${value}");`,
    }),
    shows(`sethostporttrans ${value}, no transport`, ["$ru"], {
      line: "OPTIONS sip:u@h:5;x=1?a=b",
      run: `sethostporttrans("${value}");`,
    }),
  ]),
  says('mf_lowlimit("71")'),
  says('mf_lowlimit("70")'),
  says('maxfwd_at_least("5")'),
  says('is_maxfwd_lt("70")'),
  shows("km_append_branch", ["$branch(count) $(branch(uri)[0])"], { run: 'km_append_branch("sip:b@x"); SAY("$rc");' }),
  says("add_tcp_alias()"),
  says("force_tcp_alias(5)"),
  says("udp_mtu_try_proto(TCP)"),
];

const xavps: readonly LanguageCase[] = [
  ...["a=1;b=2", 'a="x y";b', "", "no text", ";;"].map((params) =>
    shows(`xavp_xparams_explode ${params}`, ["$xavp(x=>a) $xavp(x=>b)"], {
      run: `$var(p) = '${params.replaceAll(";", "&")}'; xavp_xparams_explode("$var(p)", "&", "x"); SAY("$rc");`,
    }),
  ),
  shows("xavp_params_implode_qval", ["$var(t)"], {
    run: '$xavp(x=>a) = 1; $xavp(x[0]=>b) = "two"; xavp_params_implode_qval("x", "$var(t)"); SAY("$rc");',
  }),
  shows("xavp_params_implode_qval: none", ["$var(t)"], {
    run: '$var(t) = "t"; xavp_params_implode_qval("none", "$var(t)"); SAY("$rc");',
  }),
  shows("xavp_lshift", ["$xavp(x=>a)"], {
    run: '$xavp(x=>a) = 1; $xavp(x=>a) = 2; $xavp(x=>a) = 3; xavp_lshift("x", "1"); SAY("$rc");',
  }),
  shows("xavp_rm_all", ["$xavp(x=>a)"], { run: '$xavp(x=>a) = 1; $xavp(x=>a) = 2; xavp_rm_all("x"); SAY("$rc");' }),
  shows("xavi_rm_all", ["$xavi(x=>a)"], { run: '$xavi(x=>a) = 1; $xavi(x=>a) = 2; xavi_rm_all("X"); SAY("$rc");' }),
  shows("xavp_push_dst", ["$branch(count) $(branch(uri)[0]) $(branch(dst_uri)[0]) $(branch(q)[0])"], {
    run: '$xavp(d=>uri) = "sip:d@x"; $xavp(d[0]=>dst_uri) = "sip:1.2.3.4"; $xavp(d[0]=>q) = 500; xavp_push_dst("d"); SAY("$rc");',
  }),
];

const times: readonly LanguageCase[] = [
  shows("variables of time", ["$var(a) $var(b) $var(c) $var(d) $var(e)"], {
    run: `$var(a) = $TS - $Ts; $var(b) = $(Tf{s.len}) >= 19; $var(c) = $Tb != $null; $var(d) = $(timef(%Y){s.len});
      $var(e) = $(utimef(%Y-%m){s.len}) + $utime(sec) >= 0;`,
  }),
];

export const cases: readonly LanguageCase[] = [...text, ...questions, ...older, ...xavps, ...times];
