import { it } from "vitest";
import { solverRegistry } from "../planner/solvers/registry.js";
import { live } from "./life.js";

it("lives", async () => {
  const solvers = [await solverRegistry["multi-start"].load()];
  for (const seed of (process.env.SEEDS ?? "1").split(",").map(Number)) {
    const t = performance.now();
    const r = await live({
      seed,
      tasks: 50,
      faults: Number(process.env.FAULTS ?? 10),
      solvers,
      ...(process.env.TRACE && { onTrace: (l: string) => console.log(l) }),
    });
    const ms = performance.now() - t;
    console.log(
      JSON.stringify(
        {
          ...r,
          faults: r.faults.map((f) => `${Math.round(f.atMs)} ${f.name} ${Math.round(f.forMs)}`),
          violations: r.violations.slice(0, 12),
          ms,
          ratio: r.simulatedMs / ms,
        },
        null,
        1,
      ),
    );
  }
}, 600_000);
