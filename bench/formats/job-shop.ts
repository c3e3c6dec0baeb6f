/**
 * Job shops: a row for each job of machine (from 0) and duration, in turn; machines may recur or be
 * left out. Flexible job shops (Brandimarte's format): for each operation the number of machines
 * (from 1) that may do it, and these with their durations.
 */
import type { Read } from "./instance.js";
import { FormatError, linesOf, Numbers, numbersIn, numbersOf } from "./numbers.js";
import { chainsOf, type Operation, shopOf } from "./shop.js";

export function readJobShop(text: string): Read {
  const [header = "", ...rows] = linesOf(text);
  const [jobs = 0, machines = 0] = numbersIn(header);
  if (rows.length < jobs) throw new FormatError(`${rows.length} rows for ${jobs} jobs`);
  const operations = rows.slice(0, jobs).flatMap((row, job): Operation[] => {
    const values = numbersIn(row);
    // Some files end each row, whatever its length, with "-1 -1".
    const end = values.indexOf(-1);
    const numbers = new Numbers(end < 0 ? values : values.slice(0, end));
    const found: Operation[] = [];
    while (!numbers.isAtEnd) {
      const machine = numbers.count("a machine");
      if (machine >= machines) throw new FormatError(`machine ${machine} of ${machines}`);
      const duration = numbers.count("a duration");
      found.push({ name: `${job}.${found.length}`, job, alternatives: [{ machine, duration }] });
    }
    return found;
  });
  return shopOf({
    machines: Array.from({ length: machines }, (_, machine) => machine),
    operations,
    edges: chainsOf(operations),
  });
}

export function readFlexibleJobShop(text: string): Read {
  const [header = "", ...rest] = linesOf(text);
  // A third number of the header is the mean count of alternatives, which nobody needs.
  const [jobs = 0, machines = 0] = numbersIn(header);
  const numbers = numbersOf(rest.join("\n"));
  const operations: Operation[] = [];
  for (let job = 0; job < jobs; job++) {
    const count = numbers.count("the operations of a job");
    for (let index = 0; index < count; index++) {
      const choices = numbers.count("the alternatives of an operation");
      const alternatives = Array.from({ length: choices }, () => {
        const machine = numbers.count("a machine") - 1;
        if (machine < 0 || machine >= machines) {
          throw new FormatError(`machine ${machine + 1} of ${machines}`);
        }
        return { machine, duration: numbers.count("a duration") };
      });
      operations.push({ name: `${job}.${index}`, job, alternatives });
    }
  }
  numbers.expectEnd();
  return shopOf({
    machines: Array.from({ length: machines }, (_, machine) => machine + 1),
    operations,
    edges: chainsOf(operations),
  });
}
