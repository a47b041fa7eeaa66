// Module speeddial: short numbers that each user gives to URIs, in a table that is asked each time.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { optional, str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, strParam } from "../../registry/define.ts";
import { guarded } from "../../registry/guarded.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import type { Later, Match, Row } from "../../store/database.ts";
import { textOf } from "../../util/bytes.ts";
import { core, currentUri, isSip, uriOf } from "../core/index.ts";

/** Kamailio's version number of table speed_dial. */
const VERSION = 2;
const TABLE = "speed_dial";

interface Settings {
  readonly url: string;
  readonly user: string;
  readonly domain: string;
  readonly shortUser: string;
  readonly shortDomain: string;
  readonly newUri: string;
  readonly prefix: string;
  /** 0: domains do not count, 1: the owner's, 2: that of the R-URI too. */
  readonly useDomain: number;
}

interface SpeedDial {
  readonly host: ModuleHost;
  readonly settings: Settings;
}

function ownerOf(ctx: RouteContext): string {
  const msg = ctx.message;
  const from = msg.from();
  return from === null ? "" : textOf(msg.buf, from.uriStart, from.uriEnd);
}

function rowsOf({ host, settings: s }: SpeedDial, ctx: RouteContext, table: string, owner: string): Later<Row[]> {
  const who = uriOf(owner);
  const what = currentUri(ctx.message);
  if (who === null || who.user === "" || what === null || what.user === "") return [];
  const without = (domain: string): string =>
    s.prefix !== "" && domain.startsWith(s.prefix) ? domain.slice(s.prefix.length) : domain;
  const where: Match[] = [
    { column: s.user, value: who.user },
    { column: s.shortUser, value: what.user },
  ];
  if (s.useDomain >= 1) where.push({ column: s.domain, value: without(who.host) });
  if (s.useDomain >= 2) where.push({ column: s.shortDomain, value: without(what.host) });
  return host.database(s.url).query(table, [s.newUri], where, { limit: 1 });
}

// What the table holds may lack its scheme.
function dial({ host, settings }: SpeedDial, ctx: RouteContext, [row]: readonly Row[]): number {
  if (row === undefined) return -1;
  const text = String(row[settings.newUri] ?? "").trim();
  const uri = /^(?:sips?|tel):/i.test(text) ? text : `sip:${text}`;
  const parsed = uriOf(uri);
  if (parsed === null || (isSip(parsed) && (parsed.host === "" || /\s/.test(uri)))) {
    host.proxy.limited.error(host.log, `what a short number stands for is no URI: ${text}`);
    return -1;
  }
  ctx.message.newUri = uri;
  return 1;
}

/** Kamailio's module speeddial. */
export const speeddial = defineModule({
  name: "speeddial",
  doc: "Short numbers of users.",
  uses: [core],
  params: {
    db_url: strParam("", "Database with the short numbers."),
    user_column: strParam("username", "Column of owners."),
    domain_column: strParam("domain", "Column of their domains."),
    sd_user_column: strParam("sd_username", "Column of short numbers."),
    sd_domain_column: strParam("sd_domain", "Column of their domains."),
    new_uri_column: strParam("new_uri", "Column of the URIs they stand for."),
    domain_prefix: strParam("", "Beginning of domains that is left out when they are looked for."),
    use_domain: intParam(0, "0 users alone count, 1 the owner's domain too, 2 that of the R-URI too.", {
      min: 0,
      max: 2,
    }),
  },
  state: () => null,
  configure: (_state, p, host): SpeedDial => {
    if (p.db_url === "")
      throw new ConfigError("db_url is not set", "db_url", 'modparam("speeddial", "db_url", "sqlite:///path")');
    const settings: Settings = {
      url: p.db_url,
      user: p.user_column,
      domain: p.domain_column,
      shortUser: p.sd_user_column,
      shortDomain: p.sd_domain_column,
      newUri: p.new_uri_column,
      prefix: p.domain_prefix,
      useDomain: p.use_domain,
    };
    return { host, settings };
  },
  start: ({ host, settings }) =>
    host.database(settings.url).ensureTable({ name: TABLE, layout: TABLE, version: VERSION }),
  kemi: {
    lookup: "sd_lookup",
    lookup_owner: "sd_lookup",
  },
  functions: {
    sd_lookup: fn({
      args: [str("table"), optional(str("owner"))],
      routes: RouteKind.REQUEST | RouteKind.FAILURE,
      waits: "maybe",
      doc: "Puts what the short number in the R-URI stands for in its place; the owner is who the request is from, or a URI given.",
      run: (self: SpeedDial, ctx, table, owner) =>
        guarded(
          self.host,
          ctx,
          () => rowsOf(self, ctx, table, owner ?? ownerOf(ctx)),
          (rows) => dial(self, ctx, rows),
        ),
    }),
  },
  tables: { [TABLE]: { version: VERSION, doc: "Short numbers of users." } },
});
