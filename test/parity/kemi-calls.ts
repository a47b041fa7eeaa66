// Functions that scripts in other languages call, each with arguments and a message: one definition for the call in the native language, in Lua
// and in Python. Compared with each other in test/outside/kemi.test.ts, and with Kamailio's app_lua in the group `kemi` of language.test.ts.

/** A call: the function under KSR, its arguments, and what the native language has in its place when that has another form (null: nothing). */
export type Call = readonly [name: string, args?: readonly (string | number)[], native?: string | null];

export interface KemiCase {
  readonly name: string;
  readonly calls: readonly Call[];
  /** Header lines of the request. */
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly line?: string;
}

type Of = Omit<KemiCase, "name" | "calls">;

/** Calls on the same message, one case each; they are named by function and number. */
function each(calls: readonly Call[], of: Of = {}): KemiCase[] {
  return calls.map((call) => ({ name: `${call[0]}(${(call[1] ?? []).join(", ")})`, calls: [call], ...of }));
}

const together = (name: string, calls: readonly Call[], of: Of = {}): KemiCase => ({ name, calls, ...of });

const LISTS = {
  headers: ["X-List: one, two;p=1, three", "X-Two: a", "X-Two: b", "Supported: path, 100rel", "Privacy: id;user"],
};
const BODY = { headers: ["Content-Type: application/sdp"], body: "v=0\r\no=x\r\nc=IN IP4 10.0.0.1\r\na=sendonly\r\n" };
const PARTS = {
  headers: ["Content-Type: multipart/mixed;boundary=b1"],
  body: "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b1\r\nContent-Type: text/x\r\n\r\nhello\r\n--b1--\r\n",
};
const CALL = { line: "INVITE sip:bob@127.0.0.1:5060;x=1;user=phone", headers: ["CSeq: 7 INVITE"] };
const ROUTED = {
  headers: ["Route: <sip:192.0.2.77;lr;nat=yes;ftag=t1>", "Record-Route: <sip:192.0.2.78;lr>", "To: <sip:b@c>;tag=u1"],
};

