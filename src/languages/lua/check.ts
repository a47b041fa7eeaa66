// Checks Lua scripts before they run: each as Lua, then all together as users of KSR and sr.

import type { ScriptText } from "../../registry/findings.ts";
import { textOf } from "../../util/bytes.ts";
import { checkScripts, type ScriptCheck } from "../check-script.ts";
import { syntaxFinding } from "./syntax.ts";

/** Reports what is wrong with scripts that are loaded together; `problemOf` says why a text cannot be read as Lua. */
export function checkLua(
  scripts: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  problemOf: (bytes: Uint8Array, name: string) => string | null,
  check: Omit<ScriptCheck, "language" | "languages">,
): void {
  const texts = scripts.map(({ name, bytes }): ScriptText => ({ file: name, text: textOf(bytes, 0, bytes.length) }));
  let isReadable = true;
  scripts.forEach(({ name, bytes }, i) => {
    const problem = problemOf(bytes, name);
    if (problem === null) return;
    isReadable = false;
    check.around.report(syntaxFinding(texts[i]!, problem));
  });
  if (isReadable) checkScripts(texts, { ...check, language: "lua", languages: ["lua"] });
}
