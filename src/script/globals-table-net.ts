// Global parameters of the network: sockets, DNS, TCP, TLS, SCTP, UDP, blocklist. Names, defaults and meaning follow the core
// cookbook of Kamailio 5.6; `effect` says what becomes of each here.

import type { GlobalDef } from "./globals.ts";
import { NO_MEMORY_POOLS, NO_PROCESSES, row, USED } from "./globals-define.ts";

const TLS_MODULE = "TLS is set up by the parameters of module tls";

const NO_LINK_LOCAL = "a link-local address needs the name of its interface, which neither Via nor Contact can carry";
const NOT_FREE =
  "the runtime's sockets do not offer it; the system's net.ipv4.ip_nonlocal_bind=1 does the same for all";
const RECEIVED =
  "received is always added to a Via that holds a name (RFC 3261 18.2.1), so no look-up delays a request";

const SOCKETS: readonly GlobalDef[] = [
  row(
    "listen",
    "listen",
    null,
    USED,
    'address to listen on: [proto:]address[:port] [advertise address[:port]] [name "x"]',
    { many: true },
  ),
  row("word", "alias", null, USED, "a further name of this server: [proto:]host[:port]", { many: true }),
  row("int", "port", 5060, USED, "port of addresses without one", { min: 0, max: 65535 }),
  row("bool", "auto_aliases", 1, USED, "look up the names of the addresses listened on, and count them as ours"),
  row("bool", "auto_bind_ipv6", 1, USED, "listen on IPv6 addresses too when no address is given (0 on Kamailio)"),
  row("int", "bind_ipv6_link_local", 0, NO_LINK_LOCAL, "which link-local addresses are listened on"),
  row("bool", "ip_free_bind", 0, NOT_FREE, "listen on addresses that do not exist yet", {
    aliases: ["ipfreebind", "ip_nonlocal_bind"],
  }),
  row(
    "word",
    "ipv6_hex_style",
    "c",
    "IPv6 addresses are always written as RFC 5952 asks",
    "how IPv6 addresses are written",
  ),
  row("int", "mhomed", 0, USED, "choose the sending address by the route to the destination"),
  row("word", "advertised_address", null, USED, "address put into Via and Record-Route"),
  row("int", "advertised_port", null, USED, "port put into Via and Record-Route", { min: 1, max: 65535 }),
  row("int", "tos", 16, USED, "type of service octet of what is sent"),
  row("bool", "pmtu_discovery", 0, USED, "path MTU discovery"),
  row("int", "maxbuffer", 8388608, USED, "bytes of the UDP receive buffer, which the system doubles"),
  row("int", "maxsndbuffer", 8388608, USED, "bytes of the UDP send buffer, which the system doubles"),
  row("int", "mcast_ttl", null, USED, "hops of multicast packets"),
  row("bool", "mcast_loopback", 0, USED, "receive our own multicast packets"),
  row("word", "mcast", null, USED, "interface that joins the multicast group of the next listen"),
];

const UDP: readonly GlobalDef[] = [
  row("int", "udp_mtu", 0, USED, "bytes above which a request goes by udp_mtu_try_proto"),
  row("word", "udp_mtu_try_proto", "UDP", USED, "transport of requests above udp_mtu"),
  row("int", "udp4_raw", 0, USED, "send IPv4 datagrams by a raw socket: 1, or -1 where it is permitted", {
    min: -1,
    max: 1,
    clamps: true,
  }),
  row("int", "udp4_raw_mtu", 1500, USED, "longest packet sent raw; longer ones go by the ordinary socket", {
    min: 68,
    max: 65535,
    clamps: true,
  }),
  row("int", "udp4_raw_ttl", -1, USED, "hops of packets sent raw; -1 as others", { min: -1, max: 255, clamps: true }),
];

