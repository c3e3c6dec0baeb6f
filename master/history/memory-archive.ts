/** The archive in memory: for simulated clusters, and beside the real one in the contract suite. */
import { endedWithin, mergeUsage, passes, usageOfAttempt } from "../../core/history.js";
import { type ArchivedJob, recordsOfText } from "../pure/archived-job.js";
import type { Archive, ListPlace } from "./archive.js";

/** What stays when a process ends. */
export interface ArchiveStore {
  readonly jobs: Map<string, ArchivedJob>;
  cursor: number;
}

export const emptyArchiveStore = (): ArchiveStore => ({ jobs: new Map(), cursor: 0 });

export function openMemoryArchive(store: ArchiveStore = emptyArchiveStore()): Archive {
  const { jobs } = store;
  /** Newest first. */
  const all = (): ArchivedJob[] => [...jobs.values()].sort((a, b) => after(placeOf(a), placeOf(b)));
  return {
    async put(given) {
      for (const job of given) jobs.set(job.summary.id, structuredClone(job));
    },
    cursor: async () => store.cursor,
    async setCursor(sequence) {
      store.cursor = sequence;
    },
    async get(id) {
      const job = jobs.get(id);
      return job === undefined ? null : { text: job.text, textVersion: job.textVersion };
    },
    async find(text) {
      const newestFirst = all();
      const place = (job: ArchivedJob | undefined): ListPlace | null =>
        job === undefined ? null : placeOf(job);
      const prefixed = newestFirst.filter(({ summary }) => summary.id.startsWith(text));
      return {
        exact: place(jobs.get(text)),
        named: place(newestFirst.find(({ summary }) => summary.name === text)),
        prefixed: prefixed
          .map(placeOf)
          .sort((a, b) => (a.id < b.id ? -1 : 1))
          .slice(0, 3),
        newest: place(newestFirst[0]),
      };
    },
    async ends(ids) {
      const found = ids.flatMap((id) => jobs.get(id) ?? []);
      return Object.fromEntries(found.map(({ summary }) => [summary.id, summary.state]));
    },
    async list({ before, limit, ...filter }) {
      return all()
        .filter((job) => before === null || after(before, placeOf(job)) < 0)
        .filter(({ summary }) => passes(summary, filter))
        .slice(0, limit)
        .map(({ sequence, summary }) => ({ sequence, summary }));
    },
    async usage({ without, ...query }) {
      const ids = new Set<string>(without);
      const counted = [...jobs.values()].flatMap(({ summary, attempts }) => {
        const { id, principal, namespace } = summary;
        if (ids.has(id)) return [];
        if (query.principal !== "" && query.principal !== principal) return [];
        if (query.namespace !== "" && query.namespace !== namespace) return [];
        return attempts
          .filter(({ endedAtMs }) => endedWithin(endedAtMs, query))
          .map((attempt) => usageOfAttempt(principal, attempt));
      });
      return mergeUsage(counted);
    },
    async records({ before, jobs: most }) {
      const older = all().filter((job) => before === null || after(before, placeOf(job)) < 0);
      const told = older.slice(0, most);
      const last = told.at(-1);
      return {
        records: told.flatMap((job) =>
          recordsOfText(
            job,
            job.attempts.map(({ workerSpeed }) => workerSpeed),
          ),
        ),
        next: last === undefined || older.length <= most ? null : placeOf(last),
      };
    },
    async named(sha256) {
      const content = new Set([...jobs.values()].flatMap((job) => job.content));
      return sha256.filter((each) => content.has(each));
    },
    async verify() {
      const attempts = [...jobs.values()].reduce((sum, job) => sum + job.attempts.length, 0);
      return { file: "memory", jobs: jobs.size, attempts, cursor: store.cursor };
    },
    close: async () => {},
  };
}

const placeOf = ({ summary, sequence }: ArchivedJob): ListPlace => ({ id: summary.id, sequence });

/** Newest first; negative: `a` comes first. */
function after(a: ListPlace, b: ListPlace): number {
  return b.sequence - a.sequence || (a.id > b.id ? -1 : a.id < b.id ? 1 : 0);
}
