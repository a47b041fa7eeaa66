// Functions of KSR with arguments, as Kamailio's app_lua calls them and as ours does (kemi-calls.ts): what each gives, and the message after it.

import { inLua, KEMI_CASES, KEMI_HEAD } from "./kemi-calls.ts";
import type { LanguageCase, Setup } from "./language-bed.ts";

/** Answers of commands and transports are tested where they can be seen (test/outside/kemi.test.ts). */
const AWAY = /^(relayed|relayed by a transport)$/;

/** What Record-Route becomes is known when the message leaves: the messages are compared in toolbox-rr.ts. */
const RECORDING = /^(rr\.|parameters of the Route)/;

const CASES = KEMI_CASES.filter((c) => !AWAY.test(c.name));

export const cases: readonly LanguageCase[] = CASES.map((c, i) => ({
  name: c.name,
  run: `lua_run("kemi_${i}");`,
  show: ["$avp(r)", "$ru $du $(branch(uri)[0])", ...(RECORDING.test(c.name) ? [] : ["$mb"])],
  headers: [`Via: SIP/2.0/UDP 127.0.0.1:{UA};branch=z9hG4bK-kemi-${i};rport`, ...(c.headers ?? [])],
  ...(c.body === undefined ? {} : { body: c.body }),
  ...(c.line === undefined ? {} : { line: c.line }),
}));

const HEAD = `
local out
local function note(v)
  out[#out + 1] = tostring(v)
end
local function run(f)
  out = {}
  local done, why = pcall(f)
  if not done then out[#out + 1] = tostring(why):gsub("0x%x+", "{ADDRESS}") end
  KSR.pv.sets("$avp(r)", table.concat(out, " | "))
  KSR.hdr.remove("X-Case")
  KSR.textopsx.msg_apply_changes()
end
`;

export const setup: Setup = {
  head: `${KEMI_HEAD}loadmodule "app_lua.so"\nmodparam("app_lua", "load", "{DIR}/cases.lua")\nmodparam("permissions", "address_file", "{DIR}/address.list")`,
  files: {
    "address.list": "(1, 192.0.2.50, 5060, *)\n",
    "cases.lua": `${HEAD}${CASES.map((c, i) => `function kemi_${i}() run(function()\n  ${inLua(c)}\nend) end\n`).join("")}`,
  },
};
