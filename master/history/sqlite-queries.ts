/** What is asked of the archive, in SQL. */
import type { DayUsage } from "../../core/history.js";
import type {
  ArchivedUsageQuery,
  ArchiveListQuery,
  FoundJobs,
  ListPlace,
  RecordsQuery,
} from "./archive.js";
import {
  numberIn,
  type Row,
  type SqliteDatabase,
  type SqlValue,
  textIn,
} from "./sqlite-database.js";

/** Conditions that must all hold, with their values in order. */
interface Conditions {
  readonly sql: string[];
  readonly values: SqlValue[];
}

function add({ sql, values }: Conditions, condition: string, ...given: readonly SqlValue[]): void {
  sql.push(condition);
  values.push(...given);
}

const where = ({ sql }: Conditions): string =>
  sql.length === 0 ? "" : `WHERE ${sql.join(" AND ")}`;

export function listJobs(database: SqliteDatabase, query: ArchiveListQuery): readonly Row[] {
  const conditions: Conditions = { sql: [], values: [] };
  const { before, states, submittedFromMs, submittedBeforeMs, metadata, limit } = query;
  if (before !== null) add(conditions, "(sequence, id) < (?, ?)", before.sequence, before.id);
  for (const column of ["namespace", "name", "principal"] as const) {
    if (query[column] !== "") add(conditions, `${column} = ?`, query[column]);
  }
  if (states.length > 0) {
    add(conditions, "state IN (SELECT value FROM json_each(?))", JSON.stringify(states));
  }
  if (submittedFromMs !== null) add(conditions, "submitted_at_ms >= ?", submittedFromMs);
  if (submittedBeforeMs !== null) add(conditions, "submitted_at_ms < ?", submittedBeforeMs);
  for (const [key, value] of Object.entries(metadata)) {
    add(conditions, "id IN (SELECT job FROM metadata WHERE key = ? AND value = ?)", key, value);
  }
  return database.all(
    `SELECT id, sequence, summary, summary_digest FROM jobs ${where(conditions)} ORDER BY sequence DESC, id DESC LIMIT ?`,
    ...conditions.values,
    limit,
  );
}

/** Behind every id that begins with a text: no character of an id is above it. */
const afterAll = "\u{10ffff}";

export function findJobs(database: SqliteDatabase, text: string): FoundJobs {
  const one = (sql: string, ...values: readonly SqlValue[]): ListPlace | null => {
    const row = database.get(`SELECT id, sequence FROM jobs ${sql} LIMIT 1`, ...values);
    return row === null ? null : placeOf(row);
  };
  return {
    exact: one("WHERE id = ?", text),
    named: one("WHERE name = ? ORDER BY sequence DESC, id DESC", text),
    prefixed: database
      .all(
        "SELECT id, sequence FROM jobs WHERE id >= ? AND id < ? ORDER BY id LIMIT 3",
        text,
        text + afterAll,
      )
      .map(placeOf),
    newest: one("ORDER BY sequence DESC, id DESC"),
  };
}

const placeOf = (row: Row): ListPlace => ({
  id: textIn(row, "id"),
  sequence: numberIn(row, "sequence"),
});

const dayMs = 86_400_000;

export function usageOf(database: SqliteDatabase, query: ArchivedUsageQuery): readonly DayUsage[] {
  const conditions: Conditions = { sql: [], values: [] };
  const { fromMs, beforeMs, principal, namespace, without } = query;
  if (fromMs !== null) add(conditions, "ended_at_ms >= ?", fromMs);
  if (beforeMs !== null) add(conditions, "ended_at_ms < ?", beforeMs);
  if (principal !== "") add(conditions, "principal = ?", principal);
  if (namespace !== "") add(conditions, "namespace = ?", namespace);
  if (without.length > 0) {
    add(conditions, "job NOT IN (SELECT value FROM json_each(?))", JSON.stringify(without));
  }
  const rows = database.all(
    `SELECT principal, ended_at_ms / ${dayMs} AS day, count(*) AS attempts, sum(wall_ms) AS wall_ms,
      total(cpu_ms) AS cpu_ms, count(*) - count(cpu_ms) AS unmeasured
      FROM attempts ${where(conditions)} GROUP BY 1, 2`,
    ...conditions.values,
  );
  return rows.map((row) => ({
    principal: textIn(row, "principal"),
    day: new Date(numberIn(row, "day") * dayMs).toISOString().slice(0, 10),
    attempts: numberIn(row, "attempts"),
    wallMs: numberIn(row, "wall_ms"),
    cpuMs: numberIn(row, "cpu_ms"),
    unmeasured: numberIn(row, "unmeasured"),
  }));
}

/** Rows of the next older jobs, with the speeds of the workers that their attempts ended on. */
export function documentsOf(
  database: SqliteDatabase,
  { before, jobs }: RecordsQuery,
): { readonly row: Row; readonly place: ListPlace; readonly speeds: readonly number[] }[] {
  const conditions: Conditions = { sql: [], values: [] };
  if (before !== null) add(conditions, "(sequence, id) < (?, ?)", before.sequence, before.id);
  const rows = database.all(
    `SELECT * FROM jobs ${where(conditions)} ORDER BY sequence DESC, id DESC LIMIT ?`,
    ...conditions.values,
    jobs,
  );
  return rows.map((row) => {
    const place = placeOf(row);
    const attempts = database.all(
      "SELECT worker_speed FROM attempts WHERE job = ? ORDER BY position",
      place.id,
    );
    return { row, place, speeds: attempts.map((attempt) => numberIn(attempt, "worker_speed")) };
  });
}

export function namedOf(database: SqliteDatabase, sha256: readonly string[]): string[] {
  const rows = database.all(
    "SELECT DISTINCT sha256 FROM content WHERE sha256 IN (SELECT value FROM json_each(?))",
    JSON.stringify(sha256),
  );
  return rows.map((row) => textIn(row, "sha256"));
}
