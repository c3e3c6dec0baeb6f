/**
 * What workers say that attempts have left is held against the store before it counts: a file that
 * the attempt has not sent is none. Outside of the decision, which looks at no disk.
 */
import type { DataFile } from "../../core/data.js";
import type { AttemptFinished } from "../../core/session.js";
import { quote } from "../../core/violations.js";
import type { BlobDirectory } from "../../data/blob-directory.js";
import { shortHash } from "../../data/blob-failure.js";
import type { SentContent } from "./sent-content.js";

/** What is there to hold a report against. */
export interface Evidence {
  readonly blobs: Pick<BlobDirectory, "sizeOf">;
  /** null: content comes through a directory that workers write to themselves. */
  readonly sent: SentContent | null;
}

export interface Received extends Evidence {
  readonly blobs: BlobDirectory;
}

export async function verifiedReports(
  evidence: Evidence,
  reports: readonly AttemptFinished[],
): Promise<readonly AttemptFinished[]> {
  if (!reports.some(({ outputs }) => outputs !== undefined)) return reports;
  return Promise.all(reports.map((report) => verified(evidence, report)));
}

async function verified(
  { blobs, sent }: Evidence,
  report: AttemptFinished,
): Promise<AttemptFinished> {
  const { outputs = [], ...rest } = report;
  const own = sent === null || outputs.length === 0 ? null : await sent.by(report.attempt);
  for (const file of outputs) {
    const came = own?.has(file.sha256) !== false;
    const problem = came ? await problemOf(blobs, file) : absent(file);
    if (problem === null) continue;
    if (rest.outcome.kind !== "exited") return rest;
    const message = `${quote(file.path)}: ${problem}`;
    return { ...rest, outcome: { kind: "output_failed", message } };
  }
  return report;
}

async function problemOf(
  blobs: Evidence["blobs"],
  { sha256, sizeBytes }: DataFile,
): Promise<string | null> {
  const kept = await blobs.sizeOf(sha256);
  if (kept === null) return absent({ sha256 });
  if (kept === sizeBytes) return null;
  return `content ${shortHash(sha256)} has ${kept} bytes, not ${sizeBytes}`;
}

const absent = ({ sha256 }: Pick<DataFile, "sha256">): string =>
  `content ${shortHash(sha256)} has not come to the store`;
