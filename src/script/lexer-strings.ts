// Quoted strings of the configuration: double quotes take escapes (\n \t \r \" \\ \xHH \a, octal), single quotes take none.
// Measured on Kamailio 5.6.3: an escape it does not know keeps its backslash.

/** The character at an offset, "" beyond the end. */
export function charAt(text: string, offset: number): string {
  return text[offset] ?? "";
}

const SIMPLE: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\x07",
  '"': '"',
  "\\": "\\",
};

/** Reads the string that begins with a quote at `start`; `end` is the offset after its closing quote. */
export function readString(
  text: string,
  start: number,
  quote: string,
): { value: string; end: number; closed: boolean } {
  if (quote === "'") {
    const end = text.indexOf("'", start + 1);
    if (end < 0) return { value: text.slice(start + 1), end: text.length, closed: false };
    return { value: text.slice(start + 1, end), end: end + 1, closed: true };
  }
  let value = "";
  let from = start + 1;
  for (let i = start + 1; i < text.length; ) {
    const c = text[i]!;
    if (c === '"') return { value: value + text.slice(from, i), end: i + 1, closed: true };
    if (c !== "\\") {
      i++;
      continue;
    }
    value += text.slice(from, i);
    const { value: escaped, length } = readEscape(text, i);
    value += escaped;
    i += length;
    from = i;
  }
  return { value: value + text.slice(from), end: text.length, closed: false };
}

/** What the backslash at `at` and the characters after it mean. */
function readEscape(text: string, at: number): { value: string; length: number } {
  const c = charAt(text, at + 1);
  const simple = SIMPLE[c];
  if (simple !== undefined) return { value: simple, length: 2 };
  const numeric = /^\\(?:x([0-9a-fA-F]{1,2})|([0-7]{2,3}))/.exec(text.slice(at, at + 5));
  if (numeric !== null) {
    const code = numeric[1] === undefined ? Number.parseInt(numeric[2]!, 8) : Number.parseInt(numeric[1], 16);
    return { value: String.fromCharCode(code & 255), length: numeric[0].length };
  }
  if (c === "\n" || (c === "\r" && text[at + 2] === "\n")) return { value: "", length: c === "\n" ? 2 : 3 };
  return { value: `\\${c}`, length: 1 + c.length };
}
