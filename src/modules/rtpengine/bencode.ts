// Bencode, the notation of rtpengine's "ng" protocol: numbers i1e, byte strings 3:abc, lists l…e, dictionaries d…e.

/** A value. Texts are byte strings. */
export type Bencoded = string | number | Bencoded[] | { [key: string]: Bencoded };
/** A dictionary. */
export type Dictionary = { [key: string]: Bencoded };

/** Nothing that a relay says is nested deeper. */
const MAX_DEPTH = 16;

/** The notation of a value. */
export function encode(value: Bencoded): string {
  if (typeof value === "number") return `i${Math.trunc(value)}e`;
  if (typeof value === "string") return `${value.length}:${value}`;
  if (Array.isArray(value)) return `l${value.map(encode).join("")}e`;
  return `d${Object.entries(value)
    .map(([key, inner]) => encode(key) + encode(inner))
    .join("")}e`;
}

/** The dictionary that a text is; null when it is none. What stands behind it is left aside. */
export function decode(text: string): Dictionary | null {
  const reader = new Reader(text);
  const value = reader.value(0);
  return value === undefined || typeof value !== "object" || Array.isArray(value) ? null : value;
}

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(depth: number): Bencoded | undefined {
    if (depth > MAX_DEPTH) return undefined;
    switch (this.text[this.at]) {
      case "i":
        return this.number();
      case "l":
        return this.list(depth);
      case "d":
        return this.dictionary(depth);
      default:
        return this.string();
    }
  }

  private number(): number | undefined {
    const end = this.text.indexOf("e", this.at);
    const digits = this.text.slice(this.at + 1, end);
    if (end < 0 || !/^-?\d{1,19}$/.test(digits)) return undefined;
    this.at = end + 1;
    return Number(digits);
  }

  private string(): string | undefined {
    const colon = this.text.indexOf(":", this.at);
    const digits = this.text.slice(this.at, colon);
    if (colon < 0 || !/^\d{1,6}$/.test(digits)) return undefined;
    const end = colon + 1 + Number(digits);
    if (end > this.text.length) return undefined;
    this.at = end;
    return this.text.slice(colon + 1, end);
  }

  private list(depth: number): Bencoded[] | undefined {
    const list: Bencoded[] = [];
    this.at++;
    while (this.text[this.at] !== "e") {
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      list.push(value);
    }
    this.at++;
    return list;
  }

  private dictionary(depth: number): Dictionary | undefined {
    const entries: [string, Bencoded][] = [];
    this.at++;
    while (this.text[this.at] !== "e") {
      const key = this.string();
      const value = key === undefined ? undefined : this.value(depth + 1);
      if (key === undefined || value === undefined) return undefined;
      entries.push([key, value]);
    }
    this.at++;
    return Object.fromEntries(entries);
  }
}