const TEXTS: readonly KemiCase[] = [
  ...each([
    ["textops.search", ["probe"]],
    ["textops.search", ["nothing here"]],
    ["textops.search_append", ["one", "-more"]],
    ["textops.search_str", ["hello", "l+"], null],
    ["textops.replace", ["hello", "bye"]],
    ["textops.replace_all", ["e", "E"]],
    ["textops.replace_hdrs", ["hello", "bye"]],
    ["textops.replace_hdrs_str", ["o", "0", "a"]],
    ["textops.replace_str", ["hello", "bye", "f"]],
    ["textops.subst", ["/hello/bye/"]],
    ["textops.subst_uri", ["/bob/carol/"]],
    ["textops.subst_user", ["/bob/dave/"]],
    ["textops.subst_hf", ["Subject", "/hello/bye/", "a"]],
    ["textops.search_hf", ["Subject", "hello", "a"]],
    ["textops.is_present_hf", ["Subject"]],
    ["textops.is_present_hf", ["None"]],
    ["textops.is_present_hf_re", ["^X-"]],
    ["textops.remove_hf", ["Subject"]],
    ["textops.remove_hf_re", ["^X-O"]],
    ["textops.cmp_str", ["a", "b"], null],
    ["textops.cmp_str", ["a", "a"]],
    ["textops.cmp_istr", ["Abc", "aBC"]],
    ["textops.starts_with", ["abc", "ab"]],
    ["textops.ends_with", ["abc", "bc"]],
    ["textops.str_find", ["abc", "b"]],
    ["textops.str_ifind", ["abc", "B"]],
    ["textops.in_list", ["b", "a,b,c", ","]],
    ["textops.in_list", ["x", "a,b,c", ","]],
    ["textops.in_list_prefix", ["bcd", "a,b,c", ","]],
    ["textops.has_body"],
  ]),
  ...each(
    [
      ["textops.remove_hf_exp", ["^X-", "^X-T"]],
      ["textops.remove_hf_idx", ["X-Two", 1]],
      ["textops.remove_hf_match", ["X-Two", "eq", "a"]],
      ["textops.is_privacy", ["id"]],
      ["textops.is_privacy", ["session"]],
      ["textopsx.append_hf_value", ["X-List", "four"]],
      ["textopsx.insert_hf_value", ["X-List", "zero"]],
      ["textopsx.include_hf_value", ["Supported", "outbound"]],
      ["textopsx.exclude_hf_value", ["Supported", "path"]],
      ["textopsx.hf_value_exists", ["Supported", "100rel"]],
      ["textopsx.hf_value_exists", ["Supported", "none"]],
      ["textopsx.remove_hf_value", ["X-List[1]"]],
      ["textopsx.assign_hf_value", ["X-List[0]", "1"]],
      ["textopsx.fnmatch", ["abc", "a*"]],
      ["textopsx.fnmatch_ex", ["ABC", "a*", "i"], 'fnmatch("ABC", "a*", "i")'],
      ["textopsx.msg_apply_changes"],
    ],
    LISTS,
  ),
  ...each(
    [
      ["textops.has_body_type", ["application/sdp"], 'has_body("application/sdp")'],
      ["textops.has_body_type", ["text/plain"], 'has_body("text/plain")'],
      ["textops.search_body", ["IP4"]],
      ["textops.search_append_body", ["v=0", "0"]],
      ["textops.replace_body", ["10.0.0.1", "192.0.2.9"]],
      ["textops.replace_body_all", ["=", "~"]],
      ["textops.replace_body_atonce", ["^v=0", "v=1"]],
      ["textops.replace_body_str", ["10.0.0.1", "192.0.2.9", "a"]],
      ["textops.subst_body", ["/IN/OUT/"]],
      ["textops.set_body", ["new body", "text/plain"]],
      ["textops.filter_body", ["application/sdp"]],
      ["textops.is_audio_on_hold"],
      ["textopsx.remove_body"],
      ["nathelper.fix_nated_sdp", [1]],
      ["nathelper.fix_nated_sdp_ip", [2, "192.0.2.9"], 'fix_nated_sdp("2", "192.0.2.9")'],
    ],
    BODY,
  ),
  ...each(
    [
      ["textops.remove_body_part", ["text/x"]],
      ["textops.append_body_part", ["t", "text/y"]],
      ["textops.append_body_part_cd", ["t", "text/y", "signal"], 'append_body_part("t", "text/y", "signal")'],
      ["textops.append_body_part_hex", ["74", "text/y"]],
      ["textops.filter_body", ["text/x"]],
      ["textops.get_body_part", ["text/x", "$var(p)"]],
      ["textops.get_body_part_raw", ["application/sdp", "$var(p)"]],
    ],
    PARTS,
  ),
  together("items of header fields", [
    ["textopsx.hf_iterator_start", ["i"]],
    ["textopsx.hf_iterator_next", ["i"]],
    ["textopsx.hf_iterator_hname", ["i"], "$hfitname(i)"],
    ["textopsx.hf_iterator_next", ["i"]],
    ["textopsx.hf_iterator_hbody", ["i"], "$hfitbody(i)"],
    ["textopsx.hf_iterator_prev", ["i"]],
    ["textopsx.hf_iterator_hbody", ["i"], "$hfitbody(i)"],
    ["textopsx.hf_iterator_append", ["i", "X-After: 1\r\n"]],
    ["textopsx.hf_iterator_rm", ["i"]],
    ["textopsx.hf_iterator_end", ["i"]],
  ]),
  together(
    "lines of the body",
    [
      ["textopsx.bl_iterator_start", ["b"]],
      ["textopsx.bl_iterator_next", ["b"]],
      ["textopsx.bl_iterator_value", ["b"], "$blitval(b)"],
      ["textopsx.bl_iterator_append", ["b", "s=added\r\n"]],
      ["textopsx.bl_iterator_next", ["b"]],
      ["textopsx.bl_iterator_rm", ["b"]],
      ["textopsx.bl_iterator_next", ["b"]],
      ["textopsx.bl_iterator_insert", ["b", "t=0 0\r\n"]],
      ["textopsx.bl_iterator_end", ["b"]],
    ],
    BODY,
  ),
];

