// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what is tested
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type JobSpec, jobLimits } from "../core/job.js";
import { fail, ok } from "../core/result.js";
import { type ParseOptions, parseJob, parseJobBytes } from "./job.js";

const options: ParseOptions = { source: "job.yaml", now: 1_000_000 };

function spec(text: string, more: Partial<ParseOptions> = {}): JobSpec {
  const result = parseJob(text, { ...options, ...more });
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
  return result.value.spec;
}

/** One line per violation: `line field: message`. */
function problems(text: string, more: Partial<ParseOptions> = {}): string {
  const result = parseJob(text, { ...options, ...more });
  if (result.ok) throw new Error("was accepted");
  return result.error.violations
    .map(({ line, field, message }) => `${line ?? "-"} ${field}: ${message}`)
    .join("\n");
}

const task = (lines: string): string => `name: j\ntasks:\n  t:\n    command: [x]\n    ${lines}\n`;

describe("a job file", () => {
  test("of the least size gets the documented defaults", () => {
    expect(spec("name: hello\ntasks: {greet: {command: [echo, hi, 1]}}\n")).toEqual({
      name: "hello",
      namespace: "default",
      templates: [
        {
          name: "greet",
          driver: "process",
          command: {
            program: { kind: "argv", argv: ["echo", "hi", "1"] },
            env: {},
            workingDirectory: null,
            stdin: null,
            options: null,
          },
          resources: {
            cpuMillis: 1000,
            memoryBytes: 268_435_456,
            diskBytes: 0,
            networkBps: 0,
            custom: {},
          },
          gpu: null,
          pools: {},
          constraints: [],
          priority: 0,
          deadlineAtMs: null,
          estimate: null,
          retry: { attemptsMax: 1, backoffMs: 1000, backoffMaxMs: 300_000 },
          timeoutMs: null,
          killGraceMs: 5000,
          onLost: { kind: "keep" },
          idempotent: false,
          scheduledAtMs: null,
          maxConcurrent: null,
          logBytesMax: 16_777_216,
          metadata: {},
        },
      ],
      tasks: [{ name: "greet", template: 0, env: {}, estimate: null, inputBytes: null }],
      edges: [],
      after: [],
      timeoutMs: null,
      deadlineAtMs: null,
      objective: null,
      metadata: {},
    });
  });

  test("says the same in YAML and in JSON, as a map and as a list", () => {
    const map = {
      name: "j",
      tasks: { a: { command: ["x"] }, b: { command: ["y"], after: ["a"] } },
    };
    const list = {
      name: "j",
      tasks: [
        { name: "a", command: ["x"] },
        { name: "b", command: ["y"], after: ["a"] },
      ],
    };
    const yaml = "name: j\ntasks:\n  a: {command: [x]}\n  b: {command: [y], after: [a]}\n";
    expect(spec(JSON.stringify(map))).toEqual(spec(yaml));
    expect(spec(JSON.stringify(list))).toEqual(spec(yaml));
  });

  test("reads amounts, times, conditions and policies in every form", () => {
    const text =
      task(`resources: {cpu: 500m, memory: 2Gi, disk: 1G, network: 100M, custom: {fpga: 2}}
    gpu: {share: 0.25, type: a100, memory: 10Gi}
    pools: {licence: 1}
    constraints: [zone = eu, "disk in ssd, nvme", gpu exists, zone not in us, {label: a, operator: absent}]
    deadline: 2h
    scheduledAt: 2030-01-01T00:00:00+01:00
    estimate: {p50: 1m, p90: 1m30s}
    onLost: {stop: 30s}
    retry: {attempts: 3, backoff: 10m}
    timeout: 1d
    logLimit: 0`);
    expect(spec(text).templates[0]).toMatchObject({
      resources: {
        cpuMillis: 500,
        memoryBytes: 2 ** 31,
        diskBytes: 1e9,
        networkBps: 1e8,
        custom: { fpga: 2 },
      },
      gpu: { kind: "share", thousandths: 250, type: "a100", memoryBytes: 10 * 2 ** 30 },
      pools: { licence: 1 },
      constraints: [
        { label: "zone", operator: "=", values: ["eu"] },
        { label: "disk", operator: "in", values: ["ssd", "nvme"] },
        { label: "gpu", operator: "exists", values: [] },
        { label: "zone", operator: "not_in", values: ["us"] },
        { label: "a", operator: "absent", values: [] },
      ],
      deadlineAtMs: 1_000_000 + 7_200_000,
      scheduledAtMs: Date.UTC(2029, 11, 31, 23),
      estimate: { p50Ms: 60_000, p90Ms: 90_000 },
      onLost: { kind: "stop", afterMs: 30_000 },
      retry: { attemptsMax: 3, backoffMs: 600_000, backoffMaxMs: 600_000 },
      timeoutMs: 86_400_000,
      logBytesMax: 0,
    });
  });

  test("merges defaults key by key", () => {
    const text = `name: j
defaults: {resources: {cpu: 2, memory: 1Gi}, env: {A: 1, B: 2}, retry: {attempts: 5}, constraints: [zone = eu]}
tasks:
  t: {command: [x], resources: {memory: 2Gi}, env: {B: 3}, retry: {backoff: 2s}, constraints: [disk = ssd]}
`;
    expect(spec(text).templates[0]).toMatchObject({
      resources: { cpuMillis: 2000, memoryBytes: 2 ** 31 },
      command: { env: { A: "1", B: "3" } },
      retry: { attemptsMax: 5, backoffMs: 2000 },
      constraints: [{ label: "zone" }, { label: "disk" }],
    });
  });

  test("reads env files beside it; what `env` says wins", () => {
    const readFile = (path: string) =>
      path === "a.env"
        ? ok("# c\nA=1\nexport B='x y'\nC=\"l\\n\"\n")
        : fail("not_found", `${path}: no such file`);
    const read = spec(task("envFiles: [a.env]\n    env: {A: 2}"), { readFile });
    expect(read.templates[0]?.command.env).toEqual({ A: "2", B: "x y", C: "l\n" });
    expect(problems(task("envFiles: [b.env]"), { readFile })).toBe(
      "5 tasks.t.envFiles[0]: b.env: no such file",
    );
    expect(problems(task("envFiles: [a.env]"))).toContain(
      "only where the job file is read from disk",
    );
  });
});

