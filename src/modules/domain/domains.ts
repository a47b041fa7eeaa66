// The domains we serve and their attributes, in memory.

import type { ModuleHost } from "../../registry/module-host.ts";
import type { Cell } from "../../store/database.ts";

/** Kamailio's version numbers of tables domain and domain_attrs. */
export const DOMAIN_VERSION = 2;
export const ATTRS_VERSION = 1;

/** Types of attributes. */
const AttrType = { INT: 0, STRING: 2 } as const;

/** Where they are read from. */
export interface Settings {
  readonly url: string;
  readonly domainTable: string;
  readonly attrsTable: string;
  readonly did: string;
  readonly domain: string;
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

/** A domain as it stands in the table. */
export interface Domain {
  readonly name: string;
  /** Domains with the same id share attributes. */
  readonly did: string;
}

export interface Attribute {
  readonly name: string;
  readonly value: string | number;
}

/** What one reading of the tables gave. */
export class Domains {
  /** By name in lower case. */
  readonly byName = new Map<string, Domain>();
  /** By domain id; what was read last comes first. */
  readonly attributes = new Map<string, Attribute[]>();

  /** The domain of that name; null when it is not ours. Case does not count. */
  find(name: string): Domain | null {
    return this.byName.get(name.toLowerCase()) ?? null;
  }

  /** Reads the tables. Rejects with what is wrong with them. */
  static async read(host: ModuleHost, s: Settings): Promise<Domains> {
    const db = host.database(s.url);
    const domains = new Domains();
    await db.ensureTable({ name: s.domainTable, layout: "domain", version: DOMAIN_VERSION });
    await db.ensureTable({ name: s.attrsTable, layout: "domain_attrs", version: ATTRS_VERSION });
    for (const row of await db.query(s.domainTable, [s.domain, s.did], [])) {
      const name = text(row[s.domain]);
      const did = text(row[s.did]);
      domains.byName.set(name.toLowerCase(), { name, did: did === "" ? name : did });
    }
    for (const row of await db.query(s.attrsTable, [s.did, s.name, s.type, s.value], [])) {
      const did = text(row[s.did]);
      const attribute = { name: text(row[s.name]), value: valueOf(did, row[s.type], text(row[s.value])) };
      const list = domains.attributes.get(did);
      if (list === undefined) domains.attributes.set(did, [attribute]);
      else list.unshift(attribute);
    }
    return domains;
  }
}

function valueOf(did: string, type: Cell | undefined, value: string): string | number {
  if (Number(type) === AttrType.STRING) return value;
  if (Number(type) !== AttrType.INT) throw new Error(`an attribute of ${did} has type ${type}: there are 0 and 2`);
  if (!/^[+-]?\d{1,10}$/.test(value)) throw new Error(`an attribute of ${did} has type 0, but "${value}" is no number`);
  return Number(value) | 0;
}

function text(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "" : String(cell);
}
