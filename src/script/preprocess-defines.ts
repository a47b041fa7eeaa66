// The directives that define words and substitutions: #!define and its kin, #!defenv, #!subst, #!substdef, #!substdefs.
// Each function acts on the tables it is given and returns what is wrong, or null.

import { nativeRegex } from "./regex-native.ts";

/** A replacement applied to the text of every quoted string that follows. */
export interface Substitution {
  readonly apply: (text: string) => string;
}

type Defines = Map<string, string | null>;
type Env = Readonly<Record<string, string | undefined>>;

const MAX_DEFINES = 4096;

/** `#!define NAME`, `#!define NAME VALUE`; trydef keeps an earlier one, redefine replaces it. */
export function parseDefine(directive: string, rest: string, defines: Defines): string | null {
  const found = /^(\w*[A-Za-z_]\w*)(?:\s+([\s\S]*))?$/.exec(rest);
  if (found === null) return `#!${directive} needs a name made of letters, digits and underscores`;
  const name = found[1]!;
  const value = found[2] === undefined || found[2] === "" ? null : joinLines(found[2]);
  const exists = defines.has(name);
  if (exists && directive.startsWith("try")) return null;
  if (exists && !directive.startsWith("re") && defines.get(name) !== value) {
    return `${name} is already defined; use #!redefine to replace it or #!trydef to keep it`;
  }
  if (defines.size >= MAX_DEFINES) return `more than ${MAX_DEFINES} names are defined`;
  defines.set(name, value);
  return null;
}

/** A value over several lines becomes one line. */
function joinLines(value: string): string {
  return value.replace(/\\\r?\n/g, "").trim();
}

/** `#!defenv NAME`, `#!defenv ID=NAME`: the value of an environment variable; the forms with s put it in quotes. */
export function parseEnvDefine(directive: string, rest: string, defines: Defines, env: Env): string | null {
  const found = /^([A-Za-z_]\w*)(?:=([A-Za-z_]\w*))?$/.exec(rest);
  if (found === null) return `#!${directive} needs NAME or ID=NAME`;
  const value = env[found[2] ?? found[1]!];
  if (value === undefined) {
    return directive.startsWith("try") ? null : `environment variable ${found[2] ?? found[1]!} is not set`;
  }
  defines.set(found[1]!, directive.endsWith("s") ? quoted(value) : value === "" ? null : value);
  return null;
}

/** `#!subst "/pattern/replacement/flags"` with any delimiter; substdef also defines the pattern as a word. */
export function parseSubst(
  directive: string,
  rest: string,
  defines: Defines,
  into: Substitution[],
  env: Env,
): string | null {
  const text = /^(["'])([\s\S]*)\1$/.exec(rest)?.[2];
  if (text === undefined || text.length < 3) return `#!${directive} needs "/pattern/replacement/flags" in quotes`;
  const parts = splitDelimited(text);
  if (parts === null) return `#!${directive}: the delimiter ${text[0]} must occur three times`;
  const [pattern, template, flags] = parts;
  if (/[^ig]/.test(flags)) return `#!${directive}: unknown flag in ${flags}; i and g are known`;
  const replacement = template.replace(/\$env\((\w+)\)/g, (_, name: string) => env[name] ?? "<null>");
  const regex = nativeRegex(pattern, flags.includes("i"));
  if (typeof regex === "string") return `#!${directive}: ${regex}`;
  const matcher = new RegExp(regex, flags.includes("g") ? `${regex.flags}g` : regex.flags);
  const expand = (...m: unknown[]) => replacement.replace(/\\([0-9])/g, (_, n: string) => String(m[Number(n)] ?? ""));
  into.push({ apply: (value) => value.replace(matcher, expand) });
  if (directive === "subst") return null;
  // a pattern that is no word cannot be used as one
  if (/^\w+$/.test(pattern))
    defines.set(pattern, directive === "substdefs" ? quoted(replacement) : replacement === "" ? null : replacement);
  return null;
}

/** The three parts of a delimited substitution; a backslash before the delimiter takes it literally. */
function splitDelimited(text: string): [string, string, string] | null {
  const delimiter = text[0]!;
  const parts: string[] = [];
  let part = "";
  for (let i = 1; i < text.length; i++) {
    if (text[i] === "\\" && text[i + 1] === delimiter) part += text[++i];
    else if (text[i] === delimiter && parts.length < 2) {
      parts.push(part);
      part = "";
    } else part += text[i];
  }
  return parts.length === 2 ? [parts[0]!, parts[1]!, part] : null;
}

function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, "\\$&")}"`;
}
