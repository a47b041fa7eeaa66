// Global parameters that commands change while the program runs (cfg.seti core NAME VALUE): those of DNS and of the blocklist, which stand in
// settings made of several of them.

import type { Proxy } from "../proxy/proxy.ts";
import { findGlobal, type Globals } from "../script/index.ts";
import { applyBlocklist } from "./apply-globals.ts";
import { dnsSettings } from "./dns-globals.ts";

const DNS = [
  "use_dns_cache",
  "use_dns_failover",
  "dns_cache_flags",
  "dns_cache_del_nonexp",
  "dns_cache_max_ttl",
  "dns_cache_min_ttl",
  "dns_cache_negative_ttl",
  "dns_cache_mem",
  "dns_cache_rec_pref",
  "dns_retr_no",
  "dns_retr_time",
  "dns_search_full_match",
  "dns_servers_no",
  "dns_srv_lb",
  "dns_try_ipv6",
  "dns_try_naptr",
  "dns_naptr_ignore_rfc",
  "dns_use_search_list",
  "dns_udp_pref",
  "dns_tcp_pref",
  "dns_tls_pref",
  "dns_sctp_pref",
];
const BLOCKLIST = [
  "use_dst_blocklist",
  "dst_blocklist_expire",
  "dst_blocklist_mem",
  "dst_blocklist_udp_imask",
  "dst_blocklist_tcp_imask",
  "dst_blocklist_tls_imask",
  "dst_blocklist_sctp_imask",
];

/** Lets them be changed; `globals` holds their values from then on. */
export function allowGlobalChanges(proxy: Proxy, globals: Globals): void {
  const allow = (name: string, apply: () => void): void => {
    const def = findGlobal(name)!;
    proxy.groups.allowChange("core", name, (value) => {
      if (typeof value !== "number" || value < def.min || value > def.max) return false;
      globals.set(name, value);
      apply();
      return true;
    });
  };
  for (const name of DNS) allow(name, () => void (proxy.dns.settings = dnsSettings(globals)));
  for (const name of BLOCKLIST) allow(name, () => applyBlocklist(proxy, globals));
}
