// Words of related dialects: OpenSIPS, and releases before Kamailio 3. Hints only: what the same thing is called here.

/** Global parameters of other dialects. */
const PARAMETERS: Readonly<Record<string, string>> = {
  ...{ socket: "OpenSIPS's socket is listen here", log_level: "OpenSIPS's log_level is debug here" },
  ...{ stderror_enabled: "OpenSIPS's stderror_enabled is log_stderror here" },
  ...{ syslog_enabled: "OpenSIPS's syslog_enabled is log_stderror=no here" },
  ...{ log_stdout: "OpenSIPS's log_stdout is log_stderror here", xlog_level: "set debug in its place" },
  ...{ syslog_facility: "OpenSIPS's syslog_facility is log_facility here" },
  ...{ syslog_name: "OpenSIPS's syslog_name is log_name here", stderror_level_filter: "set debug in its place" },
  ...{
    udp_workers: "OpenSIPS's udp_workers is children here",
    tcp_workers: "OpenSIPS's tcp_workers is tcp_children here",
  },
  ...{ timer_workers: "there are no timer processes here: take the line out" },
  ...{ tcp_listen_backlog: "it is a setting of OpenSIPS: take the line out" },
  ...{ open_fd_limit: "write open_files_limit", disable_dns_blacklist: "write use_dst_blocklist" },
  ...{ disable_dns_failover: "write use_dns_failover", db_default_url: "give each module its db_url by modparam" },
  ...{ db_max_async_connections: "it is a setting of OpenSIPS: take the line out" },
  ...{ disable_503_translation: "it is a setting of OpenSIPS: take the line out" },
  ...{ auto_scaling_profile: "there are no worker processes here: take the line out" },
  ...{ restart_persistency_size: "it is a setting of OpenSIPS: take the line out" },
  ...{ enable_asserts: "there is no assert() here: take the line out" },
  ...{ abort_on_assert: "there is no assert() here: take the line out" },
  ...{ fifo: "commands come by module jsonrpcs or ctl since Kamailio 3: take the line out" },
  ...{ fifo_mode: "commands come by module jsonrpcs or ctl since Kamailio 3: take the line out" },
  ...{ fifo_db_url: "commands come by module jsonrpcs or ctl since Kamailio 3: take the line out" },
  ...{ unix_sock: "commands come by module jsonrpcs or ctl since Kamailio 3: take the line out" },
  ...{ loop_checks: "loops are found by Max-Forwards: take the line out" },
  ...{ reply_to_via_rport: "write force_rport", tls_log: "TLS is set by module tls since Kamailio 1.5" },
  ...{ tls_certificate: "TLS is set by module tls", tls_private_key: "TLS is set by module tls" },
  ...{ tls_ca_list: "TLS is set by module tls", tls_method: "TLS is set by module tls" },
  ...{ tls_verify: "TLS is set by module tls", tls_require_certificate: "TLS is set by module tls" },
};

/** Functions of other dialects. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  ...{
    www_authorize: 'use www_authenticate("realm", "subscriber")',
    proxy_authorize: 'use proxy_authenticate("realm", "subscriber")',
  },
  ...{ cache_store: "use a table of module htable: $sht(table=>key) = value" },
  ...{ cache_fetch: "use a table of module htable: $sht(table=>key)" },
  ...{ cache_remove: "use a table of module htable: $sht(table=>key) = $null" },
  ...{ do_accounting: 'set the flag that modparam("acc", "log_flag", …) names' },
  ...{ create_dialog: "use dlg_manage() of module dialog", topology_hiding: "use module topoh or topos" },
  ...{ db_does_uri_exist: "use does_uri_exist() of module uri_db", trace: "use sip_trace() of module siptrace" },
  ...{ xdbg: 'use xlog("L_DBG", …)', xwarn: 'use xlog("L_WARN", …)', script_trace: "there is no script trace here" },
  ...{
    assert: "there is no assert() here: use if and exit",
    cache_counter: "use $shtinc(table=>key) of module htable",
  },
  ...{ append_time: "use append_time() of module textops", is_present_hf_pv: "use is_present_hf()" },
};

/** Modules of OpenSIPS that Kamailio has not, and what stands for them. */
const BUILT_IN = "UDP, TCP, TLS and WebSocket need no module of their own: take the line out";
const COMMANDS = "commands come by module jsonrpcs or ctl";
const MODULES: Readonly<Record<string, string>> = {
  ...{ proto_udp: BUILT_IN, proto_tcp: BUILT_IN, proto_tls: BUILT_IN, proto_ws: BUILT_IN, proto_wss: BUILT_IN },
  ...{
    proto_sctp: 'write listen=sctp:…, and loadmodule "sctp.so" for its parameters and commands',
    proto_bin: "there is no clustering by it here",
    proto_hep: "use module siptrace",
  },
  ...{
    signaling: "use module sl: send_reply() chooses between stateless and stateful",
    sipmsgops: "use textops and siputils",
  },
  ...{
    mi_fifo: COMMANDS,
    mi_datagram: COMMANDS,
    mi_http: COMMANDS,
    mi_json: COMMANDS,
    mi_xmlrpc_ng: COMMANDS,
    mi_html: COMMANDS,
  },
  ...{ mi_xmlrpc: COMMANDS, mi_rpc: COMMANDS, httpd: "use module xhttp", rest_client: "use module http_client" },
  ...{ tls_mgm: "use module tls", tls_openssl: "use module tls", tls_wolfssl: "use module tls" },
  ...{ cachedb_local: "use module htable", cachedb_redis: "use module ndb_redis", localcache: "use module htable" },
  ...{ topology_hiding: "use module topoh or topos", tracer: "use module siptrace", uri: "use siputils and uri_db" },
  ...{ load_balancer: "use module dispatcher", uac_registrant: "use module uac", uac_auth: "use module uac" },
  ...{ b2b_entities: "there is no back-to-back agent here", b2b_logic: "there is no back-to-back agent here" },
  ...{
    clusterer: "use module dmq",
    event_route: "use event_route[...] of the modules",
    stir_shaken: "use module stirshaken",
  },
  ...{
    mid_registrar: "use usrloc, registrar and path",
    rtp_relay: "use rtpproxy or rtpengine",
    prometheus: "use xhttp_prom",
  },
  ...{ call_center: "there is no module of the kind here", fraud_detection: "there is no module of the kind here" },
  ...{
    aaa_radius: "use auth_radius and acc_radius",
    auth_aaa: "use module auth_radius",
    userblacklist: "use userblocklist",
  },
};

function find(table: Readonly<Record<string, string>>, name: string): string | null {
  return Object.hasOwn(table, name) ? table[name]! : null;
}

/** What a parameter of another dialect is here; null when it is none. */
export function foreignParameter(name: string): string | null {
  return find(PARAMETERS, name);
}

/** What to use in place of a function of another dialect; null when it is none. */
export function foreignFunction(name: string): string | null {
  return find(FUNCTIONS, name);
}

/** What to use in place of a module of OpenSIPS; null when it is none. */
export function opensipsModule(name: string): string | null {
  return find(MODULES, name);
}
