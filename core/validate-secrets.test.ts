import { describe, expect, it } from "vitest";
import type { TaskTemplate } from "./job.js";
import { secretLimits, type TaskSecrets } from "./secrets.js";
import { job, template } from "./testing/jobs.js";
import { validateJob } from "./validate-job.js";

const fieldsOf = (secrets: TaskSecrets, change: Partial<TaskTemplate> = {}): string[] =>
  validateJob(job([template("t", { secrets, ...change })])).map(({ field }) => field);

const env = (names: Record<string, string>): TaskSecrets => ({ env: names, files: {} });
const files = (names: Record<string, string>): TaskSecrets => ({ env: {}, files: names });

describe("the secrets of a task", () => {
  it("are variables and files by names of secrets", () => {
    expect(fieldsOf({ env: { TOKEN: "a.b-c_1" }, files: { "tls/key.pem": "key" } })).toEqual([]);
  });

  it.each(["my.option", "2", "A-B", ""])("are no variable that needs an argument: %j", (name) => {
    expect(fieldsOf(env({ [name]: "s" }))).toEqual([`templates[0].secrets.${name}`]);
  });

  it("leave the worker's own variables alone", () => {
    expect(fieldsOf(env({ ALMANAC_ATTEMPT: "s" }))).toEqual([
      "templates[0].secrets.ALMANAC_ATTEMPT",
    ]);
  });

  it("do not stand in env as well, nor in that of a mode", () => {
    const plain = template("t").command;
    const command = { ...plain, env: { TOKEN: "in the clear" } };
    expect(fieldsOf(env({ TOKEN: "s" }), { command })).toEqual(["templates[0].secrets.TOKEN"]);
    const { driver, resources, gpu, pools, constraints, estimate, timeoutMs } = template("t");
    const way = { driver, resources, gpu, pools, constraints, estimate, timeoutMs };
    const modes = [{ name: "m", command, ...way }];
    expect(fieldsOf(env({ TOKEN: "s" }), { modes })).toEqual(["templates[0].secrets.TOKEN"]);
  });

  it.each(["/etc/passwd", "../up", "a/../b", "dir/", "a//b", ".", "", "a\nb"])(
    "lie below their directory: %j",
    (path) => {
      expect(fieldsOf(files({ [path]: "s" }))).toEqual([`templates[0].secretFiles.${path}`]);
    },
  );

  it("do not lie below one another", () => {
    expect(fieldsOf(files({ a: "s", "a/b": "s" }))).toEqual(["templates[0].secretFiles.a/b"]);
  });

  it("have names that a secret can have", () => {
    expect(fieldsOf(env({ TOKEN: "no such name" }))).toEqual(["templates[0].secrets.TOKEN"]);
    expect(fieldsOf(files({ key: "x".repeat(129) }))).toEqual(["templates[0].secretFiles.key"]);
  });

  it("are bounded in number", () => {
    const many = (count: number): TaskSecrets =>
      env(Object.fromEntries(Array.from({ length: count }, (_, i) => [`S${i}`, "s"])));
    expect(fieldsOf(many(secretLimits.perTask))).toEqual([]);
    expect(fieldsOf(many(secretLimits.perTask + 1))).toEqual(["templates[0].secrets"]);
  });
});
