import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../core/random.js";
import { createPopulation, enter } from "./population.js";
import { type Project, projectOf } from "./project.js";
import { createRounds, nextRound } from "./rounds.js";
import { createSchedule } from "./schedule.js";
import { randomProject } from "./testing/random-project.js";

function projectOfTest(): Project {
  const project = projectOf(randomProject(1, { tasks: 12, modesMax: 1, withEverything: false }));
  if (typeof project === "string") throw new Error(project);
  return project;
}

describe("rounds of a population", () => {
  it("leave their best to a later round in which those of all meet", () => {
    const project = projectOfTest();
    const random = seededRandom(1);
    const rounds = createRounds(project);
    const population = createPopulation(project, 40);
    const schedule = createSchedule(project);
    const meetings: number[][] = [];
    for (let round = 0; round < 6; round += 1) {
      // Members of round r have makespans from 100 r on, or are what was left by others.
      for (let k = 0; k < 40; k += 1) {
        schedule.makespan = 100 * round + k;
        schedule.start.fill(k);
        enter(population, schedule, random);
      }
      const isMeeting = nextRound(rounds, population, random);
      expect(isMeeting).toBe(round % 3 === 2);
      if (!isMeeting) expect(population.count).toBe(0);
      else {
        const members = population.members.slice(0, population.count);
        meetings.push(members.map(({ makespan }) => makespan).sort((a, b) => a - b));
      }
    }
    const bestOf = (round: number): number[] =>
      Array.from({ length: 12 }, (_, k) => 100 * round + k);
    expect(meetings[0]).toEqual([0, 1, 2].flatMap(bestOf));
    // The first meeting's heirs are among those of the second.
    expect(meetings[1]?.slice(0, 12)).toEqual(bestOf(0));
  });
});
