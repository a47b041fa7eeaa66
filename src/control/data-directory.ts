// Where the program keeps its data when the configuration does not say: the database of the embedded configuration.

import type { Host } from "../host/host.ts";

/** The directory: `given` (--data), PORTICO_DATA, /var/lib/portico for root, else the user's own data directory (XDG). Absolute. */
export function dataDirectory(host: Host, given: string | null): string {
  const { process, files } = host;
  const chosen = given ?? process.env("PORTICO_DATA");
  if (chosen !== undefined && chosen !== "") return files.resolve(chosen);
  if (process.userId() === 0) return "/var/lib/portico";
  const home = process.env("HOME") ?? ".";
  return files.resolve(process.env("XDG_DATA_HOME") || `${home}/.local/share`, "portico");
}

/** The URL of the database in that directory. */
export function databaseUrl(directory: string): string {
  return `sqlite://${directory}/portico.sqlite`;
}
