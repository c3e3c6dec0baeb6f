/** Methods that ours has to beat, each measured in the same replay. */
import { quantileOf, type Ring, remember, ringOf } from "../../core/ring.js";
import type { Method } from "./replay.js";
import type { Trace } from "./trace.js";

/** The user's own word. */
export const userEstimate = (trace: Trace): Method => ({
  name: "user",
  predict: ({ row, speed }) => {
    const userMs = trace.userMs[row] ?? Number.NaN;
    return userMs > 0 ? { p50Ms: userMs * speed, p90Ms: null } : null;
  },
  observe: () => undefined,
});

/** The mean of all logarithms: what an average task takes. */
export function globalMean(): Method {
  let sum = 0;
  let runs = 0;
  return {
    name: "mean",
    predict: () => (runs === 0 ? null : { p50Ms: Math.exp(sum / runs), p90Ms: null }),
    observe({ durationMs }) {
      sum += Math.log(durationMs);
      runs++;
    },
  };
}

/** The mean of the user's last two runs (Tsafrir, Etsion & Feitelson, TPDS 2007). */
export function lastTwo(trace: Trace): Method {
  const last = new Map<number, readonly number[]>();
  return {
    name: "last-two",
    predict({ row }) {
      const runs = last.get(trace.user[row] ?? -1);
      if (runs === undefined) return null;
      return { p50Ms: runs.reduce((sum, run) => sum + run, 0) / runs.length, p90Ms: null };
    },
    observe({ row, durationMs }) {
      const user = trace.user[row] ?? -1;
      last.set(user, [...(last.get(user) ?? []).slice(-1), durationMs]);
    },
  };
}

/** The median of the last 32 runs of the most specific group that has any. */
export function groupMedian(): Method {
  const groups = new Map<string, Ring>();
  return {
    name: "median",
    predict(moment) {
      for (const name of moment.groups) {
        const runs = groups.get(name);
        if (runs !== undefined) return { p50Ms: quantileOf(runs, 0.5), p90Ms: null };
      }
      return null;
    },
    observe(ended) {
      for (const name of new Set(ended.groups)) {
        const runs = groups.get(name) ?? ringOf([]);
        groups.set(name, runs);
        remember(runs, ended.durationMs, 32);
      }
    },
  };
}

/** The shrunk group statistics that the master keeps. */
export const anchor = (): Method => ({
  name: "anchor",
  predict: (moment) => moment.anchor,
  observe: () => undefined,
});
