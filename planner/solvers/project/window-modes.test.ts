import { expect, it } from "vitest";
import { seededRandom } from "../../../core/random.js";
import { countStocks, createModeChoice, drawModes, repairModes } from "./mode-choice.js";
import { projectOf } from "./project.js";
import { createSchedule } from "./schedule.js";
import { randomProject } from "./testing/random-project.js";
import { varyModes } from "./window-modes.js";

it("changes modes in the window alone, and only as the stocks allow", () => {
  let varied = 0;
  for (let seed = 0; seed < 200; seed += 1) {
    const problem = randomProject(seed, { tasks: 12, modesMax: 3, withEverything: true });
    const project = projectOf(problem);
    if (typeof project === "string" || project.isSingleMode) continue;
    const choice = createModeChoice(project, seededRandom(seed));
    const [schedule, variant] = [createSchedule(project), createSchedule(project)];
    drawModes(choice, schedule.mode);
    if (!repairModes(choice, schedule.mode)) continue;
    const cut = { first: 2, size: Math.min(6, project.tasks - 2) };
    if (!varyModes(choice, schedule, variant, cut)) continue;
    expect(countStocks(choice, variant.mode), `seed ${seed}`).toBe(true);
    schedule.order.forEach((task, place) => {
      const isInside = place >= cut.first && place < cut.first + cut.size;
      if (!isInside) expect(variant.mode[task], `seed ${seed}`).toBe(schedule.mode[task]);
      else if (variant.mode[task] !== schedule.mode[task]) varied += 1;
    });
  }
  expect(varied).toBeGreaterThan(50);
});
