// The dns_* and use_dns_* parameters as settings of look-ups.

import type { DnsSettings } from "../net/dns/index.ts";
import type { Globals } from "../script/index.ts";

/** The settings of a configuration; zero and less where resolv.conf decides means that it does. */
export function dnsSettings(globals: Globals): DnsSettings {
  const useCache = globals.bool("use_dns_cache") && globals.bool("dns_cache_init");
  const positive = (name: string): number | null => (globals.int(name) > 0 ? globals.int(name) : null);
  const timeout = positive("dns_retr_time");
  return {
    timeout: timeout === null ? null : timeout * 1000,
    tries: positive("dns_retr_no"),
    servers: positive("dns_servers_no"),
    useSearchList: globals.bool("dns_use_search_list"),
    searchFullMatch: globals.bool("dns_search_full_match"),
    useCache,
    minTtl: Math.max(0, globals.int("dns_cache_min_ttl")),
    maxTtl: Math.max(0, globals.int("dns_cache_max_ttl")),
    negativeTtl: Math.max(0, globals.int("dns_cache_negative_ttl")),
    memory: globals.int("dns_cache_mem") * 1024,
    gcInterval: Math.max(1, globals.int("dns_cache_gc_interval")) * 1000,
    deleteLive: globals.bool("dns_cache_del_nonexp"),
    recordPreference: globals.int("dns_cache_rec_pref"),
    flags: globals.int("dns_cache_flags"),
    tryIpv6: globals.bool("dns_try_ipv6"),
    tryNaptr: globals.bool("dns_try_naptr"),
    naptrIgnoreOrder: globals.bool("dns_naptr_ignore_rfc"),
    udpPreference: globals.int("dns_udp_pref"),
    tcpPreference: globals.int("dns_tcp_pref"),
    tlsPreference: globals.int("dns_tls_pref"),
    sctpPreference: globals.int("dns_sctp_pref"),
    srvWeights: globals.bool("dns_srv_lb"),
    failover: useCache && globals.bool("use_dns_failover"), // the oracle's needs its cache
  };
}
