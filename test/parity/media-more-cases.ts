// More of what rtpproxy and rtpengine do without a transaction, compared with Kamailio's: sets, descriptions in variables, every value of quality.

import type { MediaCase, MediaGroup } from "./media-cases.ts";

const SETS = `modparam("rtpengine", "rtpengine_sock", "1 == udp:{RELAY}")
modparam("rtpengine", "rtpengine_sock", "2 == udp:{RELAY}=3")
modparam("rtpengine", "setid_default", 1)
modparam("rtpengine", "setid_avp", "$avp(set)")
modparam("rtpengine", "rtp_inst_pvar", "$avp(inst)")
modparam("rtpengine", "queried_nodes_limit", 3)
modparam("rtpengine", "rtpengine_allow_op", 1)
modparam("rtpengine", "hash_table_size", 4)
modparam("rtpengine", "hash_table_tout", 60)
modparam("rtpengine", "rtpengine_tout_ms", 500)
modparam("rtpengine", "rtpengine_retr", 1)
modparam("rtpengine", "aggressive_redetection", 0)
modparam("rtpengine", "control_cmd_tos", 184)
`;

const QUALITY = `modparam("rtpengine", "rtpengine_sock", "udp:{RELAY}")
modparam("rtpengine", "mos_A_label_pv", "$avp(la)")
modparam("rtpengine", "mos_B_label_pv", "$avp(lb)")
modparam("rtpengine", "mos_min_pv", "$avp(m0)")
modparam("rtpengine", "mos_min_at_pv", "$avp(m1)")
modparam("rtpengine", "mos_min_packetloss_pv", "$avp(m2)")
modparam("rtpengine", "mos_min_jitter_pv", "$avp(m3)")
modparam("rtpengine", "mos_min_roundtrip_pv", "$avp(m4)")
modparam("rtpengine", "mos_max_pv", "$avp(m5)")
modparam("rtpengine", "mos_max_at_pv", "$avp(m6)")
modparam("rtpengine", "mos_max_packetloss_pv", "$avp(m7)")
modparam("rtpengine", "mos_max_jitter_pv", "$avp(m8)")
modparam("rtpengine", "mos_max_roundtrip_pv", "$avp(m9)")
modparam("rtpengine", "mos_average_pv", "$avp(m10)")
modparam("rtpengine", "mos_average_packetloss_pv", "$avp(m11)")
modparam("rtpengine", "mos_average_jitter_pv", "$avp(m12)")
modparam("rtpengine", "mos_average_roundtrip_pv", "$avp(m13)")
modparam("rtpengine", "mos_average_samples_pv", "$avp(m14)")
modparam("rtpengine", "mos_min_roundtrip_leg_pv", "$avp(m51)")
modparam("rtpengine", "mos_max_roundtrip_leg_pv", "$avp(m52)")
modparam("rtpengine", "mos_average_roundtrip_leg_pv", "$avp(m53)")
modparam("rtpengine", "mos_min_A_pv", "$avp(m15)")
modparam("rtpengine", "mos_min_at_A_pv", "$avp(m16)")
modparam("rtpengine", "mos_min_packetloss_A_pv", "$avp(m17)")
modparam("rtpengine", "mos_min_jitter_A_pv", "$avp(m18)")
modparam("rtpengine", "mos_min_roundtrip_A_pv", "$avp(m19)")
modparam("rtpengine", "mos_min_roundtrip_leg_A_pv", "$avp(m20)")
modparam("rtpengine", "mos_max_A_pv", "$avp(m21)")
modparam("rtpengine", "mos_max_at_A_pv", "$avp(m22)")
modparam("rtpengine", "mos_max_packetloss_A_pv", "$avp(m23)")
modparam("rtpengine", "mos_max_jitter_A_pv", "$avp(m24)")
modparam("rtpengine", "mos_max_roundtrip_A_pv", "$avp(m25)")
modparam("rtpengine", "mos_max_roundtrip_leg_A_pv", "$avp(m26)")
modparam("rtpengine", "mos_average_A_pv", "$avp(m27)")
modparam("rtpengine", "mos_average_packetloss_A_pv", "$avp(m28)")
modparam("rtpengine", "mos_average_jitter_A_pv", "$avp(m29)")
modparam("rtpengine", "mos_average_roundtrip_A_pv", "$avp(m30)")
modparam("rtpengine", "mos_average_roundtrip_leg_A_pv", "$avp(m31)")
modparam("rtpengine", "mos_average_samples_A_pv", "$avp(m32)")
modparam("rtpengine", "mos_min_B_pv", "$avp(m33)")
modparam("rtpengine", "mos_min_at_B_pv", "$avp(m34)")
modparam("rtpengine", "mos_min_packetloss_B_pv", "$avp(m35)")
modparam("rtpengine", "mos_min_jitter_B_pv", "$avp(m36)")
modparam("rtpengine", "mos_min_roundtrip_B_pv", "$avp(m37)")
modparam("rtpengine", "mos_min_roundtrip_leg_B_pv", "$avp(m38)")
modparam("rtpengine", "mos_max_B_pv", "$avp(m39)")
modparam("rtpengine", "mos_max_at_B_pv", "$avp(m40)")
modparam("rtpengine", "mos_max_packetloss_B_pv", "$avp(m41)")
modparam("rtpengine", "mos_max_jitter_B_pv", "$avp(m42)")
modparam("rtpengine", "mos_max_roundtrip_B_pv", "$avp(m43)")
modparam("rtpengine", "mos_max_roundtrip_leg_B_pv", "$avp(m44)")
modparam("rtpengine", "mos_average_B_pv", "$avp(m45)")
modparam("rtpengine", "mos_average_packetloss_B_pv", "$avp(m46)")
modparam("rtpengine", "mos_average_jitter_B_pv", "$avp(m47)")
modparam("rtpengine", "mos_average_roundtrip_B_pv", "$avp(m48)")
modparam("rtpengine", "mos_average_roundtrip_leg_B_pv", "$avp(m49)")
modparam("rtpengine", "mos_average_samples_B_pv", "$avp(m50)")
`;

