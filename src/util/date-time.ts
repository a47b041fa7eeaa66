// A moment as people read it.

/** "2026-01-31 23:59:59" in the zone of the process, for a moment in seconds since 1970. */
export function dateTimeText(seconds: number): string {
  const ms = seconds * 1000;
  const offset = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offset).toISOString().slice(0, 19).replace("T", " ");
}
