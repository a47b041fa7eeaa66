// Every class of pseudo-variable of Kamailio's 5.6 cookbook, once: offered here, or the module that it comes with. $var, $null and $$
// belong to the language itself; what each one reads is compared with Kamailio in test/parity (group "variables").

import { describe, expect, test } from "vitest";
import { modules } from "../src/modules/index.ts";
import { Catalogue } from "../src/registry/registry.ts";

const HERE: Readonly<Record<string, string>> = {
  pv: `AU Au K RAi RAp RAu RAut Ri Rn Rp Ru Rut TF TS TV Tb Tf Ts _s aU aa ad adu ai ar au avp bF bR bf br branch bs cT ccp ci cl cnt conid cs
    csb ct dP dd def defn di dic dip dir dp ds du env expires fU fUl fd fn fs fsn ft fu hdr hdrc hfl hflc mF mb mbu mf mi ml msg mt nh oP
    oU oUl od op ou pU pd pn pp pr prid proto pu rP rU rUl rb rc retcode rd re rm rmid rp rpl rr rs rt ru ruid rv rz sF sas sbranch sel sf
    shv si sid siz snd sndfrom sndto sp sruid stat su sut tU tUl td time timef tn tt tu ua utime utimef var version via0 via1 viaZ vn vz
    xavi xavp xavu`,
  core: "rcv",
  htable: "sht shtcn shtcv shtdec shtex shtinc shtitkey shtitval shtrecord",
  jsonrpcs: "jsonrpl",
  nathelper: "rr_count rr_top_count",
  registrar: "ulc",
  rr: "fti rdir route_uri tti",
  dialog: "dlg dlg_ctx dlg_var",
  presence: "subs",
  sl: "ltt",
  tm: "T_branch_idx T_reply_code T_reply_ruid",
  tmx: "T T_branch T_inv T_req T_rpl",
  xhttp: "hu",
  xlog: "C",
  tls: `tls tls_cipher_bits tls_cipher_info tls_description tls_my_issuer tls_my_issuer_cn tls_my_issuer_country tls_my_issuer_locality
    tls_my_issuer_organization tls_my_issuer_state tls_my_issuer_unit tls_my_raw_cert tls_my_san_email tls_my_san_hostname tls_my_san_ip
    tls_my_san_uri tls_my_serial tls_my_subject tls_my_subject_cn tls_my_subject_country tls_my_subject_locality
    tls_my_subject_organization tls_my_subject_state tls_my_subject_uid tls_my_subject_unit tls_my_urlencoded_cert tls_my_version
    tls_peer_expired tls_peer_issuer tls_peer_issuer_cn tls_peer_issuer_country tls_peer_issuer_locality tls_peer_issuer_organization
    tls_peer_issuer_state tls_peer_issuer_unit tls_peer_notAfter tls_peer_notBefore tls_peer_raw_cert tls_peer_revoked tls_peer_san_email
    tls_peer_san_hostname tls_peer_san_ip tls_peer_san_uri tls_peer_selfsigned tls_peer_serial tls_peer_server_name tls_peer_subject
    tls_peer_subject_cn tls_peer_subject_country tls_peer_subject_locality tls_peer_subject_organization tls_peer_subject_state
    tls_peer_subject_uid tls_peer_subject_unit tls_peer_urlencoded_cert tls_peer_verified tls_peer_version tls_version`,
};

/** By the module they come with, which does not exist here yet. */
const LATER: Readonly<Record<string, string>> = {
  benchmark: "BM_time_diff",
  cfgutils: "RANDOM",
  dispatcher: "dsv",
  evrexec: "evr",
  geoip: "gip",
  geoip2: "gip2",
  http_async_client: "http_bs http_err http_hdr http_mb http_ml http_ok http_rb http_req http_req_id http_rr http_rs",
  ipops: "HN dns",
  memcached: "mcdec mcinc mct",
  mqueue: "mqk mqv",
  msrp: "msrp",
  ndb_redis: "redis redisd",
  phonenum: "phn",
  posops: "pos",
  pv_headers: "x_fU x_fd x_fn x_ft x_fu x_hdr x_rr x_rs x_tU x_td x_tn x_tt x_tu",
  sdpops: "sdp",
  secsipid: "secsipid",
  sipcapture: "hep",
  sipdump: "sipdump",
  sipt: `sipt sipt_called_party_nai sipt_calling_party_nai sipt_cpc sipt_hop_counter sipt_presentation sipt_redirection_info
    sipt_redirection_number sipt_redirection_number_nai sipt_screening`,
  siptrace: "siptrace",
  tcpops: "tcp",
  uac: "uac_req",
  xmlops: "xml",
};

/** Not offered, and why. */
const NEVER: Readonly<Record<string, string>> = {
  "erl_atom erl_list erl_pid erl_ref erl_tuple erl_xbuff":
    "module erlang joins Kamailio to Erlang nodes, which Portico does not",
};

const words = (text: string): string[] => text.trim().split(/\s+/);
const all = new Catalogue([...modules.values()]);

describe("pseudo-variables of the cookbook", () => {
  test.each(Object.entries(HERE))("those of %s are offered by it", (module, names) => {
    expect(words(names).filter((name) => all.pv(name)?.module.name !== module)).toEqual([]);
  });

  test("those of modules to come, or never to come, are not: move them when they are", () => {
    const absent = [...Object.values(LATER), ...Object.keys(NEVER)].flatMap(words);
    expect(absent.filter((name) => all.pv(name) !== null)).toEqual([]);
  });

  test("no class stands twice", () => {
    const listed = [...Object.values(HERE), ...Object.values(LATER), ...Object.keys(NEVER)].flatMap(words);
    expect(listed.filter((name, i) => listed.indexOf(name) !== i)).toEqual([]);
    expect(new Set(listed).size).toBeGreaterThan(280);
  });
});
