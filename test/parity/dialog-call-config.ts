// The configuration of calls that are compared.

import type { CallGroup } from "./dialog-call.ts";

const MODULES = ["kex", "sl", "tm", "tmx", "rr", "pv", "xlog", "textops", "textopsx", "siputils"];

/** The configuration of a group. */
export function callConfig(group: CallGroup, oracle: boolean, extra: string): string {
  return [
    '#!KAMAILIO\ndebug=-1\nlog_stderror=yes\nchildren=1\ndisable_tcp=yes\nserver_header=""\nuser_agent_header=""\n',
    ...[...MODULES, ...(group.modules ?? []), ...(oracle ? ["corex", "jsonrpcs"] : []), "dialog"].map(
      (m) => `loadmodule "${m}.so"\n`,
    ),
    'modparam("tm", "fr_timer", 1500)\nmodparam("tm", "fr_inv_timer", 5000)\nmodparam("tm", "wt_timer", 500)\n',
    extra,
    group.params ?? "",
    'request_route {\n  if ($rU == "up") { sl_send_reply("200", "OK"); exit; }\n',
    group.first ?? "",
    "  if (has_totag()) {\n    loose_route();\n",
    group.within ?? "",
    "    t_relay(); exit;\n  }\n",
    '  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }\n',
    '  if (is_method("INVITE")) {\n    record_route();\n',
    group.initial ?? "    dlg_manage();\n",
    "  }\n  t_relay();\n}\n",
    group.routes ?? "",
  ].join("");
}

/** A line in the log. */
export function note(text: string): string {
  return `xlog("L_ALERT", "@$ci ${text}\\n");\n`;
}
