// Module domain: which domains are ours, from a table that is kept in memory; with register_myself they count as `myself` too.

import { type RouteContext, RouteKind } from "../../proxy/context.ts";
import { optional, str } from "../../registry/args.ts";
import { ConfigError, defineModule, fn, intParam, RpcError, type RpcValue, strParam } from "../../registry/define.ts";
import type { ModuleHost } from "../../registry/module-host.ts";
import { textOf } from "../../util/bytes.ts";
import { core, currentUri, isSip, uriOf } from "../core/index.ts";
import { ATTRS_VERSION, DOMAIN_VERSION, Domains, type Settings } from "./domains.ts";

class DomainModule {
  readonly host: ModuleHost;
  readonly settings: Settings;
  readonly isMyself: boolean;
  domains = new Domains();

  constructor(host: ModuleHost, settings: Settings, isMyself: boolean) {
    this.host = host;
    this.settings = settings;
    this.isMyself = isMyself;
  }

  async start(): Promise<void> {
    await this.read();
    this.host.proxy.identity.servedDomain = this.isMyself ? (name) => this.domains.find(name) !== null : null;
  }

  /** Reads the tables anew; what is there stays when that fails. */
  async read(): Promise<void> {
    this.domains = await Domains.read(this.host, this.settings);
  }
}

function isLocal(self: DomainModule, domain: string): number {
  return self.domains.find(domain) === null ? -1 : 1;
}

function isFromLocal(self: DomainModule, ctx: RouteContext): number {
  const msg = ctx.message;
  const from = msg.from();
  const uri = from === null ? null : uriOf(textOf(msg.buf, from.uriStart, from.uriEnd));
  return uri !== null && isSip(uri) ? isLocal(self, uri.host) : -1;
}

function isUriHostLocal(self: DomainModule, ctx: RouteContext): number {
  const uri = currentUri(ctx.message);
  return uri !== null && isSip(uri) ? isLocal(self, uri.host) : -1;
}

function lookUp(self: DomainModule, ctx: RouteContext, name: string, prefix = ""): number {
  const domain = self.domains.find(name);
  if (domain === null) return -1;
  ctx.avps.push(`${prefix}did`, domain.did);
  for (const a of self.domains.attributes.get(domain.did) ?? []) ctx.avps.push(prefix + a.name, a.value);
  return 1;
}

function dump({ domains }: DomainModule): RpcValue {
  return {
    domains: [...domains.byName.values()].map(({ name, did }) => ({ domain: name, did })),
    attributes: [...domains.attributes].map(([did, list]) => ({ did, attrs: list.map(({ name }) => name) })),
  };
}

async function reload(self: DomainModule): Promise<RpcValue> {
  try {
    await self.read();
  } catch (error) {
    self.host.log.error(error instanceof Error ? error.message : String(error));
    throw new RpcError(500, "Domain Table Reload Failed");
  }
  return null;
}

const ROUTES = RouteKind.ANY;

/** Kamailio's module domain. */
export const domain = defineModule({
  name: "domain",
  doc: "The domains this server is responsible for.",
  uses: [core],
  params: {
    db_url: strParam("", "Database with the domains."),
    domain_table: strParam("domain", "Table of domains."),
    domain_attrs_table: strParam("domain_attrs", "Table of their attributes."),
    did_col: strParam("did", "Column of domain ids; empty: the domain itself."),
    domain_col: strParam("domain", "Column of domains."),
    name_col: strParam("name", "Column of names of attributes."),
    type_col: strParam("type", "Column of their types: 0 number, 2 text."),
    value_col: strParam("value", "Column of their values."),
    register_myself: intParam(0, "Whether the domains count as myself."),
  },
  state: () => null,
  configure: (_state, p, host): DomainModule => {
    if (p.db_url === "")
      throw new ConfigError("db_url is not set", "db_url", 'modparam("domain", "db_url", "sqlite:///path")');
    const settings: Settings = {
      url: p.db_url,
      domainTable: p.domain_table,
      attrsTable: p.domain_attrs_table,
      did: p.did_col,
      domain: p.domain_col,
      name: p.name_col,
      type: p.type_col,
      value: p.value_col,
    };
    return new DomainModule(host, settings, p.register_myself !== 0);
  },
  start: (self) => self.start(),
  kemi: {
    lookup_domain_prefix: "lookup_domain",
  },
  functions: {
    is_from_local: fn({ routes: ROUTES, doc: "Whether the domain of From is ours.", run: isFromLocal }),
    is_uri_host_local: fn({ routes: ROUTES, doc: "Whether the domain of the R-URI is ours.", run: isUriHostLocal }),
    is_domain_local: fn({
      args: [str("domain")],
      routes: ROUTES,
      doc: "Whether a domain is ours.",
      run: (self: DomainModule, _ctx, name) => isLocal(self, name),
    }),
    lookup_domain: fn({
      args: [str("domain"), optional(str("prefix"))],
      routes: ROUTES,
      doc: "Whether a domain is ours; if so its id goes into $avp(did) and its attributes into AVPs of their names, with a prefix in front.",
      run: lookUp,
    }),
  },
  rpc: {
    "domain.reload": { doc: "Reads the tables anew.", args: [], run: reload },
    "domain.dump": { doc: "The domains and the names of their attributes.", args: [], run: dump },
  },
  tables: {
    domain: { version: DOMAIN_VERSION, doc: "Domains that are ours." },
    domain_attrs: { version: ATTRS_VERSION, doc: "Attributes of domains." },
  },
});
