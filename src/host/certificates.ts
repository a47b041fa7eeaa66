// Certificates by node:crypto and ASN.1: whether a chain leads to an authority that is believed, lists of revoked ones, making new ones.

import { generateKeyPairSync, randomBytes, sign, verify, X509Certificate } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  CertificateList,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
} from "@peculiar/asn1-x509";
import { HostError } from "./host.ts";
import type { CertificateWish, MadeCertificate } from "./tls.ts";

const HASHES: Readonly<Record<string, string | null>> = {
  "1.2.840.113549.1.1.5": "sha1",
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.3.101.112": null,
};
const ECDSA_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";

/** The certificates of a PEM text, in order. Throws HostError for one that cannot be read. */
export function readCertificates(pem: string): X509Certificate[] {
  return blocks(pem, "CERTIFICATE").map((block) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new HostError("EINVAL", `a certificate cannot be read: ${messageOf(error)}`);
    }
  });
}

function blocks(pem: string, label: string): string[] {
  return pem.match(new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`, "g")) ?? [];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The revoked serial numbers of one authority, until when that is known. */
export interface RevocationList {
  readonly issuer: X509Certificate;
  readonly serials: ReadonlySet<string>;
  /** Milliseconds since 1970; infinite when it does not say. */
  readonly until: number;
}

/**
 * Reads revocation lists of PEM. One that none of the authorities has signed counts for nothing, and what it is needed for does not
 * verify. Throws HostError for one that cannot be read.
 */
export function readRevocations(pem: string, authorities: readonly X509Certificate[]): RevocationList[] {
  const lists: RevocationList[] = [];
  for (const block of blocks(pem, "X509 CRL")) {
    let list: CertificateList;
    try {
      list = AsnConvert.parse(Buffer.from(block.replace(/-----[^-]+-----|\s/g, ""), "base64"), CertificateList);
    } catch (error) {
      throw new HostError("EINVAL", `a revocation list cannot be read: ${messageOf(error)}`);
    }
    const issuer = authorities.find((authority) => hasSigned(authority, list));
    if (issuer === undefined) continue;
    const { revokedCertificates, nextUpdate } = list.tbsCertList;
    lists.push({
      issuer,
      serials: new Set((revokedCertificates ?? []).map((r) => plainHex(new Uint8Array(r.userCertificate)))),
      until: nextUpdate?.getTime().getTime() ?? Number.POSITIVE_INFINITY,
    });
  }
  return lists;
}

function hasSigned(authority: X509Certificate, list: CertificateList): boolean {
  const hash = HASHES[list.signatureAlgorithm.algorithm];
  if (hash === undefined || list.tbsCertListRaw === undefined) return false;
  try {
    return verify(hash, Buffer.from(list.tbsCertListRaw), authority.publicKey, Buffer.from(list.signature));
  } catch {
    return false; // a key of another kind
  }
}

function plainHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").replace(/^0+/, "");
}

/**
 * Whether the chain that a far end has shown (its own certificate first, DER) leads to a believed authority over at most so many others, with
 * nobody revoked. It narrows what the runtime has already verified down to one domain's authorities, and adds the revocation lists, which not
 * every runtime looks at. Null when it does, else OpenSSL's name of the problem.
 */
export function chainProblem(
  chain: readonly Uint8Array[],
  authorities: readonly X509Certificate[],
  lists: readonly RevocationList[],
  depth: number,
  now: number,
): string | null {
  const shown = chain.map((der) => new X509Certificate(der));
  for (let i = 0; i < shown.length; i++) {
    const certificate = shown[i]!;
    if (authorities.some((a) => a.fingerprint256 === certificate.fingerprint256)) return null;
    if (i > depth) return "CERT_CHAIN_TOO_LONG"; // as OpenSSL counts: authorities between the first one and a believed one
    const anchor = authorities.find((a) => isIssuer(a, certificate));
    const issuer = anchor ?? shown.find((c) => c !== certificate && isIssuer(c, certificate));
    if (issuer === undefined) return "UNABLE_TO_GET_ISSUER_CERT_LOCALLY";
    const revoked = lists.length === 0 ? null : revocationProblem(certificate, issuer, lists, now);
    if (revoked !== null) return revoked;
    if (anchor !== undefined) return null;
    if (shown[i + 1] !== issuer) return "UNABLE_TO_GET_ISSUER_CERT_LOCALLY";
  }
  return "UNABLE_TO_GET_ISSUER_CERT";
}

function isIssuer(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function revocationProblem(
  certificate: X509Certificate,
  issuer: X509Certificate,
  lists: readonly RevocationList[],
  now: number,
): string | null {
  const own = lists.filter((list) => list.issuer.fingerprint256 === issuer.fingerprint256);
  if (own.length === 0) return "UNABLE_TO_GET_CRL";
  const serial = certificate.serialNumber.toLowerCase().replace(/^0+/, "");
  if (own.some((list) => list.serials.has(serial))) return "CERT_REVOKED";
  return own.some((list) => list.until > now) ? null : "CRL_HAS_EXPIRED";
}

/** Makes a key (P-256) and a certificate for it. */
export function makeCertificate(wish: CertificateWish): MadeCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const info = AsnConvert.parse(publicKey.export({ type: "spki", format: "der" }), SubjectPublicKeyInfo);
  const { now } = wish;
  const subject = nameOf(wish.commonName);
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_SHA256 });
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x3f) | 0x40; // positive, and always as long
  const tbs = new TBSCertificate({
    version: 2,
    serialNumber: bufferOf(serial),
    signature: algorithm,
    issuer: wish.issuer === null ? subject : subjectOf(wish.issuer),
    // a clock that is a little slow must not refuse it
    validity: new Validity({ notBefore: new Date(now - 3_600_000), notAfter: new Date(now + wish.days * 86_400_000) }),
    subject,
    subjectPublicKeyInfo: info,
    extensions: new Extensions(extensionsOf(wish, info)),
  });
  const signer = wish.issuer?.key ?? key;
  const signature = sign("sha256", Buffer.from(AsnConvert.serialize(tbs)), signer);
  const der = AsnConvert.serialize(
    new Certificate({ tbsCertificate: tbs, signatureAlgorithm: algorithm, signatureValue: bufferOf(signature) }),
  );
  return { certificate: pemOf(der, "CERTIFICATE"), key };
}

function extensionsOf(wish: CertificateWish, info: SubjectPublicKeyInfo): Extension[] {
  const isAuthority = wish.issuer === null;
  const make = (extnID: string, critical: boolean, value: unknown): Extension =>
    new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
  const flags = isAuthority ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : KeyUsageFlags.digitalSignature;
  const list = [
    make(id_ce_basicConstraints, true, new BasicConstraints(isAuthority ? { cA: true, pathLenConstraint: 0 } : {})),
    make(id_ce_keyUsage, true, new KeyUsage(flags)),
    make(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(info.subjectPublicKey.slice(-20))),
  ];
  if (isAuthority) return list;
  const names = wish.hosts.map(
    (host) => new GeneralName(/^[\d.]+$|:/.test(host) ? { iPAddress: host } : { dNSName: host }),
  );
  list.push(make(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth, id_kp_clientAuth])));
  if (names.length > 0) list.push(make(id_ce_subjectAltName, false, new SubjectAlternativeName(names)));
  return list;
}

function nameOf(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
}

function subjectOf({ certificate }: MadeCertificate): Name {
  const [first] = readCertificates(certificate);
  return AsnConvert.parse(first!.raw, Certificate).tbsCertificate.subject;
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function pemOf(der: ArrayBuffer, label: string): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
