// What scripts read of a certificate, in the forms that OpenSSL gives it, with which Kamailio fills its variables.

import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate, id_ce_subjectAltName, type Name, SubjectAlternativeName } from "@peculiar/asn1-x509";

const SHORT: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "street",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "title",
  "2.5.4.13": "description",
  "2.5.4.17": "postalCode",
  "2.5.4.42": "GN",
  "2.5.4.43": "initials",
  "2.5.4.46": "dnQualifier",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
};

/** Parts of a name that have variables of their own, by the ending of the variable. */
export const NAME_PARTS = {
  cn: "CN",
  locality: "L",
  country: "C",
  state: "ST",
  organization: "O",
  unit: "OU",
  uid: "UID",
} as const;
export type NamePart = keyof typeof NAME_PARTS;

/** The kinds of alternative names that have variables. */
export type SanKind = "email" | "hostname" | "uri" | "ip";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

type Attributes = readonly (readonly [type: string, value: string])[];

/** A certificate, read when it is first asked for something; values are Unicode. */
export class CertificateText {
  private readonly der: Uint8Array;
  private readonly parsed: Certificate;

  /** Throws when it is no certificate, which one that a handshake has accepted always is. */
  constructor(der: Uint8Array) {
    this.der = der;
    this.parsed = AsnConvert.parse(der, Certificate);
  }

  /** As the certificate counts: 2 is X.509 version 3. */
  get version(): number {
    return this.parsed.tbsCertificate.version;
  }

  /** Decimal, of any length. */
  get serial(): string {
    const hex = [...new Uint8Array(this.parsed.tbsCertificate.serialNumber)]
      .map((b) => b.toString(16).padStart(2, "0"))
      .join("");
    return BigInt(`0x${hex || "0"}`).toString();
  }

  /** "/C=AT/O=Example/CN=example.org" */
  line(of: "subject" | "issuer"): string {
    return this.attributes(of)
      .map(([type, value]) => `/${SHORT[type] ?? type}=${value}`)
      .join("");
  }

  /** The first part of that kind; null when there is none. */
  part(of: "subject" | "issuer", part: NamePart): string | null {
    return this.attributes(of).find(([type]) => SHORT[type] === NAME_PARTS[part])?.[1] ?? null;
  }

  get isSelfSigned(): boolean {
    return this.line("subject") === this.line("issuer");
  }

  /** The first alternative name of that kind; null when there is none. */
  alternative(kind: SanKind): string | null {
    const extension = this.parsed.tbsCertificate.extensions?.find((e) => e.extnID === id_ce_subjectAltName);
    if (extension === undefined) return null;
    for (const name of AsnConvert.parse(extension.extnValue, SubjectAlternativeName)) {
      const value = {
        email: name.rfc822Name,
        hostname: name.dNSName,
        uri: name.uniformResourceIdentifier,
        ip: name.iPAddress,
      }[kind];
      if (value !== undefined) return value;
    }
    return null;
  }

  /** Milliseconds since 1970. */
  get notBefore(): number {
    return this.parsed.tbsCertificate.validity.notBefore.getTime().getTime();
  }
  get notAfter(): number {
    return this.parsed.tbsCertificate.validity.notAfter.getTime().getTime();
  }

  get pem(): string {
    const lines = btoa(String.fromCharCode(...this.der)).match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  }

  private attributes(of: "subject" | "issuer"): Attributes {
    return attributesOf(this.parsed.tbsCertificate[of]);
  }
}

const known = new WeakMap<Uint8Array, CertificateText>();

/** The text of a certificate (DER); kept as long as its bytes are. */
export function textOfCertificate(der: Uint8Array): CertificateText {
  let text = known.get(der);
  if (text === undefined) {
    text = new CertificateText(der);
    known.set(der, text);
  }
  return text;
}

function attributesOf(name: Name): Attributes {
  return [...name].flatMap((part) => [...part].map(({ type, value }) => [type, value.toString()] as const));
}

/** "Mar  1 10:51:12 2027 GMT" */
export function timeText(ms: number): string {
  const at = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, "0");
  const clock = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  return `${MONTHS[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2)} ${clock} ${at.getUTCFullYear()} GMT`;
}

/** OpenSSL's description of a cipher, with the line end that it has. */
export function cipherDescription(cipher: string, version: string): string {
  const [exchange, authentication] = version === "TLSv1.3" ? ["any", "any"] : exchangeOf(cipher);
  const mac = /GCM|CCM|CHACHA20/.test(cipher) ? "AEAD" : (/SHA(?:256|384)$/.exec(cipher)?.[0] ?? "SHA1");
  // the version that brought the cipher, which is not always the one spoken
  const since =
    version === "TLSv1.3" ? version : mac === "SHA1" ? (/ECDHE/.test(cipher) ? "TLSv1" : "SSLv3") : "TLSv1.2";
  return `${cipher.padEnd(30)} ${since.padEnd(7)} Kx=${exchange!.padEnd(8)} Au=${authentication!.padEnd(5)} Enc=${encryptionOf(cipher).padEnd(22)} Mac=${mac.padEnd(4)}\n`;
}

function exchangeOf(cipher: string): [string, string] {
  const authentication = cipher.includes("ECDSA") ? "ECDSA" : "RSA";
  if (cipher.startsWith("ECDHE")) return ["ECDH", authentication];
  return cipher.startsWith("DHE") ? ["DH", authentication] : ["RSA", authentication];
}

function encryptionOf(cipher: string): string {
  const bits = cipher.includes("128") ? 128 : 256;
  if (cipher.includes("CHACHA20")) return "CHACHA20/POLY1305(256)";
  if (cipher.includes("GCM")) return `AESGCM(${bits})`;
  if (cipher.includes("CCM8") || cipher.includes("CCM_8")) return `AESCCM8(${bits})`;
  if (cipher.includes("CCM")) return `AESCCM(${bits})`;
  if (cipher.includes("CAMELLIA")) return `Camellia(${bits})`;
  return cipher.includes("3DES") || cipher.includes("DES-CBC3") ? "3DES(168)" : `AES(${bits})`;
}
