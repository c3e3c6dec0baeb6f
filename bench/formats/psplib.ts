/**
 * Project scheduling with renewable resources, one mode (.sm) or several with non-renewable
 * resources (.mm), as PSPLIB writes it (Kolisch & Sprecher, EJOR 96, 1996). MMLIB leaves lines out.
 */

import type { Read } from "./instance.js";
import { FormatError, numbersIn } from "./numbers.js";
import { type Draft, projectOf } from "./project.js";

export function readPsplib(text: string): Read {
  const lines = text.split(/\r?\n/);
  const headed = (pattern: RegExp): number => {
    const line = lines.find((one) => pattern.test(one));
    const found = line?.match(/:\s*(\d+)/)?.[1];
    if (found === undefined) throw new FormatError(`no line like ${pattern.source}`);
    return Number(found);
  };
  const jobs = headed(/^\s*jobs\b/i);
  const renewable = headed(/-\s*renewable/i);
  const nonRenewable = headed(/-\s*nonrenewable/i);
  if (headed(/doubly constrained/i) > 0) throw new FormatError("doubly constrained resources");
  const precedence = rowsAfter(lines, /^PRECEDENCE RELATIONS/i);
  const requests = rowsAfter(lines, /^REQUESTS\/DURATIONS/i);
  const available = rowsAfter(lines, /^RESOURCE\s*AVAILABILITIES/i)[0] ?? [];
  const resources = renewable + nonRenewable;
  if (precedence.length !== jobs || available.length !== resources) {
    throw new FormatError(`${jobs} jobs and ${resources} resources do not match the tables`);
  }
  const drafts: { modes: Draft["modes"][number][]; successors: number[] }[] = precedence.map(
    ([, , count = 0, ...successors]) => {
      if (successors.length !== count) throw new FormatError("successors do not match their count");
      return { modes: [], successors: successors.map((job) => job - 1) };
    },
  );
  let job = -1;
  for (const row of requests) {
    // Only a job's first line begins with its number.
    if (row.length === resources + 3) job = (row[0] ?? 0) - 1;
    const [duration = 0, ...use] = row.slice(row.length - resources - 1);
    const draft = drafts[job];
    if (draft === undefined) throw new FormatError(`requests of an unknown job ${job + 1}`);
    draft.modes.push({ duration, use: use.slice(0, renewable), spends: use.slice(renewable) });
  }
  return projectOf({
    capacity: available.slice(0, renewable),
    budget: available.slice(renewable),
    jobs: drafts,
  });
}

/** The rows of numbers below a heading, up to the next line of stars. */
function rowsAfter(lines: readonly string[], heading: RegExp): number[][] {
  const at = lines.findIndex((line) => heading.test(line.trim()));
  if (at < 0) throw new FormatError(`no table like ${heading.source}`);
  const rows: number[][] = [];
  for (const line of lines.slice(at + 1)) {
    if (line.startsWith("**")) break;
    if (/^[\s\d]+$/.test(line) && line.trim() !== "") rows.push(numbersIn(line));
  }
  return rows;
}
