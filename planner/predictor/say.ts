/** What the predictor has to say to whoever runs it; it stands in the planner's log. */
export type Say = (level: "info" | "warn" | "error", message: string, facts?: object) => void;

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
