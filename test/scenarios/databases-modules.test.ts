// Every module with tables, on SQLite, MariaDB and PostgreSQL with the tables that Kamailio's scripts make: the same conversation gives the same
// answers and the same rows. PORTICO_TARGETS=kamailio asks Kamailio the same (5.6.3 on MariaDB tells no NOTIFY of the last publication).

import { expect, onTestFinished, test } from "vitest";
import { converse, SCRIPTS } from "../support/database-conversation.ts";
import { openKind, whyNoDatabase } from "../support/database-kinds.ts";
import { chosenTargets } from "../support/server.ts";
import expected from "./databases-modules.json" with { type: "json" };

const targets = chosenTargets();
const isLong = process.env.PORTICO_LONG === "1";

// SQLite everywhere; each server with one of the targets, with --long with all.
for (const [i, kind] of (["sqlite", "mysql", "postgres"] as const).entries())
  for (const target of isLong || kind === "sqlite" ? targets : targets.slice((i - 1) % targets.length).slice(0, 1)) {
    const missing = whyNoDatabase(kind);
    if (missing !== null && process.env["CI"] === "true") throw new Error(missing);
    const name = `modules on ${kind} (${target.name})${missing === null ? "" : `: skipped, ${missing}`}`;
    test.skipIf(missing !== null)(name, { timeout: 60_000 }, async () => {
      const database = await openKind(kind, SCRIPTS);
      onTestFinished(() => database.remove());
      const lines = await converse(target, database);
      expect(lines).toEqual(expected.filter((line) => target.name !== "kamailio" || !line.startsWith("ul.db_")));
    });
  }
