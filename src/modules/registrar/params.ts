// The parameters of module registrar, and the settings they make.

import { avpNameOf } from "../../proxy/avp-name.ts";
import { intParam, type ParamValues, parsedParam, strParam } from "../../registry/define.ts";
import type { RegistrarSettings } from "./settings.ts";

export const params = {
  default_expires: intParam(3600, "Time granted when the request names none.", { unit: "seconds", min: 1 }),
  default_expires_range: intParam(0, "Random shortening of that.", { unit: "percent", min: 0, max: 100 }),
  expires_range: intParam(0, "Random shortening of what the request names.", { unit: "percent", min: 0, max: 100 }),
  min_expires: intParam(60, "The least time granted; 0 none.", { unit: "seconds", min: 0 }),
  min_expires_mode: intParam(0, "What a shorter one gets: 0 the least, 1 the answer 423.", { min: 0, max: 1 }),
  max_expires: intParam(0, "The most time granted; 0 no limit.", { unit: "seconds", min: 0 }),
  default_q: intParam(-1, "q of contacts without one, times 1000; -1 unspecified.", { min: -1, max: 1000 }),
  realm_prefix: strParam("", "Prefix taken off the domain of addresses of record."),
  append_branches: intParam(1, "Whether lookup() makes branches of further contacts."),
  case_sensitive: intParam(0, "Whether user names that differ in case are different."),
  aor_avp: parsedParam(
    "",
    "AVP with the URI that save(), lookup() and registered() take in the place of the message's; that of release 3.1.",
    avpNameOf,
  ),
  received_avp: parsedParam("", "AVP with the source address as a URI (see nathelper).", avpNameOf),
  received_param: strParam("received", "Contact parameter of the answer that reports it; empty: none."),
  max_contacts: intParam(0, "The most contacts a user may have; 0 no limit but a thousand.", { min: 0 }),
  retry_after: intParam(0, "Retry-After of answers 5xx; 0 none.", { unit: "seconds", min: 0 }),
  sock_flag: intParam(-1, "Message flag: a header tells the listener; -1 none.", { min: -1, max: 31 }),
  sock_hdr_name: strParam("", "Name of that header."),
  sock_mode: intParam(0, "Which address of the listener is stored: 0 bound, 1 advertised.", { min: 0, max: 1 }),
  method_filtering: intParam(0, "Whether lookup() leaves out contacts that do not allow the method."),
  use_path: intParam(0, "Whether Path is kept (RFC 3327)."),
  path_mode: intParam(
    2,
    "Path without support by the user agent: 0 kept and not answered, 1 kept and answered if supported, 2 refused.",
    { min: 0, max: 2 },
  ),
  path_use_received: intParam(0, "Whether `received` of the first Path URI is the source address."),
  path_check_local: intParam(0, "Whether lookup() leaves out a first hop that is this server."),
  gruu_enabled: intParam(1, "Whether GRUUs are given and looked up (RFC 5627)."),
  outbound_mode: intParam(0, "Outbound (RFC 5626): 0 off, 1 allowed, 2 required.", { min: 0, max: 2 }),
  flow_timer: intParam(0, "Flow-Timer of answers, with outbound only; 0 none.", { unit: "seconds", min: 0 }),
  contact_max_size: intParam(512, "The longest Contact URI.", { unit: "bytes", min: 1 }),
  use_expired_contacts: intParam(0, "Whether lookup() takes expired contacts too."),
  regid_mode: intParam(0, "When reg-id is kept.", { effect: "reg-id is always kept, as the installed Kamailio does" }),
  reg_callid_avp: strParam("", "AVP with the Call-ID that registered() asks for."),
  xavp_cfg: strParam("", "XAVP with settings for one request: max_contacts, expires, q, socket, match_…, rlf_bflags."),
  xavp_rcd: strParam("", "XAVP that gets the attributes of a binding: ruid, contact, expires, received, path."),
  xavp_rcd_mask: intParam(0, "Attributes left out, as bits in that order.", { min: 0 }),
  lookup_filter_mode: intParam(
    0,
    "What lookup() takes, as bits: 1 bindings with the branch flags of the setting rlf_bflags, 2 those whose connection is there.",
    { min: 0, max: 3 },
  ),
  tcp_persistent_flag: intParam(
    -1,
    "Message flag: the connection of a REGISTER stays as long as what it registers, even when it is idle; -1 none.",
    { min: -1, max: 31 },
  ),
};

/** Values of the parameters. */
export type Given = ParamValues<typeof params>;

const flagBit = (flag: number): number => (flag < 0 ? 0 : 1 << flag);

/** What they mean. */
export function settingsOf(p: Given): RegistrarSettings {
  return {
    defaultExpires: p.default_expires,
    defaultExpiresRange: p.default_expires_range,
    expiresRange: p.expires_range,
    minExpires: p.min_expires,
    refuseBrief: p.min_expires_mode === 1,
    maxExpires: p.max_expires,
    defaultQ: p.default_q,
    realmPrefix: p.realm_prefix.toLowerCase(),
    appendBranches: p.append_branches !== 0,
    caseSensitive: p.case_sensitive !== 0,
    aorAvp: p.aor_avp,
    receivedAvp: p.received_avp,
    receivedParam: p.received_param,
    maxContacts: p.max_contacts,
    retryAfter: p.retry_after,
    sockFlag: flagBit(p.sock_flag),
    persistentFlag: flagBit(p.tcp_persistent_flag),
    sockHeader: p.sock_hdr_name.toLowerCase(),
    sockAdvertised: p.sock_mode === 1,
    methodFiltering: p.method_filtering !== 0,
    usePath: p.use_path !== 0,
    pathMode: p.path_mode,
    pathUseReceived: p.path_use_received !== 0,
    pathCheckLocal: p.path_check_local !== 0,
    gruu: p.gruu_enabled !== 0,
    outboundMode: p.outbound_mode,
    flowTimer: p.flow_timer,
    contactMaxSize: p.contact_max_size,
    useExpired: p.use_expired_contacts !== 0,
    callIdAvp: avpNameOf(p.reg_callid_avp),
    xavpCfg: p.xavp_cfg,
    xavpRcd: p.xavp_rcd,
    xavpRcdMask: p.xavp_rcd_mask,
    lookupFilter: p.lookup_filter_mode,
  };
}
