// What module presence must know of an event package (RFC 6665 7.2). Other modules (presence_xml, presence_mwi, …) add theirs.

import type { Later } from "../../store/database.ts";

/** State of a subscription, with Kamailio's numbers as the tables have them. */
export const Status = { ACTIVE: 1, PENDING: 2, TERMINATED: 3, WAITING: 4 } as const;
/** Their names in Subscription-State and in watcher information. */
export const STATUS_NAMES: readonly string[] = ["", "active", "pending", "terminated", "waiting"];

/** Whether a watcher may see, and why it is as it is. */
export interface Permission {
  readonly status: number;
  /** Of a terminated subscription: `reason` of Subscription-State; "polite-block" for an active one that is told nothing. */
  readonly reason: string;
}

/** Who wants to see whom: URIs without parameters. */
export interface Watching {
  readonly presentity: string;
  readonly watcher: string;
}

/** An event package. Bodies are byte strings. */
export interface EventPackage {
  readonly name: string;
  /** Type of the bodies. */
  readonly contentType: string;
  /** Seconds of a subscription that names no time. */
  readonly defaultExpires: number;
  /** Whether it can be published; a package of watcher information cannot. */
  readonly publishable: boolean;
  /** Of watcher information: the package whose watchers it tells of. */
  readonly winfoOf?: string;
  /** Whether a published body is what it should be. Everything is when left out. */
  readonly accepts?: (body: string) => boolean;
  /** One body of several, the newest first. Without it the newest alone is told. */
  readonly aggregate?: (bodies: readonly string[]) => string;
  /** What is told when a publication has gone and what it said no longer holds: made of its body. Without it, nothing. */
  readonly offline?: (body: string) => string;
  /** What is told when nothing is published; "" no body. */
  readonly nothing?: (presentity: string) => string;
  /** Whether the watcher may see; null: there are no rules. Without it everybody may. */
  readonly authorise?: (who: Watching) => Later<Permission | null>;
  /** As authorise, whatever the settings say of everybody being let in (pres_auth_status). */
  readonly ruled?: (who: Watching) => Later<Permission | null>;
  /** Whether a presentity has rules at all. */
  readonly hasRules?: (presentity: string) => Later<boolean>;
  /** The permission when there are no rules for a watcher. Active when left out. */
  readonly unruled?: Permission;
  /** The reason when a rule that once let a watcher in is there no more. */
  readonly ruleGone?: string;
  /** What of a body a watcher may see. All when left out. */
  readonly filter?: (who: Watching, body: string) => Later<string>;
}
