/**
 * A predictor that learns by group statistics and says so for every change; now and then it would
 * rather serve another model. It keeps nothing on disk. A mad one says whatever comes to its mind.
 */
import { emptyStatistics, estimate, observe } from "../../core/estimate.js";
import type {
  EstimateSubject,
  HistoryAnswer,
  HistoryRecord,
  ModelProposal,
  RevisedEstimate,
} from "../../core/prediction.js";
import { randomInteger } from "../../core/random.js";
import type { Estimate } from "../../core/views.js";

/** Jobs of a life have nothing in common, and yet it foresees something of each. */
const everything = "everything";
/** Runs between two models that it would rather serve. */
const runsPerModel = 15;

export class SimulatedPredictor {
  readonly #statistics = emptyStatistics();
  readonly #subjects = new Map<string, EstimateSubject>();
  readonly #said = new Map<string, number>();
  #sequence = 0;
  #runs = 0;
  #served: string | null = null;

  take(records: readonly HistoryRecord[]): HistoryAnswer {
    for (const record of records) if (record.sequence > this.#sequence) this.#learn(record);
    return { sequence: this.#sequence, revised: this.#revise(), proposal: this.#propose() };
  }

  foresee(subject: EstimateSubject): Estimate {
    const found = estimate(this.#statistics, [...subject.groups, everything]);
    if (found === null) return { p50Ms: 0, p90Ms: 0, source: "unknown", confidence: 0 };
    return { ...found, source: "model" };
  }

  #learn({ sequence, what }: HistoryRecord): void {
    this.#sequence = sequence;
    switch (what.kind) {
      case "foreseen":
        this.#subjects.set(what.subject.key, what.subject);
        this.#said.delete(what.subject.key);
        return;
      case "chosen":
        this.#served = what.choice.sha256;
        return;
      case "ended": {
        const { groups, durationMs, workerSpeed, succeeded } = what.run;
        if (!succeeded) return;
        this.#runs += 1;
        observe(this.#statistics, [...groups, everything], durationMs * workerSpeed);
        return;
      }
    }
  }

  #revise(): RevisedEstimate[] {
    return [...this.#subjects.values()].flatMap((subject) => {
      const foreseen = this.foresee(subject);
      if (foreseen.source === "unknown") return [];
      if (this.#said.get(subject.key) === foreseen.p50Ms) return [];
      this.#said.set(subject.key, foreseen.p50Ms);
      return [{ key: subject.key, estimate: foreseen }];
    });
  }

  #propose(): ModelProposal | null {
    const number = Math.floor(this.#runs / runsPerModel);
    if (number === 0) return null;
    const sha256 = digestOf(number);
    // Though somebody may have pinned another: that is the master's to know.
    if (this.#served === sha256) return null;
    return { sha256, version: `v${number}`, reason: `${this.#runs} runs` };
  }
}

export const digestOf = (number: number): string => number.toString(16).padStart(64, "0");

/** Estimates that cannot be, of ways that are not there; a model that nobody knows. */
export function raving(answer: HistoryAnswer, random: () => number): HistoryAnswer {
  const any = (): number => randomInteger(random, 10_000) - 100;
  const wrong = (key: string): RevisedEstimate => ({
    key,
    estimate: { p50Ms: any(), p90Ms: any(), source: "model", confidence: 2 * random() },
  });
  return {
    sequence: Math.floor(answer.sequence * random() * 2),
    revised: [...answer.revised.map(({ key }) => wrong(key)), wrong("nobody/0"), wrong("?")],
    proposal: { sha256: digestOf(any() + 1_000_000), version: "", reason: "it is nicer" },
  };
}
