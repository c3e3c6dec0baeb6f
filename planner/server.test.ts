import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkPlan } from "../core/check.js";
import { greedy } from "../core/greedy.js";
import type { Problem } from "../core/problem.js";
import { encodePlanRequests } from "../proto/codec/plan.js";
import type { PlannerServiceClient, PlanRequest } from "../proto/codec/services.js";
import { type Planner, startPlanner } from "./server.js";
import { dagProblem } from "./testing/dag-problem.js";
import { connect, orderOf, requestPlan, sendPlan } from "./testing/plan-client.js";
import { bundleSolverThread, type SolverThreadBundle } from "./testing/solver-thread-bundle.js";

const log = pino({ level: "silent" });
let bundle: SolverThreadBundle;
let planner: Planner;
let client: PlannerServiceClient;

const start = (threads: number): Promise<Planner> =>
  startPlanner({
    listen: "127.0.0.1:0",
    threads,
    solverThreadEntry: bundle.entry,
    predictor: null,
    log,
  });

beforeAll(async () => {
  bundle = await bundleSolverThread();
  planner = await start(2);
  client = connect(planner.address);
});

afterAll(async () => {
  client.close();
  await planner.stop();
  bundle.remove();
});

const with_ = (problem: Problem, change: Partial<Problem["tasks"]>): Problem => ({
  ...problem,
  tasks: { ...problem.tasks, ...change },
});

