/**
 * Patterns of paths: `?` is one character, `*` any within a step, `**` any number of steps, and a
 * pattern that ends with `/` means everything below. No regular expressions: a pattern comes from a
 * user, and one made for the purpose would keep a matcher that backtracks busy for years.
 */

export const isPattern = (pattern: string): boolean =>
  /[*?]/.test(pattern) || pattern.endsWith("/");

export const matchesGlob = (pattern: string, path: string): boolean =>
  reach(stepsOf(pattern), path.split("/")).complete;

/** Whether something below this directory could match. */
export const mayMatchBelow = (pattern: string, directory: string): boolean =>
  reach(stepsOf(pattern), directory.split("/")).open;

/** Whether some path could match both: true where it cannot be told. */
export function mayOverlap(a: string, b: string): boolean {
  if (!isPattern(a)) return matchesGlob(b, a);
  if (!isPattern(b)) return matchesGlob(a, b);
  const fixedA = fixedPart(a);
  const fixedB = fixedPart(b);
  return fixedA.startsWith(fixedB) || fixedB.startsWith(fixedA);
}

const fixedPart = (pattern: string): string => /^[^*?]*/.exec(pattern)?.[0] ?? "";

const stepsOf = (pattern: string): readonly string[] =>
  (pattern.endsWith("/") ? `${pattern}**` : pattern).replace(/^(\.\/)+/, "").split("/");

/**
 * The positions in the pattern that can be stood at after each step of the path, as a set: as many
 * operations as pattern times path. `open`: another step might still lead on.
 */
function reach(
  pattern: readonly string[],
  path: readonly string[],
): { readonly complete: boolean; readonly open: boolean } {
  let at = skipStars(pattern, new Set([0]));
  for (const step of path) {
    const next = new Set<number>();
    for (const position of at) {
      const wanted = pattern[position];
      if (wanted === undefined) continue;
      if (wanted === "**") next.add(position);
      if (wanted === "**" || matchesStep(wanted, step)) next.add(position + 1);
    }
    at = skipStars(pattern, next);
  }
  return {
    complete: at.has(pattern.length),
    open: [...at].some((position) => position < pattern.length),
  };
}

/** `**` may stand for nothing, except at the end: `out/**` is not `out` itself. */
function skipStars(pattern: readonly string[], at: Set<number>): Set<number> {
  for (const position of at) {
    if (pattern[position] === "**" && position + 1 < pattern.length) at.add(position + 1);
  }
  return at;
}

/** Greedy, with one place to come back to: the last star. */
function matchesStep(wanted: string, step: string): boolean {
  let w = 0;
  let s = 0;
  let star = -1;
  let resume = 0;
  while (s < step.length) {
    if (w < wanted.length && wanted[w] === "*") {
      star = w;
      resume = s;
      w += 1;
    } else if (w < wanted.length && (wanted[w] === "?" || wanted[w] === step[s])) {
      w += 1;
      s += 1;
    } else if (star >= 0) {
      resume += 1;
      w = star + 1;
      s = resume;
    } else return false;
  }
  while (wanted[w] === "*") w += 1;
  return w === wanted.length;
}
