// Where log lines go and what they look like: standard error or the log daemon, as text or as JSON (log_engine_type).

import type { Host } from "../host/host.ts";
import type { SyslogSocket } from "../host/system.ts";
import type { Globals } from "../script/index.ts";
import { toUnicode } from "../util/bytes.ts";
import { facilityOf, Level, type LogFormat, type LogSettings, type LogSink, levelName } from "../util/log.ts";
import type { Options } from "./cli/options.ts";

/** Where the log daemon listens, unless PORTICO_SYSLOG names another socket. */
const DAEMON = "/dev/log";

/** LOG_DAEMON. */
const DEFAULT_FACILITY = 3;
/** Severities of the log daemon for our levels, alert (-5) first: measured on Kamailio. */
const SEVERITIES: readonly number[] = [1, 2, 2, 2, 3, 4, 5, 6, 7];

/**
 * Opens the log as command line and configuration want it. To the log daemon when log_stderror=no is written, or by default under the
 * name of Kamailio; never with -E. Colours (-e, log_color) are for standard error. Without a daemon: standard error, with one warning.
 */
export function openLog(host: Host, options: Options, globals: Globals, asKamailio: boolean): LogSettings {
  const wantsDaemon =
    !options.logToStderr && (globals.has("log_stderror") ? !globals.bool("log_stderror") : asKamailio);
  const { pid } = host.process;
  const name = globals.text("log_name");
  const tag = name === null ? `(${pid})` : `${name}(${pid})`;
  const engine = jsonEngine(host, options, globals);
  const isColoured = options.colours || globals.bool("log_color");
  const toStderr: LogSink = (level, line) => {
    const text = outward(line);
    if (engine !== null) host.process.write(2, engine.flags.includes("N") ? text : `${text}\n`);
    else if (isColoured) host.process.write(2, `${colourOf(settings, level)}${tag} ${text}${PLAIN}\n`);
    else host.process.write(2, `${tag} ${text}\n`);
  };
  let sink = toStderr;
  if (wantsDaemon) {
    const facility = facilityOf(globals.text("log_facility") ?? "") ?? DEFAULT_FACILITY;
    sink = toDaemon(host, facility * 8, `${name ?? (asKamailio ? "kamailio" : "portico")}[${pid}]`, toStderr);
  }
  const settings: LogSettings = {
    level: options.debug ?? globals.int("debug"),
    sink,
    toStderr: !wantsDaemon,
    format: engine?.format ?? null,
  };
  return settings;
}

/** Lines to the log daemon (RFC 3164). None is kept: what it does not take is counted and told with the next line it takes. */
function toDaemon(host: Host, facility: number, tag: string, otherwise: LogSink): LogSink {
  const path = host.process.env("PORTICO_SYSLOG") || DAEMON;
  let socket: SyslogSocket | null = host.system.openSyslog(path);
  let lost = 0;
  const send = (level: number, line: string, own: number | null = null): "sent" | "full" | "gone" => {
    const severity = SEVERITIES[Math.max(0, Math.min(level + 5, SEVERITIES.length - 1))]!;
    const head = `<${(own === null ? facility : own * 8) + severity}>${host.system.timestamp()} ${tag}: `;
    return socket === null ? "gone" : socket.send(encoder.encode(outward(`${head}${line}\n`)));
  };
  const giveUp = (): void => {
    socket?.close();
    socket = null;
    otherwise(Level.WARNING, `WARNING: there is no log daemon at ${path}; logging to standard error`);
  };
  if (socket === null) giveUp();
  return (level, line, own) => {
    if (socket === null) {
      otherwise(level, line);
      return;
    }
    if (lost > 0 && send(Level.WARNING, `WARNING: ${lost} log lines were lost: the log daemon was too slow`) === "sent")
      lost = 0;
    const how = send(level, line, own ?? null);
    if (how === "full") lost++;
    if (how !== "gone") return;
    giveUp();
    otherwise(level, line);
  };
}

const SCRIPT_PREFIX = "<script>: ";

interface Engine {
  readonly flags: string;
  readonly format: LogFormat;
}

// --log-engine=json:FLAGS, or log_engine_type and log_engine_data. Fields and flags as Kamailio prints them; what stands for places in
// its source is empty here, since log lines of ours carry none.
function jsonEngine(host: Host, options: Options, globals: Globals): Engine | null {
  const written =
    options.logEngine ?? `${globals.text("log_engine_type") ?? ""}:${globals.text("log_engine_data") ?? ""}`;
  const [type = "", flags = ""] = written.split(":", 2);
  if (type !== "json") return null;
  const has = (flag: string): boolean => flags.includes(flag);
  const { pid } = host.process;
  const before = has("a") ? `${globals.text("log_name") ?? "kamailio"}.` : "";
  const text = (value: string): string => {
    const quoted = JSON.stringify(value);
    return has("j") ? `{ "text": ${quoted} }` : quoted;
  };
  const format: LogFormat = (level, name, prefix, body) => {
    const isScript = body.startsWith(SCRIPT_PREFIX); // what module xlog puts in front, unless told otherwise
    const said = isScript ? body.slice(SCRIPT_PREFIX.length) : body;
    const message = has("M") ? said : `${said}\n`;
    const module = isScript ? "xlog" : name === "" ? "core" : name;
    const fields: [string, string][] = [
      ["idx", "0"],
      ["pid", String(pid)],
      ["level", JSON.stringify(levelName(level))],
      ["module", JSON.stringify(module)],
      ["file", '""'],
      ["line", "0"],
      ["function", '""'],
    ];
    if (prefix !== "" || !has("p")) fields.push(["logprefix", text(prefix)]);
    fields.push(["message", text(message)]);
    return `{ ${fields.map(([key, value]) => `${JSON.stringify(before + key)}: ${value}`).join(", ")} }`;
  };
  return { flags, format };
}

const encoder = new TextEncoder();

// Lines hold octets of messages, one a character, unless our own words brought others.
function outward(line: string): string {
  return /[^\x00-\xff]/.test(line) ? line : toUnicode(line);
}

/** The terminal's own colours. */
const PLAIN = "\x1b[0;39;49m";

// Kamailio's colours of levels.
const COLOURS: Readonly<Record<number, string>> = {
  [-5]: "\x1b[1;31;49m",
  [-4]: "\x1b[1;35;49m",
  [-3]: "\x1b[0;33;49m",
  [-1]: "\x1b[0;31;49m",
  0: "\x1b[0;35;49m",
  1: "\x1b[0;32;49m",
  2: "\x1b[0;36;49m",
};

function colourOf(settings: LogSettings, level: number): string {
  return settings.levelColours?.get(level) ?? COLOURS[level] ?? PLAIN;
}
