// XAVPs between script and registrar: settings for one request (xavp_cfg), attributes of the binding dealt with (xavp_rcd).

import type { RouteContext } from "../../proxy/context.ts";
import { pickField, type XavpField } from "../../proxy/xavp.ts";
import { toText } from "../../sip/value.ts";
import type { AorRecord, Contact } from "../usrloc/index.ts";
import type { RegistrarSettings } from "./settings.ts";

/** A setting that the script has made for this request; null without. */
export function setting(s: RegistrarSettings, ctx: RouteContext, name: string): string | number | null {
  if (s.xavpCfg === "" || ctx.avpsOrNull === null) return null;
  const fields = ctx.avpsOrNull.xavps("xavp").one(s.xavpCfg, 0)?.fields;
  return fields === undefined || fields === null ? null : (pickField(fields, name, null)?.value ?? null);
}

/** The same where only numbers count. */
export function numberSetting(s: RegistrarSettings, ctx: RouteContext, name: string): number | null {
  const value = setting(s, ctx, name);
  return typeof value === "number" ? value : null;
}

/** Copies of the fields of the newest XAVP of that name: what is kept with a contact (xavp_contact); null when there are none. */
export function attributesOf(ctx: RouteContext, name: string): readonly XavpField[] | null {
  const fields = ctx.avpsOrNull?.xavps("xavp").one(name, 0)?.fields ?? null;
  return fields === null || fields.length === 0 ? null : fields.map((f) => ({ name: f.name, value: f.value }));
}

/** Gives the script the fields kept with a contact. The index of the entry is the number of the branch, 0 being the R-URI. */
export function giveAttributes(ctx: RouteContext, name: string, contact: Contact, branch: number): void {
  const { attributes } = contact;
  if (attributes === null) return;
  const fields = attributes.map((f) => ({ name: f.name, value: f.value }));
  ctx.avps.xavps("xavp").insert(name, branch, { value: null, fields });
}

/** Bits of registered()'s match option. */
const Match = { CALLID: 1, RECEIVED: 2, CONTACT: 4 } as const;

/** Whether a binding is the one that the script asks for; what it gives no value for is not compared. */
export function matches(s: RegistrarSettings, ctx: RouteContext, option: number, contact: Contact): boolean {
  const callId = s.callIdAvp === "" ? undefined : ctx.avpsOrNull?.all(s.callIdAvp)?.[0];
  if (callId !== undefined && callId !== null && toText(callId) !== contact.callid) return false;
  const fits = (bit: number, name: string, value: string): boolean => {
    const wanted = (option & bit) === 0 ? null : setting(s, ctx, name);
    return wanted === null || toText(wanted) === value;
  };
  return (
    fits(Match.CALLID, "match_callid", contact.callid) &&
    fits(Match.RECEIVED, "match_received", contact.received) &&
    fits(Match.CONTACT, "match_contact", contact.contact)
  );
}

/** Bits of xavp_rcd_mask: what is left out. */
const Skip = { RUID: 1, CONTACT: 2, EXPIRES: 4, RECEIVED: 8, PATH: 16 } as const;

/** Tells the script of a binding. */
export function tell(s: RegistrarSettings, ctx: RouteContext, contact: Contact): void {
  if (s.xavpRcd === "") return;
  const fields: XavpField[] = [];
  const put = (bit: number, name: string, value: string | number): void => {
    if ((s.xavpRcdMask & bit) === 0 && value !== "") fields.push({ name, value });
  };
  put(Skip.RUID, "ruid", contact.ruid);
  put(Skip.CONTACT, "contact", contact.contact);
  put(Skip.EXPIRES, "expires", contact.expires | 0);
  put(Skip.RECEIVED, "received", contact.received);
  put(Skip.PATH, "path", contact.path);
  const store = ctx.avps.xavps("xavp");
  store.remove(s.xavpRcd, "*");
  if (fields.length > 0) store.add(s.xavpRcd, { value: null, fields });
}

/** After save(): the last binding of the record, as the oracle does. */
export function tellLast(s: RegistrarSettings, ctx: RouteContext, record: AorRecord | undefined): void {
  const last = s.xavpRcd === "" ? undefined : record?.contacts.at(-1);
  if (last !== undefined) tell(s, ctx, last);
}
