-- Short numbers of users (module speeddial). Columns and version 2 as in Kamailio 5.6.
CREATE TABLE IF NOT EXISTS speed_dial (
  id INTEGER PRIMARY KEY NOT NULL,
  username VARCHAR(64) DEFAULT '' NOT NULL,
  domain VARCHAR(64) DEFAULT '' NOT NULL,
  sd_username VARCHAR(64) DEFAULT '' NOT NULL,
  sd_domain VARCHAR(64) DEFAULT '' NOT NULL,
  new_uri VARCHAR(255) DEFAULT '' NOT NULL,
  fname VARCHAR(64) DEFAULT '' NOT NULL,
  lname VARCHAR(64) DEFAULT '' NOT NULL,
  description VARCHAR(64) DEFAULT '' NOT NULL,
  CONSTRAINT speed_dial_speed_dial_idx UNIQUE (username, domain, sd_domain, sd_username)
);
