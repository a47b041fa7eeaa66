// Text to fields and back: "a=1;b=2" and lists with separators, as the functions of module pv read and write them.

import type { Kept, XavpField } from "../../proxy/xavp.ts";
import { trimmed } from "../../util/bytes.ts";

const NAME = /^\s*([^\s=;"']+)\s*/;

/**
 * The fields of "name=value;name;…", values in either kind of quotes or bare; null when it is not well-formed. `separator` stands between
 * the pairs. A comma ends the list; one separator may stand at the end (measured on Kamailio 5.6.3).
 */
export function explodeParams(text: string, separator = ";"): XavpField[] | null {
  const fields: XavpField[] = [];
  let rest = text;
  if (rest === "" || /^\s/.test(rest)) return null;
  const ends = (text: string): boolean => text === "" || (separator !== "," && text.startsWith(","));
  while (!ends(rest.trimStart())) {
    const name = NAME.exec(rest);
    if (name === null) return null;
    rest = rest.slice(name[0].length);
    let value = "";
    if (rest.startsWith("=")) {
      const found = valueOf(rest.slice(1), separator);
      if (found === null) return null;
      value = found.value;
      rest = found.rest;
    }
    fields.push({ name: name[1]!, value });
    if (ends(rest)) break;
    if (!rest.startsWith(separator)) return null;
    rest = rest.slice(separator.length);
  }
  return fields;
}

function valueOf(text: string, separator: string): { readonly value: string; readonly rest: string } | null {
  const quoted = /^\s*(?:"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)')\s*/.exec(text);
  if (quoted !== null) return { value: quoted[1] ?? quoted[2] ?? "", rest: text.slice(quoted[0].length) };
  let end = 0;
  while (end < text.length && text[end] !== "," && !text.startsWith(separator, end)) end++;
  const value = trimmed(text.slice(0, end));
  return value === "" ? null : { value, rest: text.slice(end) };
}

/** "a=1;b;c=text;"; numbers as unsigned, values in double quotes when asked for. */
export function implodeFields(fields: readonly XavpField[], quotes: boolean): string {
  const shown = (value: Kept): string => {
    if (value === "") return "";
    const text = typeof value === "number" ? String(value >>> 0) : value;
    return quotes ? `="${text}"` : `=${text}`;
  };
  return fields.map(({ name, value }) => `${name}${shown(value)};`).join("");
}

/** The tokens of a list between any of the separators, empty ones left out; mode "t" trims them. */
export function explodeList(text: string, separators: string, mode: string): string[] {
  const tokens: string[] = [];
  let token = "";
  const take = (): void => {
    const kept = mode.includes("t") ? trimmed(token) : token;
    if (kept !== "") tokens.push(kept);
    token = "";
  };
  for (const c of text) {
    if (separators.includes(c)) take();
    else token += c;
  }
  take();
  return tokens;
}
