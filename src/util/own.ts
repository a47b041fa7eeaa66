// Looking up names that strangers choose in tables of ours: only what a table itself holds counts, never what every object inherits.

/** The entry of that name, or undefined. */
export function own<T>(table: Readonly<Record<string, T>>, name: string | null): T | undefined {
  return name !== null && Object.hasOwn(table, name) ? table[name] : undefined;
}
