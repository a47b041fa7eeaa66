// Module registrar: REGISTER requests into location tables, and back from users to their contacts.

import { avpNameOf } from "../../proxy/avp-name.ts";
import { RouteKind } from "../../proxy/context.ts";
import { ArgError, optional, parsed, str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, parsedParam, strParam } from "../../registry/define.ts";
import { kemi } from "../../registry/kemi.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { core } from "../core/index.ts";
import usrloc from "../usrloc/index.ts";
import { EXPIRED, watchExpired } from "./expired.ts";
import { fetchContacts, freeContacts, ulc } from "./fetched.ts";
import { forceQ } from "./fill.ts";
import { lookup, lookupBranches, registered, unregister } from "./lookup.ts";
import { Registrar, RegistrarState } from "./registrar.ts";
import { save, sendPrepared } from "./save.ts";
import type { RegistrarSettings } from "./settings.ts";

const { REQUEST, FAILURE, REPLY, ONREPLY, ANY } = RouteKind;

/** A number in decimal or hexadecimal, as flags are written. */
function flagsArg(text: string): number | ArgError {
  if (!/^\s*(?:0x[0-9a-f]+|\d+)?\s*$/i.test(text))
    return new ArgError(`"${text}" is no number`, "flags are written as 4 or 0x04");
  return Number(text.trim() || "0");
}

