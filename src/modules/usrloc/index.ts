// Module usrloc: where users can be reached. It has no functions for scripts; registrar works on it.

import { ArgError, type TextReader } from "../../registry/args.ts";
import { ConfigError, defineModule, intParam, manyParam, strParam } from "../../registry/define.ts";
import { ATTRIBUTES_VERSION } from "./attribute-store.ts";
import { SILENT } from "./keepalive.ts";
import { commands, type UsrlocInstance } from "./rpc.ts";
import { DbMode, DEFAULT_COLUMNS, DEFAULT_SETTINGS, type UsrlocSettings } from "./settings.ts";
import { LOCATION_VERSION } from "./table-store.ts";
import { Usrloc } from "./usrloc.ts";

export { AorRecord, aorHash, Contact, common } from "./contact.ts";
export type { Domain } from "./domain.ts";
export { Rounds } from "./rounds.ts";
export { Matching } from "./settings.ts";
export { Usrloc } from "./usrloc.ts";

const column = (name: string, what: string) => strParam(name, `Column of ${what}.`);

const params = {
  db_url: strParam("", "Database of the location tables, needed unless db_mode is 0."),
  db_mode: intParam(
    0,
    "0 memory only, 1 written at once, 2 written by timer, 3 nothing kept in memory, 4 read at start and never written.",
    { min: 0, max: 4 },
  ),
  db_load: intParam(1, "Whether tables are read at start."),
  use_domain: intParam(0, "Whether the domain is part of an address of record."),
  desc_time_order: intParam(0, "Whether the newest contact comes first, whatever its q."),
  timer_interval: intParam(60, "Within this time every binding is looked at, and with db_mode 2 written.", {
    unit: "seconds",
    min: 1,
  }),
  matching_mode: intParam(
    0,
    "Which bindings are the same: 0 by Contact, 1 and Call-ID, 2 and Path, 3 by Call-ID alone.",
    { min: 0, max: 3 },
  ),
  cseq_delay: intParam(20, "How long a repeated CSeq is taken as a retransmission.", { unit: "seconds", min: 0 }),
  fetch_rows: intParam(2000, "Rows read at a time at start.", { min: 1 }),
  hash_size: intParam(10, "Size of the hash table, as an exponent of two.", { effect: "tables here grow as needed" }),
  preload: manyParam("A table read at start; others are when they are first used."),
  nat_bflag: intParam(-1, "Branch flag that marks contacts behind NAT; -1 none.", { min: -1, max: 31 }),
  expires_type: intParam(0, "Time columns: 0 dates, 1 seconds since 1970.", { min: 0, max: 1 }),
  version_table: intParam(1, "Whether the table's version number is checked."),
  server_id_filter: intParam(0, "Whether only rows of the own server_id are read and cleaned."),
  max_total_contacts: intParam(
    1_000_000,
    "The most bindings in memory, all tables together; beyond them registrations get 503.",
    { min: 1 },
  ),
  user_column: column(DEFAULT_COLUMNS.user, "user names"),
  domain_column: column(DEFAULT_COLUMNS.domain, "domains"),
  contact_column: column(DEFAULT_COLUMNS.contact, "contact URIs"),
  expires_column: column(DEFAULT_COLUMNS.expires, "expiry times"),
  q_column: column(DEFAULT_COLUMNS.q, "q values"),
  callid_column: column(DEFAULT_COLUMNS.callid, "Call-IDs"),
  cseq_column: column(DEFAULT_COLUMNS.cseq, "CSeq numbers"),
  methods_column: column(DEFAULT_COLUMNS.methods, "allowed methods"),
  flags_column: column(DEFAULT_COLUMNS.flags, "internal flags"),
  cflags_column: column(DEFAULT_COLUMNS.cflags, "branch flags"),
  user_agent_column: column(DEFAULT_COLUMNS.userAgent, "user agents"),
  received_column: column(DEFAULT_COLUMNS.received, "source addresses"),
  socket_column: column(DEFAULT_COLUMNS.socket, "listeners"),
  path_column: column(DEFAULT_COLUMNS.path, "paths"),
  ruid_column: column(DEFAULT_COLUMNS.ruid, "record ids"),
  instance_column: column(DEFAULT_COLUMNS.instance, "instances"),
  reg_id_column: column(DEFAULT_COLUMNS.regId, "reg-ids"),
  server_id_column: column(DEFAULT_COLUMNS.serverId, "server ids"),
  connection_id_column: column(DEFAULT_COLUMNS.connectionId, "connection ids"),
  keepalive_column: column(DEFAULT_COLUMNS.keepalive, "keepalive state"),
  partition_column: column(DEFAULT_COLUMNS.partition, "partitions"),
  timer_procs: intParam(0, "Timer processes.", { effect: "there are no timer processes" }),
  load_rank: intParam(1, "Child process that reads the tables.", { effect: "there are no child processes" }),
  db_insert_update: intParam(0, "Whether inserting over an existing row updates it.", {
    effect: "rows are always inserted or updated by their ruid",
  }),
  db_update_as_insert: intParam(0, "Whether updates are written as inserts.", {
    effect: "rows are always inserted or updated by their ruid",
  }),
  db_check_update: intParam(0, "Whether an update that met no row becomes an insert.", {
    effect: "rows are always inserted or updated by their ruid",
  }),
  db_ops_ruid: intParam(1, "Whether rows are found by their ruid.", { effect: "rows are always found by their ruid" }),
  db_raw_fetch_type: intParam(0, "How rows are fetched from Oracle.", { effect: "there is no driver for Oracle" }),
  db_insert_null: intParam(0, "Whether new rows hold NULL where there is nothing; else what the table's columns say."),
  db_timer_clean: intParam(
    0,
    "Whether expired rows that are no bindings of ours are deleted too, once in timer_interval (db_mode 1 and 2).",
  ),
  rm_expired_delay: intParam(0, "How long rows of expired bindings stay with db_mode 3.", { unit: "seconds", min: 0 }),
  xavp_contact: strParam("", "XAVP whose fields save() keeps with a contact and lookup() gives back."),
  handle_lost_tcp: intParam(0, "Whether bindings go when the connection they came over closes."),
  close_expired_tcp: intParam(0, "Whether the connection of a binding is closed when that expires."),
  skip_remote_socket: intParam(0, "Whether rows of sockets that are not ours are left out at start."),
  db_clean_tcp: intParam(0, "Whether rows of bindings over connections are deleted at start."),
  ka_mode: intParam(
    0,
    "Which bindings are asked whether they are there, as bits: 1 all, 2 those behind NAT, 4 by datagrams only.",
    {
      min: 0,
      max: 7,
    },
  ),
  ka_method: strParam("OPTIONS", "Method of keepalives."),
  ka_from: strParam("sip:server@kamailio.org", "URI of From in keepalives."),
  ka_domain: strParam("kamailio.org", "Domain of To in keepalives, where addresses of record have none."),
  ka_filter: intParam(0, "Which bindings are asked: 1 those of the own server_id only.", { min: 0, max: 1 }),
  ka_timeout: intParam(0, "A binding that has not answered for this time goes; 0 none does.", {
    unit: "seconds",
    min: 0,
  }),
  ka_interval: intParam(0, "Each binding is asked once in this time; 0: in timer_interval.", {
    unit: "seconds",
    min: 0,
  }),
  ka_randomize: intParam(20, "Spread of keepalives.", { effect: "they are spread evenly over the interval" }),
  ka_loglevel: intParam(255, "Log level of a line for each answer; 255 none."),
  ka_logmsg: strParam(
    " to-uri: [$tu] remote-addr: [$sas]",
    "What that line says behind the time it took and the record id, with variables of the answer; empty: no line.",
  ),
  ka_reply_codes: strParam(
    "0",
    "Answers that show that somebody is there: codes, and first digits for all codes that begin so, with commas between; 0 any.",
  ),
};

