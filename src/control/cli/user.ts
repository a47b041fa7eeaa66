// `portico user add|passwd|rm|list`: who may register, from the command line. Works with the program running or not.

import { parseArgs } from "@std/cli/parse-args";
import type { Host } from "../../host/host.ts";
import { Databases, parseDatabaseUrl } from "../../store/connect.ts";
import { Log } from "../../util/log.ts";
import {
  DEFAULT_REALM,
  generatePassword,
  parseUserName,
  realmOf,
  UserError,
  type UserName,
  Users,
  userErrorText,
  userText,
} from "../users.ts";

/** Where users are kept unless --db or --data says otherwise: what the embedded configuration uses. */
export const DEFAULT_USER_DB = "sqlite:///var/lib/portico/portico.sqlite";

const HELP = `usage: portico user add    NAME[@DOMAIN] [--password P | --generate] [--realm R]
       portico user passwd NAME[@DOMAIN] [--password P | --generate] [--realm R]
       portico user rm     NAME[@DOMAIN]
       portico user list

The password is asked for when neither --password nor --generate is given; where standard input is no terminal,
its first line is the password. Only hashes of it are kept.

  --password P  the password (others on this machine may see it in the list of processes)
  --generate    make a password and show it
  --realm R     what telephones are challenged with; default: the domain, or "portico" without one
  --db URL      the database, such as sqlite:///var/lib/portico/portico.sqlite
  --data DIR    the same as --db sqlite://DIR/portico.sqlite
`;

class Usage extends Error {}

/** What one call was asked to do. */
interface Command {
  readonly verb: "add" | "passwd" | "rm" | "list";
  readonly name: string;
  readonly password: string | undefined;
  readonly generate: boolean;
  readonly realm: string | undefined;
  readonly url: string;
}

/**
 * Runs `portico user` with the arguments after "user". Returns the exit code: 0 done, 1 it could not be done, 2 wrong usage.
 * @param defaultUrl the database when the arguments name none
 */
export async function run(host: Host, args: readonly string[], defaultUrl: string = DEFAULT_USER_DB): Promise<number> {
  const out = (text: string): void => host.process.write(1, text);
  const fail = (text: string, code: number): number => {
    host.process.write(2, `portico user: ${text}\n`);
    return code;
  };
  let command: Command | null;
  try {
    command = readCommand(args, defaultUrl);
  } catch (error) {
    if (error instanceof Usage) return fail(`${error.message}; "portico user --help" shows how`, 2);
    throw error;
  }
  if (command === null) {
    out(HELP);
    return 0;
  }
  const databases = new Databases(
    host,
    new Log({ level: 0, sink: (_, line) => host.process.write(2, `${line}\n`) }, "user"),
  );
  try {
    if (command.verb !== "add") requireDatabase(host, command.url);
    const users = new Users(host, databases.get(command.url));
    await users.open();
    await carryOut(host, users, command, out);
    return 0;
  } catch (error) {
    return fail(userErrorText(error), 1);
  } finally {
    databases.closeAll();
  }
}

// Only `add` makes a database: a place mistyped would otherwise look like an office without users.
function requireDatabase(host: Host, url: string): void {
  const { path } = parseDatabaseUrl(url, (text) => host.files.resolve(text));
  if (path !== ":memory:" && !host.files.exists(path))
    throw new UserError("MISSING", `there is no database ${path} yet; "portico user add" makes it`);
}

/** Null when help is wanted. Throws Usage. */
function readCommand(args: readonly string[], defaultUrl: string): Command | null {
  let unknown = "";
  const a = parseArgs(args, {
    boolean: ["generate", "help"],
    string: ["password", "realm", "db", "data", "_"],
    alias: { help: "h" },
    unknown: (arg, key) => {
      if (key !== undefined) unknown ||= arg;
      return true;
    },
  });
  if (a.help) return null;
  if (unknown !== "") throw new Usage(`there is no option ${unknown}`);
  const [verb, name, ...rest] = a._;
  if (verb === undefined) throw new Usage("what to do is missing: add, passwd, rm or list");
  if (verb !== "add" && verb !== "passwd" && verb !== "rm" && verb !== "list")
    throw new Usage(`"${verb}" is none of add, passwd, rm and list`);
  if (verb !== "list" && name === undefined) throw new Usage("the name of the user is missing");
  if (rest.length > 0 || (verb === "list" && name !== undefined)) throw new Usage(`"${rest[0] ?? name}" is too much`);
  if (a.generate && a.password !== undefined) throw new Usage("--password and --generate exclude each other");
  const url = a.db ?? (a.data === undefined ? defaultUrl : `sqlite://${a.data.replace(/\/+$/, "")}/portico.sqlite`);
  return { verb, name: name ?? "", password: a.password, generate: a.generate, realm: a.realm, url };
}

async function carryOut(host: Host, users: Users, command: Command, out: (text: string) => void): Promise<void> {
  if (command.verb === "list") {
    for (const user of await users.list()) out(`${userText(user)}\n`);
    return;
  }
  const user = parseUserName(command.name);
  if (command.verb === "rm") {
    await users.rm(user);
    out(`removed ${userText(user)}\n`);
    return;
  }
  const password = command.generate ? generatePassword(host) : (command.password ?? (await askPassword(host)));
  if (command.verb === "add") await users.add(user, password, command.realm);
  else await users.passwd(user, password, command.realm);
  const realm = command.realm ?? realmOf(user);
  out(command.verb === "add" ? `added ${userText(user)}\n` : `changed the password of ${userText(user)}\n`);
  if (command.generate) out(`password: ${password}\n`);
  if (realm !== DEFAULT_REALM) out(realmNote(user, realm));
}

// A password that belongs to another realm than the proxy asks with is refused like a wrong one, and nothing tells why.
function realmNote(user: UserName, realm: string): string {
  return `note: the password counts where the configuration challenges with the realm "${realm}". The built-in one says "${DEFAULT_REALM}":
      for that, add --realm ${DEFAULT_REALM}, or leave the domain out and add just ${user.name}
`;
}

/** From the terminal without echo, twice; else the first line of standard input. */
async function askPassword(host: Host): Promise<string> {
  if (!host.process.isTerminal(0)) {
    const text = new TextDecoder().decode(await host.process.readInput());
    return text.split(/\r?\n/, 1)[0] ?? "";
  }
  const first = await host.process.readSecret("password: ");
  if (first !== (await host.process.readSecret("again: ")))
    throw new UserError("BAD_PASSWORD", "the two passwords differ");
  return first;
}
