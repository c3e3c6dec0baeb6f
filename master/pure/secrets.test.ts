/** Which values attempts are promised: by version, at the launch, whatever happens around it. */
import { describe, expect, it } from "vitest";
import { jobId, taskId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import type { TaskSecrets } from "../../core/secrets.js";
import { job, template, workerFacts } from "../../core/testing/jobs.js";
import { authorize } from "./authorize.js";
import { effects } from "./effects.js";
import { valuesInUse } from "./secrets.js";
import type { Attempt } from "./state.js";
import { expectCodecLaw } from "./testing/codec-law.js";
import { Script } from "./testing/script.js";

const asked: TaskSecrets = { env: { TOKEN: "token" }, files: { "tls/key": "key" } };
const spec = (secrets: TaskSecrets = asked, namespace = "default"): JobSpec => ({
  ...job([template("t", { secrets, retry: { attemptsMax: 3, backoffMs: 0, backoffMaxMs: 0 } })]),
  namespace,
});

const set = (script: Script, name: string, version: number, namespace = "default") =>
  script.do({ type: "SetSecret", namespace, name, version });

const remove = (script: Script, name: string) =>
  script.do({ type: "RemoveSecret", namespace: "default", name });

function join(script: Script): void {
  const drivers = workerFacts("w").drivers.map((driver) => ({ ...driver, givesSecrets: true }));
  script.join("w", { drivers });
}

function attemptsOf(script: Script): readonly Attempt[] {
  return script.state.tasks.get(taskId(jobId("job"), "t"))?.attempts ?? [];
}

function ready(): Script {
  const script = new Script();
  set(script, "token", 1);
  set(script, "key", 2);
  return script;
}

describe("a job that names secrets", () => {
  it("is refused where one is missing, by the place that names it", () => {
    const script = new Script();
    set(script, "token", 1, "elsewhere");
    const reply = script.submit(spec());
    expect(reply).toMatchObject({
      ok: false,
      error: {
        code: "not_found",
        violations: [
          { field: "tasks.t.secrets.TOKEN", message: "namespace default has no secret `token`" },
          {
            field: "tasks.t.secretFiles.tls/key",
            message: "namespace default has no secret `key`",
          },
        ],
      },
    });
    expect(script.state.jobs.size).toBe(0);
  });

  it("finds the secrets of its own namespace alone", () => {
    const script = new Script();
    set(script, "token", 1, "mine");
    const only: TaskSecrets = { env: { TOKEN: "token" }, files: {} };
    expect(script.submit(spec(only, "mine"), "a").ok).toBe(true);
    expect(script.submit(spec(only, "default"), "b").ok).toBe(false);
  });

  it("waits, with that reason, for a worker that gives secrets", () => {
    const script = ready();
    script.join("old");
    const reply = script.submit(spec());
    expect(reply.ok).toBe(true);
    expect(JSON.stringify(reply)).toContain("driver process gives no secrets here");
    expect(script.status("t")).toBe("ready");
    join(script);
    expect(script.status("t")).toBe("live");
  });
});

describe("an attempt", () => {
  it("is promised the values that count when it is launched, not when it was submitted", () => {
    const script = ready();
    script.submit(spec());
    set(script, "token", 3);
    join(script);
    const promised = [
      { name: "key", version: 2 },
      { name: "token", version: 3 },
    ];
    expect(attemptsOf(script)[0]?.secrets).toEqual(promised);
    const launched = script.events.find(({ event }) => event.type === "AttemptLaunched");
    expect(launched?.event).toMatchObject({ secrets: promised });
  });

  it("keeps its values when others are set, and the next one gets those", () => {
    const script = ready();
    join(script);
    script.submit(spec());
    set(script, "token", 3);
    expect(attemptsOf(script)[0]?.secrets?.[1]).toEqual({ name: "token", version: 1 });
    script.finished("t", 1);
    script.tick(10);
    expect(attemptsOf(script)[1]?.secrets?.[1]).toEqual({ name: "token", version: 3 });
  });

  it("is launched with references, which name its namespace", () => {
    const script = ready();
    join(script);
    script.submit(spec());
    const [commands] = effects(script.state, script.events).values();
    expect(commands?.launches[0]?.needs).toEqual({
      namespace: "default",
      asked,
      uses: [
        { name: "key", version: 2 },
        { name: "token", version: 1 },
      ],
    });
    expect(commands?.launches[0]?.secrets).toBeUndefined();
  });

  it("is promised version 0 of what has been removed: whoever sends it says so", () => {
    const script = ready();
    script.submit(spec());
    remove(script, "token");
    join(script);
    expect(attemptsOf(script)[0]?.secrets).toContainEqual({ name: "token", version: 0 });
  });
});

describe("a value", () => {
  it("may be asked for as long as it counts, or an attempt that is being launched was promised it", () => {
    const script = ready();
    join(script);
    script.submit(spec());
    set(script, "token", 3);
    expect([...valuesInUse(script.state).keys()].sort()).toEqual([1, 2, 3]);
    script.started("t");
    expect([...valuesInUse(script.state).keys()].sort()).toEqual([2, 3]);
    remove(script, "key");
    expect([...valuesInUse(script.state).keys()]).toEqual([3]);
  });

  it("has a version that no value has had, whatever became of that", () => {
    const script = ready();
    remove(script, "key");
    for (const version of [0, 1, 2]) {
      expect(set(script, "key", version)).toMatchObject({
        ok: false,
        error: { code: "failed_precondition" },
      });
    }
    expect(set(script, "key", 3).ok).toBe(true);
  });
});

describe("secrets in the state", () => {
  it("are of people: no worker and no planner may set, remove or seal them anew", () => {
    const { state } = new Script();
    for (const principal of ["worker w", "planner p"]) {
      for (const command of [
        { type: "SetSecret", namespace: "default", name: "a", version: 1 },
        { type: "RemoveSecret", namespace: "default", name: "a" },
        { type: "RotateSecretKey", keyId: "" },
      ] as const) {
        expect(authorize(principal, command, state)?.code).toBe("permission_denied");
        expect(authorize("ada", command, state)).toBeNull();
      }
    }
  });

  it("are refused when they are unknown, without a trace", () => {
    const script = new Script();
    const { length } = script.events;
    expect(remove(script, "nothing")).toMatchObject({ ok: false, error: { code: "not_found" } });
    expect(script.events).toHaveLength(length);
  });

  it("are bounded in number", () => {
    const script = new Script();
    const { secrets } = script.state;
    const record = { namespace: "n", version: 1, setAtMs: 0, setBy: "ada" };
    for (let i = 0; i < 10_000; i++) secrets.set(`n\0${i}`, { ...record, name: String(i) });
    expect(set(script, "one-more", 1)).toMatchObject({
      ok: false,
      error: { code: "limit_exceeded", violations: [{ field: "name", limit: 10_000 }] },
    });
  });

  it("survive a snapshot, and have hashes", () => {
    const script = ready();
    join(script);
    script.submit(spec());
    set(script, "token", 3);
    script.do({ type: "RotateSecretKey", keyId: "0123456789abcdef" });
    remove(script, "key");
    script.finished("t", 1);
    script.tick(10);
    for (let cut = 0; cut <= script.events.length; cut++) expectCodecLaw(script.events, cut);
  });
});
