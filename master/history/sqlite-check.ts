/** Whether an archive is as it was written: SQLite checks its own structure, digests the rest. */
import { createHash } from "node:crypto";
import { ArchiveError } from "./archive.js";
import { bytesIn, numberIn, type Row, type SqliteDatabase, textIn } from "./sqlite-database.js";

/** Throws `damaged` for the first thing found; `readJob` throws for a job that cannot be read. */
export function verifyRows(
  database: SqliteDatabase,
  path: string,
  readJob: (row: Row) => void,
): void {
  const [first] = database.all("PRAGMA integrity_check(1)");
  const verdict = first === undefined ? "nothing" : textIn(first, "integrity_check");
  if (verdict !== "ok") throw new ArchiveError("damaged", `the archive ${path}: ${verdict}`);
  for (const row of everyJob(database)) {
    readJob(row);
    const id = textIn(row, "id");
    if (rowsDigest(database, id).equals(bytesIn(row, "rows_digest"))) continue;
    const what = `attempts, metadata or content of job ${id}`;
    throw new ArchiveError(
      "damaged",
      `${what} in the archive ${path} are not as they were written`,
    );
  }
  const orphan = database.get(
    "SELECT job FROM (SELECT job FROM attempts UNION ALL SELECT job FROM metadata UNION ALL SELECT job FROM content) WHERE job NOT IN (SELECT id FROM jobs) LIMIT 1",
  );
  if (orphan === null) return;
  throw new ArchiveError(
    "damaged",
    `the archive ${path} has rows of ${String(orphan.job)}, no job`,
  );
}

/** Read at once. */
const partMax = 200;

function* everyJob(database: SqliteDatabase): Generator<Row> {
  for (let last = ""; ; ) {
    const part = database.all("SELECT * FROM jobs WHERE id > ? ORDER BY id LIMIT ?", last, partMax);
    yield* part;
    const [end] = part.slice(-1);
    if (end === undefined) return;
    last = textIn(end, "id");
  }
}

/** Of all rows of a job but the one in `jobs`, as they can be read. */
export function rowsDigest(database: SqliteDatabase, job: string): Buffer {
  const hash = createHash("sha256");
  for (const sql of rowsOfJob) {
    for (const row of database.all(sql, job))
      hash.update(`${JSON.stringify(Object.values(row))}\n`);
  }
  return hash.digest();
}

const rowsOfJob = [
  "SELECT key, value FROM metadata WHERE job = ? ORDER BY key",
  "SELECT position, principal, namespace, ended_at_ms, wall_ms, cpu_ms, groups, worker_speed, succeeded, ran FROM attempts WHERE job = ? ORDER BY position",
  "SELECT sha256 FROM content WHERE job = ? ORDER BY sha256",
];

export function countJobs(database: SqliteDatabase): { jobs: number; attempts: number } {
  const count = (table: string): number =>
    numberIn(database.get(`SELECT count(*) AS count FROM ${table}`) ?? {}, "count");
  return { jobs: count("jobs"), attempts: count("attempts") };
}