describe("an expansion", () => {
  test("of an array shares one template; each element finds its index", () => {
    const made = spec("name: j\ntasks: {t: {array: '1-9:4', command: [x]}}\n");
    expect(made.templates).toHaveLength(1);
    expect(made.tasks.map((one) => [one.name, one.env])).toEqual([
      ["t[1]", { ALMANAC_ARRAY_INDEX: "1" }],
      ["t[5]", { ALMANAC_ARRAY_INDEX: "5" }],
      ["t[9]", { ALMANAC_ARRAY_INDEX: "9" }],
    ]);
  });

  test("of a matrix is the product, less exclude, plus include", () => {
    const made = spec(`name: j
tasks:
  t:
    matrix: {lr: [0.1, 1], seed: [1, 2], exclude: [{lr: 1, seed: 2}], include: [{lr: 5, seed: 9}]}
    command: [x, "\${{ matrix.lr }}"]
`);
    expect(made.tasks.map((one) => one.name)).toEqual([
      "t[lr=0.1,seed=1]",
      "t[lr=0.1,seed=2]",
      "t[lr=1,seed=1]",
      "t[lr=5,seed=9]",
    ]);
    // One template per distinct command, not per element.
    expect(made.templates.map((one) => one.command.program)).toEqual(
      ["0.1", "1", "5"].map((lr) => ({ kind: "argv", argv: ["x", lr] })),
    );
    expect(made.tasks[3]?.env).toEqual({ ALMANAC_MATRIX_LR: "5", ALMANAC_MATRIX_SEED: "9" });
  });

  test("resolves a name to all elements, name[*] to the same element, name[i] to one", () => {
    const made = spec(`name: j
tasks:
  a: {array: 1-2, command: [x]}
  all: {command: [x], after: [a]}
  pair: {array: 1-2, command: [x], after: ["a[*]"]}
  one: {command: [x], after: [{task: "a[2]", on: done}]}
`);
    const name = (index: number): string => made.tasks[index]?.name ?? "";
    expect(made.edges.map((edge) => `${name(edge.from)} ${edge.on} ${name(edge.to)}`)).toEqual([
      "a[1] success all",
      "a[2] success all",
      "a[1] success pair[1]",
      "a[2] success pair[2]",
      "a[2] done one",
    ]);
  });

  test("replaces placeholders and leaves every other $ alone", () => {
    const text = `name: j
variables: {data: /srv}
tasks:
  t:
    array: [7]
    script: 'echo \${{ array }} \${{variables.data}} \${{ task }} \${{ job }} $HOME \${HOME} $\${{ array }} \${{'
`;
    const program = spec(text, { variables: { data: "/tmp" } }).templates[0]?.command.program;
    expect(program).toMatchObject({ script: "echo 7 /tmp t[7] j $HOME ${HOME} ${{ array }} ${{" });
  });

  test("of 100,000 elements is accepted in moderate time, one more is refused", () => {
    const text = (count: number): string =>
      `name: j\ntasks: {t: {array: 1-${count}, command: [x]}}\n`;
    expect(spec(text(jobLimits.tasks)).tasks).toHaveLength(jobLimits.tasks);
    expect(problems(text(jobLimits.tasks + 1))).toContain("limit of 100000 tasks");
  });
});