/** Where a variable that asks the relay is read. */
function readings(name: string): readonly MediaCase[] {
  const $ = `$${name}`;
  return [
    [`$var(x) = ${$}`, "plain", true],
    [`$var(x) = ${$}`, "refused", true],
    [`append_hf("S: ${$}\\r\\n")`, "plain"],
    [`append_hf("S: ${$} ${$}\\r\\n")`, "plain", true],
    [`xlog("L_ERR", "${$}\\n")`, "plain", true],
    [`$var(x) = $(${name}{s.len}) + 1`, "plain", true],
    [`if (${$} == $null) $avp(s) = "none"`, "refused", true],
    [`if (${$} == $null) $avp(s) = "none"`, "plain", true],
    [`if (is_method("BYE") && ${$} != "") $avp(s) = "read"`, "plain", true],
    [`if (is_method("INVITE") && ${$} != "") $avp(s) = "read"`, "plain", true],
    [`if (is_method("INVITE") || ${$} != "") $avp(s) = "not read"`, "plain", true],
    [`$avp(s) = "a" + ${$}`, "plain", true],
    [`if (strlen(${$}) > 0 && ${$} =~ "[0-9]") $avp(s) = ${$}`, "plain", true],
    [`switch (${$}) { case "x": $avp(s) = 1; break; default: $avp(s) = ${$}; }`, "plain", true],
    [`$var(i) = 0; while ($var(i) < 2 && defined ${$}) { $var(i) = $var(i) + 1; $avp(s) = $var(i); }`, "plain", true],
    [`if (!(${$} == "")) { $avp(s) = $(${name}{s.substr,0,2}); }`, "plain", true],
  ];
}

