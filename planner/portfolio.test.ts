import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkPlan } from "../core/check.js";
import { type PortfolioHooks, type PortfolioRequest, runPortfolio } from "./portfolio.js";
import { dagProblem } from "./testing/dag-problem.js";
import { bundleSolverThread, type SolverThreadBundle } from "./testing/solver-thread-bundle.js";
import { type SolverThread, ThreadPool } from "./thread-pool.js";

const log = pino({ level: "silent" });
const never = new AbortController().signal;
const quiet: PortfolioHooks = { incumbent: () => {}, bound: () => {} };
let bundle: SolverThreadBundle;
let directory: string;

beforeAll(async () => {
  bundle = await bundleSolverThread();
  directory = mkdtempSync(join(tmpdir(), "almanac-portfolio-"));
});

afterAll(() => {
  bundle.remove();
  rmSync(directory, { recursive: true, force: true });
});

const request = (change: Partial<PortfolioRequest>): PortfolioRequest => ({
  seed: 1,
  solvers: ["multi-start"],
  workUnits: 0,
  wallMs: 1_500,
  ...change,
});

async function withPool<T>(entry: string, use: (pool: ThreadPool) => Promise<T>): Promise<T> {
  const pool = new ThreadPool({ entry, idleMax: 2, memoryMiBMax: 512 });
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}

/** A solver thread that is another program. */
function threadThat(name: string, body: string): string {
  const entry = join(directory, `${name}.mjs`);
  writeFileSync(entry, `import { parentPort } from "node:worker_threads";\n${body}\n`);
  return entry;
}