describe("errors", () => {
  test("name every wrong place with its line and what would be right", () => {
    const text = `name: j
tsaks: {}
tasks:
  a:
    command: echo hi
    resorces: {cpu: 1}
  b:
    command: [x]
    resources:
      cpu: 0
      memory: 12Xi
      disk: -1
    gpu: {count: 99}
    array: 5-1
    retry: {attempts: 0}
    estimate: {p50: 2s, p90: 1s}
    onLost: {stop: never}
    constraints: [foo]
    after: [{task: a, on: sucess}]
    priority: high
    idempotent: maybe
  c: {command: [x], script: y}
  d: {}
timeout: 5
deadline: tomorrow
`;
    expect(problems(text)).toMatchInlineSnapshot(`
      "2 tsaks: unknown key \`tsaks\`; did you mean \`tasks\`?
      5 tasks.a.command: must be a list of the program and its arguments, like [echo, hello]; for a line of shell use script
      6 tasks.a.resorces: unknown key \`resorces\`; did you mean \`resources\`?
      10 tasks.b.resources.cpu: must be cores above 0 like 2 or 1.5, or thousandths of one like 500m, not \`0\` (too small)
      11 tasks.b.resources.memory: must be bytes above 0 like 512Mi, 2Gi or 1G, not \`12Xi\`
      12 tasks.b.resources.disk: must be bytes like 512Mi, 2Gi or 1G, not \`-1\` (too small)
      13 tasks.b.gpu.count: must be a whole number from 1 to 32, not \`99\`
      14 tasks.b.array: the range \`5-1\` runs backwards
      15 tasks.b.retry.attempts: must be a whole number from 1 to 1000, not \`0\`
      16 tasks.b.estimate.p90: must be at least p50
      17 tasks.b.onLost.stop: must be a duration above 0 like 250ms, 90s or 1h30m, not \`never\`
      18 tasks.b.constraints[0]: must be a condition like \`zone = eu\`, \`disk in ssd,nvme\`, \`gpu exists\` or \`spot absent\`, not \`foo\`
      19 tasks.b.after[0].on: must be one of success, failure, done
      20 tasks.b.priority: must be a whole number from -1000 to 1000, not \`high\`
      21 tasks.b.idempotent: must be true or false, not \`maybe\`
      22 tasks.c: must have only one of command or script
      23 tasks.d: must have either command or script
      24 timeout: must be a duration above 0 like 250ms, 90s or 1h30m, not \`5\`
      25 deadline: must be a time with its zone like 2026-03-01T18:00:00Z, or a duration from now like 2h, not \`tomorrow\`"
    `);
  });

  test("name unknown dependencies, duplicates and placeholders", () => {
    expect(
      problems(`name: j
tasks:
  - {name: load, command: [x]}
  - {name: load, command: [x]}
  - {name: run, command: ["\${{ arry }}", "\${{ matrix.lr }}"], after: [laod, run], array: 1-2}
  - {name: sum, command: [x], after: ["run[7]", "load[*]"]}
`),
    ).toMatchInlineSnapshot(`
      "4 tasks[1].name: duplicate name \`load\`: tasks[0] has it already
      5 tasks[2].command[0]: \`\${{ arry }}\` is unknown; did you mean \`array\`?; known here: \`job\`, \`array\`, \`task\`; write $\${{ for a literal \${{
      5 tasks[2].command[1]: \`\${{ matrix.lr }}\` has a value only in a task with matrix
      5 tasks[2].after[0]: unknown dependency: there is no task \`laod\`; did you mean \`load\`?
      5 tasks[2].after[1]: \`run\` depends on itself
      6 tasks[3].after[0]: unknown dependency: there is no task \`run[7]\`; did you mean \`run[1]\`?
      6 tasks[3].after[1]: \`load[*]\` is for arrays and matrices: this task has no elements to pair"
    `);
  });

  test("name the tasks of a cycle, at a task whose `after` closes it", () => {
    const text = `name: j
tasks:
  a: {command: [x], after: [c]}
  b: {command: [x], after: [a]}
  c: {command: [x], after: [b]}
  d: {command: [x], after: [c]}
`;
    expect(problems(text)).toMatch(
      /^\d tasks\.[abc]\.after: dependency cycle: (a → b → c → a|b → c → a → b|c → a → b → c)$/,
    );
  });

  test.each([
    [
      "a name with a space",
      "name: my job\ntasks: {t: {command: [x]}}",
      "1 name: job name `my job` must be",
    ],
    ["a reserved name", "name: latest\ntasks: {t: {command: [x]}}", "1 name: `latest` is reserved"],
    ["no tasks", "name: j\ntasks: {}", "2 tasks: a job needs at least one task"],
    ["tasks left out", "name: j", "1 tasks: is missing: a job needs at least one task"],
    ["an empty file", "", "must be a map with the keys"],
    ["a list", "- a", "must be a map with the keys"],
    [
      "a variable of the worker",
      task("env: {ALMANAC_ATTEMPT: 1}"),
      "5 tasks.t.env.ALMANAC_ATTEMPT: is set by the worker",
    ],
    [
      "a custom resource of a known name",
      task("resources: {custom: {cpu: 1}}"),
      "5 tasks.t.resources.custom.cpu: `cpu` is not a custom",
    ],
    ["an endless duration", task("timeout: 9999d"), "past the limit of 315360000000"],
    ["a relative directory", task("workdir: data"), "5 tasks.t.workdir: must be an absolute path"],
    [
      "array and matrix",
      task("array: 1-2\n    matrix: {a: [1]}"),
      "5 tasks.t.array: array and matrix cannot be combined",
    ],
    ["two elements of one name", task("matrix: {a: ['x y', 'x/y']}"), "both named `t[a=x-y]`"],
    ["an axis that is no name", task("matrix: {'a b': [1]}"), '5 tasks.t.matrix["a b"]: the axis'],
    [
      "an element-wise dependency of one task",
      `name: j\ntasks:\n  a: {array: 1-2, command: [x]}\n  b: {command: [x], after: ["a[*]"]}`,
      "4 tasks.b.after[0]: `a[*]` is for arrays",
    ],
    [
      "a pair that does not exist",
      `name: j\ntasks:\n  a: {array: 1-2, command: [x]}\n  b: {array: 1-3, command: [x], after: ["a[*]"]}`,
      "4 tasks.b.after[0]: `a` has no element `[3]`",
    ],
    [
      "too many dependencies of one task",
      `name: j\ntasks:\n  a: {array: 1-10001, command: [x]}\n  b: {command: [x], after: [a]}`,
      "4 tasks.b.after[0]: dependencies of `b`: 10001 is past the limit of 10000",
    ],
    [
      "too many dependencies",
      `name: j\ntasks:\n  a: {array: 1-5000, command: [x]}\n  b: {array: 1-5000, command: [x], after: [a]}`,
      "limit of 1000000",
    ],
    ["a NUL in an argument", `name: j\ntasks: {t: {command: ["a\\0b"]}}`, "must not contain a NUL"],
  ])("refuse %s", (_, text, expected) => {
    expect(problems(text)).toContain(expected);
  });

  test("refuse a variable that the file does not declare", () => {
    const text = "name: j\nvariables: {data: x}\ntasks: {t: {command: [x]}}\n";
    expect(problems(text, { variables: { dta: "y" } })).toBe(
      "2 variables.dta: the job file declares no variable `dta`; did you mean `data`?",
    );
  });

  test("are at most fifty, whatever is wrong", () => {
    const lines = Array.from({ length: 200 }, (_, i) => `  t${i}: {command: [x], cpu: 1}`).join(
      "\n",
    );
    expect(problems(`name: j\ntasks:\n${lines}\n`).split("\n")).toHaveLength(50);
  });

  test("of the expanded job are put back to the file, for refusals that come from the master", () => {
    const result = parseJob(
      `name: j\ntasks:\n  t:\n    command: [x]\n    resources:\n      cpu: 64\n`,
      options,
    );
    if (!result.ok) throw new Error("refused");
    const refusal = [
      { field: "templates[0].resources.cpuMillis", message: "no worker has that much" },
    ];
    expect(result.value.relocate(refusal)).toEqual([
      { field: "tasks.t.resources.cpu", message: "no worker has that much", line: 6 },
    ]);
  });
});

