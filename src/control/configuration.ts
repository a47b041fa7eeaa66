// Finds, reads and checks the configuration that a command line asks for.

import { type Host, HostError } from "../host/host.ts";
import { modules as catalogue } from "../modules/index.ts";
import { type Config, type Diagnostic, loadConfig, renderDiagnostic } from "../script/index.ts";
import { fromUnicode, textOf, toUnicode } from "../util/bytes.ts";
import type { Options } from "./cli/options.ts";
import { databaseUrl, dataDirectory } from "./data-directory.ts";

/** Where a configuration came from. */
export interface Source {
  /** The file's name, "<stdin>", or "<built-in>". */
  readonly file: string;
  readonly text: string;
  readonly builtIn: boolean;
}

/** The configuration cannot be read at all; the process ends with code 1. */
export class SourceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SourceError";
  }
}

const PLACES = ["portico.cfg", "/etc/portico/portico.cfg"];

/** Reads the configuration: -f, else the first of the usual places that exists, else the embedded one. Rejects with SourceError. */
export async function readSource(host: Host, file: string | null): Promise<Source> {
  if (file === "-") {
    const bytes = await host.process.readInput();
    return { file: "<stdin>", text: textOf(bytes, 0, bytes.length), builtIn: false };
  }
  const found = file ?? PLACES.find((place) => host.files.exists(place));
  if (found === undefined) {
    const bytes = host.asset("default.cfg");
    return { file: "<built-in>", text: textOf(bytes, 0, bytes.length), builtIn: true };
  }
  try {
    const bytes = host.files.read(found);
    return { file: found, text: textOf(bytes, 0, bytes.length), builtIn: false };
  } catch (error) {
    if (error instanceof HostError) throw new SourceError(`cannot read the configuration ${found}: ${error.message}`);
    throw error;
  }
}

/** Checks a configuration with what the command line adds to it. `secret` is what `routeSecret` gave, null when nothing will run. */
export function check(host: Host, source: Source, options: Options, secret: string | null = null): Config {
  const defines = options.defines.map(fromUnicode);
  if (secret !== null) defines.push(`ROUTE_SECRET="${secret}"`);
  if (usesDataDirectory(source, options))
    defines.push(fromUnicode(`DB_URL="${databaseUrl(dataDirectory(host, options.dataDirectory))}"`));
  const more = additions(options);
  const text = more === "" ? source.text : `${source.text}\ninclude_file "${COMMAND_LINE}"\n`;
  return loadConfig({ file: source.file, text }, catalogue, {
    defines,
    readFile: (name, from) => (name === COMMAND_LINE ? { name, text: more } : readIncluded(host, name, from)),
  });
}

/**
 * Whether the database lies in the data directory: that of the embedded configuration, or of a copy of it in which the place was
 * left as it is, unless -A names another.
 */
export function usesDataDirectory(source: Source, options: Options): boolean {
  if (options.defines.some((text) => /^DB_URL(?:=|$)/.test(text))) return false;
  return source.builtIn || UNTOUCHED_PLACE.test(source.text);
}

/**
 * The secret that marks Record-Routes in the embedded configuration and copies of it that leave it as it is: kept in the data directory
 * where that is used (made when it is missing), else new for each process. Null when the configuration has its own. Throws HostError.
 */
export function routeSecret(host: Host, source: Source, options: Options): string | null {
  if (options.defines.some((text) => /^ROUTE_SECRET(?:=|$)/.test(text))) return null;
  if (!source.builtIn && !UNTOUCHED_SECRET.test(source.text)) return null;
  const bytes = new Uint8Array(16);
  host.random.fill(bytes);
  const fresh = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  if (!usesDataDirectory(source, options)) return fresh;
  const directory = dataDirectory(host, options.dataDirectory);
  const file = `${directory}/route-secret`;
  if (host.files.exists(file)) {
    const kept = new TextDecoder().decode(host.files.read(file)).trim();
    if (/^[0-9a-f]{32}$/.test(kept)) return kept;
  }
  host.files.makeDirectory(directory, 0o700);
  host.files.write(file, new TextEncoder().encode(`${fresh}\n`), 0o600);
  return fresh;
}

const UNTOUCHED_SECRET = /^#!trydef[ \t]+ROUTE_SECRET[ \t]+"any text that nobody else knows"[ \t\r]*$/m;
const UNTOUCHED_PLACE = /^#!trydef[ \t]+DB_URL[ \t]+"sqlite:\/\/\/var\/lib\/portico\/portico\.sqlite"[ \t\r]*$/m;

/** What the command line adds is read as an included file of this name, so that mistakes in it are told as such. */
const COMMAND_LINE = "<command line>";

// -l, --alias, --loadmodule, --modparam and -T are what the configuration would say in its own words.
function additions(options: Options): string {
  const lines: string[] = [];
  for (const address of options.listen) lines.push(`listen=${listenText(address)}`);
  for (const alias of options.aliases) lines.push(`alias="${alias}"`);
  if (options.noTcp) lines.push("disable_tcp=yes");
  for (const name of options.loadmodules) lines.push(`loadmodule "${name}"`);
  for (const text of options.modparams) {
    const [module = "", param = "", type = "", ...value] = text.split(":");
    const joined = value.join(":");
    lines.push(`modparam("${module}", "${param}", ${type === "i" ? joined : `"${joined}"`})`);
  }
  return fromUnicode(lines.map((line) => `${line}\n`).join(""));
}

// udp:127.0.0.1:5080/1.2.3.4:5060 on the command line is `… advertise 1.2.3.4:5060` in the configuration
function listenText(address: string): string {
  const slash = address.indexOf("/");
  return slash < 0 ? address : `${address.slice(0, slash)} advertise ${address.slice(slash + 1)}`;
}

// Relative names are looked for in the working directory, then beside the including file, as Kamailio does.
function readIncluded(host: Host, name: string, from: string): { name: string; text: string } | null {
  const { files } = host;
  const places = name.startsWith("/") ? [name] : [name, files.resolve(from, "..", name)];
  for (const place of places) {
    if (!files.exists(place)) continue;
    try {
      const bytes = files.read(place);
      return { name: place, text: textOf(bytes, 0, bytes.length) };
    } catch {
      return null;
    }
  }
  return null;
}

/** All diagnostics as text for a person. */
export function renderAll(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map((d) => `${toUnicode(renderDiagnostic(d))}\n`).join("");
}
