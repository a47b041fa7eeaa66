// The ul.* commands, with the fields and names Kamailio's have.

import { type RpcDef, RpcError, type RpcValue } from "../../registry/define.ts";
import { StoreError } from "../../store/database.ts";
import { AorRecord, aorHash, Contact } from "./contact.ts";
import type { Domain } from "./domain.ts";
import type { UsrlocSettings } from "./settings.ts";
import type { Usrloc } from "./usrloc.ts";

/** What a generation of module usrloc is: the tables, and its settings, which `start` puts in force. */
export interface UsrlocInstance {
  readonly usrloc: Usrloc;
}

type Args = readonly (string | number | undefined)[];

const NOT_SET = "[not set]";
const TABLE = { name: "table", kind: "str", optional: false } as const;
const AOR = { name: "aor", kind: "str", optional: false } as const;
const CONTACT = { name: "contact", kind: "str", optional: false } as const;

/** The commands of module usrloc. */
export const commands: Readonly<Record<string, RpcDef<UsrlocInstance>>> = {
  "ul.dump": {
    doc: 'All bindings of all tables; with "brief" only the addresses of record.',
    args: [{ name: "mode", kind: "str", optional: true }],
    run: ({ usrloc }, args) => dump(usrloc, String(args[0] ?? "").startsWith("brief")),
  },
  "ul.lookup": {
    doc: "The bindings of one address of record.",
    args: [TABLE, AOR],
    run: ({ usrloc }, args) => {
      const domain = tableOf(usrloc, args);
      return later(domain.fetch(aorOf(usrloc, args[1])), (record) => {
        if (record === undefined) throw new RpcError(500, "AOR not found in location table");
        return {
          AoR: record.aor,
          Contacts: record.contacts.map((c) => ({ Contact: contactFields(c, usrloc.settings, usrloc.now()) })),
        };
      });
    },
  },
  "ul.rm": {
    doc: "Deletes all bindings of one address of record.",
    args: [TABLE, AOR],
    run: ({ usrloc }, args) => {
      const domain = tableOf(usrloc, args);
      return later(domain.fetch(aorOf(usrloc, args[1])), (record) => {
        if (record !== undefined) domain.removeAll(record);
        return null; // as the oracle, also when there was none
      });
    },
  },
  "ul.rm_contact": {
    doc: "Deletes one binding of one address of record.",
    args: [TABLE, AOR, CONTACT],
    run: ({ usrloc }, args) => {
      const domain = tableOf(usrloc, args);
      return later(domain.fetch(aorOf(usrloc, args[1])), (record) => {
        if (record === undefined) throw new RpcError(404, "AOR not found");
        const contact = record.contacts.find((c) => c.contact === args[2]);
        if (contact === undefined) throw new RpcError(404, "Contact not found");
        domain.remove(record, contact);
        return null;
      });
    },
  },
  "ul.add": {
    doc: "Adds or refreshes a binding.",
    args: [
      TABLE,
      AOR,
      CONTACT,
      { name: "expires", kind: "int", optional: false },
      { name: "q", kind: "str", optional: false },
      { name: "path", kind: "str", optional: true },
      { name: "flags", kind: "int", optional: true },
      { name: "cflags", kind: "int", optional: true },
      { name: "methods", kind: "int", optional: true },
      { name: "received", kind: "str", optional: true },
      { name: "socket", kind: "str", optional: true },
    ],
    run: ({ usrloc }, args) => add(usrloc, args),
  },
  "ul.db_users": counting("users", "How many users have bindings in the database that count."),
  "ul.db_contacts": counting("contacts", "How many bindings in the database count."),
  "ul.db_expired_contacts": counting("expired", "How many bindings in the database have expired."),
  "ul.flush": {
    doc: "Writes what waits to be written (write-back).",
    args: [],
    run: ({ usrloc }) => {
      const work = usrloc.flushAll();
      return work === null ? null : work.then(() => null);
    },
  },
};

function counting(what: "users" | "contacts" | "expired", doc: string): RpcDef<UsrlocInstance> {
  return {
    doc,
    args: [TABLE],
    run: ({ usrloc }, args) => {
      if (usrloc.settings.dbMode === 0) throw new RpcError(500, "Command is not supported in db_mode=0");
      return tableOf(usrloc, args).counted(what, usrloc.now());
    },
  };
}

function later<A, B extends RpcValue>(value: A | Promise<A>, then: (value: A) => B): B | Promise<B> {
  return value instanceof Promise ? value.then(then) : then(value);
}

function tableOf(usrloc: Usrloc, args: Args): Domain {
  try {
    const domain = usrloc.known(String(args[0] ?? ""));
    if (domain !== undefined) return domain;
  } catch (error) {
    throw new RpcError(500, error instanceof StoreError ? error.message : String(error));
  }
  throw new RpcError(500, "Domain table not found");
}

