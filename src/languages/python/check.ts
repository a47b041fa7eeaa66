// Checks Python scripts before they run: what Python itself says of them and of the modules beside them that they import, and what those
// do with KSR and sr.

import type { Finding, ScriptText } from "../../registry/findings.ts";
import { toUnicode } from "../../util/bytes.ts";
import { checkScripts, type ScriptCheck } from "../check-script.ts";
import { columnOf, wordsOf } from "../lines.ts";
import type { Examined } from "./engine.ts";

/** How many modules are looked at, at most. */
const MAX_MODULES = 200;

/** What a check of Python scripts needs. */
export interface PythonCheck extends Omit<ScriptCheck, "language" | "languages" | "registered"> {
  /** A module beside the script; null when there is none of that name. */
  readonly find: (name: string) => ScriptText | null;
  /** Reads a text as Python does. */
  readonly examine: (source: string, file: string) => Examined;
}

/** The languages of cfgengine that Python scripts serve. */
export const PYTHON_NAMES: readonly string[] = ["python", "python3"];

/** Reports what is wrong with a script and the modules it imports. */
export function checkPython(main: ScriptText, check: PythonCheck): void {
  const scripts = [main];
  const seen = new Set([main.file]);
  let isReadable = true;
  for (const script of scripts) {
    const { said, imports } = examined(check, script);
    for (const each of said) {
      check.around.report(findingOf(script, each));
      if (each[0]) isReadable = false;
    }
    for (const name of imports) {
      const found = scripts.length < MAX_MODULES ? check.find(name) : null;
      if (found === null || seen.has(found.file)) continue;
      seen.add(found.file);
      scripts.push(found);
    }
  }
  if (isReadable) checkScripts(scripts, { ...check, language: "python", languages: PYTHON_NAMES, registered: [] });
}

// A text can be such that Python fails as a whole over it.
function examined({ examine }: PythonCheck, { text, file }: ScriptText): Examined {
  try {
    return examine(toUnicode(text), file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { said: [[true, `Python cannot read this: ${why}`, 1, 0, 0, 0]], imports: [] };
  }
}

function findingOf(
  script: ScriptText,
  [isError, said, line, column, lastLine, behind]: Examined["said"][number],
): Finding {
  const { text } = script;
  const words = wordsOf(text, Math.max(1, line));
  const start = column > 0 ? columnOf(text, line, column) : words.start;
  const end = lastLine === line && behind > column ? columnOf(text, line, behind) : column > 0 ? start + 1 : words.end;
  // "invalid syntax. Perhaps you forgot a comma?": the second sentence is what to do
  const [, message = said, hint = null] = /^(.*?)\. ([A-Z].*)$/s.exec(said) ?? [];
  const severity = isError ? "error" : "warning";
  return {
    severity,
    code: "script-syntax",
    at: { script, start, end },
    message,
    hint: hint === null ? null : hint[0]!.toLowerCase() + hint.slice(1),
  };
}
