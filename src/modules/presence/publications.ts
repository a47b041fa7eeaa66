// Published documents (RFC 3903): in table presentity, or in memory alone (publ_cache 2, or without a database).

import type { Cell, Database, Later, Match, Row } from "../../store/database.ts";
import { whenThere } from "../../util/maybe.ts";
import { type PresenceSettings, PublCache } from "./settings.ts";

/** One publication. Times are seconds of the wall clock. */
export interface Publication {
  readonly user: string;
  readonly domain: string;
  readonly event: string;
  readonly etag: string;
  readonly expires: number;
  readonly received: number;
  readonly body: string;
  /** URI that is not told (handle_publish with an argument); "" none. */
  readonly sender: string;
  readonly priority: number;
}

/** Where publications are. */
export interface Publications {
  /** How many there are, as far as it is known here. */
  readonly size: number;
  /** Those that hold at a time, the newest first. */
  of(user: string, domain: string, event: string, now: number): Later<readonly Publication[]>;
  insert(p: Publication): Later<void>;
  /** Puts a publication in the place of the one with the old entity tag. */
  replace(old: string, p: Publication): Later<void>;
  remove(p: Publication): Later<void>;
  /** Those whose time is over. */
  expired(now: number): Later<readonly Publication[]>;
  /** All, for commands. */
  all(limit: number): Later<readonly Publication[]>;
  /** Reads what must be known from the start. */
  load(): Later<void>;
  /** Others have written about an event of a user: what is known of it here is read again. */
  recount(user: string, domain: string, event: string): Later<void>;
}

/** The most publications whose time is over that are looked at in one turn. */
export const AT_A_TIME = 1000;

const keyOf = (user: string, domain: string, event: string): string => `${user}\n${domain}\n${event}`;

/** Columns that publications can be ordered by (retrieve_order_by), and their values. */
const ORDERING: Readonly<Record<string, (p: Publication) => number | string>> = {
  priority: (p) => p.priority,
  received_time: (p) => p.received,
  expires: (p) => p.expires,
  etag: (p) => p.etag,
  sender: (p) => p.sender,
};

/** Compares two publications as SQL would order them. */
export type Ordering = (a: Publication, b: Publication) => number;

/** Reads the columns of retrieve_order_by: "priority, received_time desc"; a text says what is wrong with them. */
export function orderingOf(columns: string): Ordering | string {
  const orders: Ordering[] = [];
  for (const part of columns.split(",")) {
    const [, name = "", way = ""] = /^\s*(\w+)(?:\s+(asc|desc))?\s*$/i.exec(part) ?? [];
    const value = ORDERING[name.toLowerCase()];
    if (value === undefined) return `"${part.trim()}" is no column that publications can be ordered by`;
    const sign = way.toLowerCase() === "desc" ? -1 : 1;
    orders.push((a, b) => {
      const [x, y] = [value(a), value(b)];
      return x === y ? 0 : x < y ? -sign : sign;
    });
  }
  return (a, b) => orders.reduce((found, order) => found || order(a, b), 0);
}

// The newest first, or what stands last in the order of retrieve_order_by, as Kamailio has it. The list is in the order of time.
function sorted(list: readonly Publication[], order: Ordering | null): readonly Publication[] {
  return (order === null ? [...list] : [...list].sort(order)).reverse();
}

/** Publications in memory. */
export class MemoryPublications implements Publications {
  size = 0;
  private readonly byKey = new Map<string, Publication[]>();
  private readonly order: Ordering | null;

  constructor(order: Ordering | null) {
    this.order = order;
  }

  of(user: string, domain: string, event: string, now: number): readonly Publication[] {
    const list = this.byKey.get(keyOf(user, domain, event)) ?? [];
    return sorted(
      list.filter((p) => p.expires > now),
      this.order,
    );
  }
  insert(p: Publication): void {
    const key = keyOf(p.user, p.domain, p.event);
    const list = this.byKey.get(key);
    if (list === undefined) this.byKey.set(key, [p]);
    else list.push(p);
    this.size++;
  }
  // A document that is said again is the newest.
  replace(old: string, p: Publication): void {
    const list = this.byKey.get(keyOf(p.user, p.domain, p.event));
    const at = list?.findIndex(({ etag }) => etag === old) ?? -1;
    if (list === undefined || at < 0) return;
    list.splice(at, 1);
    list.push(p);
  }
  remove(p: Publication): void {
    const key = keyOf(p.user, p.domain, p.event);
    const list = this.byKey.get(key);
    const at = list?.findIndex(({ etag }) => etag === p.etag) ?? -1;
    if (list === undefined || at < 0) return;
    list.splice(at, 1);
    this.size--;
    if (list.length === 0) this.byKey.delete(key);
  }
  expired(now: number): readonly Publication[] {
    const found: Publication[] = [];
    for (const list of this.byKey.values())
      for (const p of list) if (p.expires <= now && found.length < AT_A_TIME) found.push(p);
    return found;
  }
  all(limit: number): readonly Publication[] {
    const found: Publication[] = [];
    for (const list of this.byKey.values())
      for (const p of list) {
        if (found.length >= limit) return found;
        found.push(p);
      }
    return found;
  }
  load(): void {}
  recount(): void {}
}

