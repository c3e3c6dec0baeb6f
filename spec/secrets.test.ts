import { describe, expect, test } from "vitest";
import { parseJob } from "./job.js";

const parse = (text: string) => parseJob(text, { source: "job.yaml", now: 0 });

function secretsOf(text: string) {
  const result = parse(text);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.spec.templates.map(({ secrets }) => secrets ?? null);
}

/** One line per violation: `line field: message`. */
function problems(text: string): readonly string[] {
  const result = parse(text);
  if (result.ok) throw new Error("was accepted");
  return result.error.violations.map(
    ({ line, field, message }) => `${line ?? "-"} ${field}: ${message}`,
  );
}

describe("secrets in a job file", () => {
  test("are names, the task's before the defaults'", () => {
    const text = `
name: j
defaults:
  secrets: { A: of-all, B: of-all }
  secretFiles: { f: of-all }
tasks:
  one: { command: [x], secrets: { B: own } }
  two: { command: [x], secretFiles: { g/h.pem: own } }
`;
    expect(secretsOf(text)).toEqual([
      { env: { A: "of-all", B: "own" }, files: { f: "of-all" } },
      { env: { A: "of-all", B: "of-all" }, files: { f: "of-all", "g/h.pem": "own" } },
    ]);
  });

  test("of nobody are no part of a task", () => {
    expect(secretsOf("name: j\ntasks: { one: { command: [x] } }")).toEqual([null]);
  });

  test("are refused with the line and the whole path of what is wrong", () => {
    const text = `
name: j
tasks:
  one:
    command: [x]
    env: { A: in the clear }
    secrets:
      A: token
      B: [a, list]
`;
    expect(problems(text)).toEqual([
      expect.stringMatching(/^9 tasks\.one\.secrets\.B: must be the name of a secret/),
    ]);
    const wrong = text.replace("[a, list]", "two words");
    expect(problems(wrong)).toEqual([
      "8 tasks.one.secrets.A: stands in `env` as well",
      expect.stringMatching(/^9 tasks\.one\.secrets\.B: name of a secret `two words` must be/),
    ]);
    const files = `
name: j
tasks:
  one:
    command: [x]
    secretFiles:
      ../up.pem: key
`;
    expect(problems(files)).toEqual([
      '7 tasks.one.secretFiles["../up.pem"]: must not climb with `..`',
    ]);
  });
});
