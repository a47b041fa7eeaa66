// Module auth_db: digest authentication against the subscriber table.

import { avpNameOf } from "../../proxy/avp-name.ts";
import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { ArgError, optional, parsed, str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, parsedParam, strParam } from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { H } from "../../sip/headers.ts";
import { Method } from "../../sip/methods.ts";
import { parseUriText } from "../../sip/uri-text.ts";
import type { Later, Row } from "../../store/database.ts";
import auth, {
  AuthCode,
  type Authenticator,
  type AuthState,
  type DigestCredentials,
  userMatches,
} from "../auth/index.ts";
import {
  HA1_TABLE,
  HA1_VERSION,
  SUBSCRIBER_VERSION,
  type Subscriber,
  type SubscriberSettings,
  Subscribers,
} from "./subscribers.ts";

/** `$avp(x)=column;column2` as pairs of column and AVP name. */
function loadList(text: string): readonly (readonly [string, string])[] | ArgError {
  const list: [string, string][] = [];
  for (const part of text.split(";")) {
    if (part.trim() === "") continue;
    const m = /^\s*(?:(\$?avp\([^)]+\))\s*=\s*)?([A-Za-z_][A-Za-z0-9_]*)\s*$/.exec(part);
    if (m === null)
      return new ArgError(
        `"${part.trim()}" is no column to load`,
        "write column or $avp(name)=column, several with semicolons",
      );
    list.push([m[2]!, avpNameOf(m[1] ?? m[2]!)]);
  }
  return list;
}

const params = {
  db_url: strParam("", "Database with the subscribers."),
  user_column: strParam("username", "Column of user names."),
  domain_column: strParam("domain", "Column of domains."),
  password_column: strParam("ha1", "Column of HA1 values, or of passwords with calculate_ha1."),
  password_column_2: strParam("ha1b", "Column of HA1 values made with user@domain."),
  calculate_ha1: intParam(0, "Whether the password column holds passwords."),
  use_domain: intParam(0, "Whether the domain must match too."),
  load_credentials: parsedParam<readonly (readonly [string, string])[]>(
    [],
    "Columns put into AVPs: $avp(x)=column;column2.",
    loadList,
  ),
  version_table: intParam(1, "Whether the table's version number is checked."),
  force_generate_avps: intParam(0, "Whether AVPs are filled although the check failed."),
};

/** One generation of module auth_db. */
class AuthDb {
  readonly host: ModuleHost;
  readonly auth: AuthState;
  readonly settings: SubscriberSettings;
  readonly url: string;
  readonly alwaysLoad: boolean;
  private known: Subscribers | null = null;

  constructor(host: ModuleHost, auth: AuthState, settings: SubscriberSettings, url: string, alwaysLoad: boolean) {
    this.host = host;
    this.auth = auth;
    this.settings = settings;
    this.url = url;
    this.alwaysLoad = alwaysLoad;
  }

  get subscribers(): Subscribers {
    this.known ??= new Subscribers(this.host.database(this.url), this.settings);
    return this.known;
  }

  /** Runs it; a database that fails is an error (-1) with a line in the log. */
  guarded(fn: () => Later<number>): Later<number> {
    const failed = (error: unknown): number => {
      this.host.proxy.limited.error(this.host.log, error instanceof Error ? error.message : String(error));
      return AuthCode.ERROR;
    };
    try {
      const result = fn();
      return result instanceof Promise ? result.catch(failed) : result;
    } catch (error) {
      return failed(error);
    }
  }

  load(ctx: RouteContext, row: Row): void {
    for (const [column, avp] of this.settings.load) {
      const value = row[column];
      if (value === undefined || value === null) continue;
      ctx.avps.push(avp, typeof value === "number" && Number.isInteger(value) ? value | 0 : String(value));
    }
  }
}

/** Stands in for the HA1 of users that do not exist, so that the time of an answer does not tell who does. */
const NOBODY = "0".repeat(32);

/** Checks the credentials in headers of one kind. */
function authenticate(
  db: AuthDb,
  ctx: RouteContext,
  realm: string,
  table: string,
  header: number,
  method: string | null,
): Later<number> {
  const auth = db.auth.current;
  if (auth === null) return AuthCode.ERROR;
  const found = auth.before(ctx, realm, header);
  if (typeof found === "number") return found;
  return db.guarded(() => {
    const subscriber = db.subscribers.find(table, found, auth.algorithmOf(found));
    if (!(subscriber instanceof Promise)) return decide(db, auth, ctx, found, subscriber, method);
    ctx.message.own();
    return subscriber.then((s) => decide(db, auth, ctx, found, s, method));
  });
}

function decide(
  db: AuthDb,
  auth: Authenticator,
  ctx: RouteContext,
  c: DigestCredentials,
  s: Subscriber | null,
  method: string | null,
): number {
  if (s === null) {
    auth.after(ctx, c, NOBODY, method, false);
    return auth.failed(ctx, AuthCode.NO_USER, c);
  }
  const code = auth.after(ctx, c, s.kind === "password" ? auth.ha1(c, s.secret) : s.secret, method);
  if (code > 0 || db.alwaysLoad) db.load(ctx, s.row);
  return code;
}

