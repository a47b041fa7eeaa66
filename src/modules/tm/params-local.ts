// Parameters of module tm for requests that begin here.

import type { LocalSettings } from "../../proxy/local-requests.ts";
import { intParam, type ParamValues } from "../../registry/define.ts";

const SWITCH = { min: 0, max: 1 } as const;

/** The declarations. */
export const localParams = {
  local_ack_mode: intParam(
    0,
    "Where the ACK for a 2xx to an INVITE made here goes: by Contact and Record-Route (0), where the INVITE went (1), where the 2xx came from (2).",
    { min: 0, max: 2 },
  ),
  local_ack_branch_mode: intParam(
    0,
    "Via branch of that ACK: that of the INVITE (0), a little different (1), a new one (2).",
    { min: 0, max: 2 },
  ),
  pass_provisional_replies: intParam(
    0,
    "Whether modules that send requests hear of provisional replies to them, not only of final ones.",
    SWITCH,
  ),
  evlreq_mode: intParam(
    0,
    "1: event_route[tm:local-request] also sees the CANCELs made here, those for relayed INVITEs included.",
    { min: 0 },
  ),
  enable_uac_fr: intParam(0, "Whether failure routes armed in event_route[tm:local-request] run.", SWITCH),
};

/** What they say. */
export function localSettings(p: ParamValues<typeof localParams>): LocalSettings {
  return {
    ackMode: p.local_ack_mode,
    ackBranchMode: p.local_ack_branch_mode,
    provisional: p.pass_provisional_replies !== 0,
    failureRoutes: p.enable_uac_fr !== 0,
    showsCancels: (p.evlreq_mode & 1) !== 0,
  };
}
