/**
 * Jobs wherever they are: in memory or in the archive. Memory is asked first and counts: a job that
 * moves while somebody asks is then found in one of the two at least, and told once.
 */
import {
  type DayUsage,
  endedWithin,
  mergeUsage,
  passes,
  type UsageQuery,
  usageOfAttempt,
} from "../../core/history.js";
import type { JobId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { JobSummary } from "../../core/views.js";
import type { JobPage, ListQuery } from "../../proto/codec/requests.js";
import { endedAttempts, plainOfText } from "../pure/archived-job.js";
import type { ArchivedEnds } from "../pure/commands.js";
import type { PlainJob } from "../pure/events.js";
import { jobOfPlain } from "../pure/plain-job.js";
import type { Job, State, Task } from "../pure/state.js";
import { findTask } from "../shell/lookup.js";
import { type Archive, ArchiveError, type ListedJob, type ListPlace } from "./archive.js";

/** A job, and as what the archive has it; null: it is in memory. */
export interface Located {
  readonly job: Job;
  readonly archived: PlainJob | null;
}

export interface LocatedTask extends Located {
  readonly task: Task;
}

export class History {
  readonly #state: State;
  readonly #archive: Archive;

  constructor(state: State, archive: Archive) {
    this.#state = state;
    this.#archive = archive;
  }

  /** An id, `latest`, the name of a job (the newest of that name), or a prefix of just one id. */
  async locate(text: string): Promise<Result<Located>> {
    const exact = this.#inMemory(text);
    if (exact !== null) return ok(exact);
    if (text === "") return invalid("job_id", "names no job");
    return answered(async () => {
      const place = await this.#placeOf(text);
      return place.ok ? this.#fetch(place.value) : place;
    });
  }

  /** `<job>/<task>`; a job of one task may leave the task out. */
  async locateTask(path: string): Promise<Result<LocatedTask>> {
    const slash = path.indexOf("/");
    const located = await this.locate(slash < 0 ? path : path.slice(0, slash));
    if (!located.ok) return located;
    const { job } = located.value;
    if (slash >= 0) {
      const task = findTask(job, path.slice(slash + 1));
      return task.ok ? ok({ ...located.value, task: task.value }) : task;
    }
    const [only] = job.tasks;
    if (only !== undefined && job.tasks.length === 1) return ok({ ...located.value, task: only });
    const message = `job ${job.id} has several tasks: name one as <job>/<task>`;
    return invalid("task_id", message);
  }

  /** How jobs ended that a job is to come after, as far as the archive knows. */
  async endsBefore({ after }: JobSpec): Promise<Result<ArchivedEnds>> {
    const ids = after.map(({ jobId }) => jobId);
    // Of all: one that is in memory now may have left it by the time of the answer.
    if (ids.length === 0) return ok({});
    return answered(async () => ok(await this.#archive.ends(ids)));
  }

  /** Newest first; `next` is where to go on, empty at the end. */
  async list(query: ListQuery, summary: (job: Job) => JobSummary): Promise<Result<JobPage>> {
    return answered(async () => {
      const { limit, after, ...filter } = query;
      const before = after === "" ? null : await this.#sequenceOf(after);
      if (before === undefined) return invalid("after", `no job ${after} is known`);
      // Rendered at once: nothing of memory is read after the archive has been waited for.
      const here = [...this.#state.jobs.values()]
        .filter((job) => before === null || newerFirst(before, job) < 0)
        .filter((job) => passes(filtered(job), filter))
        .sort(newerFirst)
        .slice(0, limit + 1)
        .map((job) => ({ sequence: job.sequence, summary: summary(job) }));
      const there = await this.#listArchived({ ...filter, before, limit: limit + 1 });
      const merged = new Map(here.map((job) => [job.summary.id, job]));
      for (const job of there) if (!merged.has(job.summary.id)) merged.set(job.summary.id, job);
      const jobs = [...merged.values()].sort((a, b) => newerFirst(placeOf(a), placeOf(b)));
      const page = jobs.slice(0, limit).map((job) => job.summary);
      return ok({ jobs: page, next: jobs.length > limit ? (page.at(-1)?.id ?? "") : "" });
    });
  }

  /** Newest day first. */
  async usage(query: UsageQuery): Promise<Result<readonly DayUsage[]>> {
    return answered(async () => {
      const here = [...this.#usageInMemory(query)];
      const without = [...this.#state.jobs.keys()];
      const there = await this.#archive.usage({ ...query, without });
      return ok(mergeUsage([...here, ...there]));
    });
  }

  /** Which of this content only archived jobs name. */
  named(sha256: readonly string[]): Promise<readonly string[]> {
    return this.#archive.named(sha256);
  }

  #inMemory(id: string): Located | null {
    const job = this.#state.jobs.get(id as JobId);
    return job === undefined ? null : { job, archived: null };
  }

  async #placeOf(text: string): Promise<Result<ListPlace>> {
    const jobs = [...this.#state.jobs.values()];
    const memory = {
      named: newestOf(jobs.filter(({ spec }) => spec.name === text)),
      newest: text === "latest" ? newestOf(jobs) : null,
      prefixed: jobs.filter(({ id }) => id.startsWith(text)),
    };
    const found = await this.#archive.find(text);
    if (found.exact !== null) return ok(found.exact);
    if (text === "latest") {
      const latest = newerOf(memory.newest, found.newest);
      return latest === null ? fail("not_found", "there is no job yet") : ok(latest);
    }
    const named = newerOf(memory.named, found.named);
    if (named !== null) return ok(named);
    const matches = new Map<string, ListPlace>();
    for (const place of [...memory.prefixed, ...found.prefixed]) matches.set(place.id, place);
    const [only] = matches.values();
    if (only === undefined) return fail("not_found", `no job ${text}`);
    if (matches.size === 1) return ok(only);
    const shown = [...matches.keys()].slice(0, 3).join(", ");
    const message = `${text} stands for several jobs: ${shown}, …`;
    return invalid("job_id", message);
  }

  async #fetch({ id }: ListPlace): Promise<Result<Located>> {
    const before = this.#inMemory(id);
    if (before !== null) return ok(before);
    const stored = await this.#archive.get(id);
    // It may have come back meanwhile.
    const now = this.#inMemory(id);
    if (now !== null) return ok(now);
    if (stored === null) return fail("not_found", `no job ${id}`);
    const archived = plainOfText(stored.text, stored.textVersion);
    return ok({ job: jobOfPlain(archived), archived });
  }

  async #sequenceOf(id: string): Promise<ListPlace | undefined> {
    const job = this.#inMemory(id)?.job;
    return job ?? (await this.#archive.find(id)).exact ?? undefined;
  }

  /** Without those that memory has, of which the archive only knows what they were before. */
  async #listArchived(query: Parameters<Archive["list"]>[0]): Promise<ListedJob[]> {
    const listed: ListedJob[] = [];
    let { before } = query;
    for (;;) {
      const part = await this.#archive.list({ ...query, before });
      for (const job of part) if (!this.#state.jobs.has(job.summary.id)) listed.push(job);
      const last = part.at(-1);
      if (last === undefined || part.length < query.limit || listed.length >= query.limit) {
        return listed;
      }
      before = placeOf(last);
    }
  }

  *#usageInMemory(query: UsageQuery): Generator<DayUsage> {
    for (const job of this.#state.jobs.values()) {
      if (query.principal !== "" && query.principal !== job.principal) continue;
      if (query.namespace !== "" && query.namespace !== job.spec.namespace) continue;
      for (const attempt of endedAttempts(this.#state, job)) {
        if (endedWithin(attempt.endedAtMs, query)) yield usageOfAttempt(job.principal, attempt);
      }
    }
  }
}

function filtered({ spec, state, principal, submittedAtMs }: Job): Parameters<typeof passes>[0] {
  const { name, namespace, metadata } = spec;
  return { name, namespace, metadata, state, principal, submittedAtMs };
}

/** What the archive cannot answer is an answer too. */
async function answered<T>(ask: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ArchiveError) return fail("unavailable", error.message);
    throw error;
  }
}

const placeOf = ({ sequence, summary }: ListedJob): ListPlace => ({ sequence, id: summary.id });

/** Negative: `a` is newer, and comes first. */
const newerFirst = (a: ListPlace, b: ListPlace): number =>
  b.sequence - a.sequence || (a.id > b.id ? -1 : a.id < b.id ? 1 : 0);

const newestOf = (jobs: readonly ListPlace[]): ListPlace | null =>
  jobs.reduce<ListPlace | null>((newest, job) => newerOf(newest, job), null);

function newerOf(a: ListPlace | null, b: ListPlace | null): ListPlace | null {
  if (a === null || b === null) return a ?? b;
  return newerFirst(a, b) < 0 ? a : b;
}

const invalid = (field: string, message: string) =>
  fail("invalid_argument", message, [{ field, message }]);
