// Module presence: publications and subscriptions (RFC 3903, RFC 6665); what they are about is said by the modules of event packages.

import { ArgError } from "../../registry/args.ts";
import { ConfigError, defineModule, intParam, parsedParam, strParam } from "../../registry/define.ts";
import { core, uriOf } from "../core/index.ts";
import { sl } from "../sl.ts";
import { tm } from "../tm/index.ts";
import { functions, type PresenceInstance, variables } from "./functions.ts";
import { Presence } from "./presence.ts";
import { type Ordering, orderingOf } from "./publications.ts";
import { ACTIVE_WATCHERS_VERSION, PRESENTITY_VERSION, WATCHERS_VERSION } from "./rows.ts";
import { commands } from "./rpc.ts";
import type { PresenceSettings } from "./settings.ts";

export { type EventPackage, type Permission, Status, type Watching } from "./event-package.ts";
export { Presence } from "./presence.ts";

const NO_PROCESSES = "NOTIFYs are sent at once, one after the other, as with notifier_processes 0";
const NO_TABLES = "tables here grow as needed";
const NO_DMQ = "servers share publications by the database only";

const params = {
  db_url: strParam("", "Database of publications and subscriptions; without one all is in memory."),
  presentity_table: strParam("presentity", "Table of publications."),
  active_watchers_table: strParam("active_watchers", "Table of subscriptions."),
  watchers_table: strParam("watchers", "Table of what was decided about watchers."),
  clean_period: intParam(100, "Time between looks for publications that are out of date; 0 and less: never.", {
    unit: "seconds",
  }),
  db_update_period: intParam(100, "With subs_db_mode 2, time between writes; 0 and less: at the end only.", {
    unit: "seconds",
  }),
  cseq_offset: intParam(0, "By how much the CSeq of a SUBSCRIBE may lie behind.", { min: 0 }),
  force_delete: intParam(0, "Whether publications that are out of date go without telling watchers."),
  expires_offset: intParam(0, "Taken off the time that the answer to a PUBLISH says.", { unit: "seconds", min: 0 }),
  max_expires: intParam(3600, "The longest time of publications and subscriptions.", { unit: "seconds", min: 1 }),
  min_expires: intParam(0, "The shortest one.", { unit: "seconds", min: 0 }),
  min_expires_action: intParam(1, "For a shorter time: 1 refuse by 423, 2 take min_expires.", { min: 1, max: 2 }),
  server_address: parsedParam(
    "",
    "URI of Contact in answers and NOTIFYs; the address a SUBSCRIBE came to without.",
    (t) => (uriOf(t) === null ? new ArgError(`"${t}" is no URI`) : t),
  ),
  subs_db_mode: intParam(
    2,
    "Subscriptions: 0 in memory only, 1 written at once, 2 written by timer, 3 the table counts, which other servers write too.",
    { min: 0, max: 3 },
  ),
  publ_cache: intParam(
    1,
    "Publications: 0 the table is asked each time, 1 only for those that have some as known here, 2 in memory only.",
    { min: 0, max: 2 },
  ),
  timeout_rm_subs: intParam(1, "Whether a subscription ends when a NOTIFY is not answered."),
  fetch_rows: intParam(500, "Rows read at a time.", { min: 1 }),
  pres_subs_mode: intParam(1, "Whether $subs can be read after handle_subscribe()."),
  delete_same_subs: intParam(
    0,
    "Whether a new subscription takes the place of one to the same presentity in the same call.",
  ),
  subs_respond_200: intParam(1, "Whether SUBSCRIBE is answered 200; else 202."),
  sip_uri_match: intParam(0, "Whether case does not matter in URIs of presentities and watchers."),
  retrieve_order: intParam(0, "Whether publications are ordered by priority; else by the time they came."),
  retrieve_order_by: strParam(
    "priority",
    "Columns of that order, the largest first: priority, received_time, expires, etag, sender; asc (usual) or desc behind each.",
  ),
  xavp_cfg: strParam("", "Name of an xavp with priority (of a publication) and delete_subscription (after a NOTIFY)."),
  max_body_size: intParam(65_536, "The largest published document; larger ones get 413.", { unit: "bytes", min: 1 }),
  max_subscriptions: intParam(100_000, "The most subscriptions; more get 503.", { min: 1 }),
  max_publications: intParam(200_000, "The most publications; more get 503.", { min: 1 }),
  max_publications_per_presentity: intParam(
    32,
    "The most publications for one event of one presentity; more get 503.",
    {
      min: 1,
    },
  ),
  max_watchers: intParam(1000, "The most subscriptions to one event of one presentity; more get 503.", { min: 1 }),
  waitn_time: intParam(5, "How long NOTIFYs are held back.", { effect: NO_PROCESSES }),
  notifier_poll_rate: intParam(10, "How often notifier processes look for work.", { effect: NO_PROCESSES }),
  notifier_processes: intParam(1, "Notifier processes.", { effect: NO_PROCESSES }),
  startup_mode: intParam(1, "How rows with little time left are treated at start.", {
    effect: "rows that are out of date at start are treated as at any time: watchers are told",
  }),
  subs_htable_size: intParam(9, "Size of the table of subscriptions, as an exponent of two.", { effect: NO_TABLES }),
  pres_htable_size: intParam(9, "Size of the table of publications, as an exponent of two.", { effect: NO_TABLES }),
  send_fast_notify: intParam(1, "Whether a NOTIFY without body follows SUBSCRIBE at once.", {
    effect: "a NOTIFY always follows, with the state if there is one, as on the installed Kamailio",
  }),
  enable_sphere_check: intParam(0, "Whether rules may ask for the sphere.", {
    effect: "a rule that asks for a sphere never holds, so nobody sees more by it",
  }),
  db_table_lock_type: intParam(1, "Locks of tables.", { effect: "each write stands for itself" }),
  local_log_level: intParam(2, "Level of some messages.", { effect: "they have levels of their own" }),
  local_log_facility: strParam("", "Facility of some messages.", { effect: "they go where all others go" }),
  subs_remove_match: intParam(0, "How subscriptions to remove are found.", {
    effect: "they are found by Call-ID and both tags",
  }),
  timer_mode: intParam(1, "Which process runs timers.", { effect: "there are no timer processes" }),
  enable_dmq: intParam(0, "Whether publications are shared by DMQ.", { effect: NO_DMQ }),
};

