// Module xlog: log lines written by the script, with variables in them.

import { type RouteContext, RouteKind } from "../proxy/context.ts";
import { ArgError, type CallPlace, optional, place, str, type TextReader, text } from "../registry/args.ts";
import {
  ConfigError,
  defineModule,
  type FunctionDef,
  fn,
  intParam,
  manyParam,
  parsedParam,
  pvClass,
  strParam,
} from "../registry/define.ts";
import { facilityOf, Level, type Log } from "../util/log.ts";
import { core, kamailioMethodBit, LEVELS } from "./core/index.ts";

interface Xlog {
  readonly log: Log;
  readonly prefix: string;
  /** Makes the prefix anew for each line (prefix_mode); null when it is always the same. */
  readonly prefixMode: number;
  prefixOf: ((ctx: RouteContext) => string) | null;
  /** The syslog facility of lines that name none; null for the usual one. */
  readonly facility: number | null;
  readonly bufSize: number;
  /** Whether file and line stand in front of lines with a place; else the line alone. */
  readonly longFormat: boolean;
  methodsFilter: number;
  readonly color: boolean;
}

/** One line: the prefix in front, cut to the buffer, its last line end left to the log. The text is made only when it is wanted. */
function write(
  self: Xlog,
  ctx: RouteContext,
  level: number,
  text: TextReader,
  place: CallPlace | null,
  facility: number | null = self.facility,
): number {
  if (!self.log.enabled(level)) return 1;
  const made = (place === null ? "" : self.longFormat ? `${place.file}:${place.line}:` : `${place.line}:`) + text(ctx);
  const cut = made.length > self.bufSize ? made.slice(0, self.bufSize) : made;
  const prefix = self.prefixOf === null ? self.prefix : self.prefixOf(ctx);
  self.log.write(level, prefix + (cut.endsWith("\n") ? cut.slice(0, -1) : cut), facility);
  return 1;
}

/** A level as "L_INFO" or as its number; undefined when it is neither. */
function levelOf(text: string): number | undefined {
  const named = LEVELS[text.toUpperCase()];
  if (named !== undefined) return named;
  return /^-?[0-9]$/.test(text) ? Number(text) : undefined;
}

// xlog("text"), xlog("L_INFO", "text"), xlog("LOG_LOCAL0", "L_INFO", "text")
function xlogAny(
  self: Xlog,
  ctx: RouteContext,
  a: TextReader,
  b: TextReader | undefined,
  c: TextReader | undefined,
  place: CallPlace | null,
): number {
  if (b === undefined) return write(self, ctx, Level.ERROR, a, place);
  const level = levelOf((c === undefined ? a : b)(ctx));
  if (level === undefined) return -1;
  const facility = c === undefined ? self.facility : facilityOf(a(ctx).toUpperCase());
  return c !== undefined && facility === null ? -1 : write(self, ctx, level, c ?? b, place, facility);
}

function atLevel(level: number, word: string): FunctionDef<Xlog> {
  return fn({
    args: [text("format")],
    routes: RouteKind.ANY,
    doc: `Writes a line to the log at level ${word}.`,
    run: (self: Xlog, ctx, format) => write(self, ctx, level, format, null),
  });
}

// Foreground and background, as terminals number them; x is the default.
const FOREGROUND: Readonly<Record<string, number>> = { s: 30, r: 31, g: 32, y: 33, b: 34, p: 35, c: 36, w: 37, x: 39 };

/** The escape sequence for two letters: foreground (bright in upper case) and background; null when they are no colours. */
export function colour(letters: string): string | null {
  return /^[xsrgybpcwSRGYBPCW][xsrgybpcw]$/.test(letters) ? sequenceOf(letters) : null;
}

// What is no colour is the terminal's own.
function sequenceOf(letters: string): string {
  const front = letters[0]!;
  const bright = front !== front.toLowerCase() ? 1 : 0;
  return `\x1b[${bright};${FOREGROUND[front.toLowerCase()] ?? 39};${(FOREGROUND[letters[1]!] ?? 39) + 10}m`;
}

/** Reads "L_ERR=cr;L_WARN=px" into sequences by level; says what is wrong, as Kamailio would refuse it. Of two for a level the first counts. */
function levelColours(text: string): Map<number, string> | ArgError {
  const found = new Map<number, string>();
  for (const [, name = "", letters = ""] of text.matchAll(/(?:^|;)\s*(?!$)([^;=\s]*)\s*(?:=\s*"?([^;"\s]*)"?\s*)?/g)) {
    const level = LEVELS[name.toUpperCase()];
    if (level === undefined) return new ArgError(`"${name}" is no level`, "write L_ERR=cr;L_WARN=px");
    if (letters.length !== 2)
      return new ArgError(`"${letters}" are no colours`, "two letters of x, s, r, g, y, b, p, c, w");
    if (!found.has(level)) found.set(level, sequenceOf(letters));
  }
  return found;
}

