// Relays from a database, with columns as Kamailio's table rtpengine has them.

import { parseRelay, type Relays } from "../../net/relays/relays.ts";
import type { Database } from "../../store/database.ts";

/** Kamailio's version number of the table. */
export const RTPENGINE_VERSION = 1;

/** Names of the table and its columns. */
export interface NodeColumns {
  readonly name: string;
  readonly set: string;
  readonly url: string;
  readonly weight: string;
  readonly disabled: string;
  readonly defaultPort: number;
}

/** The table of relays. */
export class NodeTable {
  private readonly database: Database;
  private readonly columns: NodeColumns;

  constructor(database: Database, columns: NodeColumns) {
    this.database = database;
    this.columns = columns;
  }

  /** Brings the relays in line with the table: new ones are added, others changed, those that are gone are hidden. Throws StoreError. */
  async load(relays: Relays): Promise<void> {
    const { name, set, url, weight, disabled, defaultPort } = this.columns;
    await this.database.ensureTable({ name, layout: "rtpengine", version: RTPENGINE_VERSION });
    const rows = await this.database.query(name, [set, url, weight, disabled], []);
    const there = new Set();
    for (const row of rows) {
      const place = parseRelay(String(row[url] ?? ""), defaultPort);
      if (typeof place === "string") continue;
      const number = Number(row[set] ?? 0);
      const known = relays.all.find((relay) => relay.url === place.url && relay.set === number);
      const relay = known ?? relays.add(place, number);
      relay.weight = Number(row[weight] ?? 1);
      relay.off = Number(row[disabled] ?? 0) !== 0;
      relay.hidden = false;
      there.add(relay);
    }
    for (const relay of relays.all) if (!there.has(relay)) relay.hidden = true;
  }
}
