// Module dialog: calls, beyond the transactions they are made of. Tracked from INVITE to BYE, grouped, limited in time, kept in a database.

import { ArgError } from "../../registry/args.ts";
import { ConfigError, defineModule } from "../../registry/define.ts";
import { classFunctions, removable } from "../../registry/kemi-variables.ts";
import { core } from "../core/index.ts";
import { pv } from "../pv/index.ts";
import { rr } from "../rr/index.ts";
import { tm } from "../tm/index.ts";
import { params, settingsOf } from "./defaults.ts";
import { Dialogs } from "./dialogs.ts";
import { functions } from "./functions.ts";
import { profileFunctions } from "./functions-profiles.ts";
import { commands } from "./rpc.ts";
import type { DialogInstance } from "./settings.ts";
import { DIALOG_VARS_VERSION, DIALOG_VERSION } from "./store.ts";
import { variables } from "./variables.ts";

export { Dialog } from "./dialog.ts";
export { Dialogs } from "./dialogs.ts";

/** Kamailio's module dialog. Other modules: `host.use(dialog)` gives its Dialogs, with `dialogOf(ctx)` and `listeners`. */
export const dialog = defineModule({
  name: "dialog",
  doc: "Calls as a whole: tracked from INVITE to BYE, with variables, profiles and a lifetime, and ended from here if need be.",
  uses: [core, tm, rr, pv],
  params,
  state: (host) => {
    const dialogs = new Dialogs(host);
    const { statistics } = host.proxy;
    statistics.put("dialog", "active_dialogs", () => dialogs.counters.active, true);
    statistics.put("dialog", "early_dialogs", () => dialogs.counters.early, true);
    statistics.put("dialog", "processed_dialogs", () => dialogs.counters.processed);
    statistics.put("dialog", "expired_dialogs", () => dialogs.counters.expired);
    statistics.put("dialog", "failed_dialogs", () => dialogs.counters.failed);
    return dialogs;
  },
  configure: (dialogs, given): DialogInstance => ({
    dialogs,
    settings: settingsOf(given),
    uriName: given.ruri_pvar,
    uri: null,
  }),
  bind: (self, { variable }) => {
    const found = variable(self.uriName);
    if (found instanceof ArgError) throw new ConfigError(found.message, "ruri_pvar", found.hint);
    self.uri = self.uriName === "$ru" ? null : found;
  },
  start: ({ dialogs, settings, uri }) => {
    dialogs.uri = uri;
    return dialogs.apply(settings) ?? undefined;
  },
  stop: (dialogs) => dialogs.stop() ?? undefined,
  kemi: {
    ...classFunctions((what) => `var_${what}`, "dlg_var", "a variable of the dialog", "ew"),
    ...removable((what) => `var_${what}`, "dlg_var", "a variable of the dialog"),
    dlg_set_timeout_id: "dlg_set_timeout",
    set_dlg_profile_static: "set_dlg_profile",
    unset_dlg_profile_static: "unset_dlg_profile",
    is_in_profile_static: "is_in_profile",
    get_profile_size_static: "get_profile_size",
  },
  functions: { ...functions, ...profileFunctions },
  pvs: variables,
  events: {
    "dialog:start": { doc: "A call was answered; runs over the 2xx." },
    "dialog:end": { doc: "A call has ended: runs over the BYE, or over an OPTIONS that nobody sent." },
    "dialog:failed": { doc: "An INVITE has failed; runs over the reply." },
  },
  rpc: commands,
  tables: {
    dialog: { version: DIALOG_VERSION, doc: "Calls in progress." },
    dialog_vars: { version: DIALOG_VARS_VERSION, doc: "Variables of calls in progress." },
  },
});