const DNS: readonly GlobalDef[] = [
  row("bool", "dns", 0, RECEIVED, "look up the host in Via to see whether received is needed"),
  row("bool", "rev_dns", 0, RECEIVED, "look up the source address to see whether received is needed"),
  row("bool", "use_dns_cache", 1, USED, "keep DNS answers"),
  row("bool", "use_dns_failover", 0, USED, "try the next address when one fails"),
  row("bool", "dns_cache_init", 1, USED, "set up the DNS cache"),
  row("int", "dns_cache_flags", 0, USED, "which records are looked up"),
  row("bool", "dns_cache_del_nonexp", 0, USED, "drop live records when full", {
    aliases: ["dns_cache_delete_nonexpired"],
  }),
  row("int", "dns_cache_gc_interval", 120, USED, "seconds between cleanings"),
  row("int", "dns_cache_max_ttl", 2147483647, USED, "most seconds an answer is kept"),
  row("int", "dns_cache_min_ttl", 0, USED, "least seconds an answer is kept"),
  row("int", "dns_cache_negative_ttl", 60, USED, "seconds a negative answer is kept"),
  row("int", "dns_cache_mem", 500, USED, "kilobytes of the cache"),
  row("int", "dns_cache_rec_pref", 0, USED, "which of old and new records is kept"),
  row("int", "dns_retr_no", null, USED, "how often a query is sent again"),
  row("int", "dns_retr_time", null, USED, "seconds before a query is sent again"),
  row("bool", "dns_search_full_match", 1, USED, "whether search list names are checked"),
  row("int", "dns_servers_no", null, USED, "how many servers are asked"),
  row("bool", "dns_srv_lb", 0, USED, "choose SRV targets by weight", { aliases: ["dns_srv_loadbalancing"] }),
  row("bool", "dns_try_ipv6", 1, USED, "look for IPv6 addresses too, when we listen on one"),
  row("bool", "dns_try_naptr", 0, USED, "look for NAPTR records"),
  row("bool", "dns_naptr_ignore_rfc", 1, USED, "prefer our own order of NAPTR records"),
  row("bool", "dns_use_search_list", 1, USED, "use the search list"),
  row("int", "dns_udp_pref", 30, USED, "preference of UDP", { aliases: ["dns_udp_preference"] }),
  row("int", "dns_tcp_pref", 20, USED, "preference of TCP", { aliases: ["dns_tcp_preference"] }),
  row("int", "dns_tls_pref", 10, USED, "preference of TLS", { aliases: ["dns_tls_preference"] }),
  row("int", "dns_sctp_pref", 20, USED, "preference of SCTP", { aliases: ["dns_sctp_preference"] }),
];

const TCP: readonly GlobalDef[] = [
  row("bool", "disable_tcp", 0, USED, "turns TCP off"),
  row("int", "tcp_children", null, NO_PROCESSES, "worker processes of TCP"),
  row("int", "tcp_connection_lifetime", 120, USED, "seconds after which an idle connection is closed"),
  row("int", "tcp_max_connections", 2048, USED, "most open connections"),
  row("int", "tcp_connect_timeout", 10, USED, "seconds an outgoing connection may take"),
  row("int", "tcp_send_timeout", 10, USED, "seconds a connection may stay unwritable"),
  row("int", "tcp_conn_wq_max", 1048576, USED, "most bytes queued on one connection"),
  row("int", "tcp_wq_max", 10485760, USED, "most bytes queued on all connections"),
  row("int", "tcp_wq_blk_size", 2100, NO_MEMORY_POOLS, "block size of write queues"),
  row("int", "tcp_rd_buf_size", 196608, USED, "most bytes of a message over TCP"),
  row("bool", "tcp_crlf_ping", 1, USED, "answer CRLF keep-alives"),
  row("bool", "tcp_accept_aliases", 0, USED, "obey the alias parameter of Via"),
  row("bool", "tcp_accept_no_cl", 0, USED, "accept messages without Content-Length"),
  row("bool", "tcp_accept_unique", 0, USED, "one connection from each address and port"),
  row(
    "bool",
    "tcp_accept_haproxy",
    0,
    USED,
    "TCP connections begin with a header of the PROXY protocol, those of TLS do not",
  ),
  row("bool", "tcp_accept_hep3", 0, "HEP3 is for module sipcapture, which does not exist here yet", "accept HEP3"),
  row("bool", "tcp_no_connect", 0, USED, "never open connections"),
  row(
    "int",
    "tcp_connection_match",
    0,
    "connections are found by the address and port of the far end, and by our socket where the script forces one",
    "how strict a connection is matched",
  ),
  row("int", "tcp_script_mode", 0, USED, "whether a failing script closes the connection"),
  row(
    "bool",
    "tcp_reuse_port",
    0,
    "connections are opened from ports of the system's choice: the runtime's sockets cannot share that of a listener",
    "open connections from the port listened on",
  ),
  row("word", "tcp_source_ipv4", null, USED, "source address of outgoing connections"),
  row("word", "tcp_source_ipv6", null, USED, "source address of outgoing connections"),
  row("bool", "tcp_async", 1, "writing never blocks here", "queue what cannot be written", {
    aliases: ["tcp_buf_write", "tcp_write_buf"],
  }),
  row("bool", "tcp_fd_cache", 1, NO_PROCESSES, "keep descriptors in each process"),
  row("bool", "tcp_clone_rcvbuf", 0, NO_MEMORY_POOLS, "copy each message"),
  row(
    "word",
    "tcp_poll_method",
    null,
    "the runtime waits for sockets in its own way (epoll on Linux)",
    "how sockets are waited for",
  ),
  row("bool", "tcp_keepalive", 1, USED, "keep-alive by the system"),
  row("int", "tcp_keepcnt", null, USED, "unanswered keep-alives before closing"),
  row("int", "tcp_keepidle", null, USED, "idle seconds before the first keep-alive"),
  row("int", "tcp_keepintvl", null, USED, "seconds between keep-alives"),
  row("int", "tcp_syncnt", null, USED, "SYN packets before giving up"),
  row("int", "tcp_linger2", null, USED, "seconds in FIN_WAIT2"),
  row("int", "tcp_defer_accept", null, USED, "seconds a connection is held back until data has come"),
  row("bool", "tcp_delayed_ack", 1, "the system itself decides when it acknowledges", "delay the first ACK"),
  row(
    "int",
    "tcp_wait_data",
    5000,
    "no process waits for another here",
    "milliseconds a worker waits for data of a connection handed to it",
  ),
];

