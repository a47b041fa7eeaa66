// What the global parameters of network and core mean for the parts that they steer.

import type { UdpMarks } from "../host/host.ts";
import { ignoreMasks } from "../net/blocklist.ts";
import { SCTP_PARAMETERS } from "../net/sctp-rules.ts";
import type { SourceRules } from "../net/source-limits.ts";
import { StunServer } from "../net/stun.ts";
import type { Proxy } from "../proxy/proxy.ts";
import type { TransportLimits } from "../proxy/transports.ts";
import { type Globals, SctpMode, sctpMode, wantsTls } from "../script/index.ts";
import { allowInHosts, uriRules } from "../sip/uri-rules.ts";
import { ipFamily } from "../util/ip.ts";
import { dnsSettings } from "./dns-globals.ts";

/** Limits and rules of the transports. */
export function transportLimits(globals: Globals): TransportLimits {
  const given = <K extends string>(key: K, name: string): { [k in K]?: number } =>
    globals.has(name) ? ({ [key]: globals.int(name) } as { [k in K]?: number }) : {};
  return {
    maxFlows: globals.int("tcp_max_connections"),
    maxTls: globals.int("tls_max_connections"),
    idleTimeout: globals.int("tcp_connection_lifetime") * 1000,
    connectTimeout: globals.int("tcp_connect_timeout") * 1000,
    ...given("maxQueue", "tcp_conn_wq_max"),
    ...given("maxMessage", "tcp_rd_buf_size"),
    acceptNoLength: globals.bool("tcp_accept_no_cl"),
    noConnect: globals.bool("tcp_no_connect"),
    tcp: {
      answerPings: globals.bool("tcp_crlf_ping"),
      proxyHeader: globals.bool("tcp_accept_haproxy"),
      unique: globals.bool("tcp_accept_unique"),
      source4: addressOf(globals, "tcp_source_ipv4", 4),
      source6: addressOf(globals, "tcp_source_ipv6", 6),
      maxTotalQueue: globals.int("tcp_wq_max"),
      sendTimeout: globals.int("tcp_send_timeout") * 1000,
      tuning: {
        ...(globals.bool("tcp_keepalive") ? { keepAlive: globals.int("tcp_keepidle") * 1000 } : {}),
        ...given("keepInterval", "tcp_keepintvl"),
        ...given("keepCount", "tcp_keepcnt"),
        ...given("finWait", "tcp_linger2"),
        ...given("synRetries", "tcp_syncnt"),
        ...(globals.int("tos") === 0 ? {} : { trafficClass: globals.int("tos") & 0xff }),
      },
      deferAccept: globals.has("tcp_defer_accept") ? globals.int("tcp_defer_accept") : null,
    },
    sources: sourceRules(globals),
    udp: {
      ...given("receiveBuffer", "maxbuffer"),
      ...given("sendBuffer", "maxsndbuffer"),
      marks: udpMarks(globals),
      ...(globals.int("udp4_raw") === 0
        ? {}
        : { raw: { mtu: globals.int("udp4_raw_mtu"), ttl: globals.int("udp4_raw_ttl") } }),
      icmp: usesBlocklist(globals) || globals.bool("use_dns_failover"), // nobody else would do anything with it
    },
  };
}

// The parameters of SCTP were the core's until 5.0; those of module sctp come on top.
function applySctp(proxy: Proxy, globals: Globals): void {
  const { sctp } = proxy.transports;
  if (sctp === undefined) return;
  sctp.wanted = sctpMode(globals) === SctpMode.ON;
  const given = SCTP_PARAMETERS.filter((name) => globals.has(`sctp_${name}`));
  sctp.configure(new Map(given.map((name) => [name, globals.int(`sctp_${name}`)])));
}

function sourceRules(globals: Globals): SourceRules {
  const most = globals.int("source_max_connections");
  return {
    maxConnections: most >= 0 ? most : Math.max(1, Math.floor(globals.int("tcp_max_connections") / 2)),
    connectRate: globals.int("source_connection_rate"),
    connectBurst: globals.int("source_connection_burst"),
  };
}

/** Whether destinations that could not be reached are left alone for a while. */
export function usesBlocklist(globals: Globals): boolean {
  return globals.bool("use_dst_blocklist") && globals.bool("dst_blocklist_init");
}

/** Puts the settings of the blocklist in force. */
export function applyBlocklist(proxy: Proxy, globals: Globals): void {
  proxy.blocklist.configure({
    on: usesBlocklist(globals),
    expire: globals.int("dst_blocklist_expire"),
    maxBytes: globals.int("dst_blocklist_mem") * 1024,
    gcInterval: globals.int("dst_blocklist_gc_interval"),
    ignore: ignoreMasks(
      globals.int("dst_blocklist_udp_imask"),
      globals.int("dst_blocklist_tcp_imask"),
      globals.int("dst_blocklist_tls_imask"),
      globals.int("dst_blocklist_sctp_imask"),
    ),
  });
}

function udpMarks(globals: Globals): UdpMarks {
  return {
    trafficClass: globals.int("tos") & 0xff,
    neverCut: globals.bool("pmtu_discovery"),
    multicastLoop: globals.bool("mcast_loopback"),
    ...(globals.has("mcast_ttl") ? { multicastHops: globals.int("mcast_ttl") } : {}),
  };
}

function addressOf(globals: Globals, name: string, family: 4 | 6): string | null {
  const address = globals.text(name)?.replace(/^\[|\]$/g, "") ?? null;
  return address !== null && ipFamily(address) === family ? address : null;
}

/** Rules of the core that stand in fields of the proxy, and those of URIs, which hold for the process. */
export function applyRules(proxy: Proxy, globals: Globals): void {
  applyBlocklist(proxy, globals);
  proxy.tlsEnabled = wantsTls(globals);
  proxy.strangers.badMessages.perSecond = globals.int("source_bad_message_rate");
  proxy.strangers.badMessages.burst = globals.int("source_bad_message_burst");
  proxy.limited.burst = globals.int("log_limit_burst");
  proxy.limited.period = globals.int("log_limit_period") * 1000;
  proxy.viaXavps = {
    params: globals.text("xavp_via_params") ?? "",
    fields: globals.text("xavp_via_fields") ?? "",
  };
  proxy.replyToVia = globals.bool("reply_to_via");
  proxy.strictHeaders = globals.bool("sip_parser_mode");
  proxy.acceptAliases = globals.bool("tcp_accept_aliases");
  proxy.closesOnError = globals.int("tcp_script_mode") === 0;
  proxy.dns.settings = dnsSettings(globals);
  applySctp(proxy, globals);
  proxy.resolver.mhomed = globals.bool("mhomed");
  // Kamailio answers only where it was built for it: nobody reflects datagrams without having been asked to
  proxy.stun =
    globals.has("stun_allow_stun") && globals.bool("stun_allow_stun")
      ? new StunServer({ refresh: globals.int("stun_refresh_interval"), fingerprint: globals.bool("stun_allow_fp") })
      : null;
  proxy.statistics.separator = (globals.text("stats_name_separator") ?? "_").slice(0, 1);
  uriRules.phone2tel = globals.bool("phone2tel");
  allowInHosts(globals.text("uri_host_extra_chars") ?? "");
}
