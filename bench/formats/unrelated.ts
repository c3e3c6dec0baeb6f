/**
 * R||Cmax, independent jobs on unrelated machines (Fanjul-Peyro & Ruiz, EJOR 207, 2010): counts of
 * jobs and machines, then a row for each job of its time on each machine.
 */
import type { Read } from "./instance.js";
import { numbersOf } from "./numbers.js";
import { shopOf } from "./shop.js";

export function readUnrelated(text: string): Read {
  const numbers = numbersOf(text);
  const jobs = numbers.count("the number of jobs");
  const machines = numbers.count("the number of machines");
  const operations = Array.from({ length: jobs }, (_, job) => ({
    name: job,
    job,
    alternatives: numbers
      .counts(machines, "a time")
      .map((duration, machine) => ({ machine, duration })),
  }));
  numbers.expectEnd();
  const names = Array.from({ length: machines }, (_, machine) => machine);
  return shopOf({ machines: names, operations, edges: [] });
}
