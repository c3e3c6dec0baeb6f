/** Entry of the process in which a brought model is tried: one trial, one answer, and it ends. */
import { writeFileSync } from "node:fs";
import { type Trial, tryModel } from "./trial.js";

/** Should memory run out, this process is the one to go. */
function offerToTheKernel(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // Not everywhere, and not needed.
  }
}

const answer = (message: unknown): void => {
  process.send?.(message, () => process.exit(0));
};

offerToTheKernel();
process.once("disconnect", () => process.exit(1));
process.once("message", (trial: Trial) => {
  tryModel(trial).then(
    (report) => answer({ report }),
    (error: unknown) => answer({ refusal: error instanceof Error ? error.message : String(error) }),
  );
});