const UTILITIES: readonly KemiCase[] = [
  ...each([
    ["siputils.has_totag"],
    ["siputils.is_request"],
    ["siputils.is_reply"],
    ["siputils.is_first_hop"],
    ["siputils.is_numeric", ["0123"]],
    ["siputils.is_numeric", ["01x"]],
    ["siputils.is_alphanum", ["a1"]],
    ["siputils.is_alphanumex", ["a-1", "-"]],
    ["siputils.is_tel_number", ["+123"]],
    ["siputils.is_uri", ["sip:a@b"]],
    ["siputils.is_uri", ["a b"]],
    ["siputils.cmp_uri", ["sip:a@b", "sip:a@B"]],
    ["siputils.cmp_uri", ["sip:a@b", "sip:A@b"]],
    ["siputils.cmp_aor", ["sip:a@b;x=1", "sip:a@b"]],
    ["siputils.cmp_hdr_name", ["f", "From"]],
    ["siputils.uri_param_any", ["x"], null],
    ["siputils.uri_param_value", ["x", "1"], 'uri_param("x", "1")'],
    ["siputils.add_uri_param", ["y=2"]],
    ["siputils.uri_param_rm", ["x"], null],
    ["siputils.is_gruu"],
    ["siputils.hdr_date_check", [100]],
    ["siputils.is_user", ["bob"]],
    ["siputils.encode_contact", ["enc", "192.0.2.5"]],
    ["maxfwd.process_maxfwd", [10]],
    ["maxfwd.is_maxfwd_lt", [100]],
    ["maxfwd.is_maxfwd_lt", [5]],
    ["corex.has_ruri_user"],
    ["corex.has_user_agent"],
    ["corex.append_branch_uri", ["sip:x@192.0.2.9"], 'append_branch("sip:x@192.0.2.9")'],
    ["corex.append_branch_uri_q", ["sip:x@192.0.2.9", "0.5"], 'append_branch("sip:x@192.0.2.9", "0.5")'],
    ["corex.is_faked_msg"],
    ["corex.is_socket_name", ["none"]],
    ["corex.set_source_address", ["udp:192.0.2.66:5066"]],
    ["corex.via_add_srvid", [1]],
    ["nathelper.nat_uac_test", [1]],
    ["nathelper.nat_uac_test", [19]],
    ["nathelper.is_rfc1918", ["10.1.1.1"]],
    ["nathelper.is_rfc1918", ["8.8.8.8"]],
    ["nathelper.fix_nated_contact"],
    ["nathelper.fix_nated_register"],
    ["nathelper.add_rcv_param", [0]],
    ["nathelper.add_contact_alias"],
    ["nathelper.add_contact_alias_addr", ["192.0.2.5", "5070", "udp"], 'add_contact_alias("192.0.2.5", "5070", "udp")'],
    ["nathelper.set_contact_alias"],
    ["nathelper.handle_ruri_alias"],
    ["path.add_path"],
    ["path.add_path_user", ["u"], 'add_path("u")'],
    ["path.add_path_user_params", ["u", "p=1"], 'add_path("u", "p=1")'],
    ["path.add_path_received"],
    ["sanity.sanity_check", [1511, 7]],
    ["pike.pike_check_req"],
    ["pike.pike_check_ip", ["192.0.2.44"], null],
    ["permissions.allow_source_address", [1]],
    ["permissions.allow_address", [1, "192.0.2.50", 5060]],
    ["permissions.allow_address", [1, "192.0.2.51", 5060]],
    ["permissions.allow_address_group", ["192.0.2.50", 5060]],
    ["permissions.allow_source_address_group"],
    ["auth.has_credentials", ["office.example"]],
    ["auth.consume_credentials"],
  ]),
  ...each([["siputils.contact_param_encode", ["p", "sip:192.0.2.5"]]], {
    headers: ["Contact: <sip:alice@192.0.2.10:5070>"],
  }),
  ...each(
    [
      ["nathelper.handle_ruri_alias_mode", [0], 'handle_ruri_alias("0")'],
      ["nathelper.set_alias_to_pv", ["$var(p)"]],
    ],
    {
      line: "OPTIONS sip:bob@127.0.0.1:5060;alias=192.0.2.9~5070~1",
      headers: ["Contact: <sip:a@10.0.0.1;alias=192.0.2.8~5071~1>"],
    },
  ),
  together("extended flags", [
    ["corex.setxflag", [40]],
    ["corex.isxflagset", [40]],
    ["corex.resetxflag", [40]],
    ["corex.isxflagset", [40]],
  ]),
  together("counters", [
    ["counters.inc", ["own.c"], 'cnt_inc("own.c")'],
    ["counters.add", ["own.c", 4], 'cnt_add("own.c", 4)'],
    ["counters.reset", ["own.c"], 'cnt_reset("own.c")'],
  ]),
];

