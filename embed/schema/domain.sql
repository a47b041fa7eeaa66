-- Domains that are ours (module domain). Columns and version 2 as in Kamailio 5.6. did: those with the same one share attributes.
CREATE TABLE IF NOT EXISTS domain (
  id INTEGER PRIMARY KEY NOT NULL,
  domain VARCHAR(64) NOT NULL,
  did VARCHAR(64) DEFAULT NULL,
  last_modified TIMESTAMP WITHOUT TIME ZONE DEFAULT '2000-01-01 00:00:01' NOT NULL,
  CONSTRAINT domain_domain_idx UNIQUE (domain)
);
