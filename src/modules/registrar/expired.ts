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
  const { proxy, log } = reg.host;
  const wanted = proxy.routes?.event(EXPIRED) !== null;
  reg.usrloc.onExpired = wanted ? (domain, contact) => run(domain, contact) : null;
  const failed = (error: unknown): void => {
    proxy.counters.routeErrors++;
    proxy.limited.error(log, `event_route[${EXPIRED}]: ${error instanceof Error ? error.message : String(error)}`);
  };
  function run(domain: Domain, contact: Contact): void {
    if (proxy.routes === null) return;
    const ctx = unaskedContext(proxy, RouteKind.EVENT);
    keepProfile(ctx, PROFILE, contact.aor, domain.name, [contact]);
    try {
      const result = reg.host.runEvent(EXPIRED, ctx);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
