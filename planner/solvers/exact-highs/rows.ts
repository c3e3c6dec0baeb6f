/** A mixed-integer program that is being written down, row by row. */
export interface Term {
  readonly column: number;
  readonly value: number;
}

export interface Rows {
  readonly columns: number;
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  readonly costs: readonly number[];
  readonly integer: readonly boolean[];
  readonly rowLower: readonly number[];
  readonly rowUpper: readonly number[];
  readonly starts: readonly number[];
  readonly indices: readonly number[];
  readonly values: readonly number[];
  /** Returns the index of a new column. */
  column(cost: number, lower: number, upper: number, integer: boolean): number;
  /** Adds to the cost of a column. */
  cost(column: number, amount: number): void;
  row(lower: number, upper: number, terms: readonly Term[]): void;
}

export function createRows(): Rows {
  const lower: number[] = [];
  const upper: number[] = [];
  const costs: number[] = [];
  const integer: boolean[] = [];
  const rowLower: number[] = [];
  const rowUpper: number[] = [];
  const starts: number[] = [0];
  const indices: number[] = [];
  const values: number[] = [];
  return {
    get columns() {
      return lower.length;
    },
    lower,
    upper,
    costs,
    integer,
    rowLower,
    rowUpper,
    starts,
    indices,
    values,
    column(cost, low, high, isInteger) {
      costs.push(cost);
      lower.push(low);
      upper.push(Math.max(low, high));
      integer.push(isInteger);
      return lower.length - 1;
    },
    cost(column, amount) {
      costs[column] = (costs[column] ?? 0) + amount;
    },
    row(low, high, terms) {
      // The engine wants each column once in a row.
      const merged = new Map<number, number>();
      for (const { column, value } of terms) merged.set(column, (merged.get(column) ?? 0) + value);
      for (const [column, value] of merged) {
        if (value === 0) continue;
        indices.push(column);
        values.push(value);
      }
      rowLower.push(low);
      rowUpper.push(high);
      starts.push(indices.length);
    },
  };
}
