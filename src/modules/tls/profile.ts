// One set of settings of TLS: a section of tls.cfg, or what the module's parameters say.

import type { TlsVersion } from "../../host/tls.ts";
import { own } from "../../util/own.ts";

/** The settings of a section; null is "not given": the value of the default section, then that of the parameter counts. */
export interface ProfileValues {
  method: string | null;
  certificate: string | null;
  privateKey: string | null;
  caList: string | null;
  caPath: string | null;
  crl: string | null;
  verifyCertificate: boolean | null;
  verifyDepth: number | null;
  requireCertificate: boolean | null;
  verifyClient: VerifyClient | null;
  cipherList: string | null;
  serverName: string | null;
  /** 0 that name, 1 that name and those below it, 2 those below it. */
  serverNameMode: number | null;
  serverId: string | null;
}

export const VERIFY_CLIENT = ["off", "on", "optional", "optional_no_ca"] as const;
export type VerifyClient = (typeof VERIFY_CLIENT)[number];

/** A section: for whom its settings are. */
export interface Profile {
  readonly role: "server" | "client";
  /** "default", "any", or a numeric address with a port. */
  readonly scope: "default" | "any" | { readonly address: string; readonly port: number };
  readonly values: ProfileValues;
  /** "tls.cfg:12", for messages; null for parameters. */
  readonly place: string | null;
}

/** A section in which nothing is given. */
export function noValues(): ProfileValues {
  return {
    method: null,
    certificate: null,
    privateKey: null,
    caList: null,
    caPath: null,
    crl: null,
    verifyCertificate: null,
    verifyDepth: null,
    requireCertificate: null,
    verifyClient: null,
    cipherList: null,
    serverName: null,
    serverNameMode: null,
    serverId: null,
  };
}

/** How Kamailio's logs name a section: "TLSs<127.0.0.1:5061>". */
export function profileName({ role, scope, values }: Profile): string {
  const where = typeof scope === "string" ? scope : hostPort(scope);
  return `TLS${role[0]}<${where}${scope === "any" ? `:${values.serverName ?? ""}` : ""}>`;
}

function hostPort({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** The versions that a method allows, lowest and highest. */
export interface VersionRange {
  readonly min: TlsVersion;
  readonly max: TlsVersion;
}

const METHODS: Readonly<Record<string, VersionRange>> = {
  "tlsv1.3+": { min: "TLSv1.3", max: "TLSv1.3" },
  "tlsv1.3": { min: "TLSv1.3", max: "TLSv1.3" },
  "tlsv1.2+": { min: "TLSv1.2", max: "TLSv1.3" },
  "tlsv1.2": { min: "TLSv1.2", max: "TLSv1.2" },
  "tlsv1.1+": { min: "TLSv1.1", max: "TLSv1.3" },
  "tlsv1.1": { min: "TLSv1.1", max: "TLSv1.1" },
  "tlsv1+": { min: "TLSv1", max: "TLSv1.3" },
  "tlsv1.0+": { min: "TLSv1", max: "TLSv1.3" },
  tlsv1: { min: "TLSv1", max: "TLSv1" },
  "tlsv1.0": { min: "TLSv1", max: "TLSv1" },
  sslv23: { min: "TLSv1", max: "TLSv1.3" },
};

/** The names of methods that can be had. */
export const METHOD_NAMES = ["TLSv1.2+", "TLSv1.2", "TLSv1.3", "TLSv1.1+", "TLSv1.1", "TLSv1+", "TLSv1", "SSLv23"];

/** What a method allows; null for a name that is none, or that nobody speaks any more (SSLv2, SSLv3). */
export function versionsOf(method: string): VersionRange | null {
  return own(METHODS, method.toLowerCase()) ?? null;
}