type Given = { readonly [K in keyof typeof params]: (typeof params)[K]["default"] };

function orderBy(columns: string): Ordering {
  const order = orderingOf(columns);
  if (typeof order === "string")
    throw new ConfigError(order, "retrieve_order_by", "there are priority, received_time …");
  return order;
}

function settingsOf(p: Given): PresenceSettings {
  return {
    dbUrl: p.db_url,
    presentityTable: p.presentity_table,
    watchersTable: p.watchers_table,
    activeWatchersTable: p.active_watchers_table,
    cleanPeriod: Math.max(0, p.clean_period),
    dbUpdatePeriod: Math.max(0, p.db_update_period),
    forceDelete: p.force_delete !== 0,
    expiresOffset: p.expires_offset,
    maxExpires: p.max_expires,
    minExpires: p.min_expires,
    refuseBrief: p.min_expires_action === 1,
    serverAddress: p.server_address,
    subsMode: p.subs_db_mode,
    publCache: p.publ_cache,
    timeoutRemoves: p.timeout_rm_subs !== 0,
    fetchRows: p.fetch_rows,
    cseqOffset: p.cseq_offset,
    keepsForScript: p.pres_subs_mode !== 0,
    deletesSame: p.delete_same_subs !== 0,
    accepted: p.subs_respond_200 !== 0 ? 200 : 202,
    ignoreCase: p.sip_uri_match !== 0,
    order: p.retrieve_order !== 0 ? orderBy(p.retrieve_order_by) : null,
    xavp: p.xavp_cfg,
    maxBody: p.max_body_size,
    maxSubscriptions: p.max_subscriptions,
    maxPublications: p.max_publications,
    maxPerPresentity: p.max_publications_per_presentity,
    maxWatchers: p.max_watchers,
  };
}

/** Kamailio's module presence. Other modules add event packages: `host.use(presence).add(…)`. */
export const presence = defineModule({
  name: "presence",
  doc: "Takes PUBLISH and SUBSCRIBE, and sends NOTIFY; the modules presence_xml, … say of what events.",
  uses: [core, sl, tm],
  params,
  state: (host) => {
    const state = new Presence(host);
    host.proxy.statistics.put("presence", "active_subscriptions", () => state.table.size, true);
    return state;
  },
  configure: (state, p): PresenceInstance => {
    if (p.min_expires > p.max_expires)
      throw new ConfigError("min_expires is larger than max_expires", "min_expires", "set max_expires too");
    return { presence: state, settings: settingsOf(p) };
  },
  start: ({ presence: state, settings }) => state.apply(settings),
  stop: (state) => state.stop(),
  kemi: {
    handle_publish_uri: "handle_publish",
    handle_subscribe_uri: "handle_subscribe",
    pres_refresh_watchers_file: "pres_refresh_watchers",
  },
  functions,
  pvs: variables,
  rpc: commands,
  events: { "presence:notify-reply": { doc: "A NOTIFY was answered, or was not: runs over the NOTIFY." } },
  tables: {
    presentity: { version: PRESENTITY_VERSION, doc: "Publications." },
    active_watchers: { version: ACTIVE_WATCHERS_VERSION, doc: "Subscriptions." },
    watchers: { version: WATCHERS_VERSION, doc: "What was decided about watchers." },
  },
});
