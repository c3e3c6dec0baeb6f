/** The forecast, rebuilt when it is asked for and the state has moved on, at a bounded cost. */
import type { JobId } from "../../core/ids.js";
import { type Forecast, forecast } from "../pure/forecast.js";
import { type Finishes, noFinishes } from "../pure/roll-out.js";
import type { Engine } from "./engine.js";
import type { RolledFinishes } from "./finishes.js";

/** Never older than this while somebody asks. */
const ageMaxMs = 250;
/** Share of the event loop's time that forecasts may take. */
const share = 0.1;

export class Forecasts {
  readonly #engine: Engine;
  readonly #rolled: RolledFinishes | null;
  #current: Forecast = new Map();
  #sequence = -1;
  #version = -1;
  #notBeforeMs = 0;

  constructor(engine: Engine, rolled: RolledFinishes | null = null) {
    this.#engine = engine;
    this.#rolled = rolled;
  }

  /** Waits, not for long, until roll-outs are new and have the job; null: all that there are. */
  async rolled(job: JobId | null): Promise<void> {
    await this.#rolled?.upToDate(job);
  }

  /** When whole jobs will be done, as far as roll-outs have them. */
  finishes(): Finishes {
    return this.#rolled?.get() ?? noFinishes;
  }

  get(): Forecast {
    const { state, nowMs } = this.#engine;
    const replanned = state.plan.version !== this.#version;
    if (state.seq === this.#sequence || (nowMs < this.#notBeforeMs && !replanned)) {
      return this.#current;
    }
    this.#current = forecast(state, nowMs);
    this.#sequence = state.seq;
    this.#version = state.plan.version;
    const costMs = this.#engine.nowMs - nowMs;
    this.#notBeforeMs = nowMs + Math.max(ageMaxMs, costMs / share);
    return this.#current;
  }
}
