/** What a Gantt chart shows, whoever fills it. */
export const barStates = [
  "planned",
  "succeeded",
  "running",
  "failed",
  "killed",
  "unknown",
] as const;
export type BarState = (typeof barStates)[number];

export interface Bar {
  readonly label: string;
  /** Bars of one group share a colour: the template of the task. */
  readonly group: string;
  readonly startAtMs: number;
  /** null: not yet; the bar ends at now. */
  readonly endAtMs: number | null;
  readonly state: BarState;
}

export interface GanttLane {
  readonly worker: string;
  readonly planned: readonly Bar[];
  readonly actual: readonly Bar[];
}

export interface GanttSummary {
  readonly plannedMs: number | null;
  /** null: nothing has run yet. */
  readonly actualMs: number | null;
  readonly finished: boolean;
  /** Proven: no schedule is shorter, against estimated durations. */
  readonly boundMs: number | null;
  readonly solver: string | null;
}

export interface Gantt {
  readonly lanes: readonly GanttLane[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly summary: GanttSummary | null;
}