describe("a portfolio", () => {
  it("goes on when a thread is killed, and says so", async () => {
    await withPool(bundle.entry, async (pool) => {
      const killed: unknown[] = [];
      const lease = pool.lease.bind(pool);
      pool.lease = (listener) => {
        const thread = lease(listener);
        if (killed.length === 0) killed.push(setTimeout(() => void thread.worker.terminate(), 300));
        return thread;
      };
      const problem = dagProblem(4, 300);
      const result = await runPortfolio(
        problem,
        request({}),
        { pool, threads: 2, log },
        quiet,
        never,
      );
      expect(result.reason).toBe("wall_time");
      expect(result.deterministic).toBe(false);
      expect(result.contributions.get("multi-start")?.failure).toContain("ended");
      expect(result.workUnits).toBeGreaterThan(0);
      expect(
        checkPlan(problem, result.incumbent?.plan ?? expect.fail("no plan")).violations,
      ).toEqual([]);
      // The pool makes up for the thread it lost.
      const again = await runPortfolio(
        problem,
        request({ workUnits: 50_000, wallMs: 60_000 }),
        { pool, threads: 2, log },
        quiet,
        never,
      );
      expect(again).toMatchObject({ reason: "budget", deterministic: true });
    });
  });

  it("with no thread that works still gives the greedy plan", async () => {
    const entry = threadThat("crashes", "process.exit(3);");
    await withPool(entry, async (pool) => {
      const problem = dagProblem(4, 50);
      const result = await runPortfolio(
        problem,
        request({}),
        { pool, threads: 2, log },
        quiet,
        never,
      );
      expect(result.incumbent?.solver).toBe("greedy");
      expect(result.contributions.get("multi-start")?.failure).not.toBe("");
      expect(result.deterministic).toBe(false);
    });
  });

  it("throws out, by name, whoever returns plans or bounds that cannot be", async () => {
    const plan = `{ option: new Int32Array(50), worker: new Int32Array(50), start: new Int32Array(50),
      end: new Int32Array(50), devices: new Uint32Array(50) }`;
    for (const [name, news, message] of [
      ["garbage", `improved: ${plan}, bound: 0`, "infeasible plan"],
      ["boast", "improved: null, bound: 1e9", "above the value"],
      ["cut", "improved: { ...plan, end: new Int32Array(3) }, bound: 0", "infeasible plan"],
    ] as const) {
      const entry = threadThat(
        name,
        `const plan = ${plan};
        parentPort.on("message", ({ kind, epoch, quotas }) => {
          const answer = ({ member }) =>
            ({ member, workUnits: 1, done: false, failure: null, ${news} });
          if (kind === "begin") parentPort.postMessage({ kind: "begun", failures: [] });
          if (kind === "step") {
            parentPort.postMessage({ kind: "stepped", epoch, reports: quotas.map(answer) });
          }
        });`,
      );
      await withPool(entry, async (pool) => {
        const options = { pool, threads: 2, log };
        const wall = request({ wallMs: 20_000 });
        const result = await runPortfolio(dagProblem(4, 50), wall, options, quiet, never);
        expect(result.contributions.get("multi-start")?.failure, name).toContain(message);
        expect(result.incumbent?.solver, name).toBe("greedy");
        expect(result.bound, name).toBeLessThanOrEqual(result.incumbent?.evaluation.value ?? 0);
        expect(result.deterministic, name).toBe(false);
        // Nobody is left to work: there is nothing to wait for.
        expect(result.wallMs, name).toBeLessThan(10_000);
      });
    }
  });

  it("comes to an end when every thread dies in the middle", async () => {
    const entry = threadThat(
      "dies",
      `parentPort.on("message", ({ kind, epoch, quotas }) => {
        const answer = ({ member }) =>
          ({ member, workUnits: 1, done: false, failure: null, improved: null, bound: 0 });
        if (kind === "begin") parentPort.postMessage({ kind: "begun", failures: [] });
        if (kind === "step" && epoch > 3) process.exit(4);
        if (kind === "step") {
          parentPort.postMessage({ kind: "stepped", epoch, reports: quotas.map(answer) });
        }
      });`,
    );
    await withPool(entry, async (pool) => {
      const options = { pool, threads: 2, log };
      const wall = request({ wallMs: 20_000 });
      const result = await runPortfolio(dagProblem(4, 50), wall, options, quiet, never);
      expect(result.contributions.get("multi-start")?.failure).toContain("code 4");
      expect(result.wallMs).toBeLessThan(10_000);
    });
  });

  it("ends a thread that is stuck when the time is up", async () => {
    const entry = threadThat("stuck", 'parentPort.on("message", () => { for (;;) {} });');
    await withPool(entry, async (pool) => {
      const wall = request({ wallMs: 300 });
      const result = await runPortfolio(
        dagProblem(4, 50),
        wall,
        { pool, threads: 2, log },
        quiet,
        never,
      );
      expect(result.reason).toBe("wall_time");
      expect(result.wallMs).toBeLessThan(300 + 500);
      expect(result.incumbent).not.toBeNull();
    });
  });

  it("takes a proof from one thread while another is stuck", async () => {
    const entry = threadThat(
      "half-stuck",
      `let member;
      parentPort.on("message", (message) => {
        if (message.kind === "begin") {
          member = message.members[0].index;
          parentPort.postMessage({ kind: "begun", failures: [] });
        } else if (message.kind === "step" && member === 1) {
          for (;;) {}
        } else if (message.kind === "step") {
          const report = { member, workUnits: 1, improved: null, done: false, failure: null };
          const reports = [{ ...report, bound: message.value }];
          parentPort.postMessage({ kind: "stepped", epoch: message.epoch, reports });
        }
      });`,
    );
    await withPool(entry, async (pool) => {
      const result = await runPortfolio(
        dagProblem(4, 50),
        request({ wallMs: 10_000 }),
        { pool, threads: 2, log },
        quiet,
        never,
      );
      expect(result.reason).toBe("optimal");
      expect(result.bound).toBe(result.incumbent?.evaluation.value);
      expect(result.wallMs).toBeLessThan(5_000);
    });
  });

  it("takes in what waited for a slower thread when the time is up", { retry: 3 }, async () => {
    const entry = threadThat(
      "late",
      `let member;
      parentPort.on("message", (message) => {
        if (message.kind === "begin") {
          member = message.members[0].index;
          parentPort.postMessage({ kind: "begun", failures: [] });
        } else if (message.kind === "step" && member === 0) {
          const report = { member, workUnits: 1, improved: null, done: false, failure: null };
          const reports = [{ ...report, bound: message.value * 0.95 }];
          parentPort.postMessage({ kind: "stepped", epoch: message.epoch, reports });
        }
      });`,
    );
    await withPool(entry, async (pool) => {
      const result = await runPortfolio(
        dagProblem(4, 50),
        request({ wallMs: 1_000 }),
        { pool, threads: 2, log },
        quiet,
        never,
      );
      expect(result.reason).toBe("wall_time");
      const value = result.incumbent?.evaluation.value ?? expect.fail("no plan");
      expect(result.bound).toBeGreaterThanOrEqual(0.95 * value);
    });
  });

  it("neither waits for a thread that is a little late nor ends it", { retry: 3 }, async () => {
    const entry = threadThat(
      "slow",
      `parentPort.on("message", (message) => {
        if (message.kind === "begin") parentPort.postMessage({ kind: "begun", failures: [] });
        if (message.kind !== "step") return;
        const until = performance.now() + 150;
        while (performance.now() < until);
        parentPort.postMessage({ kind: "stepped", epoch: message.epoch, reports: [] });
      });`,
    );
    await withPool(entry, async (pool) => {
      const leased: SolverThread[] = [];
      const lease = pool.lease.bind(pool);
      pool.lease = (listener) => {
        const thread = lease(listener);
        leased.push(thread);
        return thread;
      };
      const options = { pool, threads: 1, log };
      const plan = () =>
        runPortfolio(dagProblem(4, 50), request({ wallMs: 50 }), options, quiet, never);
      // The threads have started when the first plan is done.
      await runPortfolio(dagProblem(4, 50), request({ wallMs: 400 }), options, quiet, never);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const { wallMs, reason } = await plan();
      expect(reason).toBe("wall_time");
      expect(wallMs).toBeLessThan(130);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(leased.at(-1)?.alive).toBe(true);
    });
  });

  it("does not spend what is left when the plan is proven optimal", async () => {
    await withPool(bundle.entry, async (pool) => {
      const all = request({ solvers: [], wallMs: 20_000 });
      const result = await runPortfolio(
        dagProblem(2, 10),
        all,
        { pool, threads: 1, log },
        quiet,
        never,
      );
      expect(result.reason).toBe("optimal");
      expect(result.wallMs).toBeLessThan(10_000);
    });
  });

  it("that is cancelled before it begins does nothing more than its first plan", async () => {
    await withPool(bundle.entry, async (pool) => {
      const gone = AbortSignal.abort();
      const result = await runPortfolio(
        dagProblem(2, 10),
        request({}),
        { pool, threads: 1, log },
        quiet,
        gone,
      );
      expect(result.reason).toBe("cancelled");
      expect(result.workUnits).toBe(0);
    });
  });
});
