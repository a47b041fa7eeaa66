-- Calls that have ended (module acc). Columns and version 2 as in Kamailio 5.6. Times are Julian days (REAL), as its db_sqlite writes them.
CREATE TABLE IF NOT EXISTS acc_cdrs (
  id INTEGER PRIMARY KEY NOT NULL,
  start_time TIMESTAMP WITHOUT TIME ZONE DEFAULT '2000-01-01 00:00:00' NOT NULL,
  end_time TIMESTAMP WITHOUT TIME ZONE DEFAULT '2000-01-01 00:00:00' NOT NULL,
  duration REAL DEFAULT 0 NOT NULL
);
CREATE INDEX IF NOT EXISTS acc_cdrs_start_time_idx ON acc_cdrs (start_time);
