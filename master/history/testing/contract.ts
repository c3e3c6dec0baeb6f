/** What every archive promises, whatever keeps it. */
import { describe, expect, it } from "vitest";
import { everyJob } from "../../../core/history.js";
import type { Archive, ArchivedRecords, ArchiveListQuery } from "../archive.js";
import { aFinishedJob, anArchivedJob, anAttempt, dayMs, midnightMs } from "./jobs.js";

export interface TestedArchive extends AsyncDisposable {
  readonly archive: Archive;
  /** The next life of what is on disk. */
  reopen(): Promise<Archive>;
}

const everything: ArchiveListQuery = { ...everyJob, before: null, limit: 100 };

const listed = async (archive: Archive, query: Partial<ArchiveListQuery> = {}) =>
  (await archive.list({ ...everything, ...query })).map(({ summary }) => summary.id);

const someJobs = [
  anArchivedJob("aa1", 5, { name: "train", metadata: { team: "red", stage: "one" } }),
  anArchivedJob("aa2", 9, { name: "train", state: "failed", principal: "bob" }),
  anArchivedJob("ab3", 7, { namespace: "lab", metadata: { team: "red" } }),
  anArchivedJob("b4", 7, { state: "cancelled", metadata: { team: "blue" } }),
];

export function archiveContract(open: () => Promise<TestedArchive>): void {
  const filled = async (): Promise<TestedArchive> => {
    const tested = await open();
    await tested.archive.put(someJobs);
    return tested;
  };

  describe("the contract of an archive", () => {
    it("gives back what was put, also in its next life", async () => {
      await using tested = await filled();
      await tested.archive.setCursor(42);
      for (const next of [async () => tested.archive, () => tested.reopen()]) {
        const archive = await next();
        expect(await archive.get("aa1")).toEqual({ text: someJobs[0]?.text, textVersion: 2 });
        expect(await archive.get("aa")).toBeNull();
        expect(await archive.cursor(null)).toBe(42);
        const page = await archive.list({ ...everything, limit: 1 });
        expect(page).toEqual([{ sequence: 9, summary: someJobs[1]?.summary }]);
        expect(await archive.verify(null)).toMatchObject({ jobs: 4, attempts: 4, cursor: 42 });
      }
    });

    it("replaces a job that is put again, with all that was known of it", async () => {
      await using tested = await filled();
      const again = anArchivedJob(
        "aa1",
        5,
        { metadata: { team: "green" } },
        { text: "{}", content: ["c"] },
      );
      await tested.archive.put([again]);
      await tested.archive.put([again]);
      expect(await tested.archive.get("aa1")).toMatchObject({ text: "{}" });
      expect(await listed(tested.archive, { metadata: { team: "red" } })).toEqual(["ab3"]);
      expect(await listed(tested.archive, { metadata: { team: "green" } })).toEqual(["aa1"]);
      expect(await tested.archive.verify(null)).toMatchObject({ jobs: 4, attempts: 4 });
    });

    it("lists newest first, and every filter by itself and together", async () => {
      await using tested = await filled();
      const { archive } = tested;
      expect(await listed(archive)).toEqual(["aa2", "b4", "ab3", "aa1"]);
      expect(await listed(archive, { name: "train" })).toEqual(["aa2", "aa1"]);
      expect(await listed(archive, { principal: "bob" })).toEqual(["aa2"]);
      expect(await listed(archive, { namespace: "lab" })).toEqual(["ab3"]);
      expect(await listed(archive, { states: ["failed", "cancelled"] })).toEqual(["aa2", "b4"]);
      expect(await listed(archive, { metadata: { team: "red" } })).toEqual(["ab3", "aa1"]);
      const both = { team: "red", stage: "one" };
      expect(await listed(archive, { metadata: both })).toEqual(["aa1"]);
      const between = { submittedFromMs: midnightMs + 7, submittedBeforeMs: midnightMs + 9 };
      expect(await listed(archive, between)).toEqual(["b4", "ab3"]);
      expect(await listed(archive, { ...between, namespace: "lab" })).toEqual(["ab3"]);
      expect(await listed(archive, { name: "tra%" })).toEqual([]);
    });

    it("pages without a gap or a repetition, whatever comes meanwhile", async () => {
      await using tested = await filled();
      const { archive } = tested;
      const seen: string[] = [];
      let before: ArchiveListQuery["before"] = null;
      for (let sequence = 100; ; sequence++) {
        const page = await archive.list({ ...everything, before, limit: 1 });
        await archive.put([anArchivedJob(`n${sequence}`, sequence)]);
        const [job] = page;
        if (job === undefined) break;
        seen.push(job.summary.id);
        before = { sequence: job.sequence, id: job.summary.id };
      }
      expect(seen).toEqual(["aa2", "b4", "ab3", "aa1"]);
    });

    it("finds what a text may stand for", async () => {
      await using tested = await filled();
      const { archive } = tested;
      const found = await archive.find("train");
      expect(found).toMatchObject({ exact: null, named: { id: "aa2" }, newest: { id: "aa2" } });
      expect((await archive.find("aa")).prefixed.map(({ id }) => id)).toEqual(["aa1", "aa2"]);
      expect((await archive.find("b4")).exact).toEqual({ id: "b4", sequence: 7 });
      expect(await archive.ends(["b4", "aa2", "zz"])).toEqual({ b4: "cancelled", aa2: "failed" });
    });

    it("counts usage by user and UTC day, without what memory counts", async () => {
      await using tested = await open();
      const { archive } = tested;
      const late = anAttempt({ endedAtMs: midnightMs - 1, wallMs: 7, cpuMs: null });
      await archive.put([
        anArchivedJob("x", 1, {}, { attempts: [anAttempt(), anAttempt(), late] }),
        anArchivedJob("y", 2, { principal: "bob" }, { attempts: [anAttempt({ ran: false })] }),
        anArchivedJob("z", 3, {}, { attempts: [anAttempt({ endedAtMs: midnightMs + dayMs })] }),
      ]);
      const all = { namespace: "", principal: "", fromMs: null, beforeMs: null, without: [] };
      const day = (day: string, principal: string, attempts: number) => ({
        day,
        principal,
        attempts,
      });
      const usage = async (query: object) =>
        [...(await archive.usage({ ...all, ...query }))].sort((a, b) =>
          `${a.day}${a.principal}` < `${b.day}${b.principal}` ? -1 : 1,
        );
      expect(await usage({})).toMatchObject([
        { ...day("2026-11-19", "ada", 1), wallMs: 7, cpuMs: 0, unmeasured: 1 },
        { ...day("2026-11-20", "ada", 2), wallMs: 1_000, cpuMs: 800, unmeasured: 0 },
        day("2026-11-20", "bob", 1),
        day("2026-11-21", "ada", 1),
      ]);
      expect(await usage({ principal: "bob" })).toHaveLength(1);
      expect(await usage({ namespace: "none" })).toEqual([]);
      const oneDay = { fromMs: midnightMs, beforeMs: midnightMs + dayMs };
      expect(await usage({ ...oneDay, without: ["x"] })).toMatchObject([
        day("2026-11-20", "bob", 1),
      ]);
    });

    it("tells the predictor what jobs teach, newest first, a few at a time", async () => {
      await using tested = await open();
      const { archive } = tested;
      const jobs = ["x", "y", "z"].map((id, at) => aFinishedJob(id, at + 1));
      // Of a version that is yet to come, or of nobody's: they teach nothing.
      const strange = anArchivedJob("strange", 4, {}, { textVersion: 99 });
      await archive.put([...jobs, strange]);
      const first = await archive.records({ before: null, jobs: 3 });
      expect(keysOf(first)).toEqual(["y/0", "y/0", "z/0", "z/0"]);
      expect(first.next).toEqual({ id: "y", sequence: 2 });
      const rest = await archive.records({ before: first.next, jobs: 3 });
      expect(keysOf(rest)).toEqual(["x/0", "x/0"]);
      expect(rest.next).toBeNull();
      expect(rest.records.find(({ what }) => what.kind === "ended")).toMatchObject({
        what: { run: { durationMs: 700, workerSpeed: 1.5, succeeded: true } },
      });
    });

    it("knows what content is named", async () => {
      await using tested = await open();
      const { archive } = tested;
      await archive.put([anArchivedJob("x", 1, {}, { content: ["c1", "c2"] })]);
      expect([...(await archive.named(["c2", "c3", "c1"]))].sort()).toEqual(["c1", "c2"]);
    });
  });
}

const keysOf = ({ records }: ArchivedRecords): string[] =>
  records
    .map(({ what }) =>
      what.kind === "ended" ? what.run.key : what.kind === "foreseen" ? what.subject.key : "",
    )
    .sort();