/** Without use_domain an address of record is the user part only, whatever was asked for. */
function aorOf(usrloc: Usrloc, arg: string | number | undefined): string {
  const text = String(arg ?? "");
  const at = text.indexOf("@");
  if (usrloc.settings.useDomain && at < 0) throw new RpcError(500, "Domain missing in AOR");
  return usrloc.settings.useDomain || at < 0 ? text : text.slice(0, at);
}

function dump(usrloc: Usrloc, brief: boolean): RpcValue {
  const domains: RpcValue[] = [];
  const now = usrloc.now();
  for (const domain of usrloc.domains()) {
    const aors: RpcValue[] = [];
    let most = 0;
    for (const record of domain.all()) {
      most = Math.max(most, record.contacts.length);
      if (brief) aors.push({ AoR: record.aor });
      else
        aors.push({
          Info: {
            AoR: record.aor,
            HashID: aorHash(record.aor),
            Contacts: record.contacts.map((c) => ({ Contact: contactFields(c, usrloc.settings, now) })),
          },
        });
    }
    // Kamailio's hash slots do not exist here: Size is the number of bindings, Max-Slots the most under one address of record
    domains.push({
      Domain: {
        Domain: domain.name,
        Size: domain.contacts,
        AoRs: aors,
        Stats: { Records: domain.users, "Max-Slots": most },
      },
    });
  }
  return { Domains: domains };
}

/** One binding as ul.dump and ul.lookup show it. */
function contactFields(c: Contact, { natFlag }: UsrlocSettings, now: number): { [key: string]: RpcValue } {
  return {
    Address: c.contact,
    Expires: c.expires === 0 ? "permanent" : c.expires > now ? c.expires - now : "expired",
    Q: c.q < 0 ? -1 : c.q / 1000,
    "Call-ID": c.callid,
    CSeq: c.cseq,
    "User-Agent": c.userAgent || NOT_SET,
    Received: c.received || NOT_SET,
    Path: c.path || NOT_SET,
    State: c.state,
    Flags: 0,
    CFlags: c.cflags,
    Socket: c.socket || NOT_SET,
    Methods: c.methods,
    Ruid: c.ruid,
    Instance: c.instance || NOT_SET,
    "Reg-Id": c.regId,
    "Server-Id": c.serverId,
    "Tcpconn-Id": c.flowId === 0 ? -1 : c.flowId,
    Keepalive: (c.cflags & natFlag) === 0 ? 0 : 1,
    "Last-Keepalive": c.lastKeepalive || c.lastModified,
    "KA-Roundtrip": c.roundtrip,
    "Last-Modified": c.lastModified,
  };
}

/** A text that may be left out by "." or "0". */
function given(arg: string | number | undefined): string {
  const text = String(arg ?? ".");
  return text === "." || text === "0" ? "" : text;
}

function add(usrloc: Usrloc, args: Args): RpcValue | Promise<RpcValue> {
  const domain = tableOf(usrloc, args);
  const aor = aorOf(usrloc, args[1]);
  const q = Math.round(Number(args[4]) * 1000);
  const seconds = Number(args[3]);
  if (aor === "" || !Number.isFinite(seconds) || seconds < 0 || !(q <= 1000))
    throw new RpcError(400, "Invalid parameters");
  return later(domain.fetch(aor), (record) => {
    const known = record?.contacts.find((c) => c.contact === args[2]);
    const contact = known ?? new Contact(aor, usrloc.newRuid());
    if (known === undefined && usrloc.total >= usrloc.settings.maxTotal) throw new RpcError(500, "Too many contacts");
    contact.contact = String(args[2] ?? "");
    contact.expires = seconds === 0 ? 0 : usrloc.now() + Math.trunc(seconds);
    contact.q = q < 0 ? -1 : q;
    contact.path = given(args[5]);
    contact.received = given(args[9]);
    contact.socket = given(args[10]).toLowerCase();
    if (usrloc.pings.listenerOf(contact) === null) contact.socket = "";
    contact.cflags = Number(args[7] ?? 0) | 0;
    contact.methods = args[8] === undefined ? -1 : Number(args[8]) | 0;
    contact.callid = known?.callid ?? `${contact.ruid}@rpc`;
    contact.cseq = known?.cseq ?? 1; // the next request of the phone counts on from its own
    contact.userAgent = known?.userAgent ?? "RPC";
    contact.lastModified = usrloc.now();
    if (known === undefined) domain.add(record, contact);
    else domain.changed(record ?? new AorRecord(aor), contact);
    return null;
  });
}
