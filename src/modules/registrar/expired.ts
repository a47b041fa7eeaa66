// event_route[usrloc:contact-expired]: runs for each binding whose time is over, which the script sees as $ulc(exp=>…).

import { RouteKind } from "../../proxy/context.ts";
import { unaskedContext } from "../../proxy/unasked.ts";
import type { Contact, Domain } from "../usrloc/index.ts";
import { keepProfile } from "./fetched.ts";
import type { Registrar } from "./registrar.ts";

/** Its name. */
export const EXPIRED = "usrloc:contact-expired";
const PROFILE = "exp";

/** Has the tables tell of bindings that expire, when the script wants to know. */
export function watchExpired(reg: Registrar): void {
  const { proxy } = reg.host;
  const wanted = proxy.routes?.event(EXPIRED) !== null;
  reg.usrloc.onExpired = wanted ? (domain, contact) => run(domain, contact) : null;
  function run(domain: Domain, contact: Contact): void {
    if (proxy.routes === null) return;
    const ctx = unaskedContext(proxy, RouteKind.EVENT);
    keepProfile(ctx, PROFILE, contact.aor, domain.name, [contact]);
    reg.host.runEvent(EXPIRED, ctx);
  }
}
