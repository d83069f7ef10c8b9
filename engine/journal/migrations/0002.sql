-- The ids of signed events (jti) that have started a run, by the endpoint that took them, for as long as the
-- same event could be accepted again; until NULL is for good. The run may be pruned earlier. What names the
-- run is its id.
CREATE TABLE nonce (
  blueprint TEXT NOT NULL,
  runbook   TEXT NOT NULL,
  nonce     TEXT NOT NULL,
  run       TEXT NOT NULL,
  until     INTEGER,
  sum       INTEGER NOT NULL,
  PRIMARY KEY (blueprint, runbook, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX nonce_until ON nonce (until) WHERE until IS NOT NULL;
