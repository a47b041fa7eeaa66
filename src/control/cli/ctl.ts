// `portico ctl COMMAND [ARGUMENT…]`, and the same under the names kamcmd, sercmd and kamctl: a command to a running server.

import type { Host } from "../../host/host.ts";
import { HostError } from "../../host/host.ts";
import { fromUnicode, toUnicode } from "../../util/bytes.ts";
import { OWN_SOCKET, USUAL_SOCKET } from "../control-socket.ts";
import { type Answer, ask, type Place, parsePlace } from "./ctl-client.ts";
import { printFormat, printJson, printValues } from "./ctl-print.ts";
import { UsageError } from "./options.ts";

export const CTL_HELP = `usage: portico ctl [-s ADDRESS] [-f FORMAT | --json] COMMAND [ARGUMENT...]
  -s ADDRESS   where the server takes commands: unix:PATH, tcp:HOST[:PORT], udp:HOST[:PORT]
               (default: the control socket in the data directory, then ${USUAL_SOCKET})
  --data DIR   the data directory of the server (default: the usual one)
  -f FORMAT    print by this format, %v being the next value
  --json       print JSON
  An argument is a number when it looks like one; s:12 is the text 12.
  portico ctl system.listMethods lists all commands, system.methodHelp COMMAND explains one.
`;

/** Short names as kamcmd knows them, with how it prints what comes. */
const ALIASES: Readonly<Record<string, readonly [string, string | null]>> = {
  ps: ["core.ps", "%v\\t%v\\n"],
  psx: ["core.psx", null],
  list: ["system.listMethods", null],
  ls: ["system.listMethods", null],
  ver: ["core.version", null],
  version: ["core.version", null],
  who: ["ctl.who", "[%v] %v: %v %v -> %v %v\\n"],
  listen: ["ctl.listen", "[%v] %v: %v %v\\n"],
  dns_mem_info: ["dns.mem_info", "%v / %v\\n"],
  dst_blacklist_mem_info: ["dst_blacklist.mem_info", "%v / %v\\n"],
};

interface Asked {
  readonly place: string | null;
  readonly data: string | null;
  readonly format: string | null;
  readonly json: boolean;
  readonly help: boolean;
  readonly words: readonly string[];
}

/**
 * Runs it; the exit code is 0, 1 when the server refuses the command or is not there, 2 for wrong usage. `asKamcmd`: refusals are printed on
 * standard output and end with 0, as kamcmd does. `dataOf` gives the data directory.
 */
export async function runCtl(
  host: Host,
  args: readonly string[],
  dataOf: (given: string | null) => string,
  asKamcmd: boolean,
): Promise<number> {
  const asked = readArguments(args);
  const [word, ...rest] = asked.words;
  if (asked.help || word === undefined) {
    host.process.write(asked.help ? 1 : 2, CTL_HELP);
    return asked.help ? 0 : 2;
  }
  const [method, usual] = word === "help" ? helpOf(rest) : (ALIASES[word] ?? [word, null]);
  const answer = await askFirst(host, asked, dataOf, method, rest.map(argument));
  if (!("values" in answer)) {
    host.process.write(asKamcmd ? 1 : 2, `error: ${answer.fault.code} - ${toUnicode(answer.fault.text)}\n`);
    return asKamcmd ? 0 : 1;
  }
  const format = asked.format ?? usual;
  const text = asked.json
    ? `${printJson(answer.values)}\n`
    : format !== null
      ? printFormat(format, answer.values)
      : printValues(answer.values);
  host.process.write(1, toUnicode(text));
  return 0;
}

function helpOf(rest: readonly string[]): readonly [string, null] {
  return [rest.length === 0 ? "system.listMethods" : "system.methodHelp", null];
}

// Options stand before the command: what follows it belongs to it.
function readArguments(args: readonly string[]): Asked {
  const given = new Map<string, string>();
  let i = 0;
  for (; i < args.length && args[i]!.startsWith("-") && args[i] !== "-"; i++) {
    const arg = args[i]!;
    if (arg === "--json" || arg === "-h" || arg === "--help" || arg === "-v") {
      given.set(arg, "");
      continue;
    }
    const short = /^-([sfRD])(.*)$/.exec(arg);
    const long = /^--data(?:=(.*))?$/.exec(arg);
    if (short === null && long === null) throw new UsageError(`unknown option of ctl: ${arg}`);
    const name = short === null ? "--data" : `-${short[1]}`;
    const joined = short === null ? (long?.[1] ?? "") : short[2]!;
    const value = joined !== "" ? joined : args[++i];
    if (value === undefined) throw new UsageError(`option ${name} needs a value`);
    given.set(name, value);
  }
  return {
    place: given.get("-s") ?? null,
    data: given.get("--data") ?? null,
    format: given.get("-f") ?? null,
    json: given.has("--json"),
    help: given.has("-h") || given.has("--help"),
    words: args.slice(i),
  };
}

function argument(word: string): string | number {
  if (word.startsWith("s:")) return fromUnicode(word.slice(2));
  if (/^[+-]?\d+$/.test(word) && Math.abs(Number(word)) <= 0x7fff_ffff) return Number(word);
  if (/^[+-]?\d*\.\d+$/.test(word)) return Number(word);
  return fromUnicode(word);
}

// Without -s the first socket that a server listens on.
async function askFirst(
  host: Host,
  asked: Asked,
  dataOf: (given: string | null) => string,
  method: string,
  args: readonly (string | number)[],
): Promise<Answer> {
  const own: Place = { kind: "unix", path: host.files.resolve(dataOf(asked.data), OWN_SOCKET) };
  const usual: Place = { kind: "unix", path: USUAL_SOCKET };
  const places = asked.place !== null ? [placeOf(asked.place)] : asked.data !== null ? [own] : [own, usual];
  let why = "";
  for (const place of places) {
    try {
      return await ask(host, place, method, args);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      if (!NOBODY.has(error.code) || asked.place !== null) throw error;
      why += `\n  ${error.message}`;
    }
  }
  throw new HostError("ECONNREFUSED", `no server takes commands here; is it running? Looked at:${why}`);
}

const NOBODY = new Set(["ENOENT", "ECONNREFUSED", "EACCES", "ENOTDIR"]);

function placeOf(text: string): Place {
  const place = parsePlace(text);
  if (typeof place === "string") throw new UsageError(`-s: ${place}`);
  return place;
}

/** What `kamctl WORDS` means as arguments of ctl, of `portico user`, or null when it is not offered. */
export function kamctlMeaning(
  words: readonly string[],
): { readonly command: "ctl" | "user"; readonly args: readonly string[] } | null {
  const [first, second, ...rest] = words;
  const rpc = (...args: string[]) => ({ command: "ctl", args: ["--json", ...args] }) as const;
  switch (first) {
    case "rpc":
      return second === undefined ? null : rpc(second, ...rest);
    case "ps":
      return rpc("core.psx");
    case "uptime":
      return rpc("core.uptime");
    case "version":
      return rpc("core.version");
    case "stats":
      return rpc("stats.get_statistics", second ?? "all");
    case "ul":
      return second === "show"
        ? rpc(...(rest[0] === undefined ? ["ul.dump"] : ["ul.lookup", "location", rest[0]]))
        : null;
    case "add":
    case "passwd":
      if (second === undefined || rest[0] === undefined) return null;
      return { command: "user", args: [first, second, "--password", rest[0]] };
    case "rm":
      return second === undefined ? null : { command: "user", args: ["rm", second] };
    default:
      return null;
  }
}
