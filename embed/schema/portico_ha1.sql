-- Hashes of passwords for SHA-256 and SHA-512-256 (RFC 8760), which Kamailio's subscriber table has no columns for.
-- ha1 is the value subscriber.ha1 had when they were made: where it has changed since, somebody else has set another password
-- and the row here is no longer used.
CREATE TABLE IF NOT EXISTS portico_ha1 (
  id INTEGER PRIMARY KEY NOT NULL,
  username VARCHAR(64) DEFAULT '' NOT NULL,
  domain VARCHAR(64) DEFAULT '' NOT NULL,
  realm VARCHAR(64) DEFAULT '' NOT NULL,
  ha1 VARCHAR(128) DEFAULT '' NOT NULL,
  ha1_sha256 VARCHAR(64) DEFAULT '' NOT NULL,
  ha1b_sha256 VARCHAR(64) DEFAULT '' NOT NULL,
  ha1_sha512_256 VARCHAR(64) DEFAULT '' NOT NULL,
  ha1b_sha512_256 VARCHAR(64) DEFAULT '' NOT NULL,
  CONSTRAINT portico_ha1_account_idx UNIQUE (username, domain)
);