const ROUTES: readonly KemiCase[] = [
  ...each([["rr.record_route"], ["rr.record_route_params", [";a=b"], 'record_route(";a=b")']], CALL),
  ...each(
    [
      ["rr.record_route_preset_one", ["192.0.2.9:5060;p"], 'record_route_preset("192.0.2.9:5060;p")'],
      ["rr.record_route_advertised_address", ["a.example:5070"]],
      ["rr.remove_record_route"],
      ["rr.loose_route"],
      ["rr.loose_route_preloaded"],
      ["rr.next_hop_route"],
    ],
    ROUTED,
  ),
  together(
    "parameters of the Route that was ours",
    [
      ["rr.loose_route"],
      ["rr.check_route_param", ["nat=yes"]],
      ["rr.is_direction", ["downstream"]],
      ["rr.add_rr_param", [";z=1"]],
      ["rr.record_route"],
    ],
    {
      line: "OPTIONS sip:x@192.0.2.99",
      headers: ["Route: <sip:127.0.0.1:{ME};lr;nat=yes;ftag=t1>, <sip:192.0.2.88;lr>", "To: <sip:b@c>;tag=u1"],
    },
  ),
];

const CORE: readonly KemiCase[] = [
  together("flags", [
    ["setflag", [5]],
    ["isflagset", [5]],
    ["resetflag", [5]],
    ["isflagset", [5]],
    ["setbflag", [6]],
    ["isbflagset", [6]],
    ["resetbflag", [6]],
    ["isbflagset", [6]],
    ["setsflag", [7]],
    ["issflagset", [7]],
    ["resetsflag", [7]],
  ]),
  together("the R-URI", [
    ["seturi", ["sip:carol@192.0.2.20:7001"]],
    ["setuser", ["dave"]],
    ["kx.get_ruri", [], "$ru"],
    ["sethost", ["192.0.2.21"]],
    ["kx.get_rhost", [], "$rd"],
    ["is_myself_ruri", [], null],
  ]),
  together("the destination", [
    ["setdsturi", ["sip:192.0.2.20:7001"]],
    ["isdsturiset"],
    ["kx.get_duri", [], "$du"],
    ["resetdsturi"],
    ["isdsturiset"],
  ]),
  together("what the request is", [
    ["is_OPTIONS", [], 'is_method("OPTIONS")'],
    ["is_method", ["INVITE"]],
    ["is_method_in", ["IO"], null],
    ["is_UDP", [], null],
    ["is_myself_furi", [], null],
    ["force_rport"],
  ]),
  ...each([
    ["is_myself", ["sip:x@127.0.0.1:5060"], null],
    ["hdr.append", ["X-New: 1\r\n"], 'append_hf("X-New: 1\r\n")'],
    ["hdr.insert", ["X-New: 1\r\n"], 'insert_hf("X-New: 1\r\n")'],
    ["hdr.append_after", ["X-New: 1\r\n", "From"], 'append_hf("X-New: 1\r\n", "From")'],
    ["hdr.insert_before", ["X-New: 1\r\n", "From"], 'insert_hf("X-New: 1\r\n", "From")'],
    ["hdr.remove", ["Subject"], 'remove_hf("Subject")'],
    ["hdr.is_present", ["Subject"], 'is_present_hf("Subject")'],
    ["hdr.append_to_reply", ["X-R: 1\r\n"], 'append_to_reply("X-R: 1\r\n")'],
    ["hdr.get", ["Subject"], "$hdr(Subject)"],
    ["pv.get", ["$rU"], "$rU"],
    ["pv.get", ["$(ru{uri.host})"], "$(ru{uri.host})"],
    ["pv.gete", ["$fU"], "$fU"],
    ["kx.get_method", [], "$rm"],
    ["kx.get_furi", [], "$fu"],
    ["kx.get_turi", [], "$tu"],
    ["kx.get_callid", [], "$ci"],
    ["kx.get_ua", [], "$ua"],
    ["kx.get_ruser", [], "$rU"],
    ["kx.get_fuser", [], "$fU"],
    ["kx.get_fhost", [], "$fd"],
    ["kx.get_tuser", [], "$tU"],
    ["kx.get_thost", [], "$td"],
    ["kx.get_srcip", [], "$si"],
    ["kx.get_proto", [], "$pr"],
    ["kx.get_msglen", [], "$ml"],
    ["kx.get_bodylen", [], null],
  ]),
  together("variables", [
    ["pv.sets", ["$avp(k)", "text"], null],
    ["pv.get", ["$avp(k)"], null],
    ["pv.seti", ["$var(k)", 5], null],
    ["pv.get", ["$var(k)"], null],
    ["pv.is_null", ["$avp(none)"], null],
    ["pv.unset", ["$avp(k)"], null],
    ["pvx.var_sets", ["v", "x"], null],
    ["pvx.var_get", ["v"], null],
    ["pvx.xavp_sets", ["xa", "v"], null],
    ["pvx.xavp_get", ["xa"], null],
    ["pvx.xavp_child_sets", ["xb", "f", "v"], null],
    ["pvx.xavp_child_get", ["xb", "f"], null],
    ["pvx.xavp_rm", ["xa"], null],
  ]),
];

