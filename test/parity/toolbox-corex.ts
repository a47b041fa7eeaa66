// Cases of module corex. A message that is sent to the server itself comes back as its own case and says what it has become.

import { type LanguageCase, type Setup, shows } from "./language-bed.ts";

export const setup: Setup = {
  head: [
    'loadmodule "corex.so"',
    'modparam("corex", "alias_subdomains", "sub.example")',
    'modparam("corex", "alias_subdomains", "udp:sub2.example:5070")',
    'modparam("corex", "dns_cache", "type=A;name=cached.example;addr=127.0.0.1;ttl=3600;flags=2")',
    "server_id=7",
    'xavp_via_params="vp"',
    'alias="office.example"',
    '#!substdef "!WHERE!{DIR}!g"',
  ].join("\n"),
  files: { "read.txt": "first line\nsecond\n", "empty.txt": "" },
};

/** Changes a request, forwards it to this server and shows the Via that has been added. */
function via(name: string, run: string): LanguageCase {
  return shows(`via: ${name}`, [], {
    run: `if ($sp == $Rp) { SAY("$(hdr(Via)[0]{re.subst,/branch=[^;]*/B/})"); exit; } ${run} $du = "sip:127.0.0.1:" + $Rp; forward(); exit;`,
  });
}

const vias: readonly LanguageCase[] = [
  via("as it is", ""),
  via("server id", 'via_add_srvid("1"); SAY("$rc");'),
  via("server id, and not", 'via_add_srvid("1"); via_add_srvid("0"); SAY("$rc");'),
  via(
    "parameters",
    '$xavp(vp=>p) = "1"; $xavp(vp[0]=>q) = "xy"; $xavp(vp[0]=>n) = 5; via_add_xavp_params("1"); SAY("$rc");',
  ),
  via("parameters not wanted", '$xavp(vp=>p) = "1";'),
  via("parameters, but none", 'via_add_xavp_params("1"); SAY("$rc");'),
  via("parameters without values", '$xavp(vp=>p) = ""; $xavp(vp[0]=>c) = "2"; via_add_xavp_params("1");'),
  via("parameters, two entries", '$xavp(vp=>p) = "1"; $xavp(vp=>c) = "2"; via_add_xavp_params("1");'),
  via("parameters set behind the call", 'via_add_xavp_params("1"); $xavp(vp=>p) = "1";'),
  via("parameters and rport", '$xavp(vp=>p) = "1"; add_local_rport(); via_add_srvid("1"); via_add_xavp_params("1");'),
];

const SELF = "sip:127.0.0.1:$Rp";
const DATA =
  "OPTIONS sip:data@x SIP/2.0\\r\\nVia: SIP/2.0/UDP 127.0.0.1:5;branch=z9hG4bKd\\r\\nFrom: <sip:a@b>;tag=1\\r\\nTo: <sip:c@d>\\r\\nCall-ID: d\\r\\nCSeq: 1 OPTIONS\\r\\nX-Case: {N}\\r\\nContent-Length: 0\\r\\n\\r\\n";
const back = (name: string, run: string): LanguageCase =>
  shows(`sent: ${name}`, [], { run: `if ($sp == $Rp) { SAY("back $ru $pr $hdr(Via)"); exit; } ${run} SAY("$rc");` });

const sent: readonly LanguageCase[] = [
  back("send_data", `send_data("${SELF}", "${DATA}");`),
  back("send_data to no URI", `send_data("nonsense", "x");`),
  back("send_data of nothing", `send_data("${SELF}", "");`),
  back("sendx", `sendx("${SELF}", "udp:127.0.0.1:$Rp", "${DATA}");`),
  back("sendx from no socket of ours", `sendx("${SELF}", "udp:127.0.0.1:1", "${DATA}");`),
  back("send_udp", 'append_hf("X-New: 1\\r\\n"); send_udp("127.0.0.1:$Rp");'),
  back("send_udp to $du", '$du = "sip:127.0.0.1:" + $Rp; send_udp();'),
  back("send_udp to no host", 'send_udp("127.0.0.1:99999");'),
];

