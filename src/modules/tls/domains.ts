// Which settings are for which connection: by the address of ours, or of the far end, and by name (module README 10.30).

import type { SocketAddress } from "../../host/host.ts";
import { PeerRule, TLS_VERSIONS, type TlsDomain, type TlsDomains, type TlsVersion } from "../../host/tls.ts";
import type { Profile } from "./profile.ts";

/** Settings made ready, with the section they come from. */
export interface Loaded {
  readonly profile: Profile;
  readonly domain: TlsDomain;
  /** Until when its certificate is valid, ms since 1970; null without one. */
  readonly expires: number | null;
}

const NOBODY: TlsDomain = {
  name: "off",
  context: {
    settings: {
      certificate: null,
      key: null,
      authorities: "",
      revoked: "",
      depth: 0,
      ciphers: null,
      minVersion: "TLSv1.3",
      maxVersion: "TLSv1.3",
    },
    own: null,
  },
  peer: PeerRule.REQUIRED,
};

/** All sections of a generation. */
export class Domains implements TlsDomains {
  readonly all: readonly Loaded[];
  private readonly server: readonly Loaded[];
  private readonly client: readonly Loaded[];
  private readonly defaultServer: TlsDomain;
  private readonly defaultClient: TlsDomain;

  /** `all` has one default of each role, or is empty while TLS is off. */
  constructor(all: readonly Loaded[]) {
    this.all = all;
    const of = (role: string): Loaded[] =>
      all.filter(({ profile }) => profile.role === role && profile.scope !== "default");
    const fallback = (role: string): TlsDomain =>
      all.find(({ profile }) => profile.role === role && profile.scope === "default")?.domain ?? NOBODY;
    this.server = of("server");
    this.client = of("client");
    this.defaultServer = fallback("server");
    this.defaultClient = fallback("client");
  }

  serving(local: SocketAddress, serverName: string | null): TlsDomain {
    return choose(this.server, local, serverName) ?? this.defaultServer;
  }

  /** The settings of a connection that we open: by id when one is given, else by the far address and the name we ask for. */
  calling(remote: SocketAddress, serverName: string | null, id: string | null): Loaded {
    const byId = id === null ? undefined : this.client.find(({ profile }) => profile.values.serverId === id);
    const found = byId?.domain ?? choose(this.client, remote, serverName) ?? this.defaultClient;
    return this.all.find(({ domain }) => domain === found)!;
  }

  widest(local: SocketAddress): { asks: boolean; minVersion: TlsVersion; maxVersion: TlsVersion } {
    const here = this.reachable(local);
    const order = (v: TlsVersion): number => TLS_VERSIONS.indexOf(v);
    const sorted = (pick: (d: TlsDomain) => TlsVersion): TlsVersion[] =>
      here.map(pick).sort((a, b) => order(a) - order(b));
    return {
      asks: here.some(({ peer }) => peer !== PeerRule.NONE),
      minVersion: sorted((d) => d.context.settings.minVersion)[0]!,
      maxVersion: sorted((d) => d.context.settings.maxVersion).at(-1)!,
    };
  }

  /** Sections for servers that speak less than others at the same address: their versions count only when the name is known. */
  narrower(): readonly Loaded[] {
    const elsewhere: SocketAddress = { family: 4, address: "", port: 0 };
    const places = this.server.map(({ profile: { scope } }) =>
      typeof scope === "string" ? elsewhere : { ...elsewhere, ...scope },
    );
    const found = new Set<TlsDomain>();
    for (const place of [elsewhere, ...places]) {
      const { minVersion, maxVersion } = this.widest(place);
      for (const domain of this.reachable(place)) {
        const { settings } = domain.context;
        if (settings.minVersion !== minVersion || settings.maxVersion !== maxVersion) found.add(domain);
      }
    }
    return this.all.filter(({ domain }) => found.has(domain));
  }

  // The default is for nobody where a section of that address asks for no name.
  private reachable(local: SocketAddress): readonly TlsDomain[] {
    const here = this.server.filter(({ profile }) => covers(profile, local));
    const isCovered = here.some(({ profile }) => profile.scope !== "any" && profile.values.serverName === null);
    return [...(isCovered ? [] : [this.defaultServer]), ...here.map(({ domain }) => domain)];
  }
}

// A section with the right name goes before one without, one for the address before one for any.
function choose(list: readonly Loaded[], at: SocketAddress, serverName: string | null): TlsDomain | null {
  const here = list.filter(({ profile }) => covers(profile, at));
  const exact = (l: Loaded): boolean => l.profile.scope !== "any";
  const named = serverName === null ? [] : here.filter(({ profile }) => isNamed(profile, serverName));
  const unnamed = here.filter((l) => exact(l) && l.profile.values.serverName === null);
  const first = serverName === null ? here.filter(exact) : [];
  return (named.find(exact) ?? named[0] ?? unnamed[0] ?? first[0])?.domain ?? null;
}

function covers({ scope }: Profile, { address, port }: SocketAddress): boolean {
  if (typeof scope === "string") return scope === "any";
  const everywhere = scope.address === "0.0.0.0" || scope.address === "::";
  return (everywhere || scope.address === address) && (scope.port === 0 || scope.port === port);
}

function isNamed({ values }: Profile, serverName: string): boolean {
  const own = values.serverName?.toLowerCase() ?? null;
  if (own === null) return false;
  const isBelow = serverName.endsWith(`.${own}`);
  if (values.serverNameMode === 1) return serverName === own || isBelow;
  return values.serverNameMode === 2 ? isBelow : serverName === own;
}
