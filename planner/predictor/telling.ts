/** Takes in what the master tells, record by record, in order of their sequences. */
import type { EstimateSubject, HistoryRecord } from "../../core/prediction.js";
import { featureCount } from "../../models/pure/features.js";
import type { Foreseen } from "../../models/pure/knowledge.js";
import { totalOf } from "../../models/pure/rows.js";
import {
  foreseeSubject,
  keep,
  latestSubjects,
  learn,
  learnTold,
  type Said,
  type ServingFold,
  say,
} from "../../models/pure/serving-fold.js";
import { enterCandidates } from "./candidates.js";
import type { Revisions } from "./revisions.js";
import type { Say } from "./say.js";
import type { ModelService } from "./service.js";
import { followSchedule, type Schedule } from "./training.js";

export interface Ground {
  readonly fold: ServingFold;
  readonly models: ModelService;
  readonly schedule: Schedule;
  readonly revisions: Revisions;
  readonly say: Say;
}

/** Subjects foreseen at once; between those others have their turn. */
export const batchMax = 100;
/** Foreseen again when another model is chosen. */
const latestMax = 5_000;

interface Told {
  readonly sequence: number;
  readonly subject: EstimateSubject;
}

/** What is known already is left out. */
export async function takeRecords(
  ground: Ground,
  records: readonly HistoryRecord[],
): Promise<void> {
  const fresh = records
    .filter(({ sequence }) => sequence > ground.fold.sequence)
    .sort((a, b) => a.sequence - b.sequence);
  let batch: Told[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    await foreseeTold(ground, batch);
    batch = [];
  };
  for (const { sequence, what } of fresh) {
    switch (what.kind) {
      case "foreseen":
        // What models say of one changes nothing for the next: they are asked for many at once.
        batch.push({ sequence, subject: what.subject });
        if (batch.length >= batchMax) await flush();
        break;
      case "ended":
        await flush();
        await takeEnd(ground, sequence, what.run);
        break;
      case "chosen":
        await flush();
        ground.fold.sequence = sequence;
        await ground.models.choose(what.choice);
        await foreseeLatest(ground);
        break;
    }
  }
  await flush();
  // Without a run more, what was chosen would wait for one.
  if (await ground.models.chooseAwaited()) await foreseeLatest(ground);
}

/**
 * What is said of each of the subjects. Of what is remembered, `all` models are asked, to be judged;
 * of what is asked in passing the active one alone.
 */
export async function sayForeseen(
  { fold, models }: Pick<Ground, "fold" | "models">,
  told: readonly Told[],
  foreseen: readonly Foreseen[],
  whose: "all" | "active",
): Promise<readonly Said[]> {
  const words = await models.words(matrixOf(foreseen), foreseen.length, whose);
  return foreseen.map((one, place) =>
    say(fold, one, words[place] ?? new Map(), told[place]?.sequence ?? 0),
  );
}

/** Lets others have their turn. */
export const breathe = (): Promise<void> => new Promise(setImmediate);

async function takeEnd(
  ground: Ground,
  sequence: number,
  run: Parameters<typeof learn>[1],
): Promise<void> {
  const { fold, models, schedule } = ground;
  fold.sequence = sequence;
  const before = totalOf(fold.rows);
  const { proposal, due } = learn(fold, run);
  models.propose(proposal);
  if (totalOf(fold.rows) > before) {
    await followSchedule(schedule, fold.rows, models, sequence, ground.say);
    if (await enterCandidates(models, fold)) return await foreseeLatest(ground);
  }
  await foreseeAgain(ground, due, sequence);
}

async function foreseeTold(ground: Ground, told: readonly Told[]): Promise<void> {
  const { fold } = ground;
  const foreseen = told.map(({ subject }) => {
    const one = foreseeSubject(fold, subject, subject.submittedAtMs);
    learnTold(fold, one, subject.submittedAtMs);
    return one;
  });
  const said = await sayForeseen(ground, told, foreseen, "all");
  told.forEach(({ sequence, subject }, place) => {
    fold.nowMs = Math.max(fold.nowMs, subject.submittedAtMs);
    fold.sequence = sequence;
    remember(ground, subject, said[place], true);
  });
  await breathe();
}

/** Another model is served: what it says counts from now on. */
const foreseeLatest = (ground: Ground): Promise<void> =>
  foreseeAgain(ground, latestSubjects(ground.fold, latestMax), ground.fold.sequence);

async function foreseeAgain(
  ground: Ground,
  subjects: readonly EstimateSubject[],
  sequence: number,
): Promise<void> {
  const { nowMs } = ground.fold;
  for (let from = 0; from < subjects.length; from += batchMax) {
    const told = subjects.slice(from, from + batchMax).map((subject) => ({ sequence, subject }));
    const foreseen = told.map(({ subject }) => foreseeSubject(ground.fold, subject, nowMs));
    const said = await sayForeseen(ground, told, foreseen, "all");
    told.forEach(({ subject }, place) => {
      remember(ground, subject, said[place], false);
    });
    await breathe();
  }
}

function remember(
  { fold, revisions }: Ground,
  subject: EstimateSubject,
  said: Said | undefined,
  isToldAnew: boolean,
): void {
  const moved = said === undefined ? null : keep(fold, subject, said, isToldAnew);
  if (moved !== null) revisions.add(fold.sequence, moved);
}

function matrixOf(foreseen: readonly Foreseen[]): Float32Array {
  const matrix = new Float32Array(foreseen.length * featureCount);
  foreseen.forEach(({ features }, row) => {
    matrix.set(features, row * featureCount);
  });
  return matrix;
}