const flags: readonly LanguageCase[] = [
  ...["0", "1", "31", "32", "33", "63"].map((n) =>
    shows(`xflag ${n}`, [], {
      run: `isxflagset("${n}"); SAY("$rc"); setxflag("${n}"); SAY("$rc"); isxflagset("${n}"); SAY("$rc"); resetxflag("${n}"); SAY("$rc"); isxflagset("${n}"); SAY("$rc");`,
    }),
  ),
  ...["64", "-1"].map((n) =>
    shows(`xflag ${n} by variable`, [], {
      run: `$var(f) = ${n}; setxflag("$var(f)"); SAY("$rc"); isxflagset("$var(f)"); SAY("$rc"); resetxflag("$var(f)"); SAY("$rc");`,
    }),
  ),
  shows("xflags and flags are apart", [], {
    run: 'setxflag("3"); isflagset(3); SAY("$rc"); setxflag("40"); isxflagset("3"); SAY("$rc"); isxflagset("8"); SAY("$rc");',
  }),
  ...["USE_UAC_FROM", "USE_UAC_TO", "UAC_AUTH"].map((n) =>
    shows(`iflag ${n}`, [], {
      run: `msg_iflag_is_set("${n}"); SAY("$rc"); msg_iflag_set("${n}"); SAY("$rc"); msg_iflag_is_set("${n}"); SAY("$rc"); msg_iflag_reset("${n}"); SAY("$rc"); msg_iflag_is_set("${n}"); SAY("$rc");`,
    }),
  ),
  shows("iflag of no name", [], {
    run: 'msg_iflag_is_set("NOSUCH"); SAY("$rc"); msg_iflag_set("NOSUCH"); SAY("$rc"); msg_iflag_reset("NOSUCH"); SAY("$rc");',
  }),
];

const files: readonly LanguageCase[] = [
  shows("file_read", ["$var(t)|"], { run: '$var(t) = "old"; file_read("WHERE/read.txt", "$var(t)"); SAY("$rc");' }),
  shows("file_read: empty", ["$var(t)|"], {
    run: '$var(t) = "old"; file_read("WHERE/empty.txt", "$var(t)"); SAY("$rc");',
  }),
  shows("file_read: none", ["$var(t)|"], {
    run: '$var(t) = "old"; file_read("WHERE/none.txt", "$var(t)"); SAY("$rc");',
  }),
  shows("file_write and file_read", ["$var(t)|"], {
    run: 'file_write("WHERE/new.txt", "content $rm\\n"); SAY("$rc"); file_read("WHERE/new.txt", "$var(t)"); SAY("$rc");',
  }),
  shows("file_write: shorter than before", ["$var(t)|"], {
    run: 'file_write("WHERE/b.txt", "a long content"); file_write("WHERE/b.txt", "ab"); SAY("$rc"); file_read("WHERE/b.txt", "$var(t)");',
  }),
  shows("file_write: no such directory", [], { run: 'file_write("WHERE/none/new.txt", "x"); SAY("$rc");' }),
];

