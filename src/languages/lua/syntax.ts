// What the Lua machine says of a text it cannot read, as a finding at its place.

import type { Finding, ScriptText } from "../../registry/findings.ts";

/** The finding of a message such as "file:3: '=' expected near 'x'". */
export function syntaxFinding(script: ScriptText, problem: string): Finding {
  const found = /:(\d+): ([\s\S]*)$/.exec(problem);
  const message = found?.[2] ?? problem;
  const { start, end } = lineOf(script.text, Number(found?.[1] ?? 1));
  const near = / near '([^']+)'$/.exec(message)?.[1] ?? null;
  const at = near === null ? -1 : script.text.lastIndexOf(near, end - near.length);
  const isThere = near !== null && at >= start;
  const place = isThere ? { start: at, end: at + near.length } : { start: indented(script.text, start, end), end };
  return { severity: "error", code: "script-syntax", at: { script, ...place }, message, hint: null };
}

/** Offsets of a line (from 1), without its end. */
function lineOf(text: string, line: number): { start: number; end: number } {
  let start = 0;
  for (let n = 1; n < line; n++) {
    const next = text.indexOf("\n", start);
    if (next < 0) break;
    start = next + 1;
  }
  const end = text.indexOf("\n", start);
  return { start, end: end < 0 ? text.length : end };
}

function indented(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && (text[at] === " " || text[at] === "\t")) at++;
  return at;
}
