import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workerShapes } from "./demo.js";

const gibibyte = 1024 ** 3;
const realCores = (shapes: ReturnType<typeof workerShapes>): number =>
  shapes.reduce((sum, { cpu, throttle = 1 }) => sum + Number(cpu) * throttle, 0);

describe("the workers of the demonstration", () => {
  it("are three, each slower than the one before", () => {
    const speeds = workerShapes(2, 4 * gibibyte, 1).map(({ throttle = 1 }) => throttle);
    expect(speeds).toEqual([...speeds].sort((a, b) => b - a));
    expect(new Set(speeds).size).toBe(3);
  });

  it("never promise more cores or memory than the machine has", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 256 }),
        fc.integer({ min: 1, max: 512 }),
        (cores, gib) => {
          const shapes = workerShapes(cores, gib * gibibyte, 1);
          expect(realCores(shapes)).toBeLessThanOrEqual(cores + 0.02);
          const memory = shapes.reduce(
            (sum, shape) => sum + Number.parseInt(shape.memory ?? "", 10),
            0,
          );
          expect(memory).toBeLessThanOrEqual(gib * 1024);
        },
      ),
    );
  });
});
