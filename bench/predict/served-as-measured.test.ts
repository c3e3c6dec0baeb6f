import { describe, expect, it } from "vitest";
import { seededRandom } from "../../core/random.js";
import {
  createFold,
  foreseeSubject,
  keep,
  learn,
  learnTold,
  say,
} from "../../models/pure/serving-fold.js";
import { levelsOf } from "../../models/pure/subject.js";
import { runOf, subjectNamed } from "../../planner/testing/told-history.js";
import { type Prediction, replay } from "./replay.js";
import { servedWithoutModel } from "./served.js";
import { traceBuilder } from "./trace.js";

describe("what is served", () => {
  it("is what is measured: the fold and the replay say the same of every task", () => {
    const random = seededRandom(3);
    const builder = traceBuilder("drawn");
    const runs = Array.from({ length: 600 }, (_, row) => {
      const kind = Math.floor(8 * random() ** 2);
      const submitAtMs = 1_000_000 + 10_000 * row;
      const durationMs = Math.round(3_000 * (1 + kind) * Math.exp(2 * random()));
      const inputBytes = Math.round(1_000 * 4 ** Math.floor(4 * random()));
      const groups = [`p${kind}`, `t${kind % 4}`, `x${kind % 2}`, "n"];
      const userMs = random() < 0.5 ? Math.round(2 * durationMs * random()) + 1 : null;
      const succeeded = random() > 0.1;
      builder.add({
        submitAtMs,
        startAtMs: submitAtMs,
        durationMs,
        succeeded,
        inputBytes,
        ...(userMs === null ? {} : { userMs }),
        user: "ann",
        groups: levelsOf(groups, inputBytes),
      });
      return { row, submitAtMs, durationMs, inputBytes, groups, userMs, succeeded };
    });
    const trace = builder.build();
    const measured: (Prediction | null)[] = [];
    const method = servedWithoutModel(trace);
    replay(trace, [
      {
        ...method,
        predict(moment) {
          const predicted = method.predict(moment);
          measured[moment.row] = predicted;
          return predicted;
        },
      },
    ]);

    const fold = createFold(1_000);
    const waiting = runs.map((run) => ({ ...run, endAtMs: run.submitAtMs + run.durationMs }));
    waiting.sort((a, b) => a.endAtMs - b.endAtMs || a.row - b.row);
    const sequences = new Map<number, number>();
    const subjectOf = ({ row, groups, submitAtMs, inputBytes, userMs }: (typeof runs)[number]) =>
      subjectNamed(`${row}`, {
        groups,
        submittedAtMs: submitAtMs,
        inputBytes,
        userEstimateMs: userMs,
      });
    for (const run of runs) {
      while ((waiting[0]?.endAtMs ?? Number.POSITIVE_INFINITY) <= run.submitAtMs) {
        const ended = waiting.shift();
        if (ended === undefined) break;
        fold.sequence++;
        const { succeeded, endAtMs: endedAtMs } = ended;
        const launchedSequence = sequences.get(ended.row) ?? 0;
        learn(
          fold,
          runOf(subjectOf(ended), ended.durationMs, { succeeded, endedAtMs, launchedSequence }),
        );
      }
      fold.sequence++;
      sequences.set(run.row, fold.sequence);
      const subject = subjectOf(run);
      const foreseen = foreseeSubject(fold, subject, run.submitAtMs);
      learnTold(fold, foreseen, run.submitAtMs);
      const said = say(fold, foreseen, new Map(), fold.sequence);
      keep(fold, subject, said, true);
      const { forecast } = said.served;
      const expected = measured[run.row] ?? null;
      expect(forecast === null ? null : Math.exp(forecast.logP50)).toBe(expected?.p50Ms ?? null);
      expect(forecast === null ? null : Math.exp(forecast.logP90)).toBe(expected?.p90Ms ?? null);
    }
    expect(measured.filter((one) => one !== null).length).toBeGreaterThan(590);
  });
});