/** Further groups. */
export const MORE_MEDIA_GROUPS: readonly MediaGroup[] = [
  {
    module: "rtpengine",
    name: "rtpengine: sets",
    params: SETS,
    shown: "$(avp(inst){s.substr,0,3})",
    cases: [
      ["rtpengine_offer()", "plain"],
      ['set_rtpengine_set("1"); $var(set) = $rc; rtpengine_offer()', "plain"],
      ['set_rtpengine_set("2"); rtpengine_offer()', "plain"],
      ['$var(n) = 7; set_rtpengine_set("$var(n)"); rtpengine_offer()', "plain"],
      ['set_rtpengine_set("1", "2"); rtpengine_offer()', "plain"],
      ['$var(n) = 2; set_rtpengine_set("$var(n)"); rtpengine_offer()', "plain"],
      ["$avp(set) = 2; rtpengine_offer()", "plain"],
      ["$avp(set) = 7; rtpengine_offer()", "plain"],
      ['rtpengine_query_v("j", "$avp(q)"); append_hf("Q: $avp(q)\\r\\n"); $var(x) = 1', "plain", true],
      ['rtpengine_offer("via-branch=1"); rtpengine_delete("via-branch=1")', "plain"],
    ],
  },
  {
    module: "rtpengine",
    name: "rtpengine: descriptions in variables",
    params: `modparam("rtpengine", "rtpengine_sock", "udp:{RELAY}")
modparam("rtpengine", "read_sdp_pv", "$avp(in)")
modparam("rtpengine", "write_sdp_pv", "$avp(out)")
`,
    shown: "$(avp(out){s.len})",
    cases: [
      ["$avp(in) = $rb; rtpengine_offer()", "plain"],
      ["rtpengine_offer()", "plain"],
      ['$avp(in) = "v=0"; rtpengine_offer()', "none"],
      ['$avp(in) = "v=0"; rtpengine_answer()', "plain", true],
    ],
  },
  {
    module: "rtpengine",
    name: "rtpengine: quality",
    params: QUALITY,
    shown:
      "$avp(m0) $avp(m1) $avp(m2) $avp(m3) $avp(m4) $avp(m5) $avp(m6) $avp(m7) $avp(m8) $avp(m9) $avp(m10) $avp(m11) $avp(m12) $avp(m13) $avp(m14) $avp(m15) $avp(m16) $avp(m17) $avp(m18) $avp(m19) $avp(m20) $avp(m21) $avp(m22) $avp(m23) $avp(m24) $avp(m25) $avp(m26) $avp(m27) $avp(m28) $avp(m29) $avp(m30) $avp(m31) $avp(m32) $avp(m33) $avp(m34) $avp(m35) $avp(m36) $avp(m37) $avp(m38) $avp(m39) $avp(m40) $avp(m41) $avp(m42) $avp(m43) $avp(m44) $avp(m45) $avp(m46) $avp(m47) $avp(m48) $avp(m49) $avp(m50) $avp(m51) $avp(m52) $avp(m53)",
    cases: [
      ['$avp(la) = "a"; $avp(lb) = "b"; rtpengine_delete()', "plain", true],
      ["rtpengine_delete()", "plain", true],
      ['$avp(la) = "nobody"; $avp(lb) = "a"; rtpengine_query()', "plain", true],
    ],
  },
  {
    module: "rtpproxy",
    name: "rtpproxy: sets",
    params: `modparam("rtpproxy", "rtpproxy_sock", "1 == udp:{RELAY}")
modparam("rtpproxy", "rtpproxy_sock", "2 == udp:{RELAY}")
modparam("rtpproxy", "rtp_inst_pvar", "$avp(inst)")
modparam("rtpproxy", "nortpproxy_str", "a=leave:me\\r\\n")
modparam("rtpproxy", "rtpproxy_tout", 1)
modparam("rtpproxy", "rtpproxy_retr", 1)
modparam("rtpproxy", "rtpproxy_disable_tout", 2)
`,
    shown: "$(avp(inst){s.substr,0,3})",
    cases: [
      ["rtpproxy_offer()", "plain"],
      ["rtpproxy_manage()", "plain"],
      ["rtpproxy_answer()", "plain", true],
      ["rtpproxy_destroy()", "plain", true],
      ["rtpproxy_stop_stream2uac()", "plain", true],
      ["start_recording()", "plain", true],
      ['set_rtp_proxy_set("1"); start_recording()', "plain", true],
      ['set_rtp_proxy_set("1"); rtpproxy_stop_stream2uac()', "plain", true],
      ['set_rtp_proxy_set("1"); rtpproxy_offer()', "plain"],
      ['set_rtp_proxy_set("2"); rtpproxy_manage()', "plain"],
      ['set_rtp_proxy_set("2"); rtpproxy_destroy()', "plain", true],
      ['set_rtp_proxy_set("1"); rtpproxy_offer()', "marked"],
    ],
  },
  {
    module: "rtpengine",
    name: "rtpengine: $rtpestat",
    params: `modparam("rtpengine", "rtpengine_sock", "udp:{RELAY}")\n`,
    shown: "$avp(s)",
    cases: readings("rtpestat"),
  },
  {
    module: "rtpengine",
    name: "rtpengine: $rtpstat",
    params: `modparam("rtpengine", "rtpengine_sock", "udp:{RELAY}")\n`,
    shown: "$rtpstat",
    cases: [
      ["$var(x) = 1", "plain"],
      ["rtpengine_query()", "plain", true],
      ["rtpengine_delete()", "plain", true],
    ],
  },
  {
    module: "rtpproxy",
    name: "rtpproxy: $rtppstat",
    params: `modparam("rtpproxy", "rtpproxy_sock", "udp:{RELAY}")\n`,
    shown: "$avp(s)",
    cases: readings("rtppstat"),
  },
  {
    module: "rtpproxy",
    name: "rtpproxy: $rtpstat",
    params: `modparam("rtpproxy", "rtpproxy_sock", "udp:{RELAY}")\n`,
    shown: "$rtpstat",
    cases: [
      ["$var(x) = 1", "plain"],
      ["rtpproxy_destroy()", "plain", true],
      ["$var(x) = 1", "refused", true],
      ["$var(x) = 1", "refused"],
    ],
  },
];
