// Where the program keeps its data when the configuration does not say: the database of the embedded configuration.

import type { Host } from "../host/host.ts";

/** The directory: `given` (--data), PORTICO_DATA, /var/lib/portico for root, else the user's own data directory (XDG). Absolute. */
export function dataDirectory(host: Host, given: string | null): string {
  const env = (name: string): string => host.process.env(name) ?? "";
  const chosen = given ?? env("PORTICO_DATA");
  if (chosen !== "") return host.files.resolve(chosen);
  if (host.process.userId() === 0) return "/var/lib/portico";
  return host.files.resolve(env("XDG_DATA_HOME") || `${env("HOME") || "."}/.local/share`, "portico");
}

/** The URL of the database in that directory. */
export function databaseUrl(directory: string): string {
  return `sqlite://${directory}/portico.sqlite`;
}
