-- Attributes of domains (module domain). Columns and version 1 as in Kamailio 5.6. type: 0 a number, 2 a text.
CREATE TABLE IF NOT EXISTS domain_attrs (
  id INTEGER PRIMARY KEY NOT NULL,
  did VARCHAR(64) NOT NULL,
  name VARCHAR(32) NOT NULL,
  type INTEGER NOT NULL,
  value VARCHAR(255) NOT NULL,
  last_modified TIMESTAMP WITHOUT TIME ZONE DEFAULT '2000-01-01 00:00:01' NOT NULL
);
CREATE INDEX IF NOT EXISTS domain_attrs_domain_attrs_idx ON domain_attrs (did, name);
