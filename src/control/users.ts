// The users of a subscriber table, as `portico user` manages them: with the program running or not, since both open the same
// file. Passwords are stored as HA1 only; the password column stays empty.

import type { Host } from "../host/host.ts";
import { digestHash } from "../modules/auth/index.ts";
import { Algorithm } from "../sip/digest.ts";
import { type Database, type Match, type Row, StoreError } from "../store/database.ts";
import { fromUnicode } from "../util/bytes.ts";

/** The realm of users without a domain; what the embedded configuration challenges with. */
export const DEFAULT_REALM = "portico";

const SUBSCRIBER = { name: "subscriber", layout: "subscriber", version: 7 } as const;
const HA1 = { name: "portico_ha1", layout: "portico_ha1", version: 1 } as const;

/** Why something cannot be done with a user: `code` is stable, the message is for people. */
export class UserError extends Error {
  readonly code: "BAD_NAME" | "BAD_PASSWORD" | "EXISTS" | "MISSING";
  constructor(code: UserError["code"], message: string) {
    super(message);
    this.name = "UserError";
    this.code = code;
  }
}

/** A user's name in its parts; `domain` is "" when none was given. */
export interface UserName {
  readonly name: string;
  readonly domain: string;
}

const NAME = /^[A-Za-z0-9\-_.!~*'()&=+$,;?/]{1,64}$/;
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9\-_.]{0,62}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])$/;

/** Reads NAME or NAME@DOMAIN. Throws UserError BAD_NAME for what no SIP address can hold. Names are kept in lower case, as registrar compares them. */
export function parseUserName(text: string): UserName {
  const bare = text.replace(/^sips?:/i, "");
  const at = bare.lastIndexOf("@");
  const name = at < 0 ? bare : bare.slice(0, at);
  const domain = at < 0 ? "" : bare.slice(at + 1);
  if (!NAME.test(name))
    throw new UserError(
      "BAD_NAME",
      `"${name}" cannot be a user name: use 1 to 64 letters, digits and - _ . ! ~ * ' ( ) & = + $ , ; ? /`,
    );
  if (at >= 0 && !HOST.test(domain)) throw new UserError("BAD_NAME", `"${domain}" cannot be a domain`);
  return { name: name.toLowerCase(), domain: domain.toLowerCase() };
}

/** NAME or NAME@DOMAIN. */
export function userText(user: UserName): string {
  return user.domain === "" ? user.name : `${user.name}@${user.domain}`;
}

/** A password that is easy to type and hard to guess: 20 letters and digits without look-alikes, some 98 bits. */
export function generatePassword(host: Host): string {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  const bytes = new Uint8Array(1);
  let password = "";
  while (password.length < 20) {
    host.random.fill(bytes);
    if (bytes[0]! < letters.length * 8) password += letters[bytes[0]! % letters.length];
  }
  return password;
}

/** The users of one database. Throws UserError and StoreError. */
export class Users {
  private readonly host: Host;
  private readonly db: Database;

  constructor(host: Host, db: Database) {
    this.host = host;
    this.db = db;
  }

  /** Makes the tables when they are missing; to be called once before all else. */
  async open(): Promise<void> {
    await this.db.ensureTable(SUBSCRIBER);
    await this.db.ensureTable(HA1);
  }

  /** Adds a user. `realm` is what phones are challenged with: by default the domain, else DEFAULT_REALM. */
  async add(user: UserName, password: string, realm: string = realmOf(user)): Promise<void> {
    if (await this.find(user))
      throw new UserError(
        "EXISTS",
        `${userText(user)} exists already; "portico user passwd ${userText(user)}" changes the password`,
      );
    await this.store(user, password, realm);
  }

  /** Sets another password. */
  async passwd(user: UserName, password: string, realm: string = realmOf(user)): Promise<void> {
    await this.existing(user);
    await this.store(user, password, realm);
  }

  /** Removes a user. Bindings that exist end when they expire. */
  async rm(user: UserName): Promise<void> {
    await this.existing(user);
    const where = whereIs(user);
    await this.db.delete(SUBSCRIBER.name, where);
    await this.db.delete(HA1.name, where);
  }

  /** All users, by name. */
  async list(): Promise<UserName[]> {
    const rows = await this.db.query(SUBSCRIBER.name, ["username", "domain"], [], { order: "username" });
    return rows.map((row) => ({ name: String(row["username"] ?? ""), domain: String(row["domain"] ?? "") }));
  }

  private async find(user: UserName): Promise<Row | undefined> {
    return (await this.db.query(SUBSCRIBER.name, ["username"], whereIs(user), { limit: 1 }))[0];
  }

  private async existing(user: UserName): Promise<void> {
    if (!(await this.find(user)))
      throw new UserError("MISSING", `there is no user ${userText(user)}; "portico user list" shows who there is`);
  }

  private async store(user: UserName, password: string, realm: string): Promise<void> {
    const { name, domain } = user;
    const secret = checkPassword(password);
    const { hashing } = this.host;
    const short = (a: number): string => digestHash(hashing, a, `${name}:${realm}:${secret}`);
    const long = (a: number): string =>
      digestHash(hashing, a, `${name}@${domain === "" ? realm : domain}:${realm}:${secret}`);
    const ha1 = short(Algorithm.MD5);
    const key = ["username", "domain"];
    await this.db.upsert(
      SUBSCRIBER.name,
      key,
      [...key, "password", "ha1", "ha1b"],
      [name, domain, "", ha1, long(Algorithm.MD5)],
    );
    await this.db.upsert(
      HA1.name,
      key,
      [...key, "realm", "ha1", "ha1_sha256", "ha1b_sha256", "ha1_sha512_256", "ha1b_sha512_256"],
      [
        name,
        domain,
        realm,
        ha1,
        short(Algorithm.SHA256),
        long(Algorithm.SHA256),
        short(Algorithm.SHA512_256),
        long(Algorithm.SHA512_256),
      ],
    );
  }
}

/** The realm a user's password belongs to unless another is named. */
export function realmOf(user: UserName): string {
  return user.domain === "" ? DEFAULT_REALM : user.domain;
}

function whereIs({ name, domain }: UserName): Match[] {
  return [
    { column: "username", value: name },
    { column: "domain", value: domain },
  ];
}

/** The password as a byte string; throws UserError BAD_PASSWORD for none, or one that no phone could send. */
function checkPassword(password: string): string {
  if (password === "") throw new UserError("BAD_PASSWORD", "the password is empty");
  if (password.length > 256) throw new UserError("BAD_PASSWORD", "the password is longer than 256 characters");
  if (/[\x00-\x1f\x7f]/.test(password)) throw new UserError("BAD_PASSWORD", "the password holds control characters");
  return fromUnicode(password);
}

/** A sentence for what went wrong: of a UserError or StoreError its own. */
export function userErrorText(error: unknown): string {
  if (error instanceof UserError || error instanceof StoreError) return error.message;
  return error instanceof Error ? error.message : String(error);
}
