/**
 * Preprocessing of modes and non-renewable resources (Sprecher, Hartmann & Drexl 1997): modes that
 * no feasible plan can hold, modes that another mode of the task dominates, and consumable pools that
 * every choice keeps to are dropped, in turns, until nothing changes.
 */

export interface ModeRow {
  /** Index into the problem's options, or none. */
  readonly option: number;
  readonly duration: number;
  readonly demand: readonly number[];
  /** By pool; what is taken for good. */
  readonly use: readonly number[];
}

export interface ReducedModes {
  readonly modes: readonly (readonly ModeRow[])[];
  /** Pools that some choice of the modes would overdraw. */
  readonly stocks: readonly number[];
}

/** null: no choice of modes keeps to the stock. */
export function reduceModes(
  offered: readonly (readonly ModeRow[])[],
  stock: readonly number[],
): ReducedModes | null {
  let modes = offered;
  for (let changed = true; changed; ) {
    const before = countOf(modes);
    const stocks = scarce(modes, stock);
    const executable = withoutUnaffordable(modes, stock);
    if (executable.some((list) => list.length === 0)) return null;
    modes = executable.map((list) => withoutDominated(list, stocks));
    changed = countOf(modes) < before;
  }
  return { modes, stocks: scarce(modes, stock) };
}

const countOf = (modes: readonly (readonly ModeRow[])[]): number =>
  modes.reduce((sum, list) => sum + list.length, 0);

function scarce(modes: readonly (readonly ModeRow[])[], stock: readonly number[]): number[] {
  return stock.flatMap((amount, pool) => {
    const most = modes.reduce((sum, list) => sum + extremeUse(list, pool, Math.max), 0);
    return most > amount ? [pool] : [];
  });
}

/** A mode is out if not even the most modest modes of all others leave enough for it. */
function withoutUnaffordable(
  modes: readonly (readonly ModeRow[])[],
  stock: readonly number[],
): ModeRow[][] {
  const least = stock.map((_, pool) =>
    modes.reduce((sum, list) => sum + extremeUse(list, pool, Math.min), 0),
  );
  return modes.map((list) =>
    list.filter((mode) =>
      stock.every((amount, pool) => {
        const others = (least[pool] ?? 0) - extremeUse(list, pool, Math.min);
        return others + (mode.use[pool] ?? 0) <= amount;
      }),
    ),
  );
}

function extremeUse(
  list: readonly ModeRow[],
  pool: number,
  extreme: (a: number, b: number) => number,
): number {
  const first = list[0]?.use[pool] ?? 0;
  return list.reduce((value, mode) => extreme(value, mode.use[pool] ?? 0), first);
}

/** Of equal modes the first stays. */
function withoutDominated(list: readonly ModeRow[], stocks: readonly number[]): ModeRow[] {
  const isNoBetter = (mode: ModeRow, than: ModeRow): boolean =>
    mode.duration >= than.duration &&
    mode.demand.every((amount, k) => amount >= (than.demand[k] ?? 0)) &&
    stocks.every((pool) => (mode.use[pool] ?? 0) >= (than.use[pool] ?? 0));
  return list.filter((mode, place) =>
    list.every(
      (other, at) =>
        at === place || !isNoBetter(mode, other) || (isNoBetter(other, mode) && place < at),
    ),
  );
}
