/**
 * An SQLite file as the archive needs it: every commit synced, errors of one kind. The binding
 * (libsql) is better-sqlite3's, with differences that stay in here: rows carry a `_metadata` field,
 * `pragma` knows no `simple`, an open that fails has no code, bytes are a Buffer in one row and an
 * ArrayBuffer in many, a close leaves what is in the write-ahead log there (and lets go of the file
 * only with the garbage), and a lone Buffer as a value aborts the process, so that values are always
 * given as a list.
 */
import Database from "libsql";
import { ArchiveError } from "./archive.js";

export type SqlValue = string | number | Buffer | null;
export type Row = Readonly<Record<string, unknown>>;

export interface SqliteDatabase {
  run(sql: string, ...values: readonly SqlValue[]): void;
  get(sql: string, ...values: readonly SqlValue[]): Row | null;
  all(sql: string, ...values: readonly SqlValue[]): readonly Row[];
  /** All of it or nothing, synced when it returns. */
  transaction(work: () => void): void;
  script(sql: string): void;
  close(): void;
}

/** What waits for a lock of another process (a backup, `verify`) waits for so long. */
const busyMs = 10_000;

/** Statements are kept by their text: there are few, and preparing costs as much as running. */
const statementsMax = 64;

/**
 * `log`: readers and the one writer do not wait for one another. `plain`: one file and nothing
 * beside it. `read`: as it is, and nothing is written.
 */
type OpenMode = "log" | "plain" | "read";

/** Throws ArchiveError. */
export function openSqlite(path: string, mode: OpenMode = "log"): SqliteDatabase {
  const readOnly = mode === "read";
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw archiveErrorOf(error, path);
    }
  };
  const database = guarded(
    () => new Database(path, { readonly: readOnly, fileMustExist: readOnly, timeout: busyMs }),
  );
  const prepare = (sql: string) => database.prepare<[SqlValue[]]>(sql);
  const statements = new Map<string, ReturnType<typeof prepare>>();
  const prepared = (sql: string) => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = prepare(sql);
    if (statements.size === statementsMax) statements.clear();
    statements.set(sql, statement);
    return statement;
  };
  guarded(() => {
    if (!readOnly) database.exec(`PRAGMA journal_mode = ${mode === "log" ? "WAL" : "DELETE"}`);
    // Syncs the log with every commit, and directories too where files come and go.
    database.exec("PRAGMA synchronous = EXTRA");
    database.exec(`PRAGMA busy_timeout = ${busyMs}`);
  });
  return {
    run: (sql, ...values) => void guarded(() => prepared(sql).run([...values])),
    get: (sql, ...values) => guarded(() => rowOf(prepared(sql).get([...values]))),
    all: (sql, ...values) =>
      guarded(() => {
        const rows: unknown[] = prepared(sql).all([...values]);
        return rows.map(rowOf).filter((row) => row !== null);
      }),
    transaction(work) {
      guarded(() => database.exec("BEGIN IMMEDIATE"));
      try {
        work();
        guarded(() => database.exec("COMMIT"));
      } catch (error) {
        // A failed commit may have rolled back by itself.
        if (database.inTransaction) guarded(() => database.exec("ROLLBACK"));
        throw error;
      }
    },
    script: (sql) => void guarded(() => database.exec(sql)),
    close: () =>
      void guarded(() => {
        statements.clear();
        // So that the file is whole by itself.
        if (mode === "log") database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        database.close();
      }),
  };
}

function rowOf(row: unknown): Row | null {
  if (typeof row !== "object" || row === null) return null;
  return Object.fromEntries(Object.entries(row).filter(([column]) => column !== "_metadata"));
}

/** SQLite's primary codes for a file that is not, or no longer, what it was. */
const damagedCodes = [11, 26];

function archiveErrorOf(error: unknown, path: string): ArchiveError {
  if (error instanceof ArchiveError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const raw = error instanceof Error && "rawCode" in error ? Number(error.rawCode) & 0xff : 0;
  if (damagedCodes.includes(raw)) {
    return new ArchiveError("damaged", `the archive ${path} is damaged: ${message}`, error);
  }
  return new ArchiveError("io_failed", `the archive ${path} cannot be used: ${message}`, error);
}

export function textIn(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw new ArchiveError("damaged", `column ${column} of the archive holds no text`);
}

export function numberIn(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "number") return value;
  throw new ArchiveError("damaged", `column ${column} of the archive holds no number`);
}

export function bytesIn(row: Row, column: string): Buffer {
  const value = row[column];
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  throw new ArchiveError("damaged", `column ${column} of the archive holds no bytes`);
}
