// A configuration in the style of SIP Router 3.1: the native request_route hands each request to a script in Lua that works with sr.* only.
// What it does is what the stock configuration does, with passwords, NAT left to rport; its cases are the stock configuration's, and a few of its own.

import type { StockCase, Talk } from "./stock-talk.ts";

export const SR_CONFIG = `#!KAMAILIO
debug=2
log_stderror=yes
children=2
import_file "kamailio-local.cfg"
loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "sanity.so"
loadmodule "xlog.so"
loadmodule "acc.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
loadmodule "ctl.so"
loadmodule "app_lua.so"
loadmodule "app_lua_sr.so"
modparam("rr", "enable_full_lr", 1)
modparam("usrloc", "preload", "location")
modparam("registrar", "method_filtering", 1)
modparam("registrar", "max_expires", 3600)
modparam("tm", "failure_reply_mode", 3)
modparam("acc", "log_flag", 1)
modparam("acc", "log_missed_flag", 2)
modparam("acc", "failed_transaction_flag", 3)
modparam("acc", "log_extra",
  "src_user=$fU;src_domain=$fd;src_ip=$si;dst_ouser=$tU;dst_user=$rU;dst_domain=$rd")
modparam("auth_db", "db_url", DBURL)
modparam("auth_db", "calculate_ha1", yes)
modparam("auth_db", "password_column", "password")
modparam("auth_db", "load_credentials", "")
modparam("app_lua", "load", "/usr/local/etc/kamailio/sr.lua")
modparam("app_lua_sr", "register", "sl")
modparam("app_lua_sr", "register", "tm")
modparam("app_lua_sr", "register", "rr")
modparam("app_lua_sr", "register", "auth")
modparam("app_lua_sr", "register", "auth_db")
modparam("app_lua_sr", "register", "maxfwd")
modparam("app_lua_sr", "register", "registrar")
modparam("app_lua_sr", "register", "siputils")
modparam("app_lua_sr", "register", "sanity")
modparam("app_lua_sr", "register", "textops")

request_route {
  if (is_method("OPTIONS") && $rU == "lua") {
    lua_run("my_append_hdr_ruri");
    lua_dostring("sr.sl.send_reply(200, [[Lua says is ok]])");
    exit;
  }
  if (!lua_run("sr_request_route", "$rm", "$fd")) sl_reply_error();
}

branch_route[MANAGE_BRANCH] {
  lua_run("sr_branch");
}

onreply_route[MANAGE_REPLY] {
  lua_run("sr_reply", "$rs");
}

failure_route[MANAGE_FAILURE] {
  lua_run("sr_failure", "$T_reply_code");
}
`;

export const SR_SCRIPT = `-- routing in the style of SIP Router 3.1

function my_append_hdr_ruri()
  sr.hdr.append_to_reply("X-RURI: " .. sr.pv.get("$ru") .. "\\r\\n")
end

local function answer(code, reason)
  sr.sl.send_reply(code, reason)
end

local function relay()
  if sr.pv.get("$rm") == "INVITE" then
    sr.tm.t_on_branch("MANAGE_BRANCH")
    sr.tm.t_on_reply("MANAGE_REPLY")
    sr.tm.t_on_failure("MANAGE_FAILURE")
  end
  if sr.tm.t_relay() < 0 then sr.modf("sl_reply_error") end
end

local function within(method)
  if sr.rr.loose_route() > 0 then
    if method == "BYE" then
      sr.setflag(1)
      sr.setflag(3)
    elseif method == "NOTIFY" then
      sr.rr.record_route()
    end
    return relay()
  end
  if method == "ACK" then
    if sr.tm.t_check_trans() > 0 then relay() end
    return
  end
  answer(404, "Not here")
end

local function known(method, domain)
  if method == "REGISTER" then
    if sr.auth_db.www_authenticate(domain, "subscriber") < 0 then
      sr.auth.www_challenge(domain, 0)
      return false
    end
  elseif sr.is_myself("sip:" .. domain) then
    if sr.auth_db.proxy_authenticate(domain, "subscriber") < 0 then
      sr.auth.proxy_challenge(domain, 0)
      return false
    end
    sr.auth.consume_credentials()
  end
  return true
end

function sr_request_route(method, domain)
  if sr.maxfwd.process_maxfwd(10) < 0 then return answer(483, "Too Many Hops") end
  if sr.sanity.sanity_check(1511, 7) < 0 then return sr.err("malformed message from " .. sr.pv.get("$si")) end
  if method == "OPTIONS" and sr.is_myself(sr.pv.get("$ru")) and sr.pv.is_null("$rU") then
    return answer(200, "Keepalive")
  end
  if method == "CANCEL" then
    if sr.tm.t_check_trans() > 0 then relay() end
    return
  end
  if method ~= "ACK" and sr.tm.t_check_trans() == 0 then return end
  if sr.siputils.has_totag() > 0 then return within(method) end
  if not known(method, domain) then return end
  sr.hdr.remove("Route")
  if method == "INVITE" or method == "SUBSCRIBE" then sr.rr.record_route() end
  if method == "INVITE" then sr.setflag(1) end
  if not sr.is_myself(sr.pv.get("$ru")) then
    sr.hdr.append("P-Hint: outbound\\r\\n")
    return relay()
  end
  if method == "REGISTER" then
    if sr.registrar.save("location") < 0 then sr.modf("sl_reply_error") end
    return
  end
  if sr.pv.is_null("$rU") then return answer(484, "Address Incomplete") end
  local found = sr.registrar.lookup("location")
  if found < 0 then
    if found == -2 then return answer(405, "Method Not Allowed") end
    return answer(404, "Not Found")
  end
  if method == "INVITE" then sr.setflag(2) end
  relay()
end

function sr_branch()
  sr.hdr.append("X-Branch: " .. sr.pv.get("$T_branch_idx") .. " " .. sr.pv.get("$rU") .. "\\r\\n")
end

function sr_reply(code)
  sr.pv.sets("$avp(last)", code)
end

function sr_failure(code)
  if sr.tm.t_is_canceled() > 0 then return end
  if code == "486" and sr.pv.get("$avp(last)") == "486" then
    sr.seturi("sip:mail@198.51.100.60:5060")
    sr.tm.t_relay()
  end
end
`;

const one = (name: string, run: (t: Talk) => Promise<void>): StockCase => ({ name, run });

export const SR_CASES: readonly StockCase[] = [
  one("the R-URI in the reply, by my_append_hdr_ruri()", (t) =>
    t.request("alice", "OPTIONS", "sip:lua@office.example:5080;x=1"),
  ),
  one("busy goes elsewhere, by a failure route", async (t) => {
    await t.register("bob");
    await t.invite("alice", "sip:bob@office.example", { login: { user: "alice", password: "secret 1" } });
    await t.reply("bob", 180);
    await t.reply("bob", 486);
    await t.reply("mail", 200);
    await t.ack("alice");
  }),
];
