// What a generation of the configuration says about the location tables.

import type { KeepaliveSettings } from "./keepalive.ts";

/** Numbers of `db_mode`. */
export const DbMode = { MEMORY: 0, WRITE_THROUGH: 1, WRITE_BACK: 2, DB_ONLY: 3, READ_ONLY: 4 } as const;

/** Numbers of `matching_mode`. */
export const Matching = { CONTACT: 0, CONTACT_CALLID: 1, CONTACT_PATH: 2, CALLID: 3 } as const;

/** Names of the columns, each of which a parameter can change. */
export interface Columns {
  readonly user: string;
  readonly domain: string;
  readonly contact: string;
  readonly expires: string;
  readonly q: string;
  readonly callid: string;
  readonly cseq: string;
  readonly methods: string;
  readonly flags: string;
  readonly cflags: string;
  readonly userAgent: string;
  readonly received: string;
  readonly socket: string;
  readonly path: string;
  readonly ruid: string;
  readonly instance: string;
  readonly regId: string;
  readonly serverId: string;
  readonly connectionId: string;
  readonly keepalive: string;
  readonly partition: string;
}

/** Kamailio's names. */
export const DEFAULT_COLUMNS: Columns = {
  user: "username",
  domain: "domain",
  contact: "contact",
  expires: "expires",
  q: "q",
  callid: "callid",
  cseq: "cseq",
  methods: "methods",
  flags: "flags",
  cflags: "cflags",
  userAgent: "user_agent",
  received: "received",
  socket: "socket",
  path: "path",
  ruid: "ruid",
  instance: "instance",
  regId: "reg_id",
  serverId: "server_id",
  connectionId: "connection_id",
  keepalive: "keepalive",
  partition: "partition",
};

export interface UsrlocSettings {
  readonly dbUrl: string;
  readonly dbMode: number;
  readonly dbLoad: boolean;
  readonly useDomain: boolean;
  readonly newestFirst: boolean;
  readonly matching: number;
  /** Seconds a repeated CSeq is taken as a retransmission. */
  readonly cseqDelay: number;
  /** Seconds in which a sweep sees every binding, and after which changes are on disk with write-back. */
  readonly timerInterval: number;
  readonly fetchRows: number;
  /** The branch flag that marks contacts behind NAT, as a bit; 0 none. */
  readonly natFlag: number;
  readonly preload: readonly string[];
  /** 0: Julian days, 1: Unix seconds. */
  readonly expiresType: number;
  readonly checkVersion: boolean;
  readonly serverIdFilter: boolean;
  readonly serverId: number;
  /** The most bindings in memory, all tables together. */
  readonly maxTotal: number;
  /** Whether bindings go with the connection they came over, and connections with theirs. */
  readonly goWithFlow: boolean;
  readonly closeExpired: boolean;
  /** Rows that are left out at start: of sockets that are not ours; of connections, which are deleted. */
  readonly skipRemoteSocket: boolean;
  readonly dropStreams: boolean;
  /** Whether new rows are written with NULL where there is nothing; else the column is left to the table. */
  readonly insertNull: boolean;
  /** Whether expired rows are deleted once in `timerInterval` though bindings are in memory: those that others have left. */
  readonly cleansRows: boolean;
  /** Seconds an expired row stays with db_mode 3. */
  readonly removeDelay: number;
  /** Name of the XAVP whose fields are kept with a contact; "" none. */
  readonly xavpContact: string;
  readonly keepalive: KeepaliveSettings;
  readonly columns: Columns;
}

/** What Kamailio does without any modparam. */
export const DEFAULT_SETTINGS: UsrlocSettings = {
  dbUrl: "",
  dbMode: DbMode.MEMORY,
  dbLoad: true,
  useDomain: false,
  newestFirst: false,
  matching: Matching.CONTACT,
  cseqDelay: 20,
  timerInterval: 60,
  fetchRows: 2000,
  natFlag: 0,
  preload: [],
  expiresType: 0,
  checkVersion: true,
  serverIdFilter: false,
  serverId: 0,
  maxTotal: 1_000_000,
  goWithFlow: false,
  closeExpired: false,
  skipRemoteSocket: false,
  dropStreams: false,
  insertNull: false,
  cleansRows: false,
  removeDelay: 0,
  xavpContact: "",
  keepalive: {
    mode: 0,
    interval: 60,
    method: "OPTIONS",
    from: "sip:server@kamailio.org",
    domain: "kamailio.org",
    ownServerOnly: false,
    timeout: 0,
    logLevel: 255,
    replyCodes: [],
  },
  columns: DEFAULT_COLUMNS,
};
