import { describe, expect, it } from "vitest";
import { randomInteger, seededRandom } from "../../../core/random.js";
import { createPackedProfile, packingOf } from "./packed-profile.js";
import { type Project, projectOf } from "./project.js";
import { createSegmentProfile } from "./segment-profile.js";
import { randomProject } from "./testing/random-project.js";

describe("the two profiles of a project", () => {
  it("find the same earliest and latest starts, whatever is taken and blocked", () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const problem = randomProject(seed, { tasks: 14, modesMax: 2, withEverything: true });
      const project = projectOf(problem);
      if (typeof project === "string") continue;
      compare(project, seed);
    }
  });
});

function compare(project: Project, seed: number): void {
  const packing = packingOf(project);
  if (packing === null) throw new Error("small amounts fit into a word");
  const profiles = [createPackedProfile(project, packing), createSegmentProfile(project)] as const;
  const random = seededRandom(seed);
  for (const profile of profiles) profile.reset();
  for (let task = 0; task < project.tasks; task += 1) {
    const mode = project.modeFirst[task] as number;
    const duration = project.duration[mode] as number;
    if (duration === 0) continue;
    const from = randomInteger(random, 20);
    const starts = profiles.map((profile) => profile.earliest(mode, duration, from));
    expect(starts[0], `seed ${seed}`).toBe(starts[1]);
    const [packed, listed] = profiles.map((profile) => profile.latest(mode, duration, from));
    // How far before tick 0 the one gave up says nothing.
    expect(Math.max(-1, packed as number), `seed ${seed}`).toBe(Math.max(-1, listed as number));
    for (const profile of profiles) profile.take(mode, starts[0] as number, duration);
  }
}
