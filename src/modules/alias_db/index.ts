// Module alias_db: other names of users, in a table that is asked each time.

import { plainBranch, type RouteContext, RouteKind } from "../../proxy/context.ts";
import { type Accessor, ArgError, optional, parsed, str, variable } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, strParam } from "../../registry/define.ts";
import { guarded } from "../../registry/guarded.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import type { Cell, Later, Match, Row } from "../../store/database.ts";
import { whenThere } from "../../util/maybe.ts";
import { core, uriOf } from "../core/index.ts";

/** Kamailio's version number of table dbaliases. */
const VERSION = 1;
const TABLE = "dbaliases";
/** The most users one alias may stand for. */
const MAX_USERS = 64;

interface Settings {
  readonly url: string;
  readonly user: string;
  readonly domain: string;
  readonly aliasUser: string;
  readonly aliasDomain: string;
  readonly useDomain: boolean;
  readonly prefix: string;
  readonly appendsBranches: boolean;
}

class AliasDb {
  readonly host: ModuleHost;
  readonly settings: Settings;

  constructor(host: ModuleHost, settings: Settings) {
    this.host = host;
    this.settings = settings;
  }

  /** The URIs an alias stands for (or, reversed, the aliases of a user); none for what is no URI with a user. */
  find(table: string, text: string, flags: Flags): Later<readonly string[]> {
    const uri = uriOf(text);
    if (uri === null || uri.user === "") return [];
    const s = this.settings;
    const [fromUser, fromDomain] = flags.reverse ? [s.user, s.domain] : [s.aliasUser, s.aliasDomain];
    const [toUser, toDomain] = flags.reverse ? [s.aliasUser, s.aliasDomain] : [s.user, s.domain];
    const where: Match[] = [{ column: fromUser, value: uri.user }];
    if (flags.useDomain ?? s.useDomain) where.push({ column: fromDomain, value: withoutPrefix(uri.host, s.prefix) });
    const rows = this.host.database(s.url).query(table, [toUser, toDomain], where, { limit: MAX_USERS });
    return whenThere(rows, (found) => this.uris(found, toUser, toDomain, text));
  }

  private uris(rows: readonly Row[], userColumn: string, domainColumn: string, alias: string): string[] {
    const uris: string[] = [];
    for (const row of rows) {
      const uri = `sip:${cellText(row[userColumn])}@${cellText(row[domainColumn])}`;
      const parsedUri = uriOf(uri);
      if (parsedUri !== null && parsedUri.user !== "" && parsedUri.host !== "") uris.push(uri);
      else this.host.proxy.limited.error(this.host.log, `no URI comes of an alias: ${alias} stands for ${uri}`);
    }
    return uris;
  }
}

function withoutPrefix(host: string, prefix: string): string {
  return prefix !== "" && host.startsWith(prefix) ? host.slice(prefix.length) : host;
}

function cellText(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "" : String(cell);
}

interface Flags {
  readonly reverse: boolean;
  /** Undefined: as the parameter use_domain says. */
  readonly useDomain: boolean | undefined;
}

const NO_FLAGS: Flags = { reverse: false, useDomain: undefined };

const flagsArg = optional(
  parsed("flags", (text): Flags | ArgError => {
    if (!/^[dru]*$/.test(text)) return new ArgError(`unknown flag in "${text}"`, "flags are d, r and u");
    const last = /[du](?!.*[du])/.exec(text)?.[0];
    return { reverse: text.includes("r"), useDomain: last === undefined ? undefined : last === "u" };
  }),
);

function replaceUri(self: AliasDb, ctx: RouteContext, uris: readonly string[]): number {
  const [first, ...others] = uris;
  if (first === undefined) return -1;
  ctx.message.newUri = first;
  if (!self.settings.appendsBranches) return 1;
  for (const uri of others) {
    if (ctx.branches.length + 1 >= ctx.proxy.maxBranches) break;
    ctx.addBranch(plainBranch(uri));
  }
  return 1;
}

function give(self: AliasDb, ctx: RouteContext, uris: readonly string[], output: Accessor): number {
  if (uris.length === 0 || output.set === undefined) return -1;
  for (const uri of self.settings.appendsBranches ? uris : uris.slice(0, 1)) output.set(ctx, uri);
  return 1;
}

/** Kamailio's module alias_db. */
export const aliasDb = defineModule({
  name: "alias_db",
  doc: "Finds the user an alias stands for.",
  uses: [core],
  params: {
    db_url: strParam("", "Database with the aliases."),
    user_column: strParam("username", "Column of users."),
    domain_column: strParam("domain", "Column of their domains."),
    alias_user_column: strParam("alias_username", "Column of aliases."),
    alias_domain_column: strParam("alias_domain", "Column of their domains."),
    use_domain: intParam(0, "Whether the domain must match too."),
    domain_prefix: strParam("", "Beginning of domains that is left out when they are looked for."),
    append_branches: intParam(0, "Whether all users an alias stands for are taken; else the first."),
  },
  state: () => null,
  configure: (_state, p, host): AliasDb => {
    if (p.db_url === "")
      throw new ConfigError("db_url is not set", "db_url", 'modparam("alias_db", "db_url", "sqlite:///path")');
    return new AliasDb(host, {
      url: p.db_url,
      user: p.user_column,
      domain: p.domain_column,
      aliasUser: p.alias_user_column,
      aliasDomain: p.alias_domain_column,
      useDomain: p.use_domain !== 0,
      prefix: p.domain_prefix,
      appendsBranches: p.append_branches !== 0,
    });
  },
  // The usual table is made; names that scripts compute are none to make tables of.
  start: (self) => self.host.database(self.settings.url).ensureTable({ name: TABLE, layout: TABLE, version: VERSION }),
  kemi: {
    lookup: "alias_db_lookup",
    lookup_ex: "alias_db_lookup",
  },
  functions: {
    alias_db_lookup: fn({
      args: [str("table"), flagsArg],
      routes: RouteKind.REQUEST | RouteKind.FAILURE | RouteKind.BRANCH,
      waits: "maybe",
      doc: "Puts the user that the R-URI is an alias of in its place. Flags: u the domain must match, d it need not, r from the user to the alias.",
      run: (self: AliasDb, ctx, table, flags) =>
        guarded(
          self.host,
          ctx,
          () => self.find(table, ctx.message.isRequest ? ctx.message.requestUri() : "", flags ?? NO_FLAGS),
          (uris) => replaceUri(self, ctx, uris),
        ),
    }),
    alias_db_find: fn({
      args: [str("table"), str("input"), variable("output"), flagsArg],
      routes: RouteKind.ANY,
      waits: "maybe",
      doc: "The same for a URI given; the result goes into a variable.",
      run: (self: AliasDb, ctx, table, input, output, flags) =>
        guarded(
          self.host,
          ctx,
          () => self.find(table, input, flags ?? NO_FLAGS),
          (uris) => give(self, ctx, uris, output),
        ),
    }),
  },
  tables: { [TABLE]: { version: VERSION, doc: "Aliases of users." } },
});
