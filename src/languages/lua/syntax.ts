// What the Lua machine says of a text it cannot read, as a finding at its place.

import type { Finding, ScriptText } from "../../registry/findings.ts";
import { lineOf, wordsOf } from "../lines.ts";

/** The finding of a message such as "file:3: '=' expected near 'x'". */
export function syntaxFinding(script: ScriptText, problem: string): Finding {
  const found = /:(\d+): ([\s\S]*)$/.exec(problem);
  const message = found?.[2] ?? problem;
  const line = Number(found?.[1] ?? 1);
  const { start, end } = lineOf(script.text, line);
  const near = / near '([^']+)'$/.exec(message)?.[1] ?? null;
  const at = near === null ? -1 : script.text.lastIndexOf(near, end - near.length);
  const isThere = near !== null && at >= start;
  const place = isThere ? { start: at, end: at + near.length } : wordsOf(script.text, line);
  return { severity: "error", code: "script-syntax", at: { script, ...place }, message, hint: null };
}
