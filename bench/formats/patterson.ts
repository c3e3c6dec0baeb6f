/** Project scheduling in Patterson's format (.rcp): counts, capacities, then a row for each job. */
import type { Read } from "./instance.js";
import { numbersOf } from "./numbers.js";
import { projectOf } from "./project.js";

export function readPatterson(text: string): Read {
  const numbers = numbersOf(text);
  const jobs = numbers.count("the number of jobs");
  const resources = numbers.count("the number of resources");
  const capacity = numbers.counts(resources, "a capacity");
  const drafts = Array.from({ length: jobs }, () => {
    const duration = numbers.count("a duration");
    const use = numbers.counts(resources, "a demand");
    const successors = numbers.counts(numbers.count("successors"), "a successor");
    return {
      modes: [{ duration, use, spends: [] }],
      successors: successors.map((job) => job - 1),
    };
  });
  numbers.expectEnd();
  return projectOf({ capacity, budget: [], jobs: drafts });
}
