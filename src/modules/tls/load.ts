// From sections to contexts: reads the files they name and has the host make them ready.

import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate } from "@peculiar/asn1-x509";
import { type Files, type Host, HostError } from "../../host/host.ts";
import { PeerRule, type TlsDomain, type TlsSettings } from "../../host/tls.ts";
import { textOf } from "../../util/bytes.ts";
import type { Loaded } from "./domains.ts";
import { type Profile, type ProfileValues, profileName, versionsOf } from "./profile.ts";

/** A certificate made here, for servers that have none of their own; PEM. */
export interface Fallback {
  readonly certificate: string;
  readonly key: string;
}

/** What cannot be used, and of which setting. */
export interface LoadProblem {
  readonly profile: Profile;
  readonly setting: string;
  readonly message: string;
}

/** What loading needs. */
export interface Loading {
  readonly host: Host;
  /** Directory of the configuration: names that begin with neither "." nor "/" are looked for there. */
  readonly directory: string;
  /** What is not given in a section is taken from here. Sections take nothing from each other, as measured on Kamailio. */
  readonly defaults: ProfileValues;
  /** Stands in where a server has no certificate; null: it has none then. */
  readonly fallback: Fallback | null;
}

/** The file a setting names, as an absolute path. */
export function pathOf(files: Files, directory: string, name: string): string {
  if (name.startsWith("/")) return name;
  return name.startsWith(".") ? files.resolve(name) : files.resolve(directory, name);
}

/** Makes sections ready, each by itself; those that cannot be used are told. */
export function loadProfiles(
  loading: Loading,
  profiles: readonly Profile[],
): { loaded: Loaded[]; problems: LoadProblem[] } {
  const loaded: Loaded[] = [];
  const problems: LoadProblem[] = [];
  for (const profile of profiles) {
    const result = loadOne(loading, { ...profile, values: filled(profile, loading.defaults) });
    if ("message" in result) problems.push(result);
    else loaded.push(result);
  }
  return { loaded, problems };
}

// Names that connections are told apart by are a section's own.
function filled({ values }: Profile, defaults: ProfileValues): ProfileValues {
  const { serverName, serverNameMode, serverId } = values;
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
  return { ...defaults, ...given, serverName, serverNameMode, serverId };
}

function loadOne(loading: Loading, profile: Profile): Loaded | LoadProblem {
  const { host, directory } = loading;
  const { values } = profile;
  const problem = (setting: string, message: string): LoadProblem => ({ profile, setting, message });
  const read = (name: string): string | HostError => {
    try {
      const bytes = host.files.read(pathOf(host.files, directory, name));
      return textOf(bytes, 0, bytes.length);
    } catch (error) {
      if (error instanceof HostError) return error;
      throw error;
    }
  };
  let certificate: string | null = null;
  let key: string | null = null;
  if (values.certificate !== null) {
    const shown = read(values.certificate);
    if (shown instanceof HostError) return problem("certificate", `${values.certificate}: ${shown.message}`);
    const secret = values.privateKey === null ? shown : read(values.privateKey);
    if (secret instanceof HostError) return problem("private_key", `${values.privateKey}: ${secret.message}`);
    certificate = shown;
    key = secret;
  } else if (profile.role === "server" && loading.fallback !== null) ({ certificate, key } = loading.fallback);
  const authorities = authoritiesOf(loading, values, read);
  if (authorities instanceof HostError)
    return problem("ca_list", `${values.caList ?? values.caPath}: ${authorities.message}`);
  const revoked = values.crl === null ? "" : read(values.crl);
  if (revoked instanceof HostError) return problem("crl", `${values.crl}: ${revoked.message}`);
  const versions = versionsOf(values.method ?? "TLSv1.2+")!;
  const settings: TlsSettings = {
    certificate,
    key,
    authorities,
    revoked,
    depth: values.verifyDepth ?? 9,
    ciphers: values.cipherList,
    minVersion: versions.min,
    maxVersion: versions.max,
  };
  try {
    const domain: TlsDomain = {
      name: profileName(profile),
      context: host.tls.context(settings),
      peer: ruleOf(profile),
    };
    return { profile, domain, expires: expiryOf(domain) };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return problem(
      /cipher/i.test(error.message) ? "cipher_list" : "certificate",
      `${values.certificate ?? ""}: ${error.message}`,
    );
  }
}

function authoritiesOf(
  { host, directory }: Loading,
  values: ProfileValues,
  read: (name: string) => string | HostError,
): string | HostError {
  let all = "";
  if (values.caList !== null) {
    const list = read(values.caList);
    if (list instanceof HostError) return list;
    all = list;
  }
  if (values.caPath === null) return all;
  try {
    const path = pathOf(host.files, directory, values.caPath);
    for (const name of host.files.list(path)) {
      const one = read(host.files.resolve(path, name));
      if (typeof one === "string") all += `\n${one}`;
    }
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  return all;
}

// verify_client says it in one word; else verify_certificate and require_certificate do.
function ruleOf({ role, values }: Profile): PeerRule {
  const verify = values.verifyCertificate === true;
  if (role === "client") return verify ? PeerRule.REQUIRED : PeerRule.MAY_FAIL;
  switch (values.verifyClient) {
    case "on":
      return PeerRule.REQUIRED;
    case "optional":
      return PeerRule.IF_GIVEN;
    case "optional_no_ca":
      return PeerRule.MAY_FAIL;
    default:
      if (values.requireCertificate === true) return PeerRule.REQUIRED;
      return verify ? PeerRule.IF_GIVEN : PeerRule.NONE;
  }
}

function expiryOf({ context }: TlsDomain): number | null {
  if (context.own === null) return null;
  return AsnConvert.parse(context.own, Certificate).tbsCertificate.validity.notAfter.getTime().getTime();
}