/** Methods whose From may be anonymous: auth_check() with flag 2 does not compare it. */
const MAY_BE_ANONYMOUS: readonly number[] = [Method.INVITE, Method.BYE, Method.PRACK, Method.UPDATE, Method.MESSAGE];

function authCheck(db: AuthDb, ctx: RouteContext, realm: string, table: string, flags: number): Later<number> {
  const { method } = ctx.message;
  const header = method === Method.REGISTER ? H.AUTHORIZATION : H.PROXY_AUTHORIZATION;
  const identity = (code: number): number => {
    const auth = db.auth.current;
    if (code < 0 || auth === null || (flags & 1) === 0 || ((flags & 2) !== 0 && MAY_BE_ANONYMOUS.includes(method)))
      return code;
    const credentials = auth.authorized(ctx);
    if (credentials === null || userMatches(ctx.message, credentials, db.settings.useDomain)) return code;
    return auth.failed(ctx, AuthCode.WRONG_USER, credentials);
  };
  const code = authenticate(db, ctx, realm, table, header, null);
  return code instanceof Promise ? code.then(identity) : identity(code);
}

// The codes are Kamailio's: -1 no URI or no database, -2 nobody of that name. use_domain has no say in it, and escapes are not taken away.
function isSubscriber(db: AuthDb, ctx: RouteContext, uri: string, table: string, flags: number): Later<number> {
  const parsedUri = parseUriText(uri);
  if (typeof parsedUri === "number") return -1;
  return db.guarded(() => {
    const row = db.subscribers.row(table, parsedUri.user, (flags & 1) !== 0 ? parsedUri.host.toLowerCase() : null);
    const use = (found: Row | null): number => {
      if (found === null) return -2;
      if ((flags & 2) === 0) db.load(ctx, found);
      return 1;
    };
    if (!(row instanceof Promise)) return use(row);
    ctx.message.own();
    return row.then(use);
  });
}

function flagsArg(text: string): number | ArgError {
  return /^\s*\d+\s*$/.test(text) ? Number(text) : new ArgError(`"${text}" is no number`);
}

const { REQUEST, ANY } = RouteKind;
const realmArg = str("realm");
const tableArg = str("table");

export default defineModule({
  name: "auth_db",
  doc: "Checks credentials against the subscriber table.",
  uses: [auth],
  params,
  state: () => null,
  configure: (_, p, host): AuthDb => {
    if (p.db_url === "") {
      throw new ConfigError(
        "db_url is not set",
        "db_url",
        'modparam("auth_db", "db_url", "sqlite:///var/lib/portico/portico.db")',
      );
    }
    const settings: SubscriberSettings = {
      userColumn: p.user_column,
      domainColumn: p.domain_column,
      passwordColumn: p.password_column,
      passwordColumn2: p.password_column_2,
      plain: p.calculate_ha1 !== 0,
      useDomain: p.use_domain !== 0,
      checkVersion: p.version_table !== 0,
      load: p.load_credentials,
    };
    return new AuthDb(host, host.use(auth), settings, p.db_url, p.force_generate_avps !== 0);
  },
  functions: {
    www_authenticate: fn({
      args: [realmArg, tableArg, optional(str("method"))],
      routes: REQUEST,
      waits: "maybe",
      doc: "Checks Authorization: 1 right, -1 error, -2 wrong password, -3 no such user, -4 nonce expired, -5 no credentials, -6 nonce used before.",
      aliases: ["www_authorize"],
      run: (db: AuthDb, ctx, realm, table, method) =>
        authenticate(db, ctx, realm, table, H.AUTHORIZATION, method ?? null),
    }),
    proxy_authenticate: fn({
      args: [realmArg, tableArg],
      routes: REQUEST,
      waits: "maybe",
      doc: "Checks Proxy-Authorization; codes as for www_authenticate().",
      aliases: ["proxy_authorize"],
      run: (db: AuthDb, ctx, realm, table) => authenticate(db, ctx, realm, table, H.PROXY_AUTHORIZATION, null),
    }),
    auth_check: fn({
      args: [realmArg, tableArg, parsed("flags", flagsArg)],
      routes: REQUEST,
      waits: "maybe",
      doc: "www_authenticate() for REGISTER, proxy_authenticate() for all else. Flags: 1 the user must be that of From (-8 otherwise), 2 not for methods that may be anonymous.",
      run: (db: AuthDb, ctx, realm, table, flags) => authCheck(db, ctx, realm, table, flags),
    }),
    is_subscriber: fn({
      args: [str("uri"), tableArg, parsed("flags", flagsArg)],
      routes: ANY,
      waits: "maybe",
      doc: "Whether a URI names a subscriber. Flags: 1 the domain must match, 2 load no columns into AVPs.",
      run: (db: AuthDb, ctx, uri, table, flags) => isSubscriber(db, ctx, uri, table, flags),
    }),
  },
  tables: {
    subscriber: { version: SUBSCRIBER_VERSION, doc: "Users and the hashes of their passwords." },
    [HA1_TABLE]: { version: HA1_VERSION, doc: "Hashes of passwords for SHA-256 and SHA-512-256." },
  },
});