describe("a plan", () => {
  it("starts with plain greedy, gets better, and every plan holds", async () => {
    const problem = dagProblem(2, 300);
    const { updates, incumbents, summary } = await requestPlan(
      client,
      problem,
      orderOf({ wallMs: 1_000 }),
    ).outcome;
    expect(updates[0]).toMatchObject({ kind: "accepted", accepted: { tasks: 300 } });
    const first = checkPlan(problem, greedy(problem)).evaluation.value;
    expect(incumbents[0]?.value).toBeCloseTo(first, 9);
    expect(incumbents.at(-1)?.value).toBeLessThan(first);
    for (const { plan, value, bound } of incumbents) {
      const { violations, evaluation } = checkPlan(problem, plan);
      expect(violations).toEqual([]);
      expect(evaluation.value).toBe(value);
      expect(bound).toBeLessThanOrEqual(value);
    }
    const values = incumbents.map(({ value }) => value);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    expect(summary).toMatchObject({ reason: "wall_time", deterministic: false });
    expect(summary?.bound).toBeLessThanOrEqual(summary?.value ?? 0);
  });

  it("of a small problem ends with a proof that it is the best", async () => {
    const problem = dagProblem(3, 12);
    const { summary, wallMs } = await requestPlan(client, problem, orderOf({})).outcome;
    expect(summary?.reason).toBe("optimal");
    expect(summary?.bound).toBeCloseTo(summary?.value ?? 0, 6);
    const provers = summary?.solvers.filter(({ solver }) => /^(cp|exact-highs)$/.test(solver));
    expect(provers?.length).toBeGreaterThan(0);
    expect(wallMs).toBeLessThan(8_000);
  });

  it("is the same for a seed and a work budget, on one thread and on two", async () => {
    const problem = dagProblem(5, 120);
    const order = orderOf({ workUnits: 600_000, wallMs: 60_000 }, ["multi-start"], 42);
    const single = await start(1);
    const other = connect(single.address);
    const [a, b] = await Promise.all([
      requestPlan(client, problem, order).outcome,
      requestPlan(other, problem, order).outcome,
    ]);
    other.close();
    await single.stop();
    expect(a.summary).toMatchObject({ reason: "budget", deterministic: true });
    expect(a.summary?.workUnits).toBeGreaterThanOrEqual(600_000);
    expect(b.incumbents.at(-1)?.plan).toEqual(a.incumbents.at(-1)?.plan);
    expect(b.summary?.workUnits).toBe(a.summary?.workUnits);
  });

  it("of no tasks is empty and optimal", async () => {
    const { summary, incumbents } = await requestPlan(client, dagProblem(1, 0), orderOf({}))
      .outcome;
    expect(summary).toMatchObject({ reason: "optimal", value: 0, bound: 0 });
    expect(incumbents).toHaveLength(1);
  });

  it("that cannot be is said to have no value, and the planner goes on", async () => {
    const problem = dagProblem(1, 30);
    const demand = Int32Array.from(problem.options.demand, () => 1_000_000);
    const impossible = { ...problem, options: { ...problem.options, demand } };
    const { summary } = await requestPlan(client, impossible, orderOf({})).outcome;
    expect(summary?.value).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("the budget", () => {
  it("of wall time is kept", async () => {
    const problem = dagProblem(4, 1_000);
    for (const wallMs of [50, 400]) {
      const { summary } = await requestPlan(client, problem, orderOf({ wallMs })).outcome;
      expect(summary?.reason).toBe("wall_time");
      // 200 ms where the machine is free; other suites may be running on this one.
      expect(summary?.wallMs).toBeLessThan(wallMs + 600);
    }
  });

  it("ends early when the master cancels", async () => {
    const { summary, wallMs } = await requestPlan(
      client,
      dagProblem(4, 500),
      orderOf({ wallMs: 30_000 }),
      (update, handle) => {
        if (update.kind === "incumbent") handle.cancel();
      },
    ).outcome;
    expect(summary?.reason).toBe("cancelled");
    expect(wallMs).toBeLessThan(3_000);
  });

  it("is given back when the master goes away", async () => {
    const problem = dagProblem(4, 200);
    const order = orderOf({ wallMs: 60_000 });
    const gone = Array.from({ length: 4 }, () =>
      requestPlan(client, problem, order, (update, handle) => {
        if (update.kind === "accepted") handle.stream.cancel();
      }),
    );
    await Promise.all(gone.map(({ outcome }) => outcome));
    await sleep(300);
    const { summary } = await requestPlan(client, problem, orderOf({ wallMs: 100 })).outcome;
    expect(summary?.reason).toBe("wall_time");
  });

  it("bounds how many plans are worked on at once", async () => {
    const problem = dagProblem(4, 100);
    const accepted: Promise<unknown>[] = [];
    const handles = Array.from({ length: 4 }, () => {
      let handle: ReturnType<typeof requestPlan> | null = null;
      accepted.push(
        new Promise((resolve) => {
          handle = requestPlan(client, problem, orderOf({ wallMs: 20_000 }), resolve);
        }),
      );
      return handle as ReturnType<typeof requestPlan> | null;
    });
    await Promise.all(accepted);
    const { error } = await requestPlan(client, problem, orderOf({})).outcome;
    expect(error?.code).toBe("unavailable");
    for (const handle of handles) handle?.cancel();
    await Promise.all(handles.map((handle) => handle?.outcome));
  });
});

describe("a hostile order", () => {
  const problem = dagProblem(7, 20);
  const hostile: Record<string, () => Iterable<PlanRequest>> = {
    "an unknown solver": () => encodePlanRequests(orderOf({}, ["magic"]), problem),
    "a cycle": () =>
      encodePlanRequests(orderOf({}), {
        ...problem,
        edges: {
          count: 2,
          from: Uint32Array.of(1, 2),
          to: Uint32Array.of(2, 1),
          lag: new Int32Array(2),
          fixed: new Int32Array(2),
          kib: new Float64Array(2),
        },
      }),
    "a negative lag": () =>
      encodePlanRequests(orderOf({}), {
        ...problem,
        edges: {
          count: 1,
          from: Uint32Array.of(1),
          to: Uint32Array.of(2),
          lag: Int32Array.of(-4),
          fixed: new Int32Array(1),
          kib: new Float64Array(1),
        },
      }),
    "a short column": () =>
      encodePlanRequests(orderOf({}), with_(problem, { release: new Int32Array(3) })),
    "an index out of range": () =>
      encodePlanRequests(orderOf({}), with_(problem, { block: new Int32Array(20).fill(999) })),
    "a weight that is no number": () =>
      encodePlanRequests(
        orderOf({}),
        with_(problem, { flowWeight: new Float64Array(20).fill(Number.NaN) }),
      ),
    "weights past what is exact": () =>
      encodePlanRequests(orderOf({}), {
        ...problem,
        weights: { makespan: 1e12, flow: 0, tardiness: 0, moves: 0, cost: 0 },
      }),
    "a chunk before the order": () => [...encodePlanRequests(orderOf({}), problem)].slice(1),
    "two orders": () => {
      const [first, ...rest] = encodePlanRequests(orderOf({}), problem);
      return first === undefined ? rest : [first, first, ...rest];
    },
    "nothing at all": () => [{ kind: undefined }],
  };
  for (const [name, requests] of Object.entries(hostile)) {
    it(`with ${name} gets a typed error, and the planner goes on`, async () => {
      const { error, summary } = await sendPlan(client, requests(), 20).outcome;
      expect(summary).toBeNull();
      expect(["invalid_argument", "failed_precondition"]).toContain(error?.code);
      const after = await requestPlan(client, problem, orderOf({ wallMs: 2_000 })).outcome;
      expect(after.error).toBeNull();
    });
  }

  it("that ends before the problem is complete is refused", async () => {
    const requests = [...encodePlanRequests(orderOf({}), problem)].slice(0, 5);
    const handle = sendPlan(client, requests, 20);
    handle.stream.end();
    expect((await handle.outcome).error?.code).toBe("invalid_argument");
  });
});

describe("what the planner has learned", () => {
  it("answers from told runs, each taken once, and says when it knows nothing", async () => {
    const { decodeEstimateResponse, encodeEstimateRequest, encodeHistoryRequest } = await import(
      "../proto/codec/prediction.js"
    );
    const { noResources } = await import("../core/resources.js");
    const subject = {
      key: "",
      groups: ["job/train"],
      resources: noResources,
      workerSpeed: 2,
      submittedAtMs: 0,
      timeoutMs: null,
      userEstimateMs: null,
      priority: 0,
      inputBytes: null,
      inputFiles: 0,
      image: "",
      principal: "",
    };
    const ask = (): Promise<{ p50Ms: number; source: string } | undefined> =>
      new Promise((resolve, reject) => {
        client.estimate(encodeEstimateRequest([subject]), (error, response) => {
          if (error !== null) return reject(error);
          const decoded = decodeEstimateResponse(response, 1);
          if (decoded.ok) resolve(decoded.value[0]);
          else reject(new Error(decoded.error.message));
        });
      });
    const tell = (sequences: readonly number[]): Promise<number> =>
      new Promise((resolve, reject) => {
        const run = {
          key: "job/train",
          groups: subject.groups,
          durationMs: 4_000,
          workerSpeed: 1,
          succeeded: true,
          launchedSequence: 0,
          endedAtMs: 0,
          peakMemoryBytes: null,
        };
        const runs = sequences.map((sequence) => ({
          sequence,
          what: { kind: "ended" as const, run },
        }));
        client.history(encodeHistoryRequest(runs), (error, response) =>
          error === null ? resolve(response.sequence) : reject(error),
        );
      });
    expect((await ask())?.source).toBe("unknown");
    expect(await tell([7, 3, 5])).toBe(7);
    expect(await tell([7, 6])).toBe(7);
    const startedAtMs = performance.now();
    expect(await ask()).toMatchObject({ source: "statistics", p50Ms: 2_000 });
    expect(performance.now() - startedAtMs).toBeLessThan(500);
  });
});

describe("the address", () => {
  it("must be loopback", async () => {
    await expect(
      startPlanner({
        listen: "0.0.0.0:0",
        threads: 1,
        solverThreadEntry: bundle.entry,
        predictor: null,
        log,
      }),
    ).rejects.toThrow("loopback");
  });
});