const KEPT: readonly KemiCase[] = [
  together("items of a table", [
    ["htable.sht_sets", ["t", "k", "v"], null],
    ["htable.sht_get", ["t", "k"], "$sht(t=>k)"],
    ["htable.sht_seti", ["t", "n", 4], null],
    ["htable.sht_inc", ["t", "n"], "$shtinc(t=>n)"],
    ["htable.sht_dec", ["t", "n"], "$shtdec(t=>n)"],
    ["htable.sht_gete", ["t", "none"], null],
    ["htable.sht_getw", ["t", "none"], null],
    ["htable.sht_is_null", ["t", "none"], null],
    ["htable.sht_setex", ["t", "k", 100], null],
    ["htable.sht_setxs", ["t", "kx", "v", 100], null],
    ["htable.sht_setxi", ["t", "ki", 6, 100], null],
    ["htable.sht_rm", ["t", "kx"], null],
    ["htable.sht_reset", ["t"], 'sht_reset("t")'],
  ]),
  together("several items of a table", [
    ["htable.sht_sets", ["u", "a1", "v1"], null],
    ["htable.sht_sets", ["u", "a2", "v2"], null],
    ["htable.sht_sets", ["u", "b1", "v1"], null],
    ["htable.sht_match_name", ["u", "eq", "a1"], 'sht_match_name("u", "eq", "a1")'],
    ["htable.sht_match_name", ["u", "re", "^c"], 'sht_match_name("u", "re", "^c")'],
    ["htable.sht_match_str_value", ["u", "sw", "v"], 'sht_match_str_value("u", "sw", "v")'],
    ["htable.sht_rm_name_re", ["u", "^b"], 'sht_rm_name_re("u=>^b")'],
    ["htable.sht_rm_name", ["u", "re", "a2"], 'sht_rm_name("u", "re", "a2")'],
    ["htable.sht_rm_value_re", ["u", "none"], 'sht_rm_value_re("u=>none")'],
    ["htable.sht_rm_value", ["u", "re", "v1"], 'sht_rm_value("u", "re", "v1")'],
  ]),
  together("a table item by item", [
    ["htable.sht_sets", ["w", "a", "1"], null],
    ["htable.sht_iterator_start", ["it", "w"]],
    ["htable.sht_iterator_next", ["it"]],
    ["htable.sht_iterator_sets", ["it", "2"]],
    ["htable.sht_iterator_setex", ["it", 50]],
    ["htable.sht_iterator_next", ["it"]],
    ["htable.sht_iterator_end", ["it"]],
    ["htable.sht_get", ["w", "a"], "$sht(w=>a)"],
    ["htable.sht_lock", ["w", "a"], 'sht_lock("w=>a")'],
    ["htable.sht_unlock", ["w", "a"], 'sht_unlock("w=>a")'],
    ["htable.sht_iterator_start", ["it", "w"]],
    ["htable.sht_iterator_next", ["it"]],
    ["htable.sht_iterator_rm", ["it"]],
    ["htable.sht_iterator_end", ["it"]],
  ]),
  together(
    "a registration",
    [
      ["registrar.save", ["location", 2], 'save("location", "0x02")'],
      ["registrar.registered", ["location"]],
      [
        "registrar.registered_uri",
        ["location", "sip:bob@office.example"],
        'registered("location", "sip:bob@office.example")',
      ],
      ["registrar.registered_flags", ["location", "sip:bob@office.example", 0], null],
      ["registrar.lookup", ["location"]],
      ["kx.get_ruri", [], "$ru"],
      ["registrar.reg_fetch_contacts", ["location", "sip:bob@office.example", "caller"]],
      ["registrar.reg_free_contacts", ["caller"]],
      ["registrar.lookup_uri", ["location", "sip:bob@office.example"], 'lookup("location", "sip:bob@office.example")'],
      ["registrar.lookup_branches", ["location"]],
      ["registrar.set_q_override", ["0.5"], null],
      ["registrar.unregister", ["location", "sip:bob@office.example"]],
      ["registrar.registered", ["location"]],
      ["registrar.lookup", ["location"]],
    ],
    {
      line: "REGISTER sip:bob@office.example",
      headers: ["CSeq: 7 REGISTER", "To: <sip:bob@office.example>", "Contact: <sip:bob@192.0.2.30:5070>;expires=60"],
    },
  ),
];

