-- Calls in progress (module dialog). Columns and version 7 as in Kamailio 5.6, which can read and write the same file.
-- start_time and timeout are Unix seconds; xdata holds the profiles as JSON.
CREATE TABLE IF NOT EXISTS dialog (
  id INTEGER PRIMARY KEY NOT NULL,
  hash_entry INTEGER NOT NULL,
  hash_id INTEGER NOT NULL,
  callid VARCHAR(255) NOT NULL,
  from_uri VARCHAR(255) NOT NULL,
  from_tag VARCHAR(128) NOT NULL,
  to_uri VARCHAR(255) NOT NULL,
  to_tag VARCHAR(128) NOT NULL,
  caller_cseq VARCHAR(20) NOT NULL,
  callee_cseq VARCHAR(20) NOT NULL,
  caller_route_set VARCHAR(512),
  callee_route_set VARCHAR(512),
  caller_contact VARCHAR(255) NOT NULL,
  callee_contact VARCHAR(255) NOT NULL,
  caller_sock VARCHAR(64) NOT NULL,
  callee_sock VARCHAR(64) NOT NULL,
  state INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  timeout INTEGER DEFAULT 0 NOT NULL,
  sflags INTEGER DEFAULT 0 NOT NULL,
  iflags INTEGER DEFAULT 0 NOT NULL,
  toroute_name VARCHAR(32),
  req_uri VARCHAR(255) NOT NULL,
  xdata VARCHAR(512)
);
CREATE INDEX IF NOT EXISTS dialog_hash_idx ON dialog (hash_entry, hash_id);
