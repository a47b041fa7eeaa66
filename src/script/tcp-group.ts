// The group "tcp" of Kamailio (@cfg_get.tcp.no_connect, cfg.get tcp no_connect): the parameters of TCP by other names.

/** Name there, global parameter, and whether it can be changed: what is told to the system when a port is opened cannot. */
export const TCP_GROUP: readonly (readonly [name: string, global: string, live: boolean])[] = [
  ["connect_timeout", "tcp_connect_timeout", true],
  ["send_timeout", "tcp_send_timeout", true],
  ["connection_lifetime", "tcp_connection_lifetime", true],
  ["max_connections", "tcp_max_connections", true],
  ["max_tls_connections", "tls_max_connections", true],
  ["no_connect", "tcp_no_connect", true],
  ["fd_cache", "tcp_fd_cache", false],
  ["async", "tcp_async", false],
  ["conn_wq_max", "tcp_conn_wq_max", true],
  ["wq_max", "tcp_wq_max", true],
  ["defer_accept", "tcp_defer_accept", false],
  ["delayed_ack", "tcp_delayed_ack", false],
  ["syncnt", "tcp_syncnt", true],
  ["linger2", "tcp_linger2", false],
  ["keepalive", "tcp_keepalive", false],
  ["keepidle", "tcp_keepidle", false],
  ["keepintvl", "tcp_keepintvl", false],
  ["keepcnt", "tcp_keepcnt", false],
  ["crlf_ping", "tcp_crlf_ping", true],
  ["accept_aliases", "tcp_accept_aliases", true],
  ["accept_no_cl", "tcp_accept_no_cl", true],
  ["reuse_port", "tcp_reuse_port", false],
  ["wait_data_ms", "tcp_wait_data", false],
  ["rd_buf_size", "tcp_rd_buf_size", true],
  ["wq_blk_size", "tcp_wq_blk_size", true],
];
/** Those that are no parameters: one connection is opened to an address, an alias belongs to one connection. */
export const TCP_FIXED = { connect_wait: 1, alias_flags: 1, new_conn_alias_flags: 2 } as const;
