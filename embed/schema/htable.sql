-- Items of a table of the script (module htable). Columns and version 2 as in Kamailio 5.6.
-- key_type 1: one value of a list; value_type 1: a number; expires: the second when it goes, with db_expires.
CREATE TABLE IF NOT EXISTS htable (
  id INTEGER PRIMARY KEY NOT NULL,
  key_name VARCHAR(64) DEFAULT '' NOT NULL,
  key_type INTEGER DEFAULT 0 NOT NULL,
  value_type INTEGER DEFAULT 0 NOT NULL,
  key_value VARCHAR(128) DEFAULT '' NOT NULL,
  expires INTEGER DEFAULT 0 NOT NULL
);
