-- One row per run. Light columns only: lists and restarts read this table, so
-- the event, the outcome and the history live elsewhere. Times are nanoseconds
-- since 1970 UTC; NULL is "none". sum is the CRC-32C of the columns that never
-- change.
CREATE TABLE run (
  seq         INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  blueprint   TEXT NOT NULL,
  runbook     TEXT NOT NULL,
  version     TEXT NOT NULL,
  context     TEXT NOT NULL,
  grp         TEXT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN
              ('queued','running','waiting','held','finished','failed','cancelled')),
  delivery    TEXT NOT NULL,
  origin      TEXT NOT NULL,
  parent      TEXT NOT NULL,
  parent_step TEXT NOT NULL,
  attempt     INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL,
  started_at  INTEGER,
  ended_at    INTEGER,
  wake_at     INTEGER,
  expires_at  INTEGER,
  prune_at    INTEGER,
  retention   INTEGER NOT NULL,
  summary     TEXT NOT NULL,
  sum         INTEGER NOT NULL
) STRICT;

-- A delivery is known as long as its run is kept.
CREATE UNIQUE INDEX run_delivery ON run (blueprint, runbook, delivery) WHERE delivery <> '';
CREATE INDEX run_runbook ON run (runbook);
CREATE INDEX run_context ON run (context) WHERE context <> '';
-- Most runs end well: leaving them out keeps this index as small as the work at hand.
CREATE INDEX run_status ON run (status) WHERE status <> 'finished';
CREATE INDEX run_prune ON run (prune_at) WHERE prune_at IS NOT NULL;

CREATE TABLE event (
  seq  INTEGER PRIMARY KEY,
  data BLOB,
  sum  INTEGER NOT NULL
) STRICT;

-- The state of step activations of runs that have not ended.
CREATE TABLE record (
  run  INTEGER NOT NULL,
  path TEXT NOT NULL,
  data BLOB,
  blob BLOB,
  sum  INTEGER NOT NULL,
  PRIMARY KEY (run, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_blob ON record (blob) WHERE blob IS NOT NULL;

-- Record data over 64 KiB, by SHA-256.
CREATE TABLE blob (
  sha  BLOB PRIMARY KEY,
  data BLOB NOT NULL
) STRICT;

CREATE TABLE ending (
  seq         INTEGER PRIMARY KEY,
  outcome     BLOB,
  outcome_sum INTEGER NOT NULL,
  codec       INTEGER NOT NULL,
  history_sum INTEGER NOT NULL,
  history     BLOB
) STRICT;

CREATE TABLE log (
  run     INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  level   TEXT NOT NULL,
  step    TEXT NOT NULL,
  message TEXT NOT NULL,
  data    BLOB,
  sum     INTEGER NOT NULL,
  PRIMARY KEY (run, n)
) STRICT, WITHOUT ROWID;

-- Texts of blueprints by content hash; one per blueprint is current.
CREATE TABLE version (
  digest    TEXT PRIMARY KEY,
  blueprint TEXT NOT NULL,
  current   INTEGER NOT NULL,
  codec     INTEGER NOT NULL,
  data      BLOB,
  sum       INTEGER NOT NULL
) STRICT;

CREATE TABLE schedule (
  blueprint TEXT NOT NULL,
  reference TEXT NOT NULL,
  runbook   TEXT NOT NULL,
  spec      BLOB,
  input     BLOB,
  next_at   INTEGER,
  last_at   INTEGER,
  dynamic   INTEGER NOT NULL,
  sum       INTEGER NOT NULL,
  PRIMARY KEY (blueprint, reference)
) STRICT, WITHOUT ROWID;

-- Numbers that outlive the rows they count: 'seq' is the highest run number ever given.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
