// What every source file must say about itself: a purpose comment on top, a docstring on each exported function and
// class, and no note of unfinished work. Run by ./scripts/check.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf, lineAt, type Problem, report, typeScriptFiles } from "./source.ts";

const EXPORTED =
  /^export\s+(?:default\s+)?(?:(?:async\s+)?function\b\s*\*?\s*([\w$]*)|(?:abstract\s+)?class\s+([\w$]+)|const\s+([\w$]+)[^=\n]*=\s*(?:async\s+)?(?:function\b|\([^)]*\)[^=\n;]*=>|[\w$]+\s*=>))/gm;

/** Checks one file; `file` is only for the messages. */
export function checkDocs(file: string, source: string): Problem[] {
  const problems: Problem[] = [];
  const complain = (offset: number, text: string) => problems.push({ file, line: lineAt(source, offset), text });
  const body = source.startsWith("#!") ? source.slice(source.indexOf("\n") + 1) : source;
  // a unit test is for the file it stands beside
  if (!file.endsWith(".test.ts") && !/^(?:\/\/|\/\*)/.test(body))
    complain(0, "starts without a comment that says what the file is for");

  const code = codeOf(source);
  let overloaded = "";
  for (const match of code.matchAll(EXPORTED)) {
    const name = match[1] || match[2] || match[3] || "default";
    // The further signatures of an overloaded function share the docstring of the first.
    if (name === overloaded) continue;
    overloaded = match[1] === undefined ? "" : name;
    if (!isDocumented(source.slice(0, match.index))) complain(match.index, `${name} is exported without a docstring`);
  }
  const withoutComments = codeOf(source, true);
  for (const { index, 0: word } of source.matchAll(/\b(?:TO[D]O|FIX[M]E|X[X]X)\b/g)) {
    if (withoutComments.charAt(index) === " ") complain(index, `${word} in a comment`);
  }
  return problems;
}

/** Whether the text before a declaration ends in a docstring, with nothing but decorators between. */
function isDocumented(before: string): boolean {
  const text = before.trimEnd();
  return text.endsWith("*/") && text.lastIndexOf("/**") > text.lastIndexOf("*/", text.length - 3);
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  const all = ["src", "scripts", "test"].flatMap((folder) => typeScriptFiles(root, folder));
  const problems = all.flatMap((path) => {
    const found = checkDocs(path, readFileSync(join(root, path), "utf8"));
    const isProgram = path.startsWith("src/") && !path.endsWith(".test.ts") && !path.endsWith(".d.ts");
    return isProgram ? found : found.filter(({ text }) => !text.includes("docstring"));
  });
  process.exitCode = report("docs", all.length, problems);
}
