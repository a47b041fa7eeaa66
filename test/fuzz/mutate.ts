// Seeded mutations of SIP messages: of octets (flips, cuts, NULs, UTF-8) and of structure (lines, numbers, parameters, sizes).

import { readdirSync, readFileSync } from "node:fs";

/** Unsigned 32-bit numbers, the same for the same seed (xorshift). */
export type Random = () => number;

/** A generator; `seed` may be any integer. */
export function randomFrom(seed: number): Random {
  let x = seed | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** PORTICO_FUZZ_SEED, or the seed of everyday. */
export const SEED = Number(process.env["PORTICO_FUZZ_SEED"] ?? 20261121);
export const isLong = process.env["PORTICO_LONG"] === "1";
export const ROUNDS = isLong ? 1_000_000 : 100_000;

/** The seed messages as byte strings (latin1), in the order of their names. */
export function corpus(): string[] {
  const folders: [string, string][] = [
    ["./corpus/", ".sip"],
    ["../torture/messages/", ".dat"],
  ];
  return folders.flatMap(([folder, end]) => {
    const url = new URL(folder, import.meta.url);
    const names = readdirSync(url).filter((name) => name.endsWith(end));
    return names.sort().map((name) => readFileSync(new URL(name, url), "latin1"));
  });
}

type Mutation = (text: string, next: Random) => string;

const cut = (text: string, at: number, length: number, put: string) =>
  text.slice(0, at) + put + text.slice(at + length);
const place = (text: string, next: Random) => next() % (text.length + 1);
const pick = <T>(from: readonly T[], next: Random): T => from[next() % from.length]!;

const NUMBERS = [
  "0",
  "-1",
  "00000000001",
  "255",
  "256",
  "65535",
  "65536",
  "2147483647",
  "2147483648",
  "4294967296",
  "1e9",
];
const MORE_NUMBERS = ["18446744073709551616", "9".repeat(400), "", " ", "0x10", "+5", "1.5"];
const TEXTS = [
  "\0",
  "\r",
  "\n",
  "\r\n",
  "\r\n ",
  "\r\n\r\n",
  '"',
  "\\",
  "<",
  ">",
  ";",
  ",",
  ":",
  "@",
  "=",
  "%",
  "%00",
  "%zz",
  "[",
  "]",
];
const UTF8 = ["\xc3\xa9", "\xf0\x9f\x98\x80", "\xff", "\xc0\x80", "\xe2\x80\xae"];
const HEADERS = [
  "Via",
  "v",
  "Route",
  "Record-Route",
  "Contact",
  "From",
  "To",
  "CSeq",
  "Content-Length",
  "Max-Forwards",
  "Expires",
  "X",
];

/** Applies `change` to the lines of the head. */
function onLines(text: string, change: (lines: string[]) => void): string {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return text;
  const lines = text.slice(0, end).split("\r\n");
  change(lines);
  return lines.join("\r\n") + text.slice(end);
}

/** Puts something at a random `;` or the end of a random line. */
function intoLine(text: string, next: Random, put: string): string {
  return onLines(text, (lines) => {
    const i = next() % lines.length;
    const line = lines[i]!;
    const semicolon = line.indexOf(";", next() % (line.length + 1));
    lines[i] = semicolon < 0 ? line + put : cut(line, semicolon, 0, put);
  });
}

const MUTATIONS: readonly Mutation[] = [
  // octets
  (text, next) => {
    const at = next() % Math.max(1, text.length);
    return cut(text, at, 1, String.fromCharCode((text.charCodeAt(at) ^ (1 << (next() % 8))) & 0xff));
  },
  (text, next) => cut(text, place(text, next), 1, String.fromCharCode(next() & 0xff)),
  (text, next) => cut(text, place(text, next), next() % 8, pick(TEXTS, next)),
  (text, next) => cut(text, place(text, next), 0, pick(UTF8, next)),
  (text, next) => (next() % 4 === 0 ? text.slice(0, place(text, next)) : text),
  (text, next) => {
    const from = place(text, next);
    return cut(text, place(text, next), 0, text.slice(from, from + (next() % 60)));
  },
  // lines
  (text, next) =>
    onLines(text, (lines) => {
      lines.splice(1 + (next() % lines.length), 0, lines[next() % lines.length]!);
    }),
  (text, next) =>
    onLines(text, (lines) => {
      lines.splice(next() % lines.length, 1);
    }),
  (text, next) =>
    onLines(text, (lines) => {
      const [a, b] = [1 + (next() % lines.length), 1 + (next() % lines.length)];
      if (a < lines.length && b < lines.length) [lines[a], lines[b]] = [lines[b]!, lines[a]!];
    }),
  (text, next) =>
    onLines(text, (lines) => {
      const i = next() % lines.length;
      lines[i] = lines[i]!.replace(/^[^:]*:/, `${pick(HEADERS, next)}:`);
    }),
  (text, next) =>
    onLines(text, (lines) => {
      const header = `${pick(HEADERS, next)}: <sip:x@192.0.2.7;lr>`;
      for (let left = next() % 16 === 0 ? 3000 : next() % 40; left > 0; left--) lines.push(header);
    }),
  // numbers, parameters, sizes
  (text, next) => {
    const numbers = [...text.matchAll(/\d+/g)];
    if (numbers.length === 0) return text;
    const { 0: found, index } = pick(numbers, next);
    return cut(text, index, found.length, pick(next() % 3 === 0 ? MORE_NUMBERS : NUMBERS, next));
  },
  (text, next) => intoLine(text, next, ";x=y".repeat(next() % 16 === 0 ? 5000 : next() % 30)),
  (text, next) =>
    intoLine(
      text,
      next,
      `;${pick(["lr", "tag", "branch", "rport", "received", "q", "expires"], next)}=${next() % 1000}`,
    ),
  (text, next) => intoLine(text, next, `, <sip:u${next() % 100}@192.0.2.20;a=${"b".repeat(next() % 50)}>`),
  (text, next) => cut(text, place(text, next), 0, "a".repeat(next() % 16 === 0 ? 30_000 : next() % 300)),
  (text, next) =>
    cut(text, place(text, next), 0, pick(['"', "<", "(", ",", "%41", "[", " ", "\t"], next).repeat(next() % 500)),
];

/** The longest datagram there is. */
const MAX_LENGTH = 65_507;

/** A copy of a message with one to five mutations; each octet one character. */
export function mutate(text: string, next: Random): string {
  for (let left = 1 + (next() % 5); left > 0; left--) text = pick(MUTATIONS, next)(text, next);
  return text.slice(0, MAX_LENGTH);
}