const TRANSACTIONS: readonly KemiCase[] = [
  ...each(
    [
      ["tm.t_check_trans"],
      ["tm.t_lookup_request"],
      ["tm.t_lookup_cancel"],
      ["tm.t_is_set", ["failure_route"]],
      ["tmx.t_precheck_trans"],
      ["tmx.t_is_request_route"],
      ["tmx.t_is_branch_route"],
      ["tmx.t_is_reply_route"],
      ["tmx.t_is_failure_route"],
    ],
    CALL,
  ),
  together(
    "a transaction",
    [
      ["tm.t_newtran"],
      ["tm.t_set_fr", [5000, 2000]],
      ["tm.t_set_fr_inv", [4000], 't_set_fr("4000")'],
      ["tm.t_set_retr", [200, 800]],
      ["tm.t_set_max_lifetime", [9000, 8000]],
      ["tm.t_reset_fr"],
      ["tm.t_reset_retr"],
      ["tm.t_reset_max_lifetime"],
      ["tm.t_set_auto_inv_100", [0]],
      ["tm.t_set_disable_6xx", [1]],
      ["tm.t_set_disable_failover", [1]],
      ["tm.t_set_disable_internal_reply", [0]],
      ["tm.t_set_no_e2e_cancel_reason", [1]],
      ["tm.t_is_canceled"],
      ["tm.t_is_expired"],
      ["tm.t_any_replied"],
      ["tm.t_any_timeout"],
      ["tm.t_grep_status", [200]],
      ["tm.t_reply", [404, "From the script"]],
    ],
    CALL,
  ),
  together("answered statefully", [["tm.t_newtran"], ["tm.t_send_reply", [480, "Later"]]], CALL),
  ...each(
    [
      ["sl.sl_send_reply", [486, "Busy here"]],
      ["sl.send_reply", [480, "Gone"]],
      ["sl.sl_reply_error"],
      ["siputils.options_reply", [], null],
      ["auth.auth_challenge", ["office.example", 0]],
    ],
    {},
  ),
  together("relayed", [["setdsturi", ["sip:192.0.2.20:7001"]], ["tm.t_relay"]], CALL),
  together(
    "relayed by a transport",
    [
      ["setdsturi", ["sip:192.0.2.20:7001"]],
      ["tm.t_relay_to_proto", ["UDP"], "t_relay_to_udp()"],
    ],
    CALL,
  ),
  together(
    "a dialog",
    [
      ["dialog.dlg_manage"],
      ["dialog.is_known_dlg"],
      ["dialog.dlg_setflag", [3]],
      ["dialog.dlg_isflagset", [3]],
      ["dialog.dlg_resetflag", [3]],
      ["dialog.dlg_isflagset", [3]],
      ["dialog.var_sets", ["k", "v"], null],
      ["dialog.var_get", ["k"], "$dlg_var(k)"],
      ["dialog.var_is_null", ["none"], null],
      ["dialog.var_rm", ["k"], null],
      ["dialog.dlg_set_timeout", [60]],
      ["dialog.dlg_set_property", ["timeout-noreset"]],
      ["dialog.set_dlg_profile", ["p", "x"]],
      ["dialog.is_in_profile", ["p", "x"]],
      ["dialog.get_profile_size", ["p", "x", "$var(size)"]],
      ["dialog.unset_dlg_profile", ["p", "x"]],
      ["dialog.set_dlg_profile_static", ["s"], 'set_dlg_profile("s")'],
      ["dialog.is_in_profile_static", ["s"], 'is_in_profile("s")'],
      ["dialog.unset_dlg_profile_static", ["s"], 'unset_dlg_profile("s")'],
    ],
    CALL,
  ),
];

