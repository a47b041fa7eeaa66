// Goes over the bindings of all tables where they are in the database only (db_mode 3), a page at a time, so that few are in memory at once.

import type { Contact } from "./contact.ts";
import type { Domain } from "./domain.ts";
import type { Page } from "./table-store.ts";

/** The next binding; null at the end, undefined while the database has not answered. */
export type Step = readonly [Domain, Contact] | null | undefined;

/** One walk; what is added or removed meanwhile may or may not be met. */
export class StoredWalk {
  /** Bindings read so far. */
  known = 0;
  /** Whether there is more than has been read. */
  hasMore = true;
  private readonly domains: readonly Domain[];
  private readonly failed: (error: unknown) => void;
  private table = 0;
  private page: readonly Contact[] = [];
  private at = 0;
  /** Id of the last row read of the table. */
  private after = -1;
  private isReading = false;

  /** `failed` is told why a table cannot be read; the walk goes on with the next one. */
  constructor(domains: Iterable<Domain>, failed: (error: unknown) => void) {
    this.domains = [...domains];
    this.failed = failed;
  }

  next(): Step {
    for (;;) {
      if (this.isReading) return undefined;
      const domain = this.domains[this.table];
      if (domain === undefined) return null;
      const contact = this.page[this.at];
      if (contact !== undefined) {
        this.at++;
        return [domain, contact];
      }
      if (this.hasMore) this.read(domain);
      else this.begin(this.table + 1);
    }
  }

  private begin(table: number): void {
    this.table = table;
    this.hasMore = true;
    this.after = -1;
    this.page = [];
    this.at = 0;
  }

  private read(domain: Domain): void {
    const give = (page: Page | null): void => {
      this.isReading = false;
      this.page = page?.contacts ?? [];
      this.at = 0;
      this.known += this.page.length;
      this.after = page?.after ?? -1;
      this.hasMore = this.after >= 0;
    };
    const fail = (error: unknown): void => {
      this.failed(error);
      give(null);
    };
    try {
      const page = domain.pageOfRows(this.after);
      if (page instanceof Promise) {
        this.isReading = true;
        page.then(give, fail);
      } else give(page);
    } catch (error) {
      fail(error);
    }
  }
}
