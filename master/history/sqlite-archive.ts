/** The archive as one SQLite file. Synchronous inside: it lives in a thread of its own. */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { JobStateName, JobSummary } from "../../core/views.js";
import { type ArchivedJob, recordsOfText } from "../pure/archived-job.js";
import { type Archive, ArchiveError, type ArchiveReport } from "./archive.js";
import { countJobs, rowsDigest, verifyRows } from "./sqlite-check.js";
import {
  bytesIn,
  numberIn,
  openSqlite,
  type Row,
  type SqliteDatabase,
  textIn,
} from "./sqlite-database.js";
import { documentsOf, findJobs, listJobs, namedOf, usageOf } from "./sqlite-queries.js";
import { applicationId, schema, schemaVersion, tables } from "./sqlite-schema.js";

/** Throws ArchiveError: `damaged`, `unsupported_version`, `io_failed`. */
export function openSqliteArchive(path: string): Archive {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = openSqlite(path);
  try {
    establish(database, path);
    syncDirectory(dirname(path));
  } catch (error) {
    database.close();
    throw error;
  }
  return archiveOn(database, path);
}

/** Reads all of an archive that may be in use, and changes nothing. Throws ArchiveError. */
export async function inspectSqliteArchive(path: string): Promise<ArchiveReport> {
  const database = openSqlite(path, "read");
  try {
    checkIdentity(database, path);
    return await archiveOn(database, path).verify(null);
  } finally {
    database.close();
  }
}

function archiveOn(database: SqliteDatabase, path: string): Archive {
  return {
    async put(jobs) {
      database.transaction(() => {
        for (const job of jobs) putJob(database, job);
      });
    },
    cursor: async () => cursorOf(database),
    async setCursor(sequence) {
      database.transaction(() => database.run("UPDATE cursor SET sequence = ?", sequence));
    },
    async get(id) {
      const row = database.get("SELECT * FROM jobs WHERE id = ?", id);
      return row === null ? null : documentOf(row, path);
    },
    find: async (text) => findJobs(database, text),
    async ends(ids) {
      const rows = database.all(
        "SELECT id, state FROM jobs WHERE id IN (SELECT value FROM json_each(?))",
        JSON.stringify(ids),
      );
      return Object.fromEntries(
        rows.map((row) => [textIn(row, "id"), textIn(row, "state") as JobStateName]),
      );
    },
    list: async (query) =>
      listJobs(database, query).map((row) => ({
        sequence: numberIn(row, "sequence"),
        summary: summaryOf(row, path),
      })),
    usage: async (query) => usageOf(database, query),
    async records(query) {
      const found = documentsOf(database, query);
      const last = found.at(-1)?.place ?? null;
      return {
        records: found.flatMap(({ row, speeds }) => recordsOfText(documentOf(row, path), speeds)),
        next: found.length < query.jobs ? null : last,
      };
    },
    named: async (sha256) => namedOf(database, sha256),
    async verify() {
      verifyRows(database, path, (row) => {
        summaryOf(row, path);
        documentOf(row, path);
      });
      return { file: path, ...countJobs(database), cursor: cursorOf(database) };
    },
    close: async () => database.close(),
  };
}

/** A file without anything becomes an archive; any other must be one. */
function establish(database: SqliteDatabase, path: string): void {
  const there = database.get("SELECT count(*) AS count FROM sqlite_master") ?? {};
  if (numberIn(there, "count") > 0) return checkIdentity(database, path);
  database.transaction(() => database.script(schema));
}

function checkIdentity(database: SqliteDatabase, path: string): void {
  const pragma = (name: string): number => numberIn(database.get(`PRAGMA ${name}`) ?? {}, name);
  if (pragma("application_id") !== applicationId) {
    throw new ArchiveError("damaged", `${path} is an SQLite file, but not an archive of Almanac`);
  }
  const version = pragma("user_version");
  if (version === schemaVersion) return;
  const message = `the archive ${path} has version ${version}; this version of Almanac knows ${schemaVersion}`;
  throw new ArchiveError("unsupported_version", message);
}

/** So that the file's name is there after a loss of power, whenever it was made. */
function syncDirectory(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const cursorOf = (database: SqliteDatabase): number =>
  numberIn(database.get("SELECT sequence FROM cursor") ?? {}, "sequence");

function putJob(database: SqliteDatabase, job: ArchivedJob): void {
  const { summary, sequence, text, textVersion, attempts, content } = job;
  const { id, principal, namespace } = summary;
  for (const table of tables) {
    database.run(`DELETE FROM ${table} WHERE ${table === "jobs" ? "id" : "job"} = ?`, id);
  }
  for (const [key, value] of Object.entries(summary.metadata)) {
    database.run("INSERT INTO metadata VALUES (?, ?, ?)", key, value, id);
  }
  attempts.forEach((attempt, position) => {
    database.run(
      "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      position,
      principal,
      namespace,
      Math.round(attempt.endedAtMs),
      attempt.wallMs,
      attempt.cpuMs,
      JSON.stringify(attempt.groups),
      attempt.workerSpeed,
      attempt.succeeded ? 1 : 0,
      attempt.ran ? 1 : 0,
    );
  });
  for (const sha256 of content) database.run("INSERT INTO content VALUES (?, ?)", sha256, id);
  const summaryText = JSON.stringify(summary);
  database.run(
    "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    id,
    sequence,
    summary.name,
    namespace,
    principal,
    summary.state,
    Math.round(summary.submittedAtMs),
    summaryText,
    digest(summaryText),
    deflateRawSync(text, { level: 1 }),
    textVersion,
    digest(text),
    rowsDigest(database, id),
  );
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

function summaryOf(row: Row, path: string): JobSummary {
  const text = textIn(row, "summary");
  if (!digest(text).equals(bytesIn(row, "summary_digest"))) throw damagedJob(row, path);
  return JSON.parse(text) as JobSummary;
}

function documentOf(row: Row, path: string): { text: string; textVersion: number } {
  let text: string;
  try {
    text = inflateRawSync(bytesIn(row, "document")).toString("utf8");
  } catch {
    throw damagedJob(row, path);
  }
  if (!digest(text).equals(bytesIn(row, "document_digest"))) throw damagedJob(row, path);
  return { text, textVersion: numberIn(row, "document_version") };
}

const damagedJob = (row: Row, path: string): ArchiveError =>
  new ArchiveError(
    "damaged",
    `job ${String(row.id)} in the archive ${path} is not as it was written`,
  );
