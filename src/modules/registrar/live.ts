// Parameters that can be changed while the program runs (cfg.set_*), by the names that Kamailio has for them there.

import { fits } from "../../registry/define.ts";
import { type Given, params, settingsOf } from "./params.ts";
import type { Registrar } from "./registrar.ts";

const CHANGEABLE: Readonly<Record<string, keyof Given>> = {
  realm_pref: "realm_prefix",
  default_expires: "default_expires",
  default_expires_range: "default_expires_range",
  expires_range: "expires_range",
  min_expires: "min_expires",
  max_expires: "max_expires",
  max_contacts: "max_contacts",
  retry_after: "retry_after",
  case_sensitive: "case_sensitive",
  default_q: "default_q",
  append_branches: "append_branches",
  use_expired_contacts: "use_expired_contacts",
};

/** Lets them be changed, and puts those that other modules keep in force. */
export function allowChanges(reg: Registrar): void {
  const { groups } = reg.host.proxy;
  let { given } = reg;
  const settle = (): void => {
    reg.usrloc.keepsExpired = reg.settings.useExpired;
  };
  settle();
  if (given === null) return;
  groups.set("registrar", "realm_pref", given.realm_prefix);
  for (const [name, param] of Object.entries(CHANGEABLE))
    groups.allowChange("registrar", name, (value) => {
      if (given === null || !fits(params[param], value)) return false;
      given = { ...given, [param]: value };
      reg.use(settingsOf(given));
      settle();
      return true;
    });
}
