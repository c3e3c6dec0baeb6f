/**
 * What workers say that attempts have left is held against the store before it counts: a hash that
 * nobody has sent is no file, and whoever waits for it would wait in vain. Outside of the decision,
 * which looks at no disk.
 */
import type { DataFile } from "../../core/data.js";
import type { AttemptFinished } from "../../core/session.js";
import { quote } from "../../core/violations.js";
import type { BlobDirectory } from "../../data/blob-directory.js";
import { shortHash } from "../../data/blob-failure.js";

export async function verifiedReports(
  blobs: BlobDirectory,
  reports: readonly AttemptFinished[],
): Promise<readonly AttemptFinished[]> {
  if (!reports.some(({ outputs }) => outputs !== undefined)) return reports;
  return Promise.all(reports.map((report) => verified(blobs, report)));
}

async function verified(blobs: BlobDirectory, report: AttemptFinished): Promise<AttemptFinished> {
  const { outputs = [], ...rest } = report;
  for (const file of outputs) {
    const problem = await problemOf(blobs, file);
    if (problem === null) continue;
    if (rest.outcome.kind !== "exited") return rest;
    const message = `${quote(file.path)}: ${problem}`;
    return { ...rest, outcome: { kind: "output_failed", message } };
  }
  return report;
}

async function problemOf(
  blobs: BlobDirectory,
  { sha256, sizeBytes }: DataFile,
): Promise<string | null> {
  const kept = await blobs.sizeOf(sha256);
  if (kept === null) return `content ${shortHash(sha256)} has not come to the store`;
  if (kept === sizeBytes) return null;
  return `content ${shortHash(sha256)} has ${kept} bytes, not ${sizeBytes}`;
}