const COLUMNS = ["username", "domain", "event", "etag", "expires", "received_time", "body", "sender", "priority"];

/** Publications in the database; with `publ_cache` 1 it is known here which there are, so that most are not asked for. */
export class StoredPublications implements Publications {
  size = 0;
  private readonly db: Database;
  private readonly settings: PresenceSettings;
  /** How many rows each has; null when others write to the table as well. */
  private readonly index: Map<string, number> | null;

  constructor(db: Database, settings: PresenceSettings) {
    this.db = db;
    this.settings = settings;
    this.index = settings.publCache === PublCache.INDEX ? new Map() : null;
  }

  async load(): Promise<void> {
    const { presentityTable: table, fetchRows: limit } = this.settings;
    for (let after = -1; ; ) {
      const where: Match[] = [{ column: "id", op: ">", value: after }];
      const rows = await this.db.query(table, ["id", "username", "domain", "event"], where, { order: "id", limit });
      for (const row of rows) this.counted(keyOf(text(row["username"]), text(row["domain"]), text(row["event"])), 1);
      if (rows.length < limit) return;
      after = Number(rows.at(-1)?.["id"] ?? 0);
    }
  }

  async recount(user: string, domain: string, event: string): Promise<void> {
    if (this.index === null) return;
    const { presentityTable, maxPerPresentity: limit } = this.settings;
    const rows = await this.db.query(presentityTable, ["id"], account(user, domain, event), { limit });
    const key = keyOf(user, domain, event);
    this.counted(key, rows.length - (this.index.get(key) ?? 0));
  }

  private counted(key: string, by: number): void {
    this.size = Math.max(0, this.size + by);
    if (this.index === null) return;
    const n = (this.index.get(key) ?? 0) + by;
    if (n > 0) this.index.set(key, n);
    else this.index.delete(key);
  }

  of(user: string, domain: string, event: string, now: number): Later<readonly Publication[]> {
    if (this.index !== null && !this.index.has(keyOf(user, domain, event))) return [];
    const { order } = this.settings;
    const where: Match[] = [...account(user, domain, event), { column: "expires", op: ">", value: now }];
    const limit = this.settings.maxPerPresentity;
    const rows = this.db.query(this.settings.presentityTable, [...COLUMNS, "id"], where, { order: "-id", limit });
    // rows are numbered as they come: of equal times the later one is the newer
    return whenThere(rows, (list) =>
      sorted(
        list
          .map(publicationOf)
          .reverse()
          .sort((a, b) => a.received - b.received),
        order,
      ),
    );
  }
  insert(p: Publication): Later<void> {
    this.counted(keyOf(p.user, p.domain, p.event), 1);
    return this.db.insert(this.settings.presentityTable, COLUMNS, cells(p));
  }
  replace(old: string, p: Publication): Later<void> {
    const done = this.db.update(this.settings.presentityTable, rowOf(p, old), COLUMNS, cells(p));
    return whenThere(done, () => undefined);
  }
  remove(p: Publication): Later<void> {
    const done = this.db.delete(this.settings.presentityTable, rowOf(p, p.etag));
    return whenThere(done, (n) => {
      if (n > 0) this.counted(keyOf(p.user, p.domain, p.event), -n);
    });
  }
  expired(now: number): Later<readonly Publication[]> {
    const where: Match[] = [{ column: "expires", op: "<=", value: now }];
    return whenThere(this.db.query(this.settings.presentityTable, COLUMNS, where, { limit: AT_A_TIME }), (rows) =>
      rows.map(publicationOf),
    );
  }
  all(limit: number): Later<readonly Publication[]> {
    return whenThere(this.db.query(this.settings.presentityTable, COLUMNS, [], { order: "id", limit }), (rows) =>
      rows.map(publicationOf),
    );
  }
}

function account(user: string, domain: string, event: string): Match[] {
  return [
    { column: "username", value: user },
    { column: "domain", value: domain },
    { column: "event", value: event },
  ];
}
function rowOf(p: Publication, etag: string): Match[] {
  return [...account(p.user, p.domain, p.event), { column: "etag", value: etag }];
}
function cells(p: Publication): Cell[] {
  return [p.user, p.domain, p.event, p.etag, p.expires, p.received, p.body, p.sender, p.priority];
}
function publicationOf(row: Row): Publication {
  return {
    user: text(row["username"]),
    domain: text(row["domain"]),
    event: text(row["event"]),
    etag: text(row["etag"]),
    expires: Number(row["expires"] ?? 0),
    received: Number(row["received_time"] ?? 0),
    body: text(row["body"]),
    sender: text(row["sender"]),
    priority: Number(row["priority"] ?? 0),
  };
}
function text(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "" : String(cell);
}
