// lookup_xavp() and reg_from_user(), of releases after 5.6: what is stored of a user, given to the script or compared with where a message came from.

import type { RouteContext } from "../../proxy/context.ts";
import type { XavpField } from "../../proxy/xavp.ts";
import { canonicalIp } from "../../util/ip.ts";
import { uriOf } from "../core/index.ts";
import type { Contact } from "../usrloc/index.ts";
import { withRecord } from "./lookup.ts";
import type { Registrar } from "./registrar.ts";

/** Puts a user's bindings into XAVPs: one of the record (aor, count), one for each binding (uri, socket, dsturi). 1, or -1 when there are none. */
export function lookupXavp(
  reg: Registrar,
  ctx: RouteContext,
  table: string,
  uri: string,
  recordName: string,
  contactName: string,
): number | Promise<number> {
  return withRecord(reg, ctx.message, table, uri, (record) => {
    const store = ctx.avps.xavps("xavp");
    store.remove(recordName, "*");
    store.remove(contactName, "*");
    const now = reg.usrloc.now();
    const contacts = record?.contacts.filter((c) => c.isValid(now)) ?? [];
    if (record === undefined || contacts.length === 0) return -1;
    const fields = [
      { name: "aor", value: record.aor },
      { name: "count", value: contacts.length },
    ];
    store.add(recordName, { value: null, fields });
    for (const contact of contacts) store.add(contactName, { value: null, fields: targetOf(contact) }, true);
    return 1;
  });
}

// By the names that sending a request wants.
function targetOf({ contact, socket, received }: Contact): XavpField[] {
  return [
    { name: "uri", value: contact },
    ...(socket === "" ? [] : [{ name: "socket", value: socket }]),
    ...(received === "" ? [] : [{ name: "dsturi", value: received }]),
  ];
}

/** Bits of reg_from_user()'s mode: what is compared beside the address. */
const Compare = { PORT: 1, PROTOCOL: 2 } as const;

/** Whether the message came from where a user is registered: 1 or -1. */
export function fromUser(
  reg: Registrar,
  ctx: RouteContext,
  table: string,
  uri: string,
  mode: number,
): number | Promise<number> {
  const { remote, protocol } = ctx.flow;
  const address = canonicalIp(remote.address);
  const { resolver } = reg.host.proxy;
  const isFrom = (contact: Contact): boolean => {
    const place = contact.received === "" ? contact.contact : contact.received;
    const at = uriOf(place);
    if (at === null || canonicalIp(at.host.replace(/^\[|\]$/g, "")) !== address) return false;
    if ((mode & Compare.PORT) !== 0 && (at.port < 0 ? 5060 : at.port) !== remote.port) return false;
    return (mode & Compare.PROTOCOL) === 0 || resolver.protocolOf(place) === protocol;
  };
  return withRecord(reg, ctx.message, table, uri, (record) => {
    const now = reg.usrloc.now();
    return record?.contacts.some((c) => c.isValid(now) && isFrom(c)) === true ? 1 : -1;
  });
}
