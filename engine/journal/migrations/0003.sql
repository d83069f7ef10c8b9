-- Values that outlive runs, sealed by the engine; keys are in clear.
CREATE TABLE kept (
  key     TEXT PRIMARY KEY,
  value   BLOB NOT NULL,
  changed INTEGER NOT NULL,
  sum     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The keys that sealed values are sealed with, themselves sealed: one row, replaced whole.
CREATE TABLE keyring (
  id   INTEGER PRIMARY KEY CHECK (id=1),
  data BLOB NOT NULL,
  sum  INTEGER NOT NULL
) STRICT;