interface Instance extends UsrlocInstance {
  readonly settings: UsrlocSettings;
  readonly kaLogText: string;
  /** What ka_logmsg says of an answer; null for no line. */
  kaLog: TextReader | null;
}

type Given = { readonly [K in keyof typeof params]: (typeof params)[K]["default"] };

/** Codes and classes (1 to 6) of a list as ka_reply_codes has it; empty for any. Throws ConfigError. */
function replyCodesOf(text: string): readonly number[] {
  const codes = text.split(",").map((part) => part.trim());
  const bad = codes.find((code) => !/^(?:0|[1-6]|[1-6]\d\d)$/.test(code));
  if (bad !== undefined)
    throw new ConfigError(`"${bad}" is no code of a reply and no class of them`, "ka_reply_codes", '"2,405,486"');
  return codes.includes("0") ? [] : codes.map(Number);
}

function settingsOf(p: Given): UsrlocSettings {
  return {
    ...DEFAULT_SETTINGS,
    dbUrl: p.db_url,
    dbMode: p.db_mode,
    dbLoad: p.db_load !== 0,
    useDomain: p.use_domain !== 0,
    newestFirst: p.desc_time_order !== 0,
    matching: p.matching_mode,
    cseqDelay: p.cseq_delay,
    timerInterval: p.timer_interval,
    fetchRows: p.fetch_rows,
    natFlag: p.nat_bflag < 0 ? 0 : 1 << p.nat_bflag,
    preload: p.preload,
    expiresType: p.expires_type,
    checkVersion: p.version_table !== 0,
    serverIdFilter: p.server_id_filter !== 0,
    maxTotal: p.max_total_contacts,
    goWithFlow: p.handle_lost_tcp !== 0,
    closeExpired: p.close_expired_tcp !== 0,
    skipRemoteSocket: p.skip_remote_socket !== 0,
    dropStreams: p.db_clean_tcp !== 0,
    insertNull: p.db_insert_null !== 0,
    cleansRows: p.db_timer_clean !== 0,
    removeDelay: p.rm_expired_delay,
    xavpContact: p.xavp_contact,
    keepalive: {
      mode: p.ka_mode,
      interval: p.ka_interval > 0 ? p.ka_interval : p.timer_interval,
      method: p.ka_method,
      from: p.ka_from,
      domain: p.ka_domain,
      ownServerOnly: (p.ka_filter & 1) !== 0,
      timeout: p.ka_timeout,
      logLevel: p.ka_loglevel,
      replyCodes: replyCodesOf(p.ka_reply_codes),
    },
    columns: {
      user: p.user_column,
      domain: p.domain_column,
      contact: p.contact_column,
      expires: p.expires_column,
      q: p.q_column,
      callid: p.callid_column,
      cseq: p.cseq_column,
      methods: p.methods_column,
      flags: p.flags_column,
      cflags: p.cflags_column,
      userAgent: p.user_agent_column,
      received: p.received_column,
      socket: p.socket_column,
      path: p.path_column,
      ruid: p.ruid_column,
      instance: p.instance_column,
      regId: p.reg_id_column,
      serverId: p.server_id_column,
      connectionId: p.connection_id_column,
      keepalive: p.keepalive_column,
      partition: p.partition_column,
    },
  };
}

