// One generation of module htable: its tables by name.

import type { Table } from "./table.ts";
import type { Settings, Tables } from "./tables.ts";

/** What functions, variables and commands of one generation get. */
export class HTable {
  readonly tables: Tables;
  readonly byName: Map<string, Table>;
  readonly settings: Settings;

  constructor(tables: Tables, settings: Settings) {
    this.tables = tables;
    this.settings = settings;
    this.byName = tables.prepare(settings.definitions);
  }

  /** A table by its name; null without one. */
  table(name: string): Table | null {
    return this.byName.get(name) ?? null;
  }
}
