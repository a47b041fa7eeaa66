// reg_fetch_contacts() and $ulc(profile=>attribute): the bindings of a user, looked at by the script one by one.

import type { RouteContext } from "../../proxy/context.ts";
import { type Accessor, ArgError } from "../../registry/args.ts";
import { type PvDef, pvClass } from "../../registry/define.ts";
import type { Value } from "../../sip/value.ts";
import { own } from "../../util/own.ts";
import { aorHash, type Contact } from "../usrloc/index.ts";
import { withRecord } from "./lookup.ts";
import type { Registrar } from "./registrar.ts";

/** A snapshot of a user's bindings: what other messages do meanwhile does not change it. */
interface Profile {
  readonly aor: string;
  readonly table: string;
  readonly contacts: readonly Readonly<Contact>[];
}

const profilesKey: object = {};

/** Takes a snapshot under the name of a profile, for the time of this message. Returns 1, or a negative code. */
export function fetchContacts(
  reg: Registrar,
  ctx: RouteContext,
  table: string,
  uri: string,
  profile: string,
): number | Promise<number> {
  return withRecord(reg, ctx.message, table, uri, (record) => {
    profilesOf(ctx).delete(profile);
    if (record === undefined || record.contacts.length === 0) return -1;
    keepProfile(ctx, profile, record.aor, table, record.contacts);
    return 1;
  });
}

/** Puts copies of bindings under the name of a profile. */
export function keepProfile(
  ctx: RouteContext,
  profile: string,
  aor: string,
  table: string,
  contacts: readonly Contact[],
): void {
  const copies = contacts.map((c) => Object.assign(Object.create(Object.getPrototypeOf(c)), c) as Readonly<Contact>);
  profilesOf(ctx).set(profile, { aor, table, contacts: copies });
}

/** Forgets a snapshot. */
export function freeContacts(ctx: RouteContext, profile: string): number {
  profilesOf(ctx).delete(profile);
  return 1;
}

function profilesOf(ctx: RouteContext): Map<string, Profile> {
  let profiles = ctx.attachment<Map<string, Profile>>(profilesKey);
  if (profiles === undefined) {
    profiles = new Map();
    ctx.attach(profilesKey, profiles);
  }
  return profiles;
}

const optional = (text: string): Value => (text === "" ? null : text);

const ATTRIBUTES: Readonly<Record<string, (c: Readonly<Contact>, p: Profile) => Value>> = {
  aor: (_, p) => p.aor,
  domain: (_, p) => p.table,
  aorhash: (_, p) => aorHash(p.aor),
  count: (_, p) => p.contacts.length,
  addr: (c) => c.contact,
  path: (c) => c.path,
  received: (c) => c.received,
  expires: (c) => c.expires | 0,
  callid: (c) => c.callid,
  q: (c) => c.q,
  cseq: (c) => c.cseq | 0,
  flags: () => 0,
  cflags: (c) => c.cflags,
  user_agent: (c) => c.userAgent,
  socket: (c) => optional(c.socket),
  modified: (c) => c.lastModified | 0,
  methods: (c) => c.methods >>> 0, // 4294967295: not said
  ruid: (c) => c.ruid,
  regid: (c) => c.regId,
  instance: (c) => optional(c.instance),
  conid: (c) => (c.flowId === 0 ? null : c.flowId),
  server_id: (c) => c.serverId,
};

/** $ulc(profile=>attribute)[index]. */
export const ulc: PvDef<Registrar> = pvClass<Registrar>({
  doc: "An attribute of a binding that reg_fetch_contacts() has fetched under a profile's name.",
  inner: "required",
  indexed: true,
  resolve: (_, inner, index): Accessor | ArgError => {
    const [profile = "", attribute = ""] = (inner ?? "").split("=>", 2).map((part) => part.trim());
    const read = own(ATTRIBUTES, attribute);
    if (profile === "" || read === undefined) {
      return new ArgError(
        `$ulc has no "${inner}"`,
        `write $ulc(profile=>attribute) with one of ${Object.keys(ATTRIBUTES).join(", ")}`,
      );
    }
    const at = typeof index === "number" ? index : 0;
    return {
      get: (ctx) => {
        const found = ctx.attachment<Map<string, Profile>>(profilesKey)?.get(profile);
        const contact = found?.contacts[at < 0 ? found.contacts.length + at : at];
        return found === undefined || contact === undefined ? null : read(contact, found);
      },
    };
  },
});
