// The subscriber table: which HA1 a user has, in Kamailio's columns, and for the newer algorithms in a table of our own.

import { Algorithm } from "../../sip/digest.ts";
import type { Cell, Database, Later, Match, Row } from "../../store/database.ts";
import { isAway } from "../../store/pool.ts";
import type { DigestCredentials } from "../auth/index.ts";

/** Kamailio's version number of table subscriber. */
export const SUBSCRIBER_VERSION = 7;
/** Of our own table portico_ha1. */
export const HA1_VERSION = 1;
export const HA1_TABLE = "portico_ha1";

export interface SubscriberSettings {
  readonly userColumn: string;
  readonly domainColumn: string;
  readonly passwordColumn: string;
  /** HA1 for user names with a domain. */
  readonly passwordColumn2: string;
  /** Whether the password column holds passwords; else it holds HA1. */
  readonly plain: boolean;
  readonly useDomain: boolean;
  readonly checkVersion: boolean;
  /** Further columns: [column, AVP]. */
  readonly load: readonly (readonly [string, string])[];
}

/** A user found: the secret, and the row for what else it holds. Kind says how the secret is to be read. */
export interface Subscriber {
  readonly secret: string;
  readonly kind: "password" | "ha1";
  readonly row: Row;
}

function then<A, B>(value: Later<A>, next: (value: A) => Later<B>): Later<B> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Reads subscribers of one database. */
export class Subscribers {
  private readonly db: Database;
  private readonly settings: SubscriberSettings;
  private readonly columns: readonly string[];
  private readonly ready = new Set<string>();
  private hasNewer = false;

  constructor(db: Database, settings: SubscriberSettings) {
    this.db = db;
    this.settings = settings;
    const columns = new Set([settings.userColumn, settings.domainColumn, settings.passwordColumn]);
    if (!settings.plain) columns.add(settings.passwordColumn2);
    for (const [column] of settings.load) columns.add(column);
    this.columns = [...columns];
  }

  /** The row of a user; null without one. `domain` null: not compared. Throws StoreError. */
  row(table: string, user: string, domain: string | null): Later<Row | null> {
    return then(this.prepared(table), () => {
      const where: Match[] = [{ column: this.settings.userColumn, value: user }];
      if (domain !== null) where.push({ column: this.settings.domainColumn, value: domain });
      return then(this.db.query(table, this.columns, where, { limit: 1 }), (rows) => rows[0] ?? null);
    });
  }

  /** Tables are made, or their version is compared, when first used. */
  private prepared(table: string): Later<void> {
    if (this.ready.has(table)) return undefined;
    const { checkVersion } = this.settings;
    return then(
      this.db.ensureTable({ name: table, layout: "subscriber", version: SUBSCRIBER_VERSION }, checkVersion),
      () =>
        then(this.newerTable(), (hasNewer) => {
          this.hasNewer = hasNewer;
          this.ready.add(table);
        }),
    );
  }

  // Whoever may only read Kamailio's tables cannot make ours: then there are no newer hashes, and MD5 goes on as it does there.
  private newerTable(): Later<boolean> {
    const refused = (error: unknown): boolean => {
      if (isAway(error)) throw error;
      return false;
    };
    try {
      const made = this.db.ensureTable({ name: HA1_TABLE, layout: HA1_TABLE, version: HA1_VERSION });
      return made instanceof Promise ? made.then(() => true, refused) : true;
    } catch (error) {
      return refused(error);
    }
  }

  /** What to check credentials of an algorithm against; null when there is no such user, or no secret for that algorithm. */
  find(table: string, c: DigestCredentials, algorithm: number): Later<Subscriber | null> {
    const { settings } = this;
    const domain = settings.useDomain ? c.domain || c.realm : null;
    return then(this.row(table, c.user, domain), (row) => {
      if (row === null) return null;
      if (settings.plain) return secretOf(row, settings.passwordColumn, "password");
      const long = c.domain !== "";
      const known = secretOf(row, long ? settings.passwordColumn2 : settings.passwordColumn, "ha1");
      // a column of 64 digits: whoever filled it uses one of the newer algorithms alone, as Kamailio's own setting does
      if (algorithm === Algorithm.MD5 || known?.secret.length === 64) return known;
      const ha1 = text(row[settings.passwordColumn]);
      return then(this.newer(row, ha1), (other) =>
        other === null ? null : secretOf({ ...row, ...other }, ha1Column(algorithm, long), "ha1"),
      );
    });
  }

  /** The row of the newer hashes, if it was made with the password the subscriber has now. */
  private newer(row: Row, ha1: string): Later<Row | null> {
    if (!this.hasNewer) return null;
    const where: Match[] = [
      { column: "username", value: text(row[this.settings.userColumn]) },
      { column: "domain", value: text(row[this.settings.domainColumn]) },
      { column: "ha1", value: ha1 },
    ];
    const columns = ["ha1_sha256", "ha1b_sha256", "ha1_sha512_256", "ha1b_sha512_256"];
    return then(this.db.query(HA1_TABLE, columns, where, { limit: 1 }), (rows) => rows[0] ?? null);
  }
}

function ha1Column(algorithm: number, withDomain: boolean): string {
  return `${withDomain ? "ha1b" : "ha1"}_${algorithm === Algorithm.SHA256 ? "sha256" : "sha512_256"}`;
}

function secretOf(row: Row, column: string, kind: "password" | "ha1"): Subscriber | null {
  const secret = text(row[column]);
  return secret === "" ? null : { secret: kind === "ha1" ? secret.toLowerCase() : secret, kind, row };
}

function text(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "" : String(cell);
}
