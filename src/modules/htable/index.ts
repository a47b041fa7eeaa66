// Module htable: tables of the script that all routes share, with items that go by themselves, filled from a database when one is named.

import { ArgError } from "../../registry/args.ts";
import { ConfigError, defineModule, intParam, manyParam, strParam } from "../../registry/define.ts";
import { core } from "../core/index.ts";
import { type Definition, parseDefinition } from "./definition.ts";
import { functions } from "./functions.ts";
import { HTable } from "./instance.ts";
import { HTABLE_VERSION } from "./rows.ts";
import { commands } from "./rpc.ts";
import { scripting } from "./scripting.ts";
import { Tables } from "./tables.ts";
import { variables } from "./variables.ts";

const DMQ = { effect: "there is no replication between servers yet" };
const ONE_PROCESS = { effect: "there are no processes of timers: the one process looks for expired items" };

const params = {
  htable: manyParam(
    "A table: name=>size=4;autoexpire=SECONDS;dbtable=NAME;cols='key,value…';dbmode=1;initval=N;updateexpire=0.",
  ),
  db_url: strParam("", "Database with the tables named by dbtable."),
  key_name_column: strParam("key_name", "Column of keys."),
  key_type_column: strParam("key_type", "Column that says whether the key is one of a list (1)."),
  value_type_column: strParam("value_type", "Column that says whether the value is a number (1)."),
  key_value_column: strParam("key_value", "Column of values."),
  expires_column: strParam("expires", "Column of the second when an item goes."),
  array_size_suffix: strParam("::size", "Behind the name of a list: the key that holds its length."),
  fetch_rows: intParam(100, "Rows read at once.", { effect: "a table is read as a whole" }),
  timer_interval: intParam(20, "Time between two looks for items that are over.", { unit: "s", min: 1, max: 86_400 }),
  db_expires: intParam(0, "Whether the database keeps when items go."),
  max_memory: intParam(256, "The most room all tables together may take; what finds none is not set. Ours.", {
    unit: "MiB",
    min: 1,
    max: 65_536,
  }),
  enable_dmq: intParam(0, "Whether tables with dmqreplicate are replicated.", DMQ),
  dmq_init_sync: intParam(0, "Whether tables are fetched from another server at start.", DMQ),
  dmq_peer_id: strParam("htable", "Name of the peer.", DMQ),
  timer_procs: intParam(0, "Processes that look for expired items.", ONE_PROCESS),
  event_callback_mode: intParam(
    0,
    "When htable:mod-init runs: after the modules have started, or in the first worker.",
    {
      effect: "with one process both are the same",
    },
  ),
};

function definitionsOf(texts: readonly string[]): Definition[] {
  const list: Definition[] = [];
  for (const text of texts) {
    const definition = parseDefinition(text);
    if (definition instanceof ArgError) throw new ConfigError(definition.message, "htable", definition.hint);
    if (list.some((d) => d.name === definition.name))
      throw new ConfigError(`table ${definition.name} is defined twice`, "htable");
    list.push(definition);
  }
  return list;
}

/** Kamailio's module htable. */
export const htable = defineModule({
  name: "htable",
  doc: "Tables that all routes share: $sht(table=>key).",
  uses: [core],
  params,
  state: (host) => new Tables(host),
  configure: (tables, p, host): HTable => {
    const definitions = definitionsOf(p.htable);
    for (const d of definitions)
      if (d.replicates) host.log.warn(`table ${d.name}: dmqreplicate has no effect, ${DMQ.effect}`);
    return new HTable(tables, {
      definitions,
      url: p.db_url,
      rows: {
        key: p.key_name_column,
        keyType: p.key_type_column,
        valueType: p.value_type_column,
        value: p.key_value_column,
        expires: p.expires_column,
        sizeSuffix: p.array_size_suffix,
        keepsTimes: p.db_expires !== 0,
      },
      interval: p.timer_interval * 1000,
      room: p.max_memory * 1_048_576,
    });
  },
  start: ({ tables, byName, settings }) => tables.start(byName, settings),
  stop: (tables) => tables.stop(),
  functions,
  kemi: scripting,
  pvs: variables,
  rpc: commands,
  events: {
    "htable:mod-init": { doc: "Runs once when all modules have started, before the first message." },
    "htable:expired:": { doc: "An item of that table goes: $shtrecord(key), $shtrecord(value)." },
  },
  tables: { htable: { version: HTABLE_VERSION, doc: "Items of tables that are filled at start." } },
});
