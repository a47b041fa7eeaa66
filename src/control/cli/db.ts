// `portico db create|upgrade|check|dump|load`: Kamailio's tables in an SQLite file, from the command line. Works with the program running or not.

import { parseArgs } from "@std/cli/parse-args";
import { type Host, HostError } from "../../host/host.ts";
import { parseDatabaseUrl } from "../../store/connect.ts";
import { StoreError } from "../../store/database.ts";
import { TableFile } from "../kamailio-tables.ts";

const HELP = `usage: portico db create         make the file with all tables
       portico db upgrade        make what is missing in a file: tables, columns, indexes, version numbers
       portico db check          say what is missing or of another version
       portico db dump [FILE]    write all rows as SQL, to standard output or a file
       portico db load [FILE]    read what dump wrote, from standard input or a file; rows with the same key are replaced

The tables have the names, columns, indexes and version numbers of Kamailio 5.6: both programs can use the file.

  --db URL      the database, such as sqlite:///var/lib/portico/portico.sqlite
  --data DIR    the same as --db sqlite://DIR/portico.sqlite
`;

const VERBS = ["create", "upgrade", "check", "dump", "load"] as const;
type Verb = (typeof VERBS)[number];

interface Command {
  readonly verb: Verb;
  readonly file: string | undefined;
  readonly url: string;
}

class Usage extends Error {}
class Refused extends Error {}

/**
 * Runs `portico db` with the arguments after "db". Returns the exit code: 0 done, 1 it could not be done or `check` found something, 2 wrong usage.
 * @param defaultUrl the database when the arguments name none
 */
export async function run(host: Host, args: readonly string[], defaultUrl: string): Promise<number> {
  const fail = (text: string, code: number): number => {
    host.process.write(2, `portico db: ${text}\n`);
    return code;
  };
  try {
    const command = readCommand(args, defaultUrl);
    if (command === null) {
      host.process.write(1, HELP);
      return 0;
    }
    return await carryOut(host, command);
  } catch (error) {
    if (error instanceof Usage) return fail(`${error.message}; "portico db --help" shows how`, 2);
    if (error instanceof Refused || error instanceof StoreError || error instanceof HostError)
      return fail(error.message, 1);
    throw error;
  }
}

/** Null when help is wanted. Throws Usage. */
function readCommand(args: readonly string[], defaultUrl: string): Command | null {
  let unknown = "";
  const a = parseArgs(args, {
    boolean: ["help"],
    string: ["db", "data", "_"],
    alias: { help: "h" },
    unknown: (arg, key) => {
      if (key !== undefined) unknown ||= arg;
      return true;
    },
  });
  if (a.help) return null;
  if (unknown !== "") throw new Usage(`there is no option ${unknown}`);
  const [word, file, ...rest] = a._;
  const verb = VERBS.find((v) => v === word);
  if (word === undefined) throw new Usage(`what to do is missing: ${VERBS.join(", ")}`);
  if (verb === undefined) throw new Usage(`"${word}" is none of ${VERBS.join(", ")}`);
  const tooMuch = rest[0] ?? (verb === "dump" || verb === "load" ? undefined : file);
  if (tooMuch !== undefined) throw new Usage(`"${tooMuch}" is too much`);
  const url = a.db ?? (a.data === undefined ? defaultUrl : `sqlite://${a.data.replace(/\/+$/, "")}/portico.sqlite`);
  return { verb, file, url };
}

async function carryOut(host: Host, { verb, file, url }: Command): Promise<number> {
  const out = (text: string): void => host.process.write(1, text);
  const { path } = parseDatabaseUrl(url, (text) => host.files.resolve(text));
  const isThere = host.files.exists(path);
  if (verb === "create" && isThere && tablesIn(host, path) > 0)
    throw new Refused(`${path} has tables already; "portico db upgrade" makes those that are missing`);
  if (verb !== "create" && verb !== "load" && !isThere)
    throw new Refused(`there is no database ${path}; "portico db create" makes it`);
  if (!isThere) host.files.makeDirectory(path.slice(0, path.lastIndexOf("/")) || "/", 0o700);
  const sql = verb === "load" ? await textOf(host, file) : "";
  return withTables(host, path, (tables) => {
    switch (verb) {
      case "create":
        out(`made ${path} with ${tables.create().length} tables\n`);
        return 0;
      case "upgrade":
        return upgrade(tables, out);
      case "check":
        return check(tables, out);
      case "dump":
        dump(host, tables, file);
        return 0;
      case "load":
        tables.load(sql);
        return 0;
    }
  });
}

function withTables<T>(host: Host, path: string, run: (tables: TableFile) => T): T {
  const db = host.openSqlite(path);
  try {
    db.exec("PRAGMA busy_timeout=5000");
    return run(new TableFile(host, db));
  } finally {
    db.close();
  }
}

function tablesIn(host: Host, path: string): number {
  return withTables(host, path, (tables) => tables.names().length);
}

function upgrade(tables: TableFile, out: (text: string) => void): number {
  const { done, left } = tables.upgrade();
  for (const text of done) out(`${text}\n`);
  for (const { table, what } of left) out(`not repaired ${table}: ${what}\n`);
  if (done.length === 0 && left.length === 0) out("nothing to do\n");
  return left.length === 0 ? 0 : 1;
}

function check(tables: TableFile, out: (text: string) => void): number {
  const findings = tables.check();
  for (const { table, what } of findings) out(`${table}: ${what}\n`);
  const names = new Set(tables.names());
  const missing = [...tables.layouts.keys()].filter((name) => !names.has(name));
  if (missing.length > 0) out(`not there: ${missing.join(", ")}\n`);
  if (findings.length === 0) out(`${tables.layouts.size - missing.length} tables are as they should be\n`);
  return findings.length === 0 ? 0 : 1;
}

function dump(host: Host, tables: TableFile, file: string | undefined): void {
  if (file === undefined) {
    for (const piece of tables.dump()) host.process.write(1, piece);
    return;
  }
  // hashes of passwords stand in it
  host.files.write(file, new TextEncoder().encode([...tables.dump()].join("")), 0o600);
}

async function textOf(host: Host, file: string | undefined): Promise<string> {
  return new TextDecoder().decode(file === undefined ? await host.process.readInput() : host.files.read(file));
}
