-- Peers that are trusted without authentication (module permissions). Columns and version 6 as in Kamailio 5.6.
CREATE TABLE IF NOT EXISTS trusted (
  id INTEGER PRIMARY KEY NOT NULL,
  src_ip VARCHAR(50) NOT NULL,
  proto VARCHAR(4) NOT NULL,
  from_pattern VARCHAR(64) DEFAULT NULL,
  ruri_pattern VARCHAR(64) DEFAULT NULL,
  tag VARCHAR(64),
  priority INTEGER DEFAULT 0 NOT NULL
);
CREATE INDEX IF NOT EXISTS trusted_peer_idx ON trusted (src_ip);