const sockets: readonly LanguageCase[] = [
  shows("set_source_address", ["$si|$sp|$pr|$su"], { run: 'set_source_address("udp:192.0.2.9:5080"); SAY("$rc");' }),
  shows("set_source_address: TCP", ["$si|$sp|$pr"], { run: 'set_source_address("tcp:192.0.2.9:5080"); SAY("$rc");' }),
  shows("set_source_address: no port", ["$si|$sp|$pr"], { run: 'set_source_address("udp:192.0.2.9"); SAY("$rc");' }),
  shows("set_source_address: no protocol", ["$si|$sp|$pr"], {
    run: 'set_source_address("192.0.2.9:5080"); SAY("$rc");',
  }),
  shows("set_source_address: IPv6", ["$si|$sp|$pr"], {
    run: 'set_source_address("udp:[2001:db8::1]:5080"); SAY("$rc");',
  }),
  shows("set_source_address: a name", ["$pr"], { run: 'set_source_address("udp:host.example:5080"); SAY("$rc");' }),
  shows("set_source_address: nonsense", ["$pr"], { run: 'set_source_address(":"); SAY("$rc");' }),
  shows("set_recv_socket", ["$Ri|$RAi"], { run: 'set_recv_socket("udp:127.0.0.1:$Rp"); SAY("$rc");' }),
  shows("set_recv_socket: not ours", ["$Ri"], { run: 'set_recv_socket("udp:127.0.0.1:1"); SAY("$rc");' }),
  shows("set_recv_socket_name: not ours", ["$Ri"], { run: 'set_recv_socket_name("nosuch"); SAY("$rc");' }),
  shows("set_send_socket", ["$fs"], { run: 'set_send_socket("udp:127.0.0.1:$Rp"); SAY("$rc");' }),
  shows("set_send_socket: not ours", ["$fs"], { run: 'set_send_socket("udp:127.0.0.1:1"); SAY("$rc");' }),
  shows("set_send_socket_name: not ours", ["$fs"], { run: 'set_send_socket_name("nosuch"); SAY("$rc");' }),
  shows("is_socket_name", [], { run: 'is_socket_name("nosuch"); SAY("$rc");' }),
  shows("is_faked_msg", [], { run: 'is_faked_msg(); SAY("$rc");' }),
  shows("$lsock", ["$lsock(n/nosuch/listen)|$lsock(l/udp:127.0.0.1:1/name)"]),
  shows("$lsock: by listen address", ["$lsock($var(l))|$lsock($var(n))"], {
    run: '$var(l) = "l/udp:127.0.0.1:" + $Rp + "/listen"; $var(n) = "l/udp:127.0.0.1:" + $Rp + "/name";',
  }),
  shows("$cfg", ["$cfg(route)|$(cfg(name){s.substr,-9,0})|$(cfg(file){s.substr,-9,0})"]),
  ...[
    "sub.example",
    "a.sub.example",
    "a.b.sub.example",
    "xsub.example",
    "sub2.example",
    "sub2.example:5070",
    "x.sub2.example:5070",
    "x.sub2.example:5071",
    "x.sub2.example",
    "office.example",
    "a.office.example",
    "A.SUB.example",
    "a.sub.example:5099",
  ].map((h) =>
    shows(`alias_subdomains: ${h}`, [], {
      run: `is_myself("sip:u@${h}"); SAY("$rc"); $ru = "sip:u@${h}"; if (uri == myself) { SAY("uri"); }`,
    }),
  ),
  shows("dns_cache", [], {
    run: `if ($sp == $Rp) { SAY("back"); exit; } $du = "sip:cached.example:" + $Rp; forward(); exit;`,
  }),
];

const SOCK = ["udp:127.0.0.1:5060", "tcp:host.example", "127.0.0.1:5060", "udp:[::1]:5060", "host", "", "udp:h:x"];
const transforms: readonly LanguageCase[] = SOCK.map((s) =>
  shows(`{sock}: ${s}`, ["$(var(s){sock.host})|$(var(s){sock.port})|$(var(s){sock.proto})|$(var(s){sock.touri})"], {
    run: `$var(s) = "${s}";`,
  }),
);

const more: readonly LanguageCase[] = [
  shows("append_branch", ["$branch(count)|$(branch(uri)[0])|$(branch(q)[0])"], {
    run: 'append_branch("sip:b@h", "0.5"); SAY("$rc");',
  }),
];

// xavp_via_fields has no effect on 5.6.3, which takes its name for that of xavp_via_params: see test/outside/toolbox.test.ts.

/** All of them. */
export const cases: readonly LanguageCase[] = [
  ...vias,
  ...sent,
  ...flags,
  ...files,
  ...sockets,
  ...transforms,
  ...more,
];
