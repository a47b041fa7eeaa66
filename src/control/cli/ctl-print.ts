// What `portico ctl` prints: values as kamcmd lays them out, as JSON, or by a format.

import type { BinValue } from "../../registry/rpc/binrpc.ts";

/** One value a line; structures in braces, a tab deeper each. */
export function printValues(values: readonly BinValue[]): string {
  return values.map((value) => `${printed(value, 0)}\n`).join("");
}

function printed(value: BinValue, depth: number): string {
  if (typeof value !== "object") return scalar(value);
  const tabs = "\t".repeat(depth);
  const members = value.members.map(
    ({ name, value: one }) => `${tabs}\t${name === null ? "" : `${name}: `}${printed(one, depth + 1)}\n`,
  );
  return `{\n${members.join("")}${tabs}}`;
}

function scalar(value: string | number): string {
  return typeof value === "string" || Number.isInteger(value) ? String(value) : value.toFixed(6);
}

/** JSON of the values: the one there is, or a list. A structure with a name twice, or with members without one, is a list too. */
export function printJson(values: readonly BinValue[]): string {
  return JSON.stringify(values.length === 1 ? jsonOf(values[0]!) : values.map(jsonOf), null, 2);
}

function jsonOf(value: BinValue): unknown {
  if (typeof value !== "object") return value;
  const { members } = value;
  const names = new Set(members.map(({ name }) => name));
  if (!names.has(null) && names.size === members.length)
    return Object.fromEntries(members.map(({ name, value: one }) => [name, jsonOf(one)]));
  return members.map(({ name, value: one }) => (name === null ? jsonOf(one) : { [name]: jsonOf(one) }));
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\" };

/** The format, each %v being the next value, over and over until there is none; what structures hold counts one by one. */
export function printFormat(format: string, values: readonly BinValue[]): string {
  const text = format.replace(/\\([ntr\\])/g, (_, c: string) => ESCAPES[c]!);
  const left = values.flatMap(flat);
  if (!/(^|[^%])(%%)*%v/.test(text)) return text;
  let out = "";
  while (left.length > 0) out += text.replace(/%%|%v/g, (what) => (what === "%%" ? "%" : (left.shift() ?? "")));
  return out;
}

function flat(value: BinValue): string[] {
  return typeof value === "object" ? value.members.flatMap(({ value: one }) => flat(one)) : [scalar(value)];
}