/** Kamailio's module xlog. */
export const xlog = defineModule({
  name: "xlog",
  doc: "Log lines from the script.",
  uses: [core],
  params: {
    buf_size: intParam(4096, "Longest text of one line; what is longer is cut.", {
      unit: "bytes",
      min: 16,
      max: 1 << 20,
    }),
    prefix: strParam("<script>: ", "What stands in front of each text."),
    prefix_mode: intParam(0, "1: prefix may hold variables, filled in for each line.", { min: 0, max: 1 }),
    log_facility: parsedParam<number | null>(
      null,
      "The syslog facility of lines that name none: LOG_LOCAL0.",
      (text) =>
        facilityOf(text) ??
        new ArgError(`no syslog facility "${text}"`, "write LOG_DAEMON or LOG_LOCAL0 to LOG_LOCAL7"),
    ),
    log_colors: manyParam(
      "Colours of levels, where log_color is on and lines go to standard error: L_ERR=cr;L_WARN=px, letters as in $C.",
    ),
    auto_newline: intParam(0, "Whether a line end is added where there is none.", {
      effect: "each text is a line of its own anyway",
    }),
    force_color: intParam(0, "Whether $C gives colours although the log does not go to standard error.", {
      min: 0,
      max: 1,
    }),
    long_format: intParam(0, "Whether xlogl() and xdbgl() write the name of the file too.", { min: 0, max: 1 }),
    methods_filter: intParam(-1, "Methods for which xlogm() writes nothing, as bits; -1 is none.", { min: -1 }),
  },
  state: (host) => host,
  configure: (host, params): Xlog => {
    const { settings } = host.log;
    const color = params.force_color !== 0 || settings.toStderr === true;
    settings.colours = color;
    const colours = new Map<number, string>();
    for (const text of params.log_colors) {
      const some = levelColours(text);
      if (some instanceof ArgError) throw new ConfigError(some.message, "log_colors", some.hint);
      for (const [level, made] of some) colours.set(level, made);
    }
    settings.levelColours = colours;
    return {
      log: host.log.named(""),
      prefixOf: null,
      prefixMode: params.prefix_mode,
      facility: params.log_facility,
      prefix: params.prefix,
      bufSize: params.buf_size,
      longFormat: params.long_format !== 0,
      methodsFilter: params.methods_filter,
      color,
    };
  },
  start: (self, { proxy }) =>
    proxy.groups.allowNumber("xlog", "methods_filter", -1, (bits) => {
      self.methodsFilter = bits;
    }),
  bind: (self, readers) => {
    if (self.prefixMode === 0) return;
    const read = readers.text(self.prefix);
    if (read instanceof ArgError) throw new ConfigError(read.message, "prefix", read.hint);
    self.prefixOf = read;
  },
  functions: {
    xlog: fn({
      args: [text("level_or_text"), optional(text("text")), optional(text("text_after_facility"))],
      routes: RouteKind.ANY,
      doc: "Writes a line to the log: text, or level and text, or syslog facility, level and text. Without level at L_ERR.",
      run: (self: Xlog, ctx, a, b, c) => xlogAny(self, ctx, a, b, c, null),
    }),
    xlogl: fn({
      args: [text("level_or_text"), optional(text("text")), optional(text("text_after_facility")), place()],
      routes: RouteKind.ANY,
      doc: "As xlog(), with the line of the configuration in front; see long_format.",
      run: xlogAny,
    }),
    xlogm: fn({
      args: [str("level"), text("text")],
      routes: RouteKind.ANY,
      doc: "As xlog(level, text), but silent for the methods named by methods_filter.",
      run: (self: Xlog, ctx, levelText, format) => {
        const level = levelOf(levelText);
        if (level === undefined) return -1;
        if (self.methodsFilter > 0 && (self.methodsFilter & kamailioMethodBit(ctx.message.methodText())) !== 0)
          return 1;
        return write(self, ctx, level, format, null);
      },
    }),
    xdbg: atLevel(Level.DEBUG, "debug"),
    xdbgl: fn({
      args: [text("format"), place()],
      routes: RouteKind.ANY,
      doc: "As xdbg(), with the line of the configuration in front; see long_format.",
      run: (self: Xlog, ctx, format, at) => write(self, ctx, Level.DEBUG, format, at),
    }),
    xinfo: atLevel(Level.INFO, "info"),
    xnotice: atLevel(Level.NOTICE, "notice"),
    xwarn: atLevel(Level.WARNING, "warning"),
    xerr: atLevel(Level.ERROR, "error"),
    xbug: atLevel(Level.BUG, "bug"),
    xcrit: atLevel(Level.CRITICAL, "critical"),
    xalert: atLevel(Level.ALERT, "alert"),
  },
  pvs: {
    C: pvClass<Xlog>({
      doc: "Colours for terminals: two letters, foreground and background, of x s r g y b p c w; $C(xx) is the default again.",
      inner: "required",
      resolve: (self, inner) => {
        const sequence = colour(inner ?? "");
        if (sequence === null) return new ArgError(`no colours "${inner}"`, "two letters of x, s, r, g, y, b, p, c, w");
        const shown = self.color ? sequence : "";
        return { get: () => shown };
      },
    }),
  },
});
