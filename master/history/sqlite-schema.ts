/** The tables of the archive. Times in milliseconds since 1970, durations in milliseconds. */

/** `Alma`: a file of another program is not taken for an archive. */
export const applicationId = 0x416c6d61;
/** Raised with every change of the tables; an older archive is then lifted when it is opened. */
export const schemaVersion = 1;

/** Digests are SHA-256 of what stands beside them: SQLite itself checks no contents. */
export const schema = `
-- With row ids: documents are large, and ids random, so a tree in their order would be half empty.
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  sequence INTEGER NOT NULL,
  name TEXT NOT NULL,
  namespace TEXT NOT NULL,
  principal TEXT NOT NULL,
  state TEXT NOT NULL,
  submitted_at_ms INTEGER NOT NULL,
  summary TEXT NOT NULL,
  summary_digest BLOB NOT NULL,
  -- The whole job, deflated.
  document BLOB NOT NULL,
  document_version INTEGER NOT NULL,
  document_digest BLOB NOT NULL,
  -- Of its rows in the other tables.
  rows_digest BLOB NOT NULL
) STRICT;
CREATE INDEX jobs_by_sequence ON jobs (sequence, id);
CREATE INDEX jobs_by_name ON jobs (name, sequence);
CREATE INDEX jobs_by_principal ON jobs (principal, sequence);
CREATE INDEX jobs_by_state ON jobs (state, sequence);

CREATE TABLE metadata (
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  job TEXT NOT NULL,
  PRIMARY KEY (key, value, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX metadata_by_job ON metadata (job);

CREATE TABLE attempts (
  job TEXT NOT NULL,
  position INTEGER NOT NULL,
  principal TEXT NOT NULL,
  namespace TEXT NOT NULL,
  ended_at_ms INTEGER NOT NULL,
  wall_ms INTEGER NOT NULL,
  cpu_ms INTEGER,
  groups TEXT NOT NULL,
  worker_speed REAL NOT NULL,
  succeeded INTEGER NOT NULL,
  ran INTEGER NOT NULL,
  PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_end ON attempts (ended_at_ms, principal, namespace, wall_ms, cpu_ms);

CREATE TABLE content (
  sha256 TEXT NOT NULL,
  job TEXT NOT NULL,
  PRIMARY KEY (sha256, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX content_by_job ON content (job);

CREATE TABLE cursor (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  sequence INTEGER NOT NULL
) STRICT;
INSERT INTO cursor VALUES (1, 0);
PRAGMA application_id = ${applicationId};
PRAGMA user_version = ${schemaVersion};
`;

/** In the order in which a job's rows go. */
export const tables = ["metadata", "attempts", "content", "jobs"] as const;