const params = {
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

type Given = { readonly [K in keyof typeof params]: (typeof params)[K]["default"] };

const flagBit = (flag: number): number => (flag < 0 ? 0 : 1 << flag);

function settingsOf(p: Given): RegistrarSettings {
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

export default defineModule({
  name: "registrar",
  doc: "Handles REGISTER and looks users up (RFC 3261 10).",
  uses: [core, usrloc],
  params,
  state: () => new RegistrarState(),
  configure: (state, p, host: ModuleHost): Registrar => {
    if (p.flow_timer > 0 && p.outbound_mode === 0) {
      throw new ConfigError(
        "flow_timer needs outbound_mode 1 or 2",
        "flow_timer",
        'modparam("registrar", "outbound_mode", 1)',
      );
    }
    if (p.max_expires > 0 && p.max_expires < p.min_expires)
      throw new ConfigError("max_expires is less than min_expires", "max_expires");
    if (p.default_expires < p.min_expires) host.log.warn("default_expires is less than min_expires, which is used");
    return new Registrar(host, host.use(usrloc), state, settingsOf(p));
  },
  start: (reg) => {
    watchExpired(reg);
    reg.usrloc.keepsExpired = reg.settings.useExpired;
    const { state, settings } = reg;
    const { statistics } = reg.host.proxy;
    statistics.put("registrar", "accepted_regs", () => state.accepted);
    statistics.put("registrar", "rejected_regs", () => state.rejected);
    statistics.put("registrar", "max_expires", () => settings.maxExpires, true);
    statistics.put("registrar", "max_contacts", () => settings.maxContacts, true);
    statistics.put("registrar", "default_expire", () => settings.defaultExpires, true);
    statistics.put("registrar", "default_expires_range", () => settings.defaultExpiresRange, true);
    statistics.put("registrar", "expires_range", () => settings.expiresRange, true);
  },
  events: { [EXPIRED]: { doc: "A binding has expired: $ulc(exp=>addr) and its like.", callback: "event_callback" } },
  kemi: {
    set_q_override: kemi({
      args: [str("q")],
      doc: "The q of contacts that are saved for this message from now on.",
      run: (_self: Registrar, ctx, q) => forceQ(ctx, q),
    }),
    save_uri: "save",
    lookup_uri: "lookup",
    registered_uri: "registered",
    registered_flags: "registered",
    registered_action: "registered",
    unregister_ruid: "unregister",
  },
  functions: {
    save: fn({
      args: [str("domain"), optional(parsed("flags", flagsArg)), optional(str("uri"))],
      routes: REQUEST | FAILURE | REPLY | ONREPLY,
      waits: "maybe",
      doc: "Handles a REGISTER: stores, refreshes or removes contacts and answers. Flags: 1 memory only, 2 no answer, 4 one contact a user, 8 exact times, 16 prepare the answer.",
      run: (reg: Registrar, ctx, domain, flags, uri) => save(reg, ctx, domain, flags ?? 0, uri || reg.aorUriOf(ctx)),
    }),
    lookup: fn({
      args: [str("domain"), optional(str("uri"))],
      routes: REQUEST | FAILURE,
      waits: "maybe",
      doc: "Sends the request to where the user of the R-URI is registered: 1 found, -1 not, -2 none allows the method, -3 error.",
      run: (reg: Registrar, ctx, domain, uri) => lookup(reg, ctx, domain, uri ?? reg.aorUriOf(ctx), false),
    }),
    lookup_to_dset: fn({
      args: [str("domain"), optional(str("uri"))],
      routes: REQUEST | FAILURE,
      waits: "maybe",
      doc: "As lookup(), but all contacts become branches and the R-URI stays.",
      run: (reg: Registrar, ctx, domain, uri) => lookup(reg, ctx, domain, uri ?? reg.aorUriOf(ctx), true),
    }),
    lookup_branches: fn({
      args: [str("domain")],
      routes: REQUEST | FAILURE,
      waits: "maybe",
      doc: "lookup() for the R-URI and for each branch that is only a URI.",
      run: (reg: Registrar, ctx, domain) => lookupBranches(reg, ctx, domain),
    }),
    registered: fn({
      args: [
        str("domain"),
        optional(str("uri")),
        optional(parsed("match_option", flagsArg)),
        optional(parsed("match_action", flagsArg)),
      ],
      routes: ANY,
      waits: "maybe",
      doc: "Whether the user of a URI (default: of the R-URI) is registered; with bits of match_option (1 Call-ID, 2 received, 4 Contact) by what xavp_cfg names. match_action 2: xavp_rcd is left alone.",
      run: (reg: Registrar, ctx, domain, uri, option, action) =>
        registered(reg, ctx, domain, uri || reg.aorUriOf(ctx), option ?? 0, action ?? 0),
    }),
    unregister: fn({
      args: [str("domain"), str("uri"), optional(str("ruid"))],
      routes: ANY,
      waits: "maybe",
      doc: "Removes all contacts of a user, or the one with that record id.",
      run: (reg: Registrar, ctx, domain, uri, ruid) => unregister(reg, ctx, domain, uri, ruid ?? null),
    }),
    reg_fetch_contacts: fn({
      args: [str("domain"), str("uri"), str("profile")],
      routes: ANY,
      waits: "maybe",
      doc: "Makes a user's contacts readable as $ulc(profile=>attribute).",
      run: (reg: Registrar, ctx, domain, uri, profile) => fetchContacts(reg, ctx, domain, uri, profile),
    }),
    reg_free_contacts: fn({
      args: [str("profile")],
      routes: ANY,
      doc: "Forgets what reg_fetch_contacts() has fetched under that name.",
      run: (_: Registrar, ctx, profile) => freeContacts(ctx, profile),
    }),
    reg_send_reply: fn({
      routes: REQUEST | FAILURE,
      doc: "Sends the answer that save() with flag 2 has prepared.",
      run: (_: Registrar, ctx) => sendPrepared(ctx),
    }),
    add_sock_hdr: fn({
      args: [str("hdr_name")],
      routes: REQUEST,
      doc: "Adds a header with the listener the request came by (proto:ip:port).",
      run: (reg: Registrar, ctx, name) => {
        if (!/^[A-Za-z0-9\-.!%*_+`'~]+$/.test(name)) return -1;
        const socket = reg.socketText(ctx.flow.listener, reg.settings.sockAdvertised);
        ctx.message.edits.add(ctx.message.headEnd, 0, `${name}: ${socket}\r\n`);
        return 1;
      },
    }),
  },
  pvs: { ulc },
});
