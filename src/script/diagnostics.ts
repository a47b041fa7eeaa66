// Diagnostics: what is wrong with a configuration, where, and what to do about it. They are values; nothing here throws.
// Rendered with the source line and a caret under the place, as compilers do.

import type { Place } from "./source.ts";

export type Severity = "error" | "warning" | "note";

/** One finding. `line` and `column` count from 1, `length` is in characters; `excerpt` is the source line. */
export interface Diagnostic {
  readonly severity: Severity;
  /** Stable short name of the kind of finding, for tools ("unknown-function"). */
  readonly code: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly message: string;
  readonly hint: string | null;
  readonly excerpt: string;
}

/** Collects findings. The same message at the same place is kept once; more than `limit` errors are counted only. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];
  private readonly seen = new Set<string>();
  private errorCount = 0;
  private readonly limit: number;

  constructor(limit = 200) {
    this.limit = limit;
  }

  error(code: string, place: Place, message: string, hint: string | null = null): void {
    this.add("error", code, place, message, hint);
  }
  warning(code: string, place: Place, message: string, hint: string | null = null): void {
    this.add("warning", code, place, message, hint);
  }

  /** How many errors there are, those beyond the limit included. */
  get errors(): number {
    return this.errorCount;
  }

  private add(severity: Severity, code: string, place: Place, message: string, hint: string | null): void {
    const { line, column } = place.file.position(place.start);
    const key = `${place.file.name}\n${line}\n${column}\n${message}`;
    if (this.seen.has(key)) return;
    this.seen.add(key);
    if (severity === "error") this.errorCount++;
    if (this.list.length >= this.limit) return;
    const excerpt = withoutPasswords(place.file.line(line));
    const length = Math.max(1, Math.min(place.end - place.start, excerpt.length - column + 1));
    this.list.push({ severity, code, file: place.file.name, line, column, length, message, hint, excerpt });
  }

  /** The findings in order of file and position. */
  sorted(): Diagnostic[] {
    const order = new Map<string, number>();
    for (const d of this.list) if (!order.has(d.file)) order.set(d.file, order.size);
    return [...this.list].sort(
      (a, b) => order.get(a.file)! - order.get(b.file)! || a.line - b.line || a.column - b.column,
    );
  }
}

// Findings go to logs, and a db_url holds a password; as long as before, so that the caret stays where it was.
function withoutPasswords(line: string): string {
  return line.replace(
    /(\b\w+:\/\/[^:@/"'\s]*:)([^"'\s]+)(?=@)/g,
    (_, before: string, password: string) => before + "*".repeat(password.length),
  );
}

/** A finding as lines of text: place and message, excerpt with caret, hint. */
export function renderDiagnostic(d: Diagnostic): string {
  const gutter = String(d.line);
  const blank = " ".repeat(gutter.length);
  const pad = d.excerpt.slice(0, d.column - 1).replace(/[^\t]/g, " ");
  const lines = [
    `${d.file}:${d.line}:${d.column}: ${d.severity}: ${d.message}`,
    ` ${gutter} | ${d.excerpt}`,
    ` ${blank} | ${pad}${"^".repeat(d.length)}`,
  ];
  if (d.hint !== null) lines.push(` ${blank} = ${d.hint}`);
  return lines.join("\n");
}
