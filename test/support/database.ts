// A SQLite file with the tables and versions that Kamailio 5.6 expects, so that the same file serves it and ours.

import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { Login } from "./sip-text.ts";

const TABLES = `
  CREATE TABLE version (
    id INTEGER PRIMARY KEY NOT NULL, table_name VARCHAR(32) NOT NULL UNIQUE, table_version INTEGER DEFAULT 0 NOT NULL);
  CREATE TABLE subscriber (
    id INTEGER PRIMARY KEY NOT NULL, username VARCHAR(64) DEFAULT '' NOT NULL, domain VARCHAR(64) DEFAULT '' NOT NULL,
    password VARCHAR(64) DEFAULT '' NOT NULL, ha1 VARCHAR(128) DEFAULT '' NOT NULL,
    ha1b VARCHAR(128) DEFAULT '' NOT NULL, UNIQUE (username, domain));
  CREATE TABLE location (
    id INTEGER PRIMARY KEY NOT NULL, ruid VARCHAR(64) DEFAULT '' NOT NULL UNIQUE,
    username VARCHAR(64) DEFAULT '' NOT NULL, domain VARCHAR(64), contact VARCHAR(512) DEFAULT '' NOT NULL,
    received VARCHAR(128), path VARCHAR(512), expires TIMESTAMP DEFAULT '2030-05-28 21:32:15' NOT NULL,
    q REAL DEFAULT 1.0 NOT NULL, callid VARCHAR(255) DEFAULT 'Default-Call-ID' NOT NULL,
    cseq INTEGER DEFAULT 1 NOT NULL, last_modified TIMESTAMP DEFAULT '2000-01-01 00:00:01' NOT NULL,
    flags INTEGER DEFAULT 0 NOT NULL, cflags INTEGER DEFAULT 0 NOT NULL, user_agent VARCHAR(255) DEFAULT '' NOT NULL,
    socket VARCHAR(64), methods INTEGER, instance VARCHAR(255), reg_id INTEGER DEFAULT 0 NOT NULL,
    server_id INTEGER DEFAULT 0 NOT NULL, connection_id INTEGER DEFAULT 0 NOT NULL,
    keepalive INTEGER DEFAULT 0 NOT NULL, partition INTEGER DEFAULT 0 NOT NULL);
  INSERT INTO version (table_name, table_version) VALUES ('subscriber', 7), ('location', 9);
`;

/** Opens a file that a server may have open as well. */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA busy_timeout = 5000");
  return database;
}

/** Creates the tables and the users; passwords as HA1 of the realm, with MD5. */
export function prepareDatabase(file: string, realm: string, users: readonly Login[]): void {
  const database = openDatabase(file);
  // Several processes of Kamailio write to it at once.
  database.exec("PRAGMA journal_mode = WAL");
  database.exec(`BEGIN; ${TABLES}`);
  const insert = database.prepare("INSERT INTO subscriber (username, domain, ha1) VALUES (?, ?, ?)");
  for (const { user, password } of users) {
    insert.run(user, realm, createHash("md5").update(`${user}:${realm}:${password}`).digest("hex"));
  }
  database.exec("COMMIT");
  database.close();
}