describe("hostile input is refused with a typed error", () => {
  test("50 MB, before anything is parsed", () => {
    const bytes = new Uint8Array(50_000_000).fill(0x61);
    const started = performance.now();
    const result = parseJobBytes(bytes, options);
    expect(result).toMatchObject({
      error: { code: "limit_exceeded", violations: [{ limit: jobLimits.specBytes }] },
    });
    expect(performance.now() - started).toBeLessThan(200);
    expect(parseJob("a".repeat(50_000_000), options)).toMatchObject({
      error: { code: "limit_exceeded" },
    });
  });

  test("YAML past its own limit, with the advice to use JSON", () => {
    expect(problems(`# ${"x".repeat(5_000_000)}`)).toContain("JSON is read up to");
  });

  test("invalid UTF-8, with byte and line", () => {
    const bytes = Buffer.concat([Buffer.from("name: j\nx: é"), Buffer.from([0xff, 0xfe])]);
    const result = parseJobBytes(bytes, options);
    expect(result).toMatchObject({
      error: {
        code: "invalid_argument",
        message: "job.yaml:2: invalid UTF-8 at byte 13; save the file as UTF-8",
      },
    });
  });

  test("an alias bomb", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 10; i++)
      lines.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
      );
    expect(problems(lines.join("\n"))).toContain("refused as an alias bomb");
  });

  test.each(["__proto__", "constructor", "prototype"])(
    "the key %s, in YAML and JSON, anywhere",
    (key) => {
      const refused = `the key \`${key}\` is refused`;
      expect(problems(`name: j\ntasks:\n  t:\n    env: {"${key}": x}\n`)).toContain(
        `4 tasks.t.env.${key}: ${refused}`,
      );
      expect(problems(`{"name": "j",\n"tasks": {"t": {"env":\n{"${key}": {"x": 1}}}}}`)).toContain(
        `3 tasks.t.env.${key}: ${refused}`,
      );
    },
  );

  test("duplicate keys, in YAML and JSON, with the line of the second", () => {
    expect(problems("name: j\ntasks: {}\nname: k\n")).toMatch(/^3 : .*unique/);
    expect(problems('{"name": "j",\n"tasks": {},\n"name": "k"}')).toBe(
      "3 name: duplicate key: it was given before",
    );
  });

  test("nesting without end, merge keys, and keys that are no names", () => {
    expect(problems("[".repeat(100_000))).not.toBe("");
    expect(problems(`{"a":${"[".repeat(1000)}${"]".repeat(1000)}}`)).toContain(
      "nested more than 64 deep",
    );
    expect(problems("name: j\nx: &x {a: 1}\ntasks: {t: {<<: *x}}\n")).toContain("merge keys");
    expect(problems("? [a]\n: b\n")).toContain("a key must be a plain name");
  });

  test("a JSON string of many megabytes, by its own limit and not by the stack", () => {
    const text = JSON.stringify({ name: "j", tasks: { t: { script: "x".repeat(20_000_000) } } });
    expect(problems(text)).toContain("tasks.t.script: bytes of script: 20000000 is past the limit");
  });

  test("lines in JSON are those of the place", () => {
    const text = `{\n "name": "j",\n "tasks": [\n  {"name": "a", "command": ["x"]},\n  {"name": "b",\n   "command": ["x"],\n   "resources": {"cpu": -1}}\n ]\n}`;
    expect(problems(text)).toMatch(/^7 tasks\[1\]\.resources\.cpu: must be cores above 0/);
  });
});

