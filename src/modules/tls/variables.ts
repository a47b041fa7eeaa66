// $tls(…) and the $tls_* variables: the connection that the message came by, and the certificates of both of its ends.

import type { TlsInfo } from "../../host/tls.ts";
import type { RouteContext } from "../../proxy/context.ts";
import { ArgError } from "../../registry/args.ts";
import { type PvDef, pv, pvClass } from "../../registry/define.ts";
import type { Value } from "../../sip/value.ts";
import { fromUnicode } from "../../util/bytes.ts";
import {
  type CertificateText,
  cipherDescription,
  NAME_PARTS,
  type NamePart,
  type SanKind,
  textOfCertificate,
  timeText,
} from "../../util/certificate-text.ts";
import { own } from "../../util/own.ts";

type Vars = Record<string, PvDef<unknown>>;
type Side = "peer" | "my";

/** What TLS has agreed on for the connection of the message; null without TLS. */
export function tlsOf({ flow }: RouteContext): TlsInfo | null {
  return flow.tls ?? null;
}

/** A certificate of that connection; null when that end has shown none. */
export function certificateOf(ctx: RouteContext, side: Side): CertificateText | null {
  const tls = tlsOf(ctx);
  if (tls === null) return null;
  const der = side === "peer" ? tls.peer : tls.domain.context.own;
  return der === null ? null : textOfCertificate(der);
}

const ofTls = (doc: string, get: (tls: TlsInfo) => Value): PvDef<unknown> =>
  pv(doc, (_self, ctx) => {
    const tls = tlsOf(ctx);
    return tls === null ? null : get(tls);
  });

const ofCertificate = (doc: string, side: Side, get: (certificate: CertificateText) => Value): PvDef<unknown> =>
  pv(doc, (_self, ctx) => {
    const certificate = certificateOf(ctx, side);
    if (certificate === null) return null;
    const value = get(certificate);
    return typeof value === "string" ? fromUnicode(value) : value;
  });

const OWNERS: readonly (readonly [Side, string])[] = [
  ["peer", "the far end's"],
  ["my", "our"],
];
const SANS: readonly SanKind[] = ["email", "hostname", "uri", "ip"];

function certificateVariables(): Vars {
  const all: Vars = {};
  for (const [side, whose] of OWNERS) {
    const add = (name: string, what: string, get: (certificate: CertificateText) => Value): void => {
      all[`tls_${side}_${name}`] = ofCertificate(`${what} of ${whose} certificate; null without one.`, side, get);
    };
    add("version", "Version, as it is counted in it: 2 is version 3,", (c) => String(c.version));
    add("serial", "Serial number", (c) => c.serial);
    add("raw_cert", "PEM text", (c) => c.pem);
    add("urlencoded_cert", "PEM text, escaped for URLs,", (c) => escaped(c.pem));
    for (const of of ["subject", "issuer"] as const) {
      add(of, `The ${of} line (/C=…/CN=…)`, (c) => c.line(of));
      for (const part of Object.keys(NAME_PARTS) as NamePart[])
        if (part !== "uid" || of === "subject")
          add(`${of}_${part}`, `${NAME_PARTS[part]} of the ${of}`, (c) => c.part(of, part));
    }
    for (const kind of SANS) add(`san_${kind}`, `First alternative name of kind ${kind}`, (c) => c.alternative(kind));
  }
  return all;
}

const escaped = (text: string): string =>
  text.replace(/[^A-Za-z0-9\-_.~]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`);

const LINES: Readonly<Record<string, readonly [Side, "subject" | "issuer"]>> = {
  m_issuer_line: ["my", "issuer"],
  p_issuer_line: ["peer", "issuer"],
  m_subject_line: ["my", "subject"],
  p_subject_line: ["peer", "subject"],
};

const yesNo = (doc: string, is: (tls: TlsInfo) => boolean): PvDef<unknown> => ofTls(doc, (tls) => (is(tls) ? 1 : 0));

/** All variables of the module. */
export const tlsVariables: Vars = {
  tls: pvClass<unknown>({
    doc: "Lines of certificates: m_issuer_line, m_subject_line of ours, p_issuer_line, p_subject_line of the far end's.",
    inner: "required",
    resolve: (_self, inner) => {
      const found = own(LINES, inner);
      if (found === undefined) return new ArgError(`no line "${inner}"`, `there are ${Object.keys(LINES).join(", ")}`);
      const [side, of] = found;
      return {
        get: (ctx) => {
          const line = certificateOf(ctx, side)?.line(of) ?? null;
          return line === null ? null : fromUnicode(line);
        },
      };
    },
  }),
  tls_version: ofTls("Version of TLS that the message came by.", (tls) => tls.version),
  tls_description: ofTls("OpenSSL's description of the cipher, with a line end.", (tls) =>
    cipherDescription(tls.cipher, tls.version),
  ),
  tls_cipher_info: ofTls("Name of the cipher.", (tls) => tls.cipher),
  tls_cipher_bits: ofTls("Bits of the cipher's key.", (tls) => tls.bits),
  ...certificateVariables(),
  tls_peer_verified: yesNo("1 when the far end has shown a certificate that verifies, else 0.", (tls) => tls.verified),
  tls_peer_revoked: yesNo("1 when its certificate is revoked.", (tls) => tls.problem === "CERT_REVOKED"),
  tls_peer_expired: yesNo("1 when its certificate has expired.", (tls) => tls.problem === "CERT_HAS_EXPIRED"),
  tls_peer_selfsigned: yesNo(
    "1 when its certificate is signed by itself and does not verify.",
    (tls) => tls.problem !== null && /SELF_SIGNED/.test(tls.problem) && textOfCertificate(tls.peer!).isSelfSigned,
  ),
  tls_peer_notBefore: ofCertificate("When the far end's certificate begins to be valid.", "peer", (c) =>
    timeText(c.notBefore),
  ),
  tls_peer_notAfter: ofCertificate("When the far end's certificate ends to be valid.", "peer", (c) =>
    timeText(c.notAfter),
  ),
  tls_peer_server_name: ofTls("The server name that the client has asked for.", (tls) =>
    tls.serverName === null ? null : fromUnicode(tls.serverName),
  ),
};
