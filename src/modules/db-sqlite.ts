// Module db_sqlite: SQLite is built in and chosen by a db_url; the module is there so that configurations which load it do.

import { defineModule } from "../registry/define.ts";

/** Kamailio's module db_sqlite. */
export const dbSqlite = defineModule({
  name: "db_sqlite",
  doc: "SQLite databases (db_url sqlite:///path). Built in: loading it changes nothing.",
  state: () => null,
  configure: () => null,
});
