// Reads tls.cfg: sections [server:ADDRESS:PORT], [client:default], [server:any] … of lines "name = value". What is wrong is told with its
// line, a hint and the line itself.

import { nearest } from "../../registry/nearest.ts";
import { canonicalIp } from "../../util/ip.ts";
import { own } from "../../util/own.ts";
import {
  METHOD_NAMES,
  noValues,
  type Profile,
  type ProfileValues,
  VERIFY_CLIENT,
  type VerifyClient,
  versionsOf,
} from "./profile.ts";

/** Something wrong in a file: `place` is "file:line:column". */
export interface Finding {
  readonly place: string;
  readonly message: string;
  readonly hint: string | null;
}

type Setter = (values: ProfileValues, text: string) => string | null;

const yes = new Set(["yes", "on", "true", "1", "enable"]);
const no = new Set(["no", "off", "false", "0", "disable"]);

function flag(set: (values: ProfileValues, on: boolean) => void): Setter {
  return (values, text) => {
    const word = text.toLowerCase();
    if (!yes.has(word) && !no.has(word)) return `yes or no is expected, not "${text}"`;
    set(values, yes.has(word));
    return null;
  };
}

function number(set: (values: ProfileValues, n: number) => void): Setter {
  return (values, text) => {
    if (!/^\d+$/.test(text)) return `a number is expected, not "${text}"`;
    set(values, Number(text));
    return null;
  };
}

function text(set: (values: ProfileValues, text: string) => void): Setter {
  return (values, given) => {
    if (given === "") return "a value is missing";
    set(values, given);
    return null;
  };
}

const method: Setter = (values, given) => {
  if (versionsOf(given) === null) {
    if (/^sslv[23]$/i.test(given)) return `${given} is not spoken by anybody any more; write TLSv1.2+`;
    return `unknown method "${given}"; there are ${METHOD_NAMES.join(", ")}`;
  }
  values.method = given;
  return null;
};

const verifyClient: Setter = (values, given) => {
  const found = VERIFY_CLIENT.find((name) => name === given.toLowerCase());
  if (found === undefined) return `unknown value "${given}"; there are ${VERIFY_CLIENT.join(", ")}`;
  values.verifyClient = found satisfies VerifyClient;
  return null;
};

const certificate = text((v, t) => void (v.certificate = t));
const privateKey = text((v, t) => void (v.privateKey = t));
const caList = text((v, t) => void (v.caList = t));
const verify = flag((v, on) => void (v.verifyCertificate = on));
const require = flag((v, on) => void (v.requireCertificate = on));

const KEYS: Readonly<Record<string, Setter>> = {
  method,
  tls_method: method,
  certificate,
  cert_file: certificate,
  private_key: privateKey,
  pkey_file: privateKey,
  ca_list: caList,
  calist_file: caList,
  ca_path: text((v, t) => void (v.caPath = t)),
  crl: text((v, t) => void (v.crl = t)),
  verify_certificate: verify,
  verify_cert: verify,
  verify_depth: number((v, n) => void (v.verifyDepth = n)),
  require_certificate: require,
  require_cert: require,
  verify_client: verifyClient,
  cipher_list: text((v, t) => void (v.cipherList = t)),
  server_name: text((v, t) => void (v.serverName = t)),
  server_name_mode: number((v, n) => void (v.serverNameMode = n)),
  server_id: text((v, t) => void (v.serverId = t)),
};

/** The sections of a file, in order, and what is wrong with it. */
export function parseTlsConfig(file: string, content: string): { profiles: Profile[]; findings: Finding[] } {
  const profiles: Profile[] = [];
  const findings: Finding[] = [];
  const seen = new Map<string, string>();
  for (const [index, raw] of content.split("\n").entries()) {
    const line = withoutComment(raw.replace(/\r$/, ""));
    if (line.trim() === "") continue;
    const place = (column: number): string => `${file}:${index + 1}:${column + 1}`;
    const tell = (column: number, message: string, hint: string | null = null): void =>
      void findings.push({ place: place(column), message, hint });
    const at = line.search(/\S/);
    if (line[at] === "[") {
      const profile = sectionOf(line.trim(), `${file}:${index + 1}`);
      if (typeof profile === "string") {
        tell(at, profile, 'as in "[server:192.0.2.1:5061]", "[client:default]"');
        continue;
      }
      const key = typeof profile.scope === "string" ? profile.scope : "";
      const before = key === "default" ? seen.get(profile.role) : undefined;
      if (before !== undefined) tell(at, `a second [${profile.role}:default]; the first one is at ${before}`);
      if (key === "default") seen.set(profile.role, `${file}:${index + 1}`);
      profiles.push(profile);
      continue;
    }
    const parts = /^\s*([\w.]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (parts === null) {
      tell(at, `"${line.trim()}" is not of the form name = value`);
      continue;
    }
    const [, name = "", value = ""] = parts;
    const setter = own(KEYS, name.toLowerCase());
    if (setter === undefined) {
      const [near] = nearest(name, Object.keys(KEYS));
      tell(at, `unknown setting ${name}`, near === undefined ? null : `did you mean ${near}?`);
      continue;
    }
    const current = profiles.at(-1);
    if (current === undefined) {
      tell(at, `${name} stands before any section`, "write [server:default] above it");
      continue;
    }
    const problem = setter(current.values, unquoted(value));
    if (problem !== null) tell(line.indexOf(value, line.indexOf("=") + 1), `${name}: ${problem}`);
  }
  for (const { scope, values, place } of profiles)
    if (scope === "any" && values.serverName === null && place !== null)
      findings.push({
        place,
        message: "a section for any address needs server_name",
        hint: "connections are told apart by the name that clients ask for",
      });
  return { profiles, findings };
}

function sectionOf(text: string, place: string): Profile | string {
  const parts = /^\[\s*(\w+)\s*:\s*(.+?)\s*\]$/.exec(text);
  if (parts === null) return `"${text}" is no section`;
  const [, roleText = "", where = ""] = parts;
  const role = roleText.toLowerCase();
  if (role !== "server" && role !== "client") return `a section is for server or client, not for ${roleText}`;
  const word = where.toLowerCase();
  if (word === "default" || word === "any") return { role, scope: word, values: noValues(), place };
  const address = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(where);
  if (address === null) return `"${where}" is no address with a port`;
  const numeric = canonicalIp(address[1]!.replace(/^\[|\]$/g, ""));
  const port = Number(address[2]);
  if (numeric === null) return `${address[1]} is not a numeric address`;
  if (port < 0 || port > 65535) return `${port} is no port`;
  return { role, scope: { address: numeric, port }, values: noValues(), place };
}

// "#" begins a comment, except within quotes.
function withoutComment(line: string): string {
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '"') quoted = !quoted;
    else if (line[i] === "#" && !quoted) return line.slice(0, i);
  }
  return line;
}

function unquoted(value: string): string {
  return /^".*"$/.test(value) ? value.slice(1, -1) : value;
}
