// Logging: levels as Kamailio has them, one line a message, to a sink given at start. A line never holds a control character.

/** Log levels, Kamailio's numbers: the `debug` parameter names the highest that is written. */
export const Level = {
  ALERT: -5,
  BUG: -4,
  CRITICAL: -3,
  NONE: -2,
  ERROR: -1,
  WARNING: 0,
  NOTICE: 1,
  INFO: 2,
  DEBUG: 3,
} as const;

const NAMES: Readonly<Record<number, string>> = {
  [-5]: "ALERT",
  [-4]: "BUG",
  [-3]: "CRITICAL",
  [-1]: "ERROR",
  0: "WARNING",
  1: "NOTICE",
  2: "INFO",
  3: "DEBUG",
};

const FACILITIES = "KERN USER MAIL DAEMON AUTH SYSLOG LPR NEWS UUCP CRON AUTHPRIV FTP".split(" ");

/** The number of a facility as the configuration writes it ("LOG_LOCAL0"); null when there is none of that name. */
export function facilityOf(name: string): number | null {
  const word = /^LOG_([A-Z0-9]+)$/.exec(name)?.[1] ?? "";
  const local = /^LOCAL([0-7])$/.exec(word);
  if (local !== null) return 16 + Number(local[1]);
  const at = FACILITIES.indexOf(word);
  return at < 0 ? null : at;
}

/** The name of a facility's number: "LOG_LOCAL0". */
export function facilityName(facility: number): string {
  return `LOG_${facility < 16 ? FACILITIES[facility] : `LOCAL${facility - 16}`}`;
}

/** Where lines go: standard error, syslog, a test's list. `facility`: the syslog facility of that line; null for the usual one. */
export type LogSink = (level: number, line: string, facility?: number | null) => void;

/** Makes the whole line of a message in another form than text. `text` is as it was logged, control characters included. */
export type LogFormat = (level: number, name: string, prefix: string, text: string) => string;

/** The word for a level: "ERROR". */
export function levelName(level: number): string {
  return NAMES[level] ?? String(level);
}

/** The levels and sink that all logs of one process share; changed at run time. */
export interface LogSettings {
  level: number;
  sink: LogSink;
  /** Levels of logs of their own, by name (module debugger); null or absent: all have the common one. */
  levels?: ReadonlyMap<string, number> | null;
  /** Syslog facilities of logs of their own, by name (module debugger); null or absent: all have the common one. */
  facilities?: ReadonlyMap<string, number> | null;
  /** Whether lines go to standard error. */
  toStderr?: boolean;
  /** Whether colours ($C of module xlog) go through to the sink. */
  colours?: boolean;
  /** Colours of levels in place of the usual ones (log_colors of module xlog): escape sequences. */
  levelColours?: ReadonlyMap<number, string> | null;
  /** Text in front of lines while a message is processed (log_prefix); null or absent for none. */
  prefix?: (() => string) | null;
  /** The form of lines when it is not text (log_engine_type); null or absent for text. */
  format?: LogFormat | null;
}

/** A log with a name in front of each line. */
export class Log {
  readonly settings: LogSettings;
  readonly name: string;

  constructor(settings: LogSettings, name: string) {
    this.settings = settings;
    this.name = name;
  }

  /** The same log under another name. */
  named(name: string): Log {
    return new Log(this.settings, name);
  }

  /** Whether a line of that level would be written: ask before building an expensive one. */
  enabled(level: number): boolean {
    return level <= this.most();
  }

  /** `facility`: number of a syslog facility, where the line is not for the usual one; `word` stands in it in place of the level's own. */
  write(level: number, text: string, facility: number | null = null, word?: string): void {
    if (level > this.most()) return;
    const { facilities } = this.settings;
    const own = facility ?? facilities?.get(this.name === "" ? "core" : this.name) ?? null;
    const name = this.name === "" ? "" : `${this.name}: `;
    const { prefix, colours } = this.settings;
    let before = "";
    if (prefix != null) {
      this.settings.prefix = null; // making it may log
      before = clean(prefix(), false);
      this.settings.prefix = prefix;
    }
    const { format } = this.settings;
    if (format != null) {
      this.settings.sink(level, format(level, this.name, before, text), own);
      return;
    }
    this.settings.sink(
      level,
      `${word ?? NAMES[level] ?? level}: ${before}${name}${clean(text, colours === true)}`,
      own,
    );
  }
  /** The highest level that is written. */
  private most(): number {
    const { levels, level } = this.settings;
    return levels == null ? level : (levels.get(this.name === "" ? "core" : this.name) ?? level);
  }

  error(text: string): void {
    this.write(Level.ERROR, text);
  }
  warn(text: string): void {
    this.write(Level.WARNING, text);
  }
  notice(text: string): void {
    this.write(Level.NOTICE, text);
  }
  info(text: string): void {
    this.write(Level.INFO, text);
  }
  debug(text: string): void {
    this.write(Level.DEBUG, text);
  }
}

const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/g;
// exactly what $C(xy) makes
const CONTROL_OR_COLOUR = /\x1b\[[01];3[0-79];4[0-79]m|[\x00-\x08\x0a-\x1f\x7f]/g;

// A stranger's header must not forge a log line or drive a terminal.
function clean(text: string, colours: boolean): string {
  return text.replace(colours ? CONTROL_OR_COLOUR : CONTROL, (c) => {
    if (c.length > 1) return c;
    return c === "\n" || c === "\r" ? " " : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
