// TLS as the parts above host see it: contexts made from certificates, domains that choose among them, what a handshake has agreed on.

import type { SocketAddress } from "./host.ts";

/** Versions in order. */
export const TLS_VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

/** What a side of TLS shows, and whom it believes. All texts are PEM. */
export interface TlsSettings {
  /** Certificate, then those that lead to its authority, and its key; null for a client that shows none. */
  readonly certificate: string | null;
  readonly key: string | null;
  /** Certificates of authorities that are believed; "" for none. */
  readonly authorities: string;
  /** Lists of revoked certificates (CRL); "" when none are looked at. With one, every authority in a chain must have one. */
  readonly revoked: string;
  /** How many authorities may stand between the far end's certificate and the believed one, that one included. */
  readonly depth: number;
  /** OpenSSL's cipher list for TLS 1.2 and below; null: the runtime's. */
  readonly ciphers: string | null;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
}

/** Settings made ready by Tls.context. */
export interface TlsContext {
  readonly settings: TlsSettings;
  /** Our certificate in DER; null without one. */
  readonly own: Uint8Array | null;
}

/** What is asked of the far end: NONE no certificate; MAY_FAIL one that need not verify; IF_GIVEN it must verify if there is one; REQUIRED. */
export const PeerRule = { NONE: 0, MAY_FAIL: 1, IF_GIVEN: 2, REQUIRED: 3 } as const;
export type PeerRule = (typeof PeerRule)[keyof typeof PeerRule];

/** One set of rules for connections. */
export interface TlsDomain {
  /** For logs: "TLSs<default>". */
  readonly name: string;
  readonly context: TlsContext;
  readonly peer: PeerRule;
}

/** The domains in force; never changed, but replaced as a whole. */
export interface TlsDomains {
  /** The domain for connections to that address of ours, by the name the client asks for (SNI; null: none). */
  serving(local: SocketAddress, serverName: string | null): TlsDomain;
  /** What connections to that address may need before the name is known: the widest of its domains. */
  widest(local: SocketAddress): {
    readonly asks: boolean;
    readonly minVersion: TlsVersion;
    readonly maxVersion: TlsVersion;
  };
}

/** How TLS is spoken on listening ports. */
export interface TlsAcceptor {
  /** Asked for each connection: another object than before means other certificates from now on. */
  readonly domains: TlsDomains;
  /** Milliseconds a handshake may take. */
  readonly handshakeTimeout: number;
  /** The most handshakes under way on a port; when there are more, the oldest of the address with the most gives way. */
  readonly maxHandshakes: number;
  /** A handshake that came to nothing: for logs and counters. */
  onFailure(remote: SocketAddress, local: SocketAddress, reason: string): void;
}

/** How TLS is spoken on a connection that we open. */
export interface TlsDialer {
  readonly domain: TlsDomain;
  /** The name we ask for; null for none. */
  readonly serverName: string | null;
}

/** What a handshake has agreed on. */
export interface TlsInfo {
  readonly version: string;
  /** OpenSSL's name: "TLS_AES_256_GCM_SHA384". */
  readonly cipher: string;
  /** Bits of the cipher's key. */
  readonly bits: number;
  /** The name asked for by the client; null without one. */
  readonly serverName: string | null;
  /** The far end's certificate in DER; null when it gave none. */
  readonly peer: Uint8Array | null;
  readonly domain: TlsDomain;
  /** Whether it gave one, and that verified. */
  readonly verified: boolean;
  /** Why it did not verify: OpenSSL's name, such as "CERT_HAS_EXPIRED"; null when it did, or there is none. */
  readonly problem: string | null;
}

/** A key and certificate made here, as PEM. */
export interface MadeCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** What Tls.make is asked for. */
export interface CertificateWish {
  readonly commonName: string;
  /** Names and numeric addresses it is for; none for an authority. */
  readonly hosts: readonly string[];
  /** From when, ms since 1970, and for how long it is valid. */
  readonly now: number;
  readonly days: number;
  /** Who signs; null: an authority that signs itself. */
  readonly issuer: MadeCertificate | null;
}

/** What a host does with certificates. */
export interface Tls {
  /** Whether cipher lists have an effect, and TLS below 1.2 can be spoken. */
  readonly choosesCiphers: boolean;
  readonly hasOldVersions: boolean;
  /** Whether a handshake is refused by the versions of the name asked for; else only by those of the address, and the connection is closed after it. */
  readonly versionsByName: boolean;
  /** Makes settings ready. Throws HostError that says what is wrong: no certificate, key of another one, bad list … */
  context(settings: TlsSettings): TlsContext;
  make(wish: CertificateWish): MadeCertificate;
}

/** Why a domain refuses a connection by what the handshake found; null when it does not. */
export function refusalOf({ domain, version, peer, verified, problem }: TlsInfo, isServer: boolean): string | null {
  const { minVersion, maxVersion } = domain.context.settings;
  const at = TLS_VERSIONS.indexOf(version as TlsVersion);
  if (at < TLS_VERSIONS.indexOf(minVersion) || at > TLS_VERSIONS.indexOf(maxVersion))
    return `${version} is not spoken in ${domain.name}`;
  if (domain.peer <= PeerRule.MAY_FAIL || verified) return null;
  if (peer !== null) return `its certificate does not verify: ${problem ?? "no reason given"}`;
  return isServer && domain.peer === PeerRule.IF_GIVEN ? null : "it shows no certificate";
}

/** Bits of a cipher's key, by its name. */
export function cipherBits(cipher: string): number {
  if (/AES_?128|CAMELLIA_?128|SEED|ARIA_?128|RC4/i.test(cipher)) return 128;
  if (/3DES|DES-CBC3/.test(cipher)) return 168;
  return /NULL/.test(cipher) ? 0 : 256;
}
