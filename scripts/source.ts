// Reading of TypeScript source by the checks beside this file: which characters are code, where imports are, which
// files there are. A scanner of strings, templates, comments and regular expressions; not a parser.

import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** One complaint of a check; `line` counts from 1. */
export type Problem = { readonly file: string; readonly line: number; readonly text: string };

/** One import of a file: the name as written between the quotes, or null where it is computed. */
export type Import = { readonly specifier: string | null; readonly offset: number; readonly typeOnly: boolean };

const REGEX_MAY_FOLLOW =
  /(?:^|[([{},;=:!&|?+\-*%<>~^])\s*$|\b(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield)\s*$/;

/**
 * The source with comments and the insides of strings, templates and regular expressions replaced by spaces, so that
 * every offset and every line stays where it was. Quotes and what stands in `${…}` remain.
 * With `keepText` only comments are replaced.
 */
export function codeOf(source: string, keepText = false): string {
  const out = source.split("");
  /** For each open template expression: how many braces are open inside it. */
  const templates: number[] = [];
  let at = 0;

  const blank = (from: number, to: number) => {
    for (let i = from; i < to && i < out.length; i++) if (out[i] !== "\n") out[i] = " ";
  };
  const endOfLine = (from: number) => {
    const end = source.indexOf("\n", from);
    return end < 0 ? source.length : end;
  };
  const blankText = (from: number, to: number) => {
    if (!keepText) blank(from, to);
  };
  /** Blanks template text from `from` on; stops behind the closing backquote or behind `${`. */
  const template = (from: number): number => {
    let i = from;
    while (i < source.length && source[i] !== "`" && !source.startsWith("${", i)) i += source[i] === "\\" ? 2 : 1;
    blankText(from, i);
    if (source[i] !== "$") return i + 1;
    templates.push(0);
    return i + 2;
  };

  while (at < source.length) {
    const c = source[at] as string;
    if (source.startsWith("//", at) || (at === 0 && source.startsWith("#!"))) {
      const end = endOfLine(at);
      blank(at, end);
      at = end;
    } else if (source.startsWith("/*", at)) {
      const close = source.indexOf("*/", at + 2);
      const end = close < 0 ? source.length : close + 2;
      blank(at, end);
      at = end;
    } else if (c === '"' || c === "'") {
      const end = endOfString(source, at);
      blankText(at + 1, end);
      at = end + 1;
    } else if (c === "`") {
      at = template(at + 1);
    } else if (templates.length > 0 && (c === "{" || c === "}")) {
      const depth = templates.pop() as number;
      if (c === "}" && depth === 0) {
        at = template(at + 1);
      } else {
        templates.push(depth + (c === "{" ? 1 : -1));
        at++;
      }
    } else if (c === "/" && REGEX_MAY_FOLLOW.test(out.slice(Math.max(0, at - 200), at).join(""))) {
      const end = endOfRegex(source, at);
      blankText(at + 1, end);
      at = end + 1;
    } else {
      at++;
    }
  }
  return out.join("");
}

/** The imports and re-exports of a file, in order; `code` is what `codeOf(source)` gave. */
export function importsOf(source: string, code: string): Import[] {
  const found: Import[] = [];
  for (const match of code.matchAll(/(?<![.\w$])(?:from\s*|import\s*(\(?)\s*)(["'`])|(?<![.\w$])import\s*\(/g)) {
    const quote = match[2];
    if (quote === undefined) {
      found.push({ specifier: null, offset: match.index, typeOnly: false });
      continue;
    }
    const start = match.index + match[0].length;
    const end = source.indexOf(quote, start);
    const statement = code.slice(code.lastIndexOf(";", match.index) + 1, match.index);
    const typeOnly = /(?:^|\s)(?:import|export)\s+type\b[^;]*$/.test(statement);
    found.push({ specifier: source.slice(start, end), offset: match.index, typeOnly });
  }
  return found;
}

/** The line of an offset, counted from 1. */
export function lineAt(source: string, offset: number): number {
  let line = 1;
  for (let i = source.indexOf("\n"); i >= 0 && i < offset; i = source.indexOf("\n", i + 1)) line++;
  return line;
}

/** All TypeScript files below a folder, as sorted paths relative to `root` with forward slashes; none without the folder. */
export function typeScriptFiles(root: string, folder: string): string[] {
  const files: string[] = [];
  if (!existsSync(join(root, folder))) return files;
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    files.push(relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"));
  }
  return files.sort();
}

/** Prints problems as `file:line: text`, or a line that all is well; returns the exit code. */
export function report(what: string, files: number, problems: readonly Problem[]): number {
  for (const { file, line, text } of problems) console.error(`${file}:${line}: ${text}`);
  const plural = problems.length === 1 ? "problem" : "problems";
  console.error(problems.length > 0 ? `${what}: ${problems.length} ${plural}` : `${what}: ${files} files, no problem`);
  return problems.length > 0 ? 1 : 0;
}

function endOfString(source: string, start: number): number {
  let i = start + 1;
  while (i < source.length && source[i] !== source[start] && source[i] !== "\n") i += source[i] === "\\" ? 2 : 1;
  return i;
}

function endOfRegex(source: string, start: number): number {
  let inClass = false;
  let i = start + 1;
  for (; i < source.length && source[i] !== "\n"; i++) {
    const c = source[i];
    if (c === "\\") i++;
    else if (c === "[") inClass = true;
    else if (c === "]") inClass = false;
    else if (c === "/" && !inClass) return i;
  }
  return i;
}
