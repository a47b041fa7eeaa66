// Cases about names: what each dns_* parameter makes of look-ups, and failover.

import type { DnsGroup, DnsStep } from "./dns-case.ts";

const to = (uri: string, more: Partial<DnsStep> = {}): DnsStep => ({ uri: `sip:x@${uri}`, ...more });
const wait = (ms: number): DnsStep => ({ ms });

const ZONE = `
a.test 60 A 192.0.2.20
two.test 60 A 192.0.2.20
two.test 60 A 192.0.2.21
both.test 60 A 192.0.2.20
both.test 60 AAAA 2001:db8::20
six.test 60 AAAA 2001:db8::20
alias.test 60 CNAME a.test
_sip._udp.srv.test 60 SRV 10 0 7001 a.test
_sip._udp.srv.test 60 SRV 20 0 7002 a.test
_sip._udp.srv.test 60 SRV 30 0 7003 a.test
_sip._tcp.tcp.test 60 SRV 10 0 7001 a.test
_sip._tcp.tcp.test 60 SRV 20 0 7002 a.test
_sip._udp.nap.test 60 SRV 10 0 7001 a.test
_sip._tcp.nap.test 60 SRV 10 0 7002 a.test
nap.test 60 NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.nap.test
nap.test 60 NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.nap.test
nap.test 60 A 192.0.2.20
wide.office.test 60 A 192.0.2.21
short.test 1 A 192.0.2.20
_sip._udp.weights.test 60 SRV 10 10 7001 a.test
_sip._udp.weights.test 60 SRV 10 90 7002 a.test
_sip._udp.dead.test 60 SRV 10 0 7001 gone.test
_sip._udp.dead.test 60 SRV 20 0 7002 a.test
`;

/** What each of these finds. */
const USUAL: readonly DnsStep[] = [
  to("a.test"),
  to("a.test"),
  to("a.test:7001"),
  to("srv.test"),
  to("srv.test:7003"),
  to("tcp.test;transport=tcp"),
  to("tcp.test"),
  to("nap.test"),
  to("nap.test;transport=tcp"),
  to("alias.test:7001"),
  to("both.test"),
  to("six.test"),
  to("nobody.test"),
  to("nobody.test"),
  to("two.test"),
  to("dead.test"),
];

// Each step is a case; what was asked before is known.
function group(name: string, globals: string, steps: readonly DnsStep[], more: Partial<DnsGroup> = {}): DnsGroup {
  const names = new Map<string, number>();
  const cases = steps.map((step) => {
    const name = step.uri?.slice("sip:x@".length) ?? step.rpc?.join(" ") ?? `${step.ms} ms`;
    const count = (names.get(name) ?? 0) + 1;
    names.set(name, count);
    return { name: [name, step.does, count > 1 ? `(${count})` : ""].filter(Boolean).join(" "), steps: [step] };
  });
  return { name: `dns: ${name}`, globals, zone: ZONE, cases, ...more };
}

/** More names than 1 KB of cache holds, then the first and the last again. */
const NUMBERS = Array.from({ length: 30 }, (_, i) => `n${i}.test`);
const MANY_ZONE = NUMBERS.map((name) => `${name} 60 A 192.0.2.20\n`).join("");
const MANY: readonly DnsStep[] = [...NUMBERS, "n0.test", "n29.test"].map((name) => to(`${name}:7001`));

const FAILOVER = "use_dns_failover=on\n";
const NAPTR = "dns_try_naptr=yes\n";

