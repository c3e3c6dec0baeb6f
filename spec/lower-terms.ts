/** What a task asks of its place beside others and of its end, as core says it. */
import { byWorker, type TaskTemplate } from "../core/job.js";
import type { SourceTask } from "./expansion.js";
import type { Deadline } from "./planning-section.js";

type Terms = Pick<
  TaskTemplate,
  "gang" | "spread" | "colocate" | "hardDeadline" | "skipPrice" | "mayFail"
>;

export function lowerTerms({ name, file }: SourceTask, due: Deadline | undefined): Terms {
  const { gang, spread, colocate, optional, mayFail } = file;
  const groupOf = (given: {
    readonly group?: string | undefined;
    readonly by?: string | undefined;
  }) => ({
    group: given.group ?? name,
    by: given.by ?? byWorker,
  });
  return {
    ...(gang === undefined ? {} : { gang: gang === true ? name : gang }),
    ...(spread === undefined ? {} : { spread: groupOf(spread) }),
    ...(colocate === undefined ? {} : { colocate: groupOf(colocate) }),
    ...(due?.hard === true ? { hardDeadline: true } : {}),
    ...(optional === undefined ? {} : { skipPrice: optional.price }),
    ...(mayFail === true ? { mayFail } : {}),
  };
}
