// Connections to MySQL and MariaDB by the package mysql2, which opens its sockets itself.

import { createConnection, type Connection as MysqlConnection, type QueryError } from "mysql2";
import { fromUnicode, textOf, toUnicode } from "../util/bytes.ts";
import { type Row, StoreError } from "./database.ts";
import type { NetworkSettings } from "./network-settings.ts";
import { DEFAULT_PORTS, type NetworkTarget } from "./network-url.ts";
import { AGAIN, type Answer, type Connection, DUPLICATE, LOST, NO_TABLE } from "./pool.ts";
import type { Statement } from "./sql-text.ts";

/** How many statements a connection keeps prepared. */
const MAX_PREPARED = 200;

/** What the server says when it ends a connection or wants a statement given again. */
const CODES: Readonly<Record<string, string>> = {
  ER_SERVER_SHUTDOWN: LOST,
  ER_NORMAL_SHUTDOWN: LOST,
  ER_CONNECTION_KILLED: LOST,
  ER_QUERY_INTERRUPTED: LOST,
  ER_LOCK_DEADLOCK: AGAIN,
  ER_DUP_ENTRY: DUPLICATE,
  ER_NO_SUCH_TABLE: NO_TABLE,
};

/** Opens a connection; rejects with StoreError. `socket`: path of the server's unix socket in place of host and port. */
export function connectMysql(
  target: NetworkTarget,
  settings: NetworkSettings,
  socket: string | null,
  lost: () => void,
): Promise<Connection> {
  const { sslMode, authorities } = settings.mysql;
  const connection = createConnection({
    ...(socket === null ? { host: target.host, port: target.port || DEFAULT_PORTS.mysql } : { socketPath: socket }),
    user: target.user,
    password: target.password,
    database: target.database,
    charset: "utf8mb4",
    dateStrings: true,
    supportBigNumbers: true,
    connectTimeout: settings.limits("mysql").connectTimeout,
    maxPreparedStatements: MAX_PREPARED,
    enableKeepAlive: true,
    multipleStatements: false,
    disableEval: true,
    flags: ["-LOCAL_FILES"],
    ...(sslMode >= 3
      ? {
          ssl: {
            rejectUnauthorized: sslMode >= 4,
            verifyIdentity: sslMode >= 5,
            ...(authorities === "" ? {} : { ca: authorities }),
          },
        }
      : {}),
  });
  return new Promise((resolve, reject) => {
    let isOpen = false;
    connection.on("error", (error: QueryError) => {
      if (isOpen) lost();
      else reject(storeError(error));
    });
    connection.on("end", () => lost());
    connection.connect((error) => {
      if (error !== null) return reject(storeError(error));
      isOpen = true;
      resolve(new Mysql(connection));
    });
  });
}

class Mysql implements Connection {
  private readonly connection: MysqlConnection;

  constructor(connection: MysqlConnection) {
    this.connection = connection;
  }

  run({ sql, values }: Statement): Promise<Answer> {
    const given = values.map((value) => (typeof value === "string" ? toUnicode(value) : value));
    return new Promise((resolve, reject) => {
      this.connection.execute(sql, given, (error, result) => {
        if (error !== null) reject(storeError(error));
        else if (Array.isArray(result))
          resolve({ rows: result.map((row) => inward({ ...row })), count: result.length });
        else resolve({ rows: [], count: result.affectedRows });
      });
    });
  }

  close(isBroken: boolean): void {
    if (isBroken) this.connection.destroy();
    else this.connection.end(() => {});
  }
}

function inward(row: Record<string, unknown>): Row {
  const out: Record<string, string | number | null> = {};
  for (const name in row) {
    const value = row[name];
    if (value === null || typeof value === "number") out[name] = value;
    else if (value instanceof Uint8Array) out[name] = textOf(value, 0, value.length);
    else out[name] = fromUnicode(String(value));
  }
  return out;
}

function storeError(error: QueryError): StoreError {
  const known = CODES[error.code] ?? (error.fatal ? LOST : error.code);
  const text = error.message || error.code || "the connection was lost"; // refused on both addresses: a message of nothing
  return new StoreError(known ?? "ERR_DB", text);
}