export default defineModule({
  name: "usrloc",
  doc: "Where users can be reached: the location tables that registrar fills, in memory and in a database.",
  params,
  state: (host) => new Usrloc(host),
  configure: (usrloc, p): Instance => {
    if (p.db_mode !== DbMode.MEMORY && p.db_url === "") {
      throw new ConfigError(
        "db_mode is set but db_url is not",
        "db_url",
        'modparam("usrloc", "db_url", "sqlite:///var/lib/portico/portico.db")',
      );
    }
    if (p.rm_expired_delay > 0 && p.db_mode !== DbMode.DB_ONLY)
      throw new ConfigError("rm_expired_delay is for db_mode 3 only", "rm_expired_delay");
    if (!/^[\w.!%*+`'~-]+$/.test(p.ka_method)) throw new ConfigError(`"${p.ka_method}" is no method`, "ka_method");
    if (/[<>\s]/.test(p.ka_from + p.ka_domain)) throw new ConfigError("not to be used in a header", "ka_from");
    return { usrloc, settings: settingsOf(p), kaLogText: p.ka_logmsg, kaLog: null };
  },
  bind: (instance, { text }) => {
    const { kaLogText, settings } = instance;
    // its variables come with module pv, which nobody needs who wants no line
    const found = kaLogText === "" || settings.keepalive.logLevel === SILENT ? null : text(kaLogText);
    if (found instanceof ArgError) throw new ConfigError(found.message, "ka_logmsg", found.hint);
    instance.kaLog = found;
  },
  start: ({ usrloc, settings, kaLog }, host) => {
    usrloc.apply(settings);
    usrloc.keepalive.logText = kaLog;
    usrloc.countInto(host.proxy.statistics);
    return usrloc.settle() ?? undefined;
  },
  stop: (usrloc) => usrloc.stop() ?? undefined,
  rpc: commands,
  tables: {
    location: { version: LOCATION_VERSION, doc: "Registered contacts." },
    location_attrs: { version: ATTRIBUTES_VERSION, doc: "Attributes of contacts (xavp_contact)." },
  },
});
