import { describe, expect, it } from "vitest";
import { randomInteger, seededRandom } from "../../core/random.js";
import {
  addRow,
  createTableau,
  dropRow,
  isSlack,
  levelOf,
  multipliers,
  optimal,
  resetBasis,
  solve,
  type Tableau,
} from "./dual-simplex.js";

function row(tableau: Tableau, slot: number, coefficients: readonly number[], most: number): void {
  const { columns } = tableau;
  tableau.given.set(coefficients, slot * columns);
  tableau.lower[columns + slot] = Number.NEGATIVE_INFINITY;
  tableau.upper[columns + slot] = most;
  addRow(tableau, slot);
}

/** Least x0 over the corners of a grid, which holds an optimum where all data are small halves. */
function leastOnGrid(tableau: Tableau, rows: readonly (readonly number[])[], most: number[]) {
  let least = Number.POSITIVE_INFINITY;
  const point = [0, 0, 0];
  const visit = (at: number): void => {
    if (at === 3) {
      const holds = rows.every(
        (of, k) => of.reduce((sum, c, j) => sum + c * (point[j] ?? 0), 0) <= (most[k] ?? 0) + 1e-9,
      );
      if (holds) least = Math.min(least, point[0] ?? 0);
      return;
    }
    for (let v = tableau.lower[at] as number; v <= (tableau.upper[at] as number); v += 1) {
      point[at] = v;
      visit(at + 1);
    }
  };
  visit(0);
  return least;
}

describe("the dual simplex", () => {
  it("finds the least objective again after bounds and rows have changed", () => {
    const tableau = createTableau(3, 3, 0);
    tableau.upper.fill(10, 0, 3);
    // x0 >= x1 + x2 and x1 + 2 x2 >= 6
    row(tableau, 0, [-1, 1, 1], 0);
    row(tableau, 1, [0, -1, -2], -6);
    expect(solve(tableau, 50)).toBe(optimal);
    expect(levelOf(tableau, 0)).toBeCloseTo(3, 6);
    tableau.upper[2] = 1;
    expect(solve(tableau, 50)).toBe(optimal);
    expect(levelOf(tableau, 0)).toBeCloseTo(5, 6);
    row(tableau, 2, [-1, 0, 0], -7);
    expect(solve(tableau, 50)).toBe(optimal);
    expect(levelOf(tableau, 0)).toBeCloseTo(7, 6);
    expect(isSlack(tableau, 0)).toBe(true);
    dropRow(tableau, 0);
    expect(solve(tableau, 50)).toBe(optimal);
    expect(levelOf(tableau, 0)).toBeCloseTo(7, 6);
  });

  it("gives multipliers whose sum of rows says why, whatever the rounding", () => {
    let infeasible = 0;
    for (let seed = 0; seed < 400; seed += 1) {
      const random = seededRandom(seed);
      const tableau = createTableau(3, 4, 0);
      tableau.upper.set([30, 4, 4]);
      const rows: number[][] = [];
      const most: number[] = [];
      for (let slot = 0; slot < 4; slot += 1) {
        rows.push([slot === 0 ? -1 : 0, ...[0, 0].map(() => randomInteger(random, 9) - 4)]);
        most.push(randomInteger(random, 12) - 5);
        row(tableau, slot, rows[slot] ?? [], most[slot] ?? 0);
      }
      for (let change = 0; change < 4; change += 1) {
        const of = 1 + randomInteger(random, 2);
        tableau.lower[of] = randomInteger(random, 3);
        tableau.upper[of] = (tableau.lower[of] as number) + randomInteger(random, 3);
        if (change === 2) resetBasis(tableau);
        const outcome = solve(tableau, 60);
        const least = leastOnGrid(tableau, rows, most);
        if (outcome >= 0) {
          expect(least, `seed ${seed}`).toBe(Number.POSITIVE_INFINITY);
          infeasible += 1;
        } else expect(levelOf(tableau, 0), `seed ${seed}`).toBeLessThan(least + 1e-6);
        expect(boundBy(tableau, outcome, most), `seed ${seed}`).toBeLessThanOrEqual(least + 1e-3);
      }
    }
    expect(infeasible).toBeGreaterThan(100);
  });
});

/** What the sum of rows by multipliers says of x0; Infinity: that nothing holds. */
function boundBy(tableau: Tableau, outcome: number, most: readonly number[]): number {
  const times = new Float64Array(4);
  multipliers(tableau, outcome, times);
  const weight = [0, 0, 0];
  let limit = 0;
  times.forEach((of, slot) => {
    expect(of).toBeLessThanOrEqual(0);
    limit += of * (most[slot] ?? 0);
    for (let c = 0; c < 3; c += 1) {
      weight[c] = (weight[c] ?? 0) + of * (tableau.given[slot * 3 + c] as number);
    }
  });
  // Sum of weight × x at least `limit`; x0 from the greatest that the others can give.
  let others = 0;
  for (let c = 1; c < 3; c += 1) {
    const of = weight[c] ?? 0;
    others += of * ((of > 0 ? tableau.upper[c] : tableau.lower[c]) as number);
  }
  const first = weight[0] ?? 0;
  if (first < 1e-9) return others + first * 30 < limit - 1e-6 ? Number.POSITIVE_INFINITY : 0;
  return (limit - others) / first;
}
