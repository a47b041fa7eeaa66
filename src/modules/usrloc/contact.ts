// One binding and the bindings of one address of record.

import type { XavpField } from "../../proxy/xavp.ts";

/** How the copy in memory stands to the one in the database; the names are those of `ul.dump`. */
export const ContactState = { NEW: "CS_NEW", SYNC: "CS_SYNC", DIRTY: "CS_DIRTY" } as const;

/** Texts that many bindings have in common, so that each is in memory once; strangers choose some, so there are few. */
const COMMON = new Map<string, string>();
const MAX_COMMON = 500;

/** The same text, from where other bindings have it as well: for names of programs and listeners. */
export function common(text: string): string {
  const known = COMMON.get(text);
  if (known !== undefined) return known;
  if (COMMON.size >= MAX_COMMON) COMMON.clear();
  COMMON.set(text, text);
  return text;
}

/** One binding. Texts are byte strings; times are seconds since 1970. */
export class Contact {
  readonly aor: string;
  /** Unique in all tables and over restarts, `uloc-<start>-<pid>-<n>` in hexadecimal; goes on wire as temporary GRUU. */
  readonly ruid: string;
  contact = "";
  /** Where the REGISTER came from, when that differs (nathelper); "" none. */
  received = "";
  /** Value of the Path headers, comma-separated; "" none. */
  path = "";
  /** When it ends; 0 never. */
  expires = 0;
  /** Thousandths, -1 unspecified. */
  q = -1;
  callid = "";
  cseq = 0;
  /** Branch flags at the time of save(), given back by lookup(). */
  cflags = 0;
  userAgent = "";
  /** Listener it came by, "udp:127.0.0.1:5060"; "" unknown. */
  socket = "";
  /** Kamailio's bits of methods the contact allows; -1 not said. */
  methods = -1;
  /** +sip.instance without its quotes; "" none. */
  instance = "";
  regId = 0;
  serverId = 0;
  lastModified = 0;
  /** The stream connection it was registered over and is called over; 0 for datagrams and after a restart. */
  flowId = 0;
  state: string = ContactState.NEW;
  /** When a ping was answered last, 0 never; and how long that took, microseconds. */
  lastKeepalive = 0;
  roundtrip = 0;
  /** When the first of the pings was sent that it has not answered yet; 0 when it owes no answer. */
  silentSince = 0;
  /** Fields that the script has given it (xavp_contact); null none. Never changed, only replaced. */
  attributes: readonly XavpField[] | null = null;

  constructor(aor: string, ruid: string) {
    this.aor = aor;
    this.ruid = ruid;
  }

  /** Whether it counts at that time. */
  isValid(now: number): boolean {
    return this.expires === 0 || this.expires > now;
  }
}

/** The bindings of one address of record, in the order lookup() tries them. */
export class AorRecord {
  readonly aor: string;
  readonly contacts: Contact[] = [];

  constructor(aor: string) {
    this.aor = aor;
  }

  /**
   * Puts a binding at its place: by falling q, behind those of the same q; or in front of all (desc_time_order).
   */
  place(contact: Contact, newestFirst: boolean): void {
    const { contacts } = this;
    if (newestFirst) {
      contacts.unshift(contact);
      return;
    }
    let i = contacts.length;
    while (i > 0 && contacts[i - 1]!.q < contact.q) i--;
    contacts.splice(i, 0, contact);
  }

  /** After a refresh: newest first moves it to the front; the order by q stays as it was, as in Kamailio. */
  refreshed(contact: Contact, newestFirst: boolean): void {
    if (!newestFirst || this.contacts[0] === contact) return;
    this.contacts.splice(this.contacts.indexOf(contact), 1);
    this.contacts.unshift(contact);
  }

  countValid(now: number): number {
    let n = 0;
    for (const contact of this.contacts) if (contact.isValid(now)) n++;
    return n;
  }
}

/** A number for an address of record, the last part of its temporary GRUUs: 31 bits, the same in every run. */
export function aorHash(aor: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < aor.length; i++) h = Math.imul(h ^ aor.charCodeAt(i), 0x01000193);
  return (h ^ (h >>> 15)) & 0x7fffffff;
}
