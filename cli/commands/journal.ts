/** `almanac journal`: what a master has on disk, without the master. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ArchiveReport } from "../../master/history/archive.js";
import type { JournalReport } from "../../master/journal/inspect.js";
import { CommandFailure, failure, messageOf } from "../failure.js";
import { printJson, printJsonLine, printLines } from "../output.js";
import { formatBytes, plural } from "../render/units.js";
import { addGroup, type Group, type Program } from "../root.js";
import { configOf } from "../settings.js";

export function addJournal(program: Program): void {
  const journal = addGroup(program, "journal").description(
    "the journal of a master: verify, look into, back up and restore it, on its own machine",
  );
  addVerify(journal);
  addStat(journal);
  addStream(journal);
  addBackup(journal);
  addRestore(journal);
}

const directoryHelp = "a master's data directory, or a backup (default: the configured one)";

function addVerify(journal: Group): void {
  journal
    .command("verify")
    .description(
      "read all of it: checksums, chain, sequences, snapshots, archive; names file and byte",
    )
    .argument("[directory]", directoryHelp)
    .action(async (directory, _options, command) => {
      const given = command.optsWithGlobals();
      const report = await reading(async ({ inspectJournal, disk }) =>
        inspectJournal(disk, directoryOf(given, directory)),
      );
      const archive = await archiving(({ verifyArchive, archivePath }) =>
        verifyArchive(archivePath(chosenOf(given, directory))),
      );
      if (given.json === true) return printJson(reportJson(report, archive));
      printLines([
        ...summary(report, archive),
        archive === null
          ? "every record is as it was written"
          : "every record and every archived job is as it was written",
      ]);
    });
}

function addStat(journal: Group): void {
  journal
    .command("stat")
    .description("segments, sizes, syncs, and events by type")
    .argument("[directory]", directoryHelp)
    .action(async (directory, _options, command) => {
      const given = command.optsWithGlobals();
      const types = new Map<string, number>();
      const report = await reading(async ({ inspectJournal, recordsOf, disk }) =>
        inspectJournal(disk, directoryOf(given, directory), {
          frame(bytes, frame) {
            for (const { payload } of recordsOf(bytes, frame)) {
              const { type } = JSON.parse(payload).event;
              types.set(type, (types.get(type) ?? 0) + 1);
            }
          },
        }),
      );
      const sorted = [...types].sort(([, a], [, b]) => b - a);
      if (given.json === true) {
        return printJson({ ...reportJson(report, null), events: Object.fromEntries(sorted) });
      }
      printLines([
        ...report.segments.map(
          ({ file, version, records, groups, bytes }) =>
            `${file}  format ${version}, ${plural(records, "record")} in ${plural(groups, "sync")}, ${formatBytes(bytes)}`,
        ),
        ...summary(report, null),
        ...sorted.map(([type, count]) => `${String(count).padStart(10)}  ${type}`),
      ]);
    });
}

function addStream(journal: Group): void {
  journal
    .command("stream")
    .description("print the events, one JSON document per line")
    .argument("[directory]", directoryHelp)
    .option("--from <sequence>", "the first one", Number, 1)
    .option("--to <sequence>", "the last one", Number, Number.POSITIVE_INFINITY)
    .action(async (directory, { from, to }, command) => {
      const given = command.optsWithGlobals();
      await reading(async ({ inspectJournal, recordsOf, disk }) =>
        inspectJournal(disk, directoryOf(given, directory), {
          frame(bytes, frame) {
            const { firstSequence, recordCount } = frame;
            if (firstSequence > to || firstSequence + recordCount <= from) return;
            for (const { sequence, payload } of recordsOf(bytes, frame)) {
              if (sequence >= from && sequence <= to) printJsonLine(JSON.parse(payload));
            }
          },
        }),
      );
    });
}

function addBackup(journal: Group): void {
  journal
    .command("backup")
    .description("copy it, verified, into a new directory; the master may run meanwhile")
    .argument("<to>", "a directory without a journal")
    .argument("[directory]", directoryHelp)
    .action(async (to, directory, _options, command) => {
      const given = command.optsWithGlobals();
      const report = await reading(async ({ copyJournal, disk }) =>
        copyJournal(disk, directoryOf(given, directory), to),
      );
      // After the journal: then it lacks no job that the journal says it has.
      const archive = await archiving(({ backupArchive, archivePath }) =>
        backupArchive(archivePath(chosenOf(given, directory)), archivePath(to), report.tail),
      );
      if (given.json === true) return printJson(reportJson(report, archive));
      printLines([...summary(report, archive), `copied to ${to}, synced and read back`]);
    });
}

function addRestore(journal: Group): void {
  journal
    .command("restore")
    .description("put a backup in the place of a journal that is gone; no master may run there")
    .argument("<backup>", "what `almanac journal backup` made")
    .argument("[directory]", "the master's data directory (default: the configured one)")
    .action(async (backup, directory, _options, command) => {
      const given = command.optsWithGlobals();
      const chosen = chosenOf(given, directory);
      const to = join(chosen, "journal");
      const report = await reading(async ({ restoreJournal, refuseJournal, ...given }) => {
        const { acquireDirectoryLock, disk } = given;
        await disk.makeDirectory(to);
        const lock = await acquireDirectoryLock(to);
        try {
          // Before anything is written.
          await refuseJournal(disk, to);
          await archiving(async ({ refuseExisting, archivePath }) => {
            refuseExisting(archivePath(chosen));
            return null;
          });
          return await restoreJournal(disk, backup, to);
        } finally {
          await lock.release();
        }
      });
      const archive = await archiving(({ restoreArchive, archivePath }) =>
        restoreArchive(archivePath(backup), archivePath(chosen)),
      );
      if (given.json === true) return printJson(reportJson(report, archive));
      printLines([...summary(report, archive), `restored to ${to}`]);
    });
}

type Given = Parameters<typeof configOf>[0];

const chosenOf = (given: Given, directory: string | undefined): string =>
  directory ?? configOf(given, "master").master.dataDirectory;

function directoryOf(given: Given, directory: string | undefined): string {
  const chosen = chosenOf(given, directory);
  const below = join(chosen, "journal");
  return existsSync(below) ? below : chosen;
}

/** Loaded only here, so that every other command starts fast. */
async function tools() {
  const { copyJournal, inspectJournal, refuseJournal, restoreJournal } = await import(
    "../../master/journal/inspect.js"
  );
  const { recordsOf } = await import("../../master/journal/frame.js");
  const { acquireDirectoryLock } = await import("../../master/journal/lock.js");
  const { nodeFileSystem: disk } = await import("../../master/journal/file-system.js");
  const copies = { copyJournal, refuseJournal, restoreJournal };
  return { ...copies, inspectJournal, recordsOf, acquireDirectoryLock, disk };
}

