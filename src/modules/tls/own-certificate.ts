// A certificate of our own for servers without one: an authority and a certificate signed by it, made at first start and kept in the data
// directory, so that telephones can be told to believe the authority.

import type { Host } from "../../host/host.ts";
import { bytesOf, textOf } from "../../util/bytes.ts";
import type { Fallback } from "./load.ts";

const AUTHORITY_DAYS = 3650;
const SERVER_DAYS = 825;
/** A certificate that ends sooner is made anew. */
const RENEW_BEFORE = 30 * 86_400_000;

/** Names of the files in the data directory. */
export const OWN_FILES = {
  authority: "tls-ca.pem",
  authorityKey: "tls-ca.key",
  server: "tls-server.pem",
  serverKey: "tls-server.key",
} as const;

/** What there is, or was made: `made` says which files are new. */
export interface OwnCertificate extends Fallback {
  readonly authorityFile: string;
  readonly made: readonly string[];
}

/**
 * The certificate kept in that directory, made when it is missing or about to expire; for those names and addresses. Throws HostError
 * when it can neither be read nor written.
 */
export function ownCertificate(
  host: Host,
  directory: string,
  hosts: readonly string[],
  expiryOf: (pem: string) => number | null,
): OwnCertificate {
  const { files, clock } = host;
  const file = (name: string): string => files.resolve(directory, name);
  const read = (name: string): string | null => {
    if (!files.exists(file(name))) return null;
    const bytes = files.read(file(name));
    return textOf(bytes, 0, bytes.length);
  };
  const made: string[] = [];
  const keep = (name: string, text: string): void => {
    files.write(file(name), bytesOf(text), 0o600);
    made.push(file(name));
  };
  const isGood = (pem: string | null): boolean => pem !== null && (expiryOf(pem) ?? 0) > clock.wall() + RENEW_BEFORE;
  files.makeDirectory(directory, 0o700);
  let authority = { certificate: read(OWN_FILES.authority) ?? "", key: read(OWN_FILES.authorityKey) ?? "" };
  if (!isGood(authority.certificate) || authority.key === "") {
    authority = host.tls.make({
      commonName: "Portico local CA",
      hosts: [],
      now: clock.wall(),
      days: AUTHORITY_DAYS,
      issuer: null,
    });
    keep(OWN_FILES.authority, authority.certificate);
    keep(OWN_FILES.authorityKey, authority.key);
  }
  const kept = { certificate: read(OWN_FILES.server), key: read(OWN_FILES.serverKey) };
  const authorityFile = file(OWN_FILES.authority);
  if (made.length === 0 && isGood(kept.certificate) && kept.key !== null)
    return { certificate: kept.certificate!, key: kept.key, authorityFile, made };
  const server = host.tls.make({
    commonName: hosts[0] ?? "localhost",
    hosts,
    now: clock.wall(),
    days: SERVER_DAYS,
    issuer: authority,
  });
  keep(OWN_FILES.server, server.certificate + authority.certificate);
  keep(OWN_FILES.serverKey, server.key);
  return { certificate: server.certificate + authority.certificate, key: server.key, authorityFile, made };
}
