/** `bench differential`: small random problems, on which all engines and enumeration must agree. */
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { isSolverName, type SolverName, solverNames } from "../../planner/solvers/registry.js";
import { printTable, writeJson } from "../report.js";
import { projectFile } from "../root.js";
import { type CampaignResult, type Failure, runCampaign } from "./campaign.js";
import { isShape, type Shape, shapeNames } from "./draw.js";
import { type Feature, features, isFeature } from "./features.js";
import { startWitness } from "./portfolio.js";

export const differentialBench = () =>
  new Command("differential")
    .description("small random problems: optima, bounds, proofs and plans of all engines agree")
    .option("--seeds <n>", "problems", count, 500)
    .option("--seed <n>", "the first", count, 1)
    .option("--shape <name>", `only this one: ${shapeNames.join(", ")}`, shape)
    .option("--tasks <n>", "of each problem, instead of what its seed says", count)
    .option("--features <name...>", `these alone, or none: ${features.join(", ")}`, feature)
    .option("--solver <name...>", `only these engines: ${solverNames.join(", ")}`, solver)
    .option("--portfolio-every <n>", "the portfolio looks at each so many-th; 0: never", count, 5)
    .option("--json <file>", "write the figures here")
    .action(async (options) => {
      const every = options.portfolioEvery;
      const witness = every > 0 ? startWitness(projectFile("dist/planner/solver-thread.js")) : null;
      const change = {
        ...(options.shape === undefined ? {} : { shape: options.shape }),
        ...(options.tasks === undefined ? {} : { tasks: options.tasks }),
        ...(options.features === undefined ? {} : { features: [...options.features] }),
      };
      const result = await runCampaign({
        seed: options.seed,
        seeds: options.seeds,
        change,
        solvers: options.solver,
        portfolio: witness,
        portfolioEvery: Math.max(1, every),
        progress: (done, faults) => {
          if (done % 500 === 0) process.stderr.write(`${done} problems\n`);
          for (const fault of faults) process.stdout.write(textOf(fault));
        },
      });
      await witness?.close();
      print(result);
      const { scores, features: counts, ...rest } = result;
      writeJson(options.json, {
        ...rest,
        scores: Object.fromEntries(scores),
        features: Object.fromEntries(counts),
      });
      if (result.failures.length > 0) process.exitCode = 1;
    });

function print({ problems, infeasible, notEnumerated, scores, ...result }: CampaignResult): void {
  printTable(
    `${problems} problems: ${infeasible} without a plan, ${notEnumerated} not enumerated to the end`,
    [...scores].map(([name, score]) => ({ solver: name, ...score })),
  );
  printTable(
    "by feature",
    [...result.features]
      .sort(([a], [b]) => features.indexOf(a) - features.indexOf(b))
      .map(([feature, counts]) => ({ feature, ...counts })),
  );
  process.stdout.write(`\n${result.failures.length} faults\n`);
}

const textOf = ({ solver: name, message, command }: Failure): string =>
  `FAULT of ${name}: ${message}\n  ${command}\n`;

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError("a whole number is expected");
  }
  return value;
}

function shape(text: string): Shape {
  if (!isShape(text)) throw new InvalidArgumentError(`there are ${shapeNames.join(", ")}`);
  return text;
}

function feature(text: string, before: readonly Feature[] = []): readonly Feature[] {
  if (text === "none") return before;
  if (!isFeature(text)) throw new InvalidArgumentError(`there are ${features.join(", ")}`);
  return [...before, text];
}

function solver(text: string, before: readonly SolverName[] = []): readonly SolverName[] {
  if (!isSolverName(text)) throw new InvalidArgumentError(`there are ${solverNames.join(", ")}`);
  return [...before, text];
}
