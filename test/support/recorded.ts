/** A small recorded workflow, in WfFormat 1.5, of the shape of many real ones. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../core/random.js";

export interface RecordedShape {
  /** Tasks of each stage; a task reads what two or three tasks of the stage before wrote. */
  readonly stages: readonly number[];
  readonly seconds: readonly [number, number];
  readonly seed: number;
}

/** Path of the instance, in a directory of its own below the temporary one. */
export async function recordWorkflow({ stages, seconds, seed }: RecordedShape): Promise<string> {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const layers = stages.map((width, stage) =>
    Array.from({ length: width }, (_, i) => `stage${stage}_${i}`),
  );
  const parents = new Map<string, string[]>();
  layers.forEach((layer, stage) => {
    const before = layers[stage - 1] ?? [];
    layer.forEach((id, i) => {
      const own = before.filter((_, k) => k % layer.length === i % before.length);
      const drawn = before[below(before.length)];
      parents.set(id, [...new Set(drawn === undefined ? own : [...own, drawn])]);
    });
  });
  const ids = layers.flat();
  const children = (id: string): string[] =>
    ids.filter((other) => parents.get(other)?.includes(id));
  const [least, most] = seconds;
  const workflow = {
    name: "recorded",
    schemaVersion: "1.5",
    workflow: {
      specification: {
        tasks: ids.map((id) => ({
          name: id,
          id,
          parents: parents.get(id) ?? [],
          children: children(id),
          inputFiles: (parents.get(id) ?? []).map((parent) => `${parent}.out`),
          outputFiles: [`${id}.out`],
        })),
        files: ids.map((id) => ({ id: `${id}.out`, sizeInBytes: 1_000 + below(100_000) })),
      },
      execution: {
        makespanInSeconds: 0,
        executedAt: "2026-01-01T00:00:00Z",
        tasks: ids.map((id) => ({ id, runtimeInSeconds: least + random() * (most - least) })),
      },
    },
  };
  const directory = await mkdtemp(join(tmpdir(), "almanac-recorded-"));
  const path = join(directory, "recorded.json");
  await writeFile(path, JSON.stringify(workflow));
  return path;
}
