/** The instances below a directory, by family, in an order that does not depend on the machine. */
import { readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { formatOf, nameOf } from "./read.js";

export interface Listed {
  /** For `readInstance`. */
  readonly path: string;
  readonly instance: string;
  readonly family: string;
}

/** On how many processors a task graph is planned whose file does not say. */
const processorCounts = [2, 4, 8, 16];

/** `directory` holds a folder for each family, or is one. */
export function listInstances(directory: string): Listed[] {
  const families = readdirSync(directory, { withFileTypes: true })
    .filter((one) => one.isDirectory())
    .map(({ name }) => name)
    .sort(byName)
    .flatMap((family) => inFamily(directory, family));
  if (families.length > 0) return families;
  const whole = resolve(directory);
  return inFamily(dirname(whole), basename(whole));
}

function inFamily(directory: string, family: string): Listed[] {
  const folder = join(directory, family);
  return readdirSync(folder)
    .sort(byName)
    .flatMap((file) => {
      const path = join(folder, file);
      const format = formatOf(path);
      if (format === null) return [];
      return format === "stg" ? processorCounts.map((count) => `${path}@p${count}`) : [path];
    })
    .map((path) => ({ path, instance: `${family}/${nameOf(path)}`, family }));
}

/** Numbers by their value, whatever the locale. */
function byName(a: string, b: string): number {
  const parts = (name: string): string[] => name.split(/(\d+)/);
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = "", y = ""] = [left[i], right[i]];
    if (x === y) continue;
    const difference = i % 2 === 1 ? Number(x) - Number(y) : 0;
    if (difference !== 0) return difference;
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}
