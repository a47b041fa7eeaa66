// Parameters of module tm that commands change while the program runs (cfg.seti tm fr_timer …), those of Kamailio: what begins afterwards goes by
// them.

import { fits } from "../../registry/define.ts";
import { configure, params } from "./params.ts";
import type { TmInstance } from "./settings.ts";

type Name = keyof typeof params;

const CHANGEABLE: readonly Name[] = [
  "ac_extra_hdrs",
  "aggregate_challenges",
  "auto_inv_100",
  "auto_inv_100_reason",
  "blst_503",
  "blst_503_def_timeout",
  "blst_503_max_timeout",
  "blst_503_min_timeout",
  "blst_methods_add",
  "blst_methods_lookup",
  "callid_cseq_matching",
  "callid_matching",
  "cancel_b_method",
  "default_code",
  "default_reason",
  "disable_6xx_block",
  "e2e_cancel_reason",
  "enable_uac_fr",
  "fr_inv_timer",
  "fr_timer",
  "local_ack_mode",
  "local_cancel_reason",
  "max_inv_lifetime",
  "max_noninv_lifetime",
  "noisy_ctimer",
  "pass_provisional_replies",
  "relay_100",
  "reparse_invite",
  "reparse_on_dns_failover",
  "restart_fr_on_each_reply",
  "retr_timer1",
  "retr_timer2",
  "ruri_matching",
  "unmatched_cancel",
  "via1_matching",
  "wt_timer",
];

/** Lets them be changed; `putInForce` gives the engine what the instance says. */
export function allowChanges(self: TmInstance, putInForce: (self: TmInstance) => void): void {
  const { groups } = self.engine.proxy;
  for (const name of CHANGEABLE) {
    groups.allowChange("tm", name, (value) => {
      if (!fits(params[name], value)) return false;
      Object.assign(self, configure(self.engine, { ...self.values, [name]: value }));
      putInForce(self);
      return true;
    });
  }
}