export const DNS_GROUPS: readonly DnsGroup[] = [
  group("as it is", "", USUAL),
  group("with IPv6", "", USUAL, { six: true }),
  group("dns_try_ipv6 off, with IPv6", "dns_try_ipv6=no\n", USUAL, { six: true }),
  group("dns_cache_flags 1", "dns_cache_flags=1\n", USUAL, { six: true }),
  group("dns_cache_flags 2", "dns_cache_flags=2\n", USUAL, { six: true }),
  group("dns_cache_flags 4", "dns_cache_flags=4\n", USUAL, { six: true }),
  group("dns_try_naptr", NAPTR, USUAL),
  group(
    "dns_try_naptr, equal preferences",
    `${NAPTR}dns_udp_pref=1\ndns_tcp_pref=1\ndns_tls_pref=1\ndns_sctp_pref=1\n`,
    USUAL,
  ),
  group("dns_try_naptr, UDP ignored", `${NAPTR}dns_udp_pref=-1\n`, USUAL),
  group("dns_try_naptr, TCP first", `${NAPTR}dns_tcp_pref=40\n`, USUAL),
  group("dns_try_naptr by the rule", `${NAPTR}dns_naptr_ignore_rfc=no\n`, USUAL),
  group("dns_cache_negative_ttl 0", "dns_cache_negative_ttl=0\n", [to("nobody.test"), to("nobody.test")]),
  group("dns_cache_negative_ttl 1", "dns_cache_negative_ttl=1\n", [
    to("nobody.test"),
    to("nobody.test"),
    wait(2500),
    to("nobody.test"),
  ]),
  group("ttl of records", "", [to("short.test:7001"), to("short.test:7001"), wait(2500), to("short.test:7001")]),
  group("dns_cache_min_ttl", "dns_cache_min_ttl=10\n", [to("short.test:7001"), wait(2500), to("short.test:7001")]),
  group("dns_cache_max_ttl", "dns_cache_max_ttl=1\n", [to("a.test:7001"), wait(2500), to("a.test:7001")]),
  group("use_dns_cache off", "use_dns_cache=off\n", [
    to("a.test:7001"),
    to("a.test:7001"),
    to("srv.test"),
    to("nobody.test"),
  ]),
  group("dns_cache_init off", "dns_cache_init=off\n", [to("a.test:7001"), to("a.test:7001"), to("srv.test")]),
  group("use_dns_cache switched off and on", "", [
    to("a.test:7001"),
    { rpc: ["cfg.seti", "core", "use_dns_cache", 0] },
    to("a.test:7001"),
    { rpc: ["cfg.seti", "core", "use_dns_cache", 1] },
    to("a.test:7001"),
  ]),
  group("search list", "", [to("wide:7001"), to("wide.test:7001")], { resolv: "search office.test other.test" }),
  group("dns_use_search_list off", "dns_use_search_list=no\n", [to("wide:7001")], { resolv: "search office.test" }),
  group("dns_search_full_match off", "dns_search_full_match=no\n", [to("wide:7001")], { resolv: "search office.test" }),
  group(
    "a silent name server",
    "dns_retr_time=1\ndns_retr_no=1\ndns_use_search_list=no\n",
    [to("a.test:7001", { ms: 4000 }), to("a.test:7001")],
    {
      silent: ["192.0.2.53"],
    },
  ),
  group(
    "dns_servers_no",
    "dns_retr_time=1\ndns_retr_no=1\ndns_servers_no=1\ndns_use_search_list=no\n",
    [to("a.test:7001", { ms: 4000 })],
    {
      silent: ["192.0.2.53"],
    },
  ),
  ...["no", "yes"].map((value) =>
    group(`dns_cache_del_nonexp ${value}`, `dns_cache_mem=1\ndns_cache_del_nonexp=${value}\n`, [], {
      zone: MANY_ZONE,
      cases: [{ name: "more names than there is room for", steps: MANY }],
    }),
  ),
  group("dns_srv_lb off", "dns_srv_lb=no\n", [to("weights.test"), to("weights.test"), to("weights.test")]),
  group("commands", "", [
    { rpc: ["dns.add_a", "mine.test", 60, "192.0.2.21", 0] },
    to("mine.test:7001"),
    { rpc: ["dns.delete_a", "mine.test"] },
    to("mine.test:7001"),
    { rpc: ["dns.add_srv", "_sip._udp.own.test", 60, 1, 1, 7002, "a.test", 0] },
    to("own.test"),
  ]),
  group("no failover", "", [to("srv.test"), to("two.test")], {
    answers: { "192.0.2.20:7001/udp": 503, "192.0.2.20:5060/udp": 0 },
  }),
  group(
    "failover",
    FAILOVER,
    [to("srv.test"), to("two.test"), to("srv.test", { does: "off" }), to("srv.test", { does: "newtran" })],
    {
      answers: { "192.0.2.20:7001/udp": 503, "192.0.2.20:7002/udp": 0, "192.0.2.20:5060/udp": 0 },
    },
  ),
  ...[503, 0].map((code) =>
    group(`failover, made anew after ${code === 0 ? "silence" : code}`, FAILOVER, [to("srv.test")], {
      params: 'modparam("tm", "reparse_on_dns_failover", 0)\n',
      answers: { "192.0.2.20:7001/udp": code },
    }),
  ),
  group("failover of all", FAILOVER, [to("srv.test")], {
    answers: { "192.0.2.20:7001/udp": 503, "192.0.2.20:7002/udp": 0, "192.0.2.20:7003/udp": 503 },
  }),
  group("failover, a code that is none", FAILOVER, [to("srv.test")], { answers: { "192.0.2.20:7001/udp": 500 } }),
  group("failover without the cache", `${FAILOVER}use_dns_cache=off\n`, [to("srv.test")], {
    answers: { "192.0.2.20:7001/udp": 503 },
  }),
  group(
    "failover, refused",
    FAILOVER,
    [to("tcp.test;transport=tcp"), to("tcp.test;transport=tcp", { does: "forward" })],
    {
      answers: { "192.0.2.20:7001/tcp": -1 },
    },
  ),
  group("failover of forward()", FAILOVER, [to("srv.test", { does: "forward" })], {
    answers: { "192.0.2.20:7001/udp": 503 },
  }),
];
