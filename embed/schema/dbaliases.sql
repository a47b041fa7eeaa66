-- Other names of users (module alias_db). Columns and version 1 as in Kamailio 5.6.
CREATE TABLE IF NOT EXISTS dbaliases (
  id INTEGER PRIMARY KEY NOT NULL,
  alias_username VARCHAR(64) DEFAULT '' NOT NULL,
  alias_domain VARCHAR(64) DEFAULT '' NOT NULL,
  username VARCHAR(64) DEFAULT '' NOT NULL,
  domain VARCHAR(64) DEFAULT '' NOT NULL
);
CREATE INDEX IF NOT EXISTS dbaliases_alias_user_idx ON dbaliases (alias_username);
CREATE INDEX IF NOT EXISTS dbaliases_alias_idx ON dbaliases (alias_username, alias_domain);
CREATE INDEX IF NOT EXISTS dbaliases_target_idx ON dbaliases (username, domain);
