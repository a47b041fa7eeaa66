// Parameters of module tm, second half: matching, timeouts, serial forking, what CANCEL and ACK carry. Where one can mean nothing here it
// says why.

import { avpNameOf } from "../../proxy/avp-name.ts";
import { intParam, type ParamValues, parsedParam, strParam } from "../../registry/define.ts";
import { DEFAULT_OPTIONS, type Matching, type TmOptions } from "../../tm/index.ts";
import type { TmSettings } from "./settings.ts";

const BOOL = { min: 0, max: 1 } as const;

/** The declarations. */
export const moreParams = {
  failure_reply_mode: intParam(
    3,
    "Which replies are forgotten once a failure_route has run: none (0), all (1), those of the last leg (2), all if it started another leg (3).",
    { min: 0, max: 3 },
  ),
  noisy_ctimer: intParam(1, "Whether an INVITE to one next hop that never said anything is answered 408.", BOOL),
  ac_extra_hdrs: strParam(
    "",
    "Beginning of the names of INVITE headers that its CANCEL and the ACK for a failure carry.",
  ),
  reparse_invite: intParam(
    1,
    "Whether CANCEL and that ACK are made of the INVITE as it was sent (1) or as it came (0).",
    BOOL,
  ),
  relay_100: intParam(0, "Whether 100 is passed to the client.", BOOL),
  on_sl_reply: strParam("", "Name of the onreply_route for replies without a transaction; drop and return 0 end them."),
  contacts_avp: strParam("", "Name of the XAVP in which t_load_contacts keeps contacts."),
  contact_flows_avp: strParam("", "Name of the XAVP for further contacts of one +sip.instance."),
  fr_timer_avp: parsedParam("", "AVP that gives fr_timer of a transaction, in seconds.", avpNameOf),
  fr_inv_timer_avp: parsedParam("", "AVP that gives fr_inv_timer of a transaction, in seconds.", avpNameOf),
  failure_exec_mode: intParam(
    0,
    "Whether a branch that cannot be sent counts as timed out, which a failure_route sees, in place of an error of t_relay.",
    BOOL,
  ),
  reply_408_code: intParam(408, "Status that stands for no final reply in time.", { min: 400, max: 699 }),
  reply_408_reason: strParam("Request Timeout", "Its phrase."),
  delayed_reply: intParam(1, "Whether an error of t_relay is answered when the script ends (1) or at once (0).", BOOL),
  headers_mode: intParam(
    0,
    "With 1 the headers of a CANCEL go on with the CANCELs made from it, but those each hop has of its own; 2 changes nothing.",
    { min: 0, max: 3 },
  ),
  rich_redirect: intParam(0, "What a 3xx tells of its contacts: branch flags (1), path (2).", { min: 0, max: 3 }),
  ruri_matching: intParam(1, "Whether requests without an RFC 3261 branch are matched by their R-URI too.", BOOL),
  via1_matching: intParam(1, "Whether they are matched by their topmost Via too.", BOOL),
  callid_matching: intParam(0, "Whether Call-ID is compared too.", BOOL),
  callid_cseq_matching: intParam(0, "Whether requests are matched by Call-ID and CSeq in place of the branch.", BOOL),
  reply_relay_mode: intParam(
    1,
    "Whether a 2xx whose onreply_route waited is kept back when the client has got another final reply meanwhile.",
    BOOL,
  ),
  rfc4320: intParam(
    0,
    "Whether requests other than INVITE follow RFC 4320: no 408 of ours to them, no provisional reply but 100. Not one of Kamailio's.",
    BOOL,
  ),
  reparse_on_dns_failover: intParam(
    1,
    "Whether the request for the next target is made of the one sent to the last (1), or anew (0): the branch route then runs again, and Record-Route names the outgoing socket.",
    BOOL,
  ),
  dns_reuse_rcv_socket: intParam(
    0,
    "Whether further targets are tried from the socket the request came by where mhomed would choose another.",
    BOOL,
  ),
  exec_time_check: intParam(5000, "Time after which a failure_route looks whether its transaction still exists.", {
    unit: "ms",
    min: 0,
    effect: "a transaction is held for as long as its failure_route runs",
  }),
  reply_matching: intParam(1, "Whether replies are matched to active transactions only.", {
    ...BOOL,
    effect:
      "replies are matched for as long as their transaction is remembered, which late 2xx and repeated failures need",
  }),
  e2e_cancel_hop_by_hop: intParam(1, "Whether CANCEL is sent hop by hop.", {
    ...BOOL,
    effect: "CANCEL is always sent hop by hop (RFC 3261 9.1)",
  }),
  xavp_contact: strParam(
    "",
    "Name of the XAVP with attributes of contacts, as usrloc's: t_load_contacts keeps them with their contacts, t_next_contacts gives them back.",
  ),
  unix_tx_timeout: intParam(500, "Time limit for sending on a Unix socket.", {
    unit: "ms",
    min: 0,
    effect: "no SIP is sent over Unix sockets",
  }),
  tw_append: strParam("", "What t_write_req adds to a dump of a request.", {
    effect: "requests are not written to pipes (t_write_req, t_write_unix)",
  }),
  delete_timer: intParam(0, "Time to look again at a transaction that is still in use; gone since version 1.5.", {
    min: 0,
    effect: "transactions are let go at once",
  }),
};

type Values = ParamValues<typeof moreParams>;

/** What the engine takes of them. */
export function moreOptions(p: Values): Partial<TmOptions> {
  return {
    failureReplyMode: p.failure_reply_mode,
    noisyTimeout: p.noisy_ctimer !== 0,
    extraHeaders: p.reparse_invite === 0 ? "" : p.ac_extra_hdrs.toLowerCase(),
    reparseInvite: p.reparse_invite !== 0,
    relay100: p.relay_100 !== 0,
    failureExec: p.failure_exec_mode !== 0,
    timeoutCode: p.reply_408_code,
    timeoutReason: p.reply_408_reason || DEFAULT_OPTIONS.timeoutReason,
    keepLateSuccess: p.reply_relay_mode !== 0,
    rfc4320: p.rfc4320 !== 0,
  };
}

/** How transactions are found. */
export function matchingOf(p: Values): Matching {
  return {
    uri: p.ruri_matching !== 0,
    via: p.via1_matching !== 0,
    callId: p.callid_matching !== 0,
    callIdOnly: p.callid_cseq_matching !== 0,
  };
}

/** What the module itself takes of them. */
export function moreSettings(
  p: Values,
): Pick<
  TmSettings,
  "cancelHeaders" | "delayedReply" | "contacts" | "contactFlows" | "contactAttributes" | "frAvp" | "frInvAvp"
> {
  return {
    cancelHeaders: (p.headers_mode & 1) !== 0,
    delayedReply: p.delayed_reply !== 0,
    contacts: p.contacts_avp,
    contactFlows: p.contact_flows_avp,
    contactAttributes: p.xavp_contact,
    frAvp: p.fr_timer_avp,
    frInvAvp: p.fr_inv_timer_avp,
  };
}
