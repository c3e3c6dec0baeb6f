/** What is served, as the planner serves it; what is proposed about models is done at once. */
import {
  activeOf,
  choose,
  enter,
  type Loss,
  lossOf,
  type Proposal,
  type SliceLosses,
} from "../../models/pure/lifecycle.js";
import {
  createPredictor,
  type Forecast,
  forecast,
  learnOutcome,
} from "../../models/pure/predictor.js";
import { createServing, learnServed, type Served, serve } from "../../models/pure/serving.js";
import type { Learner } from "./models.js";
import type { Ended, Method, Moment, Prediction } from "./replay.js";
import type { Trace } from "./trace.js";

/** What has become of the models: told in the report, when each thing was done. */
export interface Deed {
  readonly kind: "refuse" | "renew" | Proposal["kind"];
  /** Of how many completions. */
  readonly runs: number;
  readonly version: string;
  readonly because: string;
}

const line = "learnt";

export interface ServedMethod extends Method {
  readonly deeds: readonly Deed[];
}

export function served(trace: Trace, learner: Learner): ServedMethod {
  const serving = createServing();
  const { lifecycle } = serving;
  const deeds: Deed[] = [];
  const made: (Served | null)[] = new Array<Served | null>(trace.rows).fill(null);
  const said = createSaid(trace.rows);
  let entered = 0;
  let runs = 0;

  const follow = (proposal: Proposal | null, isSuccessor = false): void => {
    if (proposal === null) return;
    const { version, because } = proposal;
    deeds.push({ kind: isSuccessor ? "renew" : proposal.kind, runs, version, because });
    choose(lifecycle, proposal.kind === "promote" ? version : null);
  };

  const admit = (version: number): void => {
    const slice = activeOf(lifecycle)?.line === line ? null : said.lossesOn(learner.slice());
    follow(enter(lifecycle, { version: String(version), line, slice }), true);
    const last = lifecycle.versions.find((known) => known.version === String(version));
    if (last?.state === "retired") {
      deeds.push({ kind: "refuse", runs, version: last.version, because: last.because });
    }
  };

  return {
    name: "almanac",
    deeds,
    predict(moment) {
      const { row, features, groups, blend } = moment;
      const alive = lifecycle.versions.filter(({ state }) => state !== "retired");
      const words = new Map(
        alive.map(({ version }) => [version, learner.words(Number(version), features)]),
      );
      const found = serve(serving, features, groups, blend?.log ?? Number.NaN, words);
      made[row] = found;
      said.keep(moment, found.statistics);
      return predictionOf(found.forecast);
    },
    observe(ended) {
      runs++;
      said.ended(ended);
      const found = made[ended.row];
      made[ended.row] = null;
      if (found !== null && found !== undefined) {
        follow(learnServed(serving, found, ended.durationMs));
      }
      learner.observe(ended);
      if (learner.version() === entered) return;
      entered = learner.version();
      admit(entered);
    },
  };
}

/** What would be served if there were no model. */
export function servedWithoutModel(trace: Trace): Method {
  const predictor = createPredictor();
  const made: (Forecast | null)[] = new Array<Forecast | null>(trace.rows).fill(null);
  return {
    name: "almanac without model",
    predict({ row, features, groups, blend }) {
      const found = forecast(predictor, features, groups, blend?.log ?? Number.NaN, null);
      made[row] = found;
      return predictionOf(found);
    },
    observe({ row, durationMs }) {
      const found = made[row];
      made[row] = null;
      if (found !== null && found !== undefined) learnOutcome(predictor, found, durationMs);
    },
  };
}

const predictionOf = (found: Forecast | null): Prediction | null =>
  found === null
    ? null
    : { p50Ms: Math.exp(found.logP50), p90Ms: Math.exp(found.logP90), weights: found.weights };

/** What a new model's losses on the last slice are compared with. */
function createSaid(rows: number) {
  const moments: (Moment | null)[] = new Array<Moment | null>(rows).fill(null);
  const statistics: (Forecast | null)[] = new Array<Forecast | null>(rows).fill(null);
  const logMs = new Float64Array(rows);
  return {
    keep(moment: Moment, said: Forecast | null): void {
      moments[moment.row] = moment;
      statistics[moment.row] = said;
    },
    ended({ row, durationMs }: Ended): void {
      logMs[row] = Math.log(Math.max(1, durationMs));
    },
    /** Weights of blend and model are those of before anything is known: as good as each other. */
    lossesOn(slice: ReturnType<Learner["slice"]>): SliceLosses {
      const unlearnt = createPredictor();
      const losses: { model: Loss; statistics: Loss }[] = [];
      for (const { row, words } of slice) {
        const [moment, plain] = [moments[row], statistics[row]];
        if (!moment || !plain) continue;
        const { features, groups, blend } = moment;
        const said = forecast(unlearnt, features, groups, blend?.log ?? Number.NaN, words);
        const took = logMs[row] ?? 0;
        if (said !== null) {
          losses.push({ model: lossOf(said, took), statistics: lossOf(plain, took) });
        }
      }
      return {
        runs: losses.length,
        model: meanOf(losses.map(({ model }) => model)),
        statistics: meanOf(losses.map((loss) => loss.statistics)),
        active: null,
      };
    },
  };
}

const meanOf = (losses: readonly Loss[]): Loss => ({
  p50: losses.reduce((sum, { p50 }) => sum + p50, 0) / losses.length,
  p90: losses.reduce((sum, { p90 }) => sum + p90, 0) / losses.length,
});
