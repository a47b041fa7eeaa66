// Parameters that modules had in release 3.1 and have no more: where they are now, or why they are not needed.

import { own } from "../util/own.ts";

/** Parameters that another module has now, by that of release 3.1. */
const MOVED: Readonly<Record<string, readonly [string, string]>> = {
  nathelper: ["rtpproxy", "rtpproxy_disable_tout rtpproxy_retr rtpproxy_sock rtpproxy_tout"],
  rtpproxy: [
    "nathelper",
    "force_socket natping_interval natping_processes natping_socket ping_nated_only received_avp sipping_bflag sipping_from sipping_method",
  ],
};

const NO_RADIUS = "accounting by RADIUS and Diameter is not offered: use db_flag, log_flag and db_extra";
const REFUSED: Readonly<Record<string, readonly [string, string]>> = {
  acc: [
    NO_RADIUS,
    "diameter_client_host diameter_client_port diameter_extra diameter_flag diameter_missed_flag radius_config radius_extra radius_flag radius_missed_flag service_type",
  ],
};

/** Those that can be left out without loss, with the reason. */
const NEEDLESS: Readonly<Record<string, string>> = {
  "domain db_mode": "domains are always kept in memory",
  "presence fallback2db": "subs_db_mode says where subscriptions are",
  "presence to_tag_pref": "tags are hard to guess and have no common beginning",
  "presence_xml pidf_manipulation": "published documents are the only ones",
  "htable timer_mode": "there are no timer processes",
  "tls handshake_timeout": "handshakes have a limit of their own",
  "tls send_timeout": "tcp_send_timeout counts for TLS too",
  "tls ssl_free_list_max_len": "the runtime's TLS looks after its memory itself",
};

/** What is to be said of such a parameter: a refusal with what to do, or a warning with the reason. Null for any other. */
export function olderParam(
  module: string,
  param: string,
): { readonly hint: string } | { readonly effect: string } | null {
  const effect = Object.hasOwn(NEEDLESS, `${module} ${param}`) ? NEEDLESS[`${module} ${param}`] : undefined;
  if (effect !== undefined) return { effect };
  const moved = own(MOVED, module);
  if (moved?.[1].split(" ").includes(param) === true)
    return { hint: `it is one of module ${moved[0]} since release 3.2` };
  const refused = own(REFUSED, module);
  return refused?.[1].split(" ").includes(param) === true ? { hint: refused[0] } : null;
}
