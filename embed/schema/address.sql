-- Addresses, networks and names in groups (module permissions). Columns and version 6 as in Kamailio 5.6.
CREATE TABLE IF NOT EXISTS address (
  id INTEGER PRIMARY KEY NOT NULL,
  grp INTEGER DEFAULT 1 NOT NULL,
  ip_addr VARCHAR(50) NOT NULL,
  mask INTEGER DEFAULT 32 NOT NULL,
  port SMALLINT DEFAULT 0 NOT NULL,
  tag VARCHAR(64)
);
