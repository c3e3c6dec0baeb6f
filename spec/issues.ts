/** From zod's issues to violations: one per wrong place, with its line and what would be right. */
import type { z } from "zod";
import type { Violation } from "../core/result.js";
import { quote, violationsMax } from "../core/violations.js";
import { fieldOf, type Path } from "./path.js";
import type { Source } from "./source.js";
import { didYouMean } from "./suggest.js";

type Issue = z.core.$ZodIssue;

export function violationsOf(issues: readonly Issue[], source: Source): readonly Violation[] {
  const found: Violation[] = [];
  const seen = new Set<string>();
  const add = (path: Path, message: string, limit?: number): void => {
    const field = fieldOf(path);
    if (seen.has(field) || found.length >= violationsMax) return;
    seen.add(field);
    const base = { field, message, line: source.lineOf(path) };
    found.push(limit === undefined ? base : { ...base, limit });
  };
  for (const issue of issues) collect(issue, [], add);
  return found;
}

function collect(
  issue: Issue,
  prefix: Path,
  add: (path: Path, message: string, limit?: number) => void,
): void {
  const path = [
    ...prefix,
    ...issue.path.map((step) => (typeof step === "number" ? step : String(step))),
  ];
  if (issue.code === "unrecognized_keys") {
    const known = issue.message.split(",");
    for (const key of issue.keys) {
      const list = known.length <= 12 ? `; known here: ${known.join(", ")}` : "";
      add([...path, key], `unknown key ${quote(key)}${didYouMean(key, known) || list}`);
    }
  } else if (issue.code === "invalid_union") {
    const branch = branchMeant(issue.errors);
    if (branch === null) add(path, issue.message);
    else for (const inner of branch) collect(inner, path, add);
  } else if (issue.code === "invalid_key" || issue.code === "invalid_element") {
    for (const inner of issue.issues) collect(inner, path, add);
  } else {
    const limit = issue.code === "too_big" ? Number(issue.maximum) : limitOf(issue);
    add(path, issue.message, limit);
  }
}

/** Of a union's branches the one whose kind of value was given: only its inside is wrong. */
function branchMeant(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const inside = branches.filter(
    (issues) =>
      issues.length > 0 &&
      !issues.some(
        (issue) =>
          issue.path.length === 0 &&
          (issue.code === "invalid_type" || issue.code === "invalid_value"),
      ),
  );
  return inside.length === 1 ? (inside[0] ?? null) : null;
}

function limitOf(issue: Issue): number | undefined {
  const params = issue.code === "custom" ? issue.params : undefined;
  const limit: unknown = params?.limit;
  return typeof limit === "number" ? limit : undefined;
}
