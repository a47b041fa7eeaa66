// Module registrar: REGISTER requests into location tables, and back from users to their contacts.

import { RouteKind } from "../../proxy/context.ts";
import { ArgError, int, optional, parsed, str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn } from "../../registry/define.ts";
import { kemi } from "../../registry/kemi.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { core } from "../core/index.ts";
import usrloc from "../usrloc/index.ts";
import { fromUser, lookupXavp } from "./asked.ts";
import { EXPIRED, watchExpired } from "./expired.ts";
import { fetchContacts, freeContacts, ulc } from "./fetched.ts";
import { forceQ } from "./fill.ts";
import { allowChanges } from "./live.ts";
import { lookup, lookupBranches, registered, unregister } from "./lookup.ts";
import { params, settingsOf } from "./params.ts";
import { Registrar, RegistrarState } from "./registrar.ts";
import { save, sendPrepared } from "./save.ts";

const { REQUEST, FAILURE, REPLY, ONREPLY, ANY } = RouteKind;

/** A number in decimal or hexadecimal, as flags are written. */
function flagsArg(text: string): number | ArgError {
  if (!/^\s*(?:0x[0-9a-f]+|\d+)?\s*$/i.test(text))
    return new ArgError(`"${text}" is no number`, "flags are written as 4 or 0x04");
  return Number(text.trim() || "0");
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
    return new Registrar(host, host.use(usrloc), state, settingsOf(p), p);
  },
  start: (reg) => {
    watchExpired(reg);
    allowChanges(reg);
    const { state } = reg;
    const { statistics } = reg.host.proxy;
    statistics.put("registrar", "accepted_regs", () => state.accepted);
    statistics.put("registrar", "rejected_regs", () => state.rejected);
    statistics.put("registrar", "max_expires", () => reg.settings.maxExpires, true);
    statistics.put("registrar", "max_contacts", () => reg.settings.maxContacts, true);
    statistics.put("registrar", "default_expire", () => reg.settings.defaultExpires, true);
    statistics.put("registrar", "default_expires_range", () => reg.settings.defaultExpiresRange, true);
    statistics.put("registrar", "expires_range", () => reg.settings.expiresRange, true);
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
    lookup_xavp: fn({
      args: [str("domain"), str("uri"), str("rxname"), str("cxname")],
      routes: ANY,
      waits: "maybe",
      doc: "Puts a user's bindings into XAVPs: aor and count into one, uri, socket and dsturi of each into others.",
      run: (reg: Registrar, ctx, domain, uri, record, contact) => lookupXavp(reg, ctx, domain, uri, record, contact),
    }),
    reg_from_user: fn({
      args: [str("domain"), str("uri"), int("mode")],
      routes: ANY,
      waits: "maybe",
      doc: "Whether the message came from where a user is registered: by address, with bits of mode 1 by port and 2 by transport too.",
      run: (reg: Registrar, ctx, domain, uri, mode) => fromUser(reg, ctx, domain, uri, mode),
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
