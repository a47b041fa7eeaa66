// The tables of the process: their life over configurations, loading and storing, and the run that takes away what is over.

import { RouteKind } from "../../proxy/context.ts";
import { unaskedContext } from "../../proxy/unasked.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { Level } from "../../util/log.ts";
import { Timer } from "../../util/timer-wheel.ts";
import type { Definition } from "./definition.ts";
import { failure, load, type RowSettings, store } from "./rows.ts";
import { type Content, Room, Table } from "./table.ts";

/** What a configuration wants of the module. */
export interface Settings {
  readonly definitions: readonly Definition[];
  readonly url: string;
  readonly rows: RowSettings;
  /** Milliseconds between two looks for items that are over. */
  readonly interval: number;
  /** Octets all tables may take. */
  readonly room: number;
}

/** What $shtrecord shows in event_route[htable:expired:…]. */
export interface Expired {
  readonly key: string;
  readonly value: Content;
}

/** Where a context keeps what has expired. */
export const EXPIRED = {};

/** All tables of the process. */
export class Tables {
  readonly host: ModuleHost;
  private tables = new Map<string, Table>();
  private settings: Settings | null = null;
  private readonly room: Room;
  private readonly timer = new Timer(() => this.expire());

  constructor(host: ModuleHost) {
    this.host = host;
    this.room = new Room((table) =>
      host.proxy.limited.write(
        host.log,
        Level.ERROR,
        "no room for an item",
        `no room for an item of table ${table}: max_memory is used up`,
      ),
    );
  }

  /** The tables of a configuration by name; those there are already are used again, with what they hold. */
  prepare(definitions: readonly Definition[]): Map<string, Table> {
    const now = (): number => this.seconds();
    return new Map(definitions.map((d) => [d.name, this.tables.get(d.name) ?? new Table(d, this.room, now)] as const));
  }

  /** Puts the tables of a configuration in force: new ones are filled from the database, those that are no longer named let go. */
  async start(tables: Map<string, Table>, settings: Settings): Promise<void> {
    const before = this.tables;
    this.tables = tables;
    this.settings = settings;
    this.room.limit = settings.room;
    for (const [name, table] of before) if (!tables.has(name)) table.clear();
    for (const definition of settings.definitions) {
      const table = tables.get(definition.name)!;
      table.definition = definition;
      if (!before.has(definition.name) && definition.dbtable !== "" && settings.url !== "") await this.load(table);
    }
    this.arm();
  }

  /** Fills a table from the database. Rejects with StoreError. */
  async load(table: Table): Promise<void> {
    const { url, rows } = this.settings!;
    await load(table, this.host.database(url), rows, this.seconds());
  }

  /** Writes a table into the database. Rejects with StoreError. */
  async store(table: Table): Promise<void> {
    const { url, rows } = this.settings!;
    await store(table, this.host.database(url), rows);
  }

  /** Whether a table has one in the database. */
  isStored(table: Table): boolean {
    return table.definition.dbtable !== "" && this.settings?.url !== "";
  }

  /** Writes those tables that are to be written at the end. */
  async stop(): Promise<void> {
    this.host.wheel.cancel(this.timer);
    for (const table of this.tables.values()) {
      if (!table.definition.writesBack || !this.isStored(table)) continue;
      try {
        await this.store(table);
      } catch (error) {
        this.host.log.error(`table ${table.definition.name} is not written: ${failure(error)}`);
      }
    }
  }

  seconds(): number {
    return Math.floor(this.host.host.clock.wall() / 1000);
  }

  private expire(): void {
    const { routes } = this.host.proxy;
    for (const table of this.tables.values()) {
      if (table.definition.autoexpire === 0) continue;
      const event = `htable:expired:${table.definition.name}`;
      const hasRoute = routes?.event(event) != null;
      table.expire(hasRoute ? (key, value) => this.tell(event, { key, value }) : null);
    }
    this.arm();
  }

  private tell(event: string, expired: Expired): void {
    const ctx = unaskedContext(this.host.proxy, RouteKind.EVENT);
    ctx.attach(EXPIRED, expired);
    this.host.runEvent(event, ctx);
  }

  private arm(): void {
    const { wheel, host } = this.host;
    wheel.arm(this.timer, this.settings!.interval, host.clock.mono());
  }
}
