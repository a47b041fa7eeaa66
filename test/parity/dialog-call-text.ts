// Texts of calls that are compared: what differs from run to run is taken out of them.

/** Dates in texts. */
export const DATES = /\d{4}([-/])\d\d([-/])\d\d \d\d:\d\d:\d\d/g;
/** Fields of the log whose value is a time. */
export const TIMES =
  /\b(timestamp|usecs|stamp|start_time|end_time|duration|began|ended|length)=(?:[1-9][\d.]*|0\.\d+)/g;

/** The kind of a value of a row: numbers and dates without their values. */
export function kindOf(value: unknown): unknown {
  if (typeof value === "string") return value.replace(DATES, "D$1D$2D D:D:D");
  if (typeof value !== "number") return value;
  if (value > 2.4e6 && value < 2.6e6) return "day";
  if (value > 9e8 && value < 4e9) return Number.isInteger(value) ? "seconds" : "fraction";
  return value === 0 ? "zero" : "length";
}

/** The values of a header that may hold several, in order. */
export function all(text: string, name: string): string[] {
  return text
    .split("\r\n")
    .filter((l) => l.startsWith(`${name}: `))
    .flatMap((l) => l.slice(name.length + 2).split(/, */));
}
