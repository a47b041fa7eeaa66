// Selects of TLS (@tls.version, @tls.peer.subject.cn): the connection that the message came by and the certificates of its ends.

import type { TlsInfo } from "../host/tls.ts";
import type { RouteContext } from "../proxy/context.ts";
import { fromUnicode } from "../util/bytes.ts";
import {
  type CertificateText,
  cipherDescription,
  type NamePart,
  type SanKind,
  textOfCertificate,
  timeText,
} from "../util/certificate-text.ts";
import { own } from "../util/own.ts";
import type { Segment, SelectReader, SelectRoot } from "./select-parts.ts";

type Side = "peer" | "my";

const SIDES: Readonly<Record<string, Side>> = { peer: "peer", my: "my", me: "my", myself: "my" };
const STATES: Readonly<Record<string, (tls: TlsInfo) => boolean>> = {
  verified: (tls) => tls.verified,
  revoked: (tls) => tls.problem === "CERT_REVOKED",
  expired: (tls) => tls.problem === "CERT_HAS_EXPIRED",
  self_signed: (tls) => tls.problem !== null && /SELF_SIGNED/.test(tls.problem),
};

/** Names that mean the same, in lower case and without underscores. */
function table<T>(rows: readonly (readonly [T, string])[]): Readonly<Record<string, T>> {
  return Object.fromEntries(rows.flatMap(([value, names]) => names.split(" ").map((name) => [name, value])));
}

const ALTERNATIVES = table<SanKind>([
  ["email", "email emailaddress"],
  ["hostname", "host hostname dns"],
  ["uri", "uri url urn"],
  ["ip", "ip ipaddress"],
]);
const PARTS = table<NamePart>([
  ["cn", "cn commonname name"],
  ["locality", "l locality localityname"],
  ["country", "c country countryname"],
  ["state", "st state stateorprovincename"],
  ["organization", "o organization organizationname"],
  ["unit", "ou unit organizationalunitname"],
  ["uid", "uid uniqueidentifier"],
]);
const NAMES = table<"subject" | "issuer">([
  ["subject", "subject subj"],
  ["issuer", "issuer"],
]);
const FIELDS: Readonly<Record<string, (certificate: CertificateText) => string>> = {
  version: (c) => String(c.version),
  sn: (c) => c.serial,
  serialnumber: (c) => c.serial,
  notbefore: (c) => timeText(c.notBefore),
  notafter: (c) => timeText(c.notAfter),
};

const plain = (segment: Segment | undefined): string => segment?.text.toLowerCase().replaceAll("_", "") ?? "";

/** The root that @tls… begins with, and how many segments it takes; a certificate, or a name in one, stands for its common name. */
export function tlsRoot(segments: readonly Segment[], used: { count: number }): SelectRoot | null {
  const take = (count: number, read: SelectReader): SelectRoot => {
    used.count = count;
    return { read, is: "text" };
  };
  const second = plain(segments[1]);
  if (second === "version")
    return take(
      2,
      ofTls((tls) => tls.version),
    );
  if (second === "desc" || second === "description")
    return take(
      2,
      ofTls((tls) => cipherDescription(tls.cipher, tls.version)),
    );
  if (second === "cipher")
    return plain(segments[2]) === "bits"
      ? take(
          3,
          ofTls((tls) => String(tls.bits)),
        )
      : take(
          2,
          ofTls((tls) => tls.cipher),
        );
  const side = own(SIDES, second);
  if (side === undefined) return null;
  const third = plain(segments[2]);
  const state = own(STATES, segments[2]?.text.toLowerCase() ?? "");
  if (state !== undefined) return take(3, side === "my" ? () => null : ofTls((tls) => (state(tls) ? "1" : "0")));
  const alternative = own(ALTERNATIVES, third);
  if (alternative !== undefined)
    return take(
      3,
      ofCertificate(side, (c) => c.alternative(alternative)),
    );
  const field = own(FIELDS, third);
  if (field !== undefined) return take(3, ofCertificate(side, field));
  const name = own(NAMES, third) ?? "subject";
  const hasName = own(NAMES, third) !== undefined;
  const part = hasName ? own(PARTS, plain(segments[3])) : undefined;
  return take(
    part !== undefined ? 4 : hasName ? 3 : 2,
    ofCertificate(side, (c) => c.part(name, part ?? "cn")),
  );
}

function ofTls(read: (tls: TlsInfo) => string): SelectReader {
  return ({ flow }: RouteContext) => (flow.tls ? read(flow.tls) : null);
}

function ofCertificate(side: Side, read: (certificate: CertificateText) => string | null): SelectReader {
  return ({ flow }) => {
    const { tls } = flow;
    const der = side === "peer" ? tls?.peer : tls?.domain.context.own;
    const text = der ? read(textOfCertificate(der)) : null;
    return text === null ? null : fromUnicode(text);
  };
}