/** All of them. */
export const KEMI_CASES: readonly KemiCase[] = [...TEXTS, ...UTILITIES, ...ROUTES, ...CORE, ...KEPT, ...TRANSACTIONS];

/** Modules beside those of language-bed.ts, in the order in which they are loaded, and their parameters. */
export const KEMI_HEAD = `loadmodule "kemix.so"
loadmodule "corex.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "nathelper.so"
loadmodule "path.so"
loadmodule "sanity.so"
loadmodule "pike.so"
loadmodule "permissions.so"
loadmodule "auth.so"
loadmodule "counters.so"
loadmodule "htable.so"
loadmodule "dialog.so"
modparam("usrloc", "preload", "location")
modparam("counters", "script_counter", "own.c")
modparam("htable", "htable", "t=>size=4;")
modparam("htable", "htable", "u=>size=4;")
modparam("htable", "htable", "w=>size=4;")
modparam("dialog", "profiles_with_value", "p")
modparam("dialog", "profiles_no_value", "s")
modparam("nathelper|registrar", "received_avp", "$avp(RECEIVED)")
`;

const quoted = (arg: string | number): string =>
  typeof arg === "number"
    ? String(arg)
    : `"${arg.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\r", "\\r").replaceAll("\n", "\\n")}"`;

/** The call in Lua; what it gives is handed to note(). */
export function inLua(c: KemiCase): string {
  return c.calls.map(([name, args = []]) => `note(KSR.${name}(${args.map(quoted).join(", ")}))`).join("\n  ");
}

/** The same in Python. */
export function inPython(c: KemiCase): string {
  return c.calls.map(([name, args = []]) => `note(KSR.${name}(${args.map(quoted).join(", ")}))`).join("\n        ");
}

/** The same in the native language; null when one of its calls has nothing of the kind there. `nameOf` tells what a function is called there. */
export function inNative(c: KemiCase, nameOf: (name: string) => string | null): string | null {
  const lines: string[] = [];
  for (const [name, args = [], native] of c.calls) {
    if (native === null) return null;
    if (native?.startsWith("$")) lines.push(`$avp(r) = "" + $avp(r) + " | " + ${native};`);
    else {
      const called = native?.replaceAll("\r", "\\r").replaceAll("\n", "\\n") ?? own(nameOf(name), args);
      if (called === null) return null;
      lines.push(`${called}; $avp(r) = "" + $avp(r) + " | " + $rc;`);
    }
  }
  return lines.join(" ");
}

function own(name: string | null, args: readonly (string | number)[]): string | null {
  return name === null ? null : `${name}(${args.map(quoted).join(", ")})`;
}
