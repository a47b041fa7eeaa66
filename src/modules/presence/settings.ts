// What module presence is set to.

import type { Ordering } from "./publications.ts";

/** subs_db_mode. */
export const SubsMode = { MEMORY: 0, THROUGH: 1, BACK: 2, DATABASE: 3 } as const;
/** publ_cache. */
export const PublCache = { NONE: 0, INDEX: 1, MEMORY: 2 } as const;

export interface PresenceSettings {
  /** "" when there is no database: publications and subscriptions are in memory only. */
  readonly dbUrl: string;
  readonly presentityTable: string;
  readonly watchersTable: string;
  readonly activeWatchersTable: string;
  /** Seconds; 0 never. */
  readonly cleanPeriod: number;
  readonly dbUpdatePeriod: number;
  readonly forceDelete: boolean;
  readonly expiresOffset: number;
  readonly maxExpires: number;
  readonly minExpires: number;
  /** Whether a time that is too short is refused (423) or raised. */
  readonly refuseBrief: boolean;
  /** URI of Contact; "" the address the request came to. */
  readonly serverAddress: string;
  readonly subsMode: number;
  readonly publCache: number;
  readonly timeoutRemoves: boolean;
  readonly fetchRows: number;
  readonly cseqOffset: number;
  readonly keepsForScript: boolean;
  readonly deletesSame: boolean;
  /** Status of the answer to an accepted SUBSCRIBE. */
  readonly accepted: number;
  readonly ignoreCase: boolean;
  readonly order: Ordering | null;
  readonly xavp: string;
  readonly maxBody: number;
  readonly maxSubscriptions: number;
  readonly maxPublications: number;
  readonly maxPerPresentity: number;
  readonly maxWatchers: number;
}
