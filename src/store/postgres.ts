// Connections to PostgreSQL by the package pg, which opens its sockets itself.

import pg from "pg";
import { fromUnicode, textOf, toUnicode } from "../util/bytes.ts";
import { type Row, StoreError } from "./database.ts";
import type { NetworkSettings } from "./network-settings.ts";
import { DEFAULT_PORTS, type NetworkTarget } from "./network-url.ts";
import { AGAIN, type Answer, type Connection, DUPLICATE, LOST, NO_TABLE } from "./pool.ts";
import type { Statement } from "./sql-text.ts";

/** SQLSTATEs (appendix A of PostgreSQL's manual) that mean something to us; of class 08 and 57P all mean a connection lost. */
const CODES: Readonly<Record<string, string>> = {
  "40001": AGAIN,
  "40P01": AGAIN,
  "23505": DUPLICATE,
  "42P01": NO_TABLE,
};

/** Types of columns by their number in pg_type that are not text for us. */
const NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1700]);
const BOOL = 16;
const BYTEA = 17;

/** Opens a connection; rejects with StoreError. */
export async function connectPostgres(
  target: NetworkTarget,
  settings: NetworkSettings,
  lost: () => void,
): Promise<Connection> {
  const { sslMode, keepAlive, applicationName } = settings.postgres;
  const client = new pg.Client({
    host: target.host,
    port: target.port || DEFAULT_PORTS.postgres,
    user: target.user,
    password: target.password,
    database: target.database,
    application_name: applicationName,
    client_encoding: "UTF8",
    connectionTimeoutMillis: settings.limits("postgres").connectTimeout,
    keepAlive: keepAlive > 0,
    keepAliveInitialDelayMillis: keepAlive * 1000,
    ssl: sslMode === "off" ? false : { rejectUnauthorized: sslMode !== "require" },
    types: { getTypeParser: readerOf },
  });
  let isOpen = false;
  const ended = (): void => {
    if (isOpen) lost();
  };
  client.on("error", ended);
  client.on("end", ended);
  try {
    await client.connect();
  } catch (error) {
    throw storeError(error);
  }
  isOpen = true;
  return new Postgres(client);
}

class Postgres implements Connection {
  private readonly client: pg.Client;

  constructor(client: pg.Client) {
    this.client = client;
  }

  async run({ sql, values }: Statement): Promise<Answer> {
    const given = values.map((value) => (typeof value === "string" ? toUnicode(value) : value));
    try {
      const { rows, rowCount } = await this.client.query<Record<string, string | number | null>>(sql, given);
      return { rows: rows as Row[], count: rowCount ?? 0 };
    } catch (error) {
      throw storeError(error);
    }
  }

  close(): void {
    this.client.end().catch(() => undefined);
  }
}

function readerOf(oid: number): (text: string) => string | number {
  if (NUMBERS.has(oid)) return Number;
  if (oid === BOOL) return (text) => (text === "t" ? 1 : 0);
  if (oid === BYTEA) return unhex;
  return fromUnicode;
}

// bytea as "\x0a1b…"
function unhex(text: string): string {
  if (!text.startsWith("\\x")) return fromUnicode(text);
  const bytes = (text.length - 2) >> 1;
  const out = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) out[i] = Number.parseInt(text.slice(2 + 2 * i, 4 + 2 * i), 16);
  return textOf(out, 0, bytes);
}

function storeError(error: unknown): StoreError {
  const code = error instanceof pg.DatabaseError ? (error.code ?? "") : "";
  const message = error instanceof Error ? error.message : String(error);
  // what the server did not say itself is about the connection
  const isLost = code === "" || code.startsWith("08") || code.startsWith("57P");
  return new StoreError(isLost ? LOST : (CODES[code] ?? code), message || "the connection was refused or lost");
}