describe("no text makes the parser throw", () => {
  const key = fc.constantFrom(
    "name",
    "tasks",
    "t",
    "command",
    "after",
    "array",
    "matrix",
    "resources",
    "cpu",
    "env",
    "defaults",
    "gpu",
    "estimate",
    "__proto__",
    "constructor",
    "",
  );
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("1-5", "x", "${{ array }}", "t[*]", "90s", "", "1e999", "zone = eu"),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("node"), { maxLength: 4 }),
      fc
        .array(fc.tuple(key, tie("node")), { maxLength: 4 })
        .map((pairs) => Object.fromEntries(pairs)),
    ),
  })).node;

  test("whatever the characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const result = parseJob(text, options);
        return result.ok || result.error.message.length > 0;
      }),
      { numRuns: 500 },
    );
  });

  test("whatever the YAML of a job's words", () => {
    const word = fc.constantFrom(
      "name",
      "tasks",
      ": ",
      "\n",
      "  ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      ",",
      "&a ",
      "*a",
      "|",
      ">",
      "'",
      '"',
      "#",
      "? ",
      "!!set",
      "<<",
      "t",
      "command",
      "%",
      "---",
      "\t",
      "1",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (words) => {
        const result = parseJob(words.join(""), options);
        return result.ok || result.error.message.length > 0;
      }),
      { numRuns: 1000 },
    );
  });

  test("whatever the shape of the document; and what is accepted is valid", () => {
    fc.assert(
      fc.property(value, (tasks) => {
        for (const document of [tasks, { name: "j", tasks }, { name: "j", tasks: { t: tasks } }]) {
          const result = parseJob(JSON.stringify(document) ?? "", options);
          if (result.ok) expect(result.value.spec.tasks.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const result = parseJobBytes(bytes, options);
        return result.ok || result.error.message.length > 0;
      }),
      { numRuns: 300 },
    );
  });
});