/** Work on the archive beside a journal; loaded only here, like the journal's. */
async function archiving(
  work: (given: Awaited<ReturnType<typeof archiveTools>>) => Promise<ArchiveReport | null>,
): Promise<ArchiveReport | null> {
  const { ArchiveError } = await import("../../master/history/archive.js");
  try {
    return await work(await archiveTools());
  } catch (error) {
    if (error instanceof ArchiveError) throw failure("failed_precondition", error.message);
    throw error;
  }
}

async function archiveTools() {
  const copies = await import("../../master/history/copy-archive.js");
  const { archivePath } = await import("../../master/history/archive-path.js");
  return { ...copies, archivePath };
}

async function reading(
  work: (given: Awaited<ReturnType<typeof tools>>) => Promise<JournalReport>,
): Promise<JournalReport> {
  const given = await tools();
  const { JournalError } = await import("../../master/journal/journal.js");
  try {
    const report = await work(given);
    if (report.segments.length > 0) return report;
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    if (error instanceof JournalError) {
      const { damage } = error;
      throw failure("failed_precondition", error.message, [
        ...(damage === null
          ? []
          : [
              {
                field: damage.file,
                message: `byte ${damage.offset}: expected ${damage.expected}, found ${damage.actual}`,
              },
            ]),
      ]);
    }
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw failure(isMissing ? "not_found" : "internal", messageOf(error));
  }
  throw failure("not_found", "there is no journal in that directory");
}

const reportJson = (
  { segments, snapshots, begins, tail, link }: JournalReport,
  archive: ArchiveReport | null,
) => ({
  begins,
  tail,
  link,
  segments: segments.map((segment) => ({ ...segment })),
  snapshots: snapshots.map((snapshot) => ({ ...snapshot })),
  archive: archive === null ? null : { ...archive },
});

function summary(
  { segments, begins, tail, link, snapshots }: JournalReport,
  archive: ArchiveReport | null,
): string[] {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const torn = segments.reduce((sum, segment) => sum + segment.tornBytes, 0);
  return [
    `${plural(tail + 1 - begins, "record")} in ${plural(segments.length, "segment")}, ${formatBytes(bytes)}, ending with ${link.slice(0, 16)}`,
    ...(begins === 1 ? [] : [`begins with record ${begins}: what was before has been trimmed`]),
    ...(torn === 0
      ? []
      : [`${formatBytes(torn)} at the end are of a write that was never acknowledged`]),
    ...snapshots.map(
      ({ file, sequence, trouble }) =>
        `snapshot of ${plural(sequence, "record")} ${trouble === null ? "is good" : `cannot be used: ${trouble}`} (${file})`,
    ),
    ...(archive === null
      ? []
      : [
          `archive of ${plural(archive.jobs, "job")} with ${plural(archive.attempts, "attempt")} (${archive.file})`,
        ]),
  ];
}
