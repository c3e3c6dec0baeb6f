/** Paths into what a user wrote, and the keys and depths that are refused on the way. */
import { quote } from "../core/violations.js";

export type Path = readonly (string | number)[];

export const depthMax = 64;

const forbiddenKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
export const isForbiddenKey = (key: string): boolean => forbiddenKeys.has(key);
export const forbiddenKeyMessage = (key: string): string =>
  `the key ${quote(key)} is refused: it would reach into the prototype of objects; choose another name`;

/** `tasks.train.resources.cpu`, `tasks[3].name`, `tasks["odd name"]`. */
export function fieldOf(path: Path): string {
  return path.reduce<string>(
    (field, step) => (typeof step === "number" ? `${field}[${step}]` : joinField(field, step)),
    "",
  );
}

export function joinField(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key.slice(0, 80))}]`;
  return path === "" ? key : `${path}.${key}`;
}
