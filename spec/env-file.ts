/** Env files: lines of `NAME=value`, as docker, systemd and dotenv have in common. */
import { environmentNamePattern, quote } from "../core/violations.js";

export interface EnvFileProblem {
  readonly line: number;
  readonly message: string;
}

export interface EnvFile {
  readonly env: Readonly<Record<string, string>>;
  readonly problems: readonly EnvFileProblem[];
}

/**
 * Blank lines and lines that start with `#` are skipped; `export ` before a name is allowed; a
 * value may stand in single quotes (as it is) or double quotes (with \n, \t, \", \\).
 */
export function parseEnvFile(text: string): EnvFile {
  const env: Record<string, string> = {};
  const problems: EnvFileProblem[] = [];
  text.split(/\r?\n/).forEach((raw, i) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return;
    const match = /^(?:export\s+)?([^=\s]+)\s*=\s*(.*)$/.exec(line);
    const name = match?.[1] ?? "";
    if (match === null || !environmentNamePattern.test(name) || name === "__proto__") {
      problems.push({ line: i + 1, message: `must be NAME=value, not ${quote(line)}` });
      return;
    }
    const value = unquote(match[2] ?? "");
    if (value === null) problems.push({ line: i + 1, message: "has a quote that is not closed" });
    else env[name] = value;
  });
  return { env, problems };
}

function unquote(value: string): string | null {
  const mark = value[0];
  if (mark !== "'" && mark !== '"') return value;
  if (value.length < 2 || !value.endsWith(mark)) return null;
  const inner = value.slice(1, -1);
  if (mark === "'") return inner;
  const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
  return inner.replace(/\\(.)/g, (_, c: string) => escapes[c] ?? c);
}
