/** What a task says of when and where it runs beside others, between wire and core/job.ts. */
import type { DomainGroup, TaskTemplate } from "../../core/job.js";
import type * as wire from "../gen/almanac/v1/job.js";
import { finite, type Scope } from "./decoding.js";

type WireTerms = Pick<
  wire.TaskTemplate,
  "gang" | "spread" | "colocate" | "hardDeadline" | "skipPrice" | "mayFail"
>;
type Terms = Pick<
  TaskTemplate,
  "gang" | "spread" | "colocate" | "hardDeadline" | "skipPrice" | "mayFail"
>;

export const encodeTerms = (terms: Terms): WireTerms => ({
  gang: terms.gang,
  spread: terms.spread,
  colocate: terms.colocate,
  hardDeadline: terms.hardDeadline === true,
  skipPrice: terms.skipPrice,
  mayFail: terms.mayFail === true,
});

export const decodeTerms = (scope: Scope, message: WireTerms): Terms => ({
  ...(message.gang === undefined ? {} : { gang: message.gang }),
  ...(message.spread === undefined ? {} : { spread: groupOf(message.spread) }),
  ...(message.colocate === undefined ? {} : { colocate: groupOf(message.colocate) }),
  ...(message.hardDeadline ? { hardDeadline: true } : {}),
  ...(message.skipPrice === undefined
    ? {}
    : { skipPrice: finite(scope, "skipPrice", message.skipPrice, 0) }),
  ...(message.mayFail ? { mayFail: true } : {}),
});

const groupOf = ({ group, by }: wire.DomainGroup): DomainGroup => ({ group, by });