const TLS_SCTP: readonly GlobalDef[] = [
  row("bool", "enable_tls", 0, USED, "turns TLS on", { aliases: ["tls_enable"] }),
  row("bool", "disable_tls", 1, USED, "turns TLS off", { aliases: ["tls_disable"] }),
  row("int", "tls_port_no", 5061, USED, "port of TLS addresses without one", { min: 1, max: 65535 }),
  row("int", "tls_max_connections", 2048, USED, "most open TLS connections"),
  ...["tls_verify", "tls_require_certificate", "tls_handshake_timeout", "tls_send_timeout"].map((name) =>
    row("int", name, null, TLS_MODULE, "a setting of TLS, of before 3.1"),
  ),
  row("int", "tls_log", null, TLS_MODULE, "a setting of TLS, of before 3.1", { aliases: ["tlslog"] }),
  ...["tls_method", "tls_certificate", "tls_private_key", "tls_ca_list"].map((name) =>
    row("word", name, null, TLS_MODULE, "a setting of TLS, of before 3.1"),
  ),
  row("bool", "disable_sctp", null, USED, "turns SCTP off, or on with no"),
  row("int", "enable_sctp", 2, USED, "whether SCTP is turned on: 0 no, 1 yes, 2 where the system has it"),
  row("int", "sctp_children", null, NO_PROCESSES, "processes for SCTP"),
  row("int", "sctp_socket_rcvbuf", null, USED, "receive buffer of SCTP sockets, bytes", {
    aliases: ["sctp_socket_receive_buffer"],
    min: 0,
  }),
  row("int", "sctp_socket_sndbuf", null, USED, "send buffer of SCTP sockets, bytes", {
    aliases: ["sctp_socket_send_buffer"],
    min: 0,
  }),
  row("int", "sctp_autoclose", 180, USED, "seconds until an idle SCTP association is closed", { min: 1 }),
  row("int", "sctp_send_ttl", 32000, USED, "milliseconds until an SCTP message that was not sent is given up", {
    min: 0,
  }),
  row("int", "sctp_send_retries", 0, USED, "times a message is sent again over a new association", { min: 0, max: 9 }),
  row("bool", "sctp_assoc_tracking", 1, USED, "whether associations are followed, which sctp_assoc_reuse needs"),
  row("bool", "sctp_assoc_reuse", 1, USED, "whether replies go by the association that the request came by"),
  row("int", "sctp_max_assocs", -1, USED, "most SCTP associations; -1 for no limit", { min: -1 }),
  row("int", "sctp_srto_initial", null, USED, "retransmission timeout of SCTP at first, ms", { min: 0 }),
  row("int", "sctp_srto_max", null, USED, "longest retransmission timeout of SCTP, ms", { min: 0 }),
  row("int", "sctp_srto_min", null, USED, "shortest retransmission timeout of SCTP, ms", { min: 0 }),
  row("int", "sctp_asocmaxrxt", null, USED, "retransmissions until an association is given up", { min: 0, max: 65535 }),
  row("int", "sctp_init_max_attempts", null, USED, "attempts to open an association", { min: 0, max: 65535 }),
  row("int", "sctp_init_max_timeo", null, USED, "longest time between two such attempts, ms", { min: 0 }),
  row("int", "sctp_hbinterval", null, USED, "milliseconds between heartbeats of SCTP; -1: none", { min: -1 }),
  row("int", "sctp_pathmaxrxt", null, USED, "retransmissions until a path of SCTP is given up", { min: 0, max: 65535 }),
  row("int", "sctp_sack_delay", null, USED, "milliseconds until an acknowledgement of SCTP is sent", { min: 0 }),
  row("int", "sctp_sack_freq", null, USED, "packets until an acknowledgement of SCTP is sent", { min: 0, max: 65535 }),
  row("int", "sctp_max_burst", null, USED, "packets of SCTP sent in one go", { min: 0, max: 65535 }),
];

