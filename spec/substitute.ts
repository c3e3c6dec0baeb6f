/**
 * Placeholders in the texts of a task: `${{ matrix.lr }}`. No shell, awk or template language in
 * use reads `${{`, so a script keeps every `$` of its own; `$${{` stands for a literal `${{`.
 */
import { quote } from "../core/violations.js";
import { didYouMean } from "./suggest.js";

const placeholder = /\$\$\{\{|\$\{\{\s*([^{}]*?)\s*\}\}/g;

export type Values = ReadonlyMap<string, string>;

/** Replaces every placeholder; those without a value stay as they are (they were reported). */
export function substitute(text: string, values: Values): string {
  if (!text.includes("${{")) return text;
  return text.replace(placeholder, (whole, name: string | undefined) =>
    name === undefined ? whole.slice(1) : (values.get(name) ?? whole),
  );
}

/** Names of the placeholders in a text, each once. */
export function placeholdersOf(text: string): readonly string[] {
  if (!text.includes("${{")) return [];
  const names = new Set<string>();
  for (const match of text.matchAll(placeholder)) {
    if (match[1] !== undefined) names.add(match[1]);
  }
  return [...names];
}

/** What is wrong with a placeholder's name, or null. */
export function placeholderProblem(name: string, known: ReadonlySet<string>): string | null {
  if (known.has(name)) return null;
  const shown = quote(`\${{ ${name} }}`);
  if (name === "array") return `${shown} has a value only in a task with array`;
  if (name.startsWith("matrix.") && ![...known].some((one) => one.startsWith("matrix."))) {
    return `${shown} has a value only in a task with matrix`;
  }
  const list = [...known].map((one) => quote(one)).join(", ");
  return `${shown} is unknown${didYouMean(name, known)}; known here: ${list}; write $\${{ for a literal \${{`;
}
