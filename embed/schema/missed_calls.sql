-- Calls that nobody took (module acc). Columns and version 4 as in Kamailio 5.6. Times are Julian days (REAL), as its db_sqlite writes them.
CREATE TABLE IF NOT EXISTS missed_calls (
  id INTEGER PRIMARY KEY NOT NULL,
  method VARCHAR(16) DEFAULT '' NOT NULL,
  from_tag VARCHAR(128) DEFAULT '' NOT NULL,
  to_tag VARCHAR(128) DEFAULT '' NOT NULL,
  callid VARCHAR(255) DEFAULT '' NOT NULL,
  sip_code VARCHAR(3) DEFAULT '' NOT NULL,
  sip_reason VARCHAR(128) DEFAULT '' NOT NULL,
  time TIMESTAMP WITHOUT TIME ZONE NOT NULL
);
CREATE INDEX IF NOT EXISTS missed_calls_callid_idx ON missed_calls (callid);
