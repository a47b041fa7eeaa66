// What calls through module dialog have in common.

import { type Call, note } from "./dialog-call.ts";

/** A line in the log of the dialog at hand, whatever the message. */
export function dnote(text: string): string {
  return `xlog("L_ALERT", "@$dlg(callid) ${text}\\n");\n`;
}

/** What most lines of the log tell of a dialog. */
export const STATE = "st=$dlg(state) life=$dlg(lifetime) stat=$DLG_status set=$dlg_ctx(set)";
/** All there is to tell. */
export const ALL =
  "st=$dlg(state) rs=[$dlg(to_rs)|$dlg(from_rs)] sf=$dlg(sflags) ci=$dlg(callid) tu=$dlg(to_uri) tt=$dlg(to_tag) fu=$dlg(from_uri) ft=$dlg(from_tag) tor=$dlg(toroute) life=$dlg(lifetime) start=$dlg(start_ts) tc=$dlg(to_cseq) fc=$dlg(from_cseq) tco=$dlg(to_contact) fco=$dlg(from_contact) tb=$dlg(to_bindaddr) fb=$dlg(from_bindaddr) set=$dlg_ctx(set) ctr=$dlg_ctx(timeout_route) ctri=$dlg_ctx(timeout_route_id) ctb=$dlg_ctx(timeout_bye) on=$dlg_ctx(on) stat=$DLG_status lt=$DLG_lifetime v=$dlg_var(x)";

/** Event routes that say so in the log. */
export const EVENTS = `event_route[dialog:start] { ${dnote(`start $rm $rs ${STATE} v=$dlg_var(x)`)} }
event_route[dialog:end] { ${dnote(`end $rm $rs ${STATE} v=$dlg_var(x)`)} }
event_route[dialog:failed] { ${dnote(`failed $rm ${STATE} v=$dlg_var(x)`)} }
route[TO] { ${dnote(`route TO $rm ${STATE}`)} }
`;

/** Declares profiles. */
export const PROFILES =
  'modparam("dialog","profiles_with_value","caller ; other")\nmodparam("dialog","profiles_no_value","all")\n';

/** The dialog of a call, as dlg.dlg_list has it. */
export const list = (c: Call): Promise<unknown> => c.rpc("dlg.dlg_list", "{CALLID}");

/** Sides of dlg_bye() by a header. */
export const IN_SIDES = ["all", "caller", "callee"].map((s) => `case "${s}": dlg_bye("${s}"); break;`).join(" ");

/** Asks about profiles. */
export const PROFILE_QUESTIONS = [
  'is_in_profile("caller","alice")',
  'is_in_profile("caller","bob")',
  'is_in_profile("all")',
  'is_in_profile("all","zzz")',
  'unset_dlg_profile("caller","alice")',
]
  .map((f) => `${f}; ${note(`${f.replaceAll('"', "'")} rc=$rc`)}`)
  .join("");
