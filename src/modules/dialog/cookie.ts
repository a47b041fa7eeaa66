// The cookie of a dialog in Record-Route, "did=2c1.a04": entry and number in hexadecimal, the least digit first, as Kamailio writes them, so
// that calls go on when one takes over from the other with the same database.

/** The value of the cookie. */
export function cookieOf(entry: number, id: number): string {
  return `${reversed(entry)}.${reversed(id)}`;
}

/** The entry and number in the parameters of a Route (";lr;did=2c1.a04"); null without a cookie or when it is malformed. */
export function cookieIn(params: string, name: string): { readonly entry: number; readonly id: number } | null {
  const at = params.indexOf(`;${name}=`);
  if (at < 0) return null;
  const start = at + name.length + 2;
  const end = params.indexOf(";", start);
  const value = params.slice(start, end < 0 ? undefined : end);
  const m = /^([0-9a-f]{1,8})\.([0-9a-f]{1,8})$/i.exec(value);
  return m === null ? null : { entry: number(m[1]!), id: number(m[2]!) };
}

function reversed(n: number): string {
  return [...n.toString(16)].reverse().join("");
}

function number(text: string): number {
  return Number.parseInt([...text].reverse().join(""), 16);
}
