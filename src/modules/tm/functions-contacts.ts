// Functions of module tm for serial forking by q and for several flows of one phone.

import { RouteKind } from "../../proxy/context.ts";
import { int, optional } from "../../registry/args.ts";
import { type FunctionDef, fn } from "../../registry/define.ts";
import { loadContacts, nextContactFlow, nextContacts } from "./contacts.ts";
import type { TmInstance } from "./settings.ts";

const { REQUEST, FAILURE, BRANCH_FAILURE, EVENT } = RouteKind;

/** Functions over contacts_avp. */
export const contacts: Record<string, FunctionDef<TmInstance>> = {
  t_load_contacts: fn({
    args: [optional(int("mode"))],
    routes: REQUEST | FAILURE,
    doc: "Moves a destination set of several into contacts_avp, by q (0) or by chance with q as weight (1).",
    run: (self: TmInstance, ctx, mode) => loadContacts(self, ctx, mode ?? 0),
  }),
  t_next_contacts: fn({
    routes: REQUEST | FAILURE,
    doc: "Makes the best contacts left the destination set, one of each +sip.instance; -2 when none is left.",
    run: nextContacts,
  }),
  t_next_contact_flow: fn({
    routes: RouteKind.REQUEST | BRANCH_FAILURE | EVENT,
    doc: "Adds a branch: another contact of the instance whose branch has failed; -2 when there is none.",
    run: nextContactFlow,
  }),
};
