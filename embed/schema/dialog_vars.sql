-- Variables of calls in progress (module dialog). Columns and version 1 as in Kamailio 5.6.
CREATE TABLE IF NOT EXISTS dialog_vars (
  id INTEGER PRIMARY KEY NOT NULL,
  hash_entry INTEGER NOT NULL,
  hash_id INTEGER NOT NULL,
  dialog_key VARCHAR(128) NOT NULL,
  dialog_value VARCHAR(512) NOT NULL
);
CREATE INDEX IF NOT EXISTS dialog_vars_hash_idx ON dialog_vars (hash_entry, hash_id);