/** Ours, not Kamailio's: what one source, an IPv4 address or an IPv6 network of 64 bits, may take. */
const SOURCES: readonly GlobalDef[] = [
  row(
    "int",
    "source_max_connections",
    -1,
    USED,
    "most connections one source may have opened, 0 any number, -1 half of tcp_max_connections; beyond, its quietest gives way (ours)",
    { min: -1 },
  ),
  row("int", "source_connection_rate", 100, USED, "new connections a second of one source, 0 any number (ours)", {
    min: 0,
  }),
  row("int", "source_connection_burst", 1000, USED, "new connections of one source at once (ours)", { min: 1 }),
  row(
    "int",
    "source_bad_message_rate",
    20,
    USED,
    "unusable messages a second of one source that are answered, logged and shown to routes, 0 any number (ours)",
    { min: 0 },
  ),
  row("int", "source_bad_message_burst", 200, USED, "unusable messages of one source at once (ours)", { min: 1 }),
  row("int", "log_limit_burst", 5, USED, "lines of one kind about strangers in a period, 0 any number (ours)", {
    min: 0,
  }),
  row("int", "log_limit_period", 10, USED, "seconds of that period (ours)", { min: 1, max: 86400 }),
];

/** Kamailio's names since 5.5 and those from before. */
const both = (name: string): string[] => [name.replace("blocklist", "blacklist")];

const BLOCKLIST: readonly GlobalDef[] = [
  row("bool", "use_dst_blocklist", 0, USED, "leave destinations alone for a while that could not be reached", {
    aliases: both("use_dst_blocklist"),
  }),
  row("int", "dst_blocklist_expire", 60, USED, "seconds a destination is left alone", {
    aliases: ["dst_blocklist_ttl", ...both("dst_blocklist_expire"), ...both("dst_blocklist_ttl")],
    min: 0,
  }),
  row("int", "dst_blocklist_gc_interval", 60, USED, "seconds between looks for what has expired; 0: when it is met", {
    aliases: both("dst_blocklist_gc_interval"),
    min: 0,
  }),
  row("bool", "dst_blocklist_init", 1, USED, "no: the list is never used", { aliases: both("dst_blocklist_init") }),
  row("int", "dst_blocklist_mem", 250, USED, "kilobytes of the list: 24 bytes an IPv4 destination, 36 an IPv6 one", {
    aliases: both("dst_blocklist_mem"),
    min: 0,
  }),
  ...["udp", "tcp", "tls", "sctp"].map((p) =>
    row(
      "int",
      `dst_blocklist_${p}_imask`,
      0,
      USED,
      "failures that do not list a destination: 2 send, 4 connect, 8 ICMP, 16 timeout, 32 answer 503",
      { aliases: both(`dst_blocklist_${p}_imask`), min: 0 },
    ),
  ),
];

const STUN: readonly GlobalDef[] = [
  row("int", "stun_refresh_interval", 0, USED, "milliseconds after which STUN clients are told to ask again", {
    min: 0,
  }),
  row("bool", "stun_allow_stun", 0, USED, "answer STUN on UDP ports (1 on a SIP Router built for it)"),
  row("bool", "stun_allow_fp", 1, USED, "whether STUN answers end with FINGERPRINT"),
];

/** Rows that concern the network. */
export const NET_GLOBALS: readonly GlobalDef[] = [
  ...SOCKETS,
  ...UDP,
  ...DNS,
  ...TCP,
  ...TLS_SCTP,
  ...SOURCES,
  ...BLOCKLIST,
  ...STUN,
];
