/**
 * What clusters learned to do after the first story was told: retries that look at how an attempt
 * ended, pauses, quarantine, secrets, and jobs that leave memory and come back. Golden journals and
 * a golden snapshot hold its events, so it stays as it is: what is new then is told in another.
 */
import { jobId, taskId, workerId } from "../../../core/ids.js";
import { job, resources, template } from "../../../core/testing/jobs.js";
import type { Recorded } from "../../pure/events.js";
import { plainJob } from "../../pure/plain-job.js";
import { liveAttempt } from "../../pure/state.js";
import { Script } from "../../pure/testing/script.js";

const hourMs = 3_600_000;
const retry = { attemptsMax: 3, backoffMs: 100, backoffMaxMs: 1_000 };

export function tellLaterStory(): readonly Recorded[] {
  const script = new Script({ silenceLimitMs: 5_000 });
  const limits = { cpuLimit: "not_enforced", memoryLimit: "not_enforced" } as const;
  const drivers = [{ name: "process" as const, ...limits, givesSecrets: true }];
  const capacity = resources(4_000, 2 ** 30);
  for (const name of ["a", "b", "c"]) script.join(name, { capacity, drivers });
  tellSecrets(script);
  tellRemedies(script);
  tellPauses(script);
  tellHistory(script);
  tellQuarantine(script);
  tellClosings(script);
  tellLosses(script);
  tellCertificates(script);
  return script.events;
}

function tellSecrets(script: Script): void {
  const namespace = "default";
  must(script.do({ type: "SetSecret", namespace, name: "token", version: 1 }));
  must(script.do({ type: "SetSecret", namespace, name: "password", version: 2 }));
  must(script.do({ type: "SetSecret", namespace, name: "token", version: 3 }));
  const secrets = { env: { TOKEN: "token" }, files: { "db/password": "password" } };
  must(script.submit(job([template("given", { secrets })]), "given"));
  script.started("given");
  must(script.do({ type: "RemoveSecret", namespace, name: "password" }));
  must(script.do({ type: "RotateSecretKey", keyId: "k2" }));
}

function tellRemedies(script: Script): void {
  const { gpu, pools, constraints, estimate, timeoutMs } = template("way");
  const smaller = { name: "fallback", driver: "process" as const, command: null };
  const way = {
    ...smaller,
    resources: resources(500),
    gpu,
    pools,
    constraints,
    estimate,
    timeoutMs,
  };
  const spec = job([
    template("hungry", { retry: { ...retry, moreMemory: { factor: 2, maxBytes: 2 ** 22 } } }),
    template("hopeless", { retry: { ...retry, never: [{ from: 2, to: 9 }] }, mayFail: true }),
    template("second", { retry: { ...retry, attemptsMax: 1, fallback: { way, attemptsMax: 1 } } }),
  ]);
  must(script.submit({ ...spec, retryBudget: 4, success: { atLeast: 0.5 } }, "remedies"));
  for (const name of ["hungry", "hopeless", "second"]) script.started(name);
  pass(script, 200);
  script.finished("hungry", { kind: "out_of_memory" });
  script.finished("hopeless", 3);
  script.finished("second", 1);
  pass(script, 2_000);
  script.finished("hungry", 0, 2);
}

function tellPauses(script: Script): void {
  must(script.submit(job([template("still")]), "still"));
  script.started("still");
  const task = taskId(jobId("still"), "still");
  const attempt = liveAttempt(script.state.tasks.get(task) ?? fail("no task"));
  must(script.do({ type: "Pause", job: jobId("still"), task }));
  script.holds(attempt ?? fail("nothing runs"), true);
  pass(script, 1_000);
  must(script.do({ type: "Resume", job: jobId("still"), task }));
  script.holds(attempt ?? fail("nothing runs"), false);
  must(script.submit(job([template("later", { scheduledAtMs: script.nowMs + hourMs })]), "whole"));
  must(script.do({ type: "Pause", job: jobId("whole"), task: null }));
  must(script.do({ type: "Resume", job: jobId("whole"), task: null }));
  must(script.do({ type: "Pause", job: jobId("whole"), task: null }));
}

function tellHistory(script: Script): void {
  const submission = { jobId: jobId("old"), spec: job([template("old")]), idempotencyKey: "once" };
  must(script.do({ type: "Submit", ...submission }));
  script.started("old");
  pass(script, 500);
  script.finished("old", 1);
  const old = plainJob(script.state.jobs.get(jobId("old")) ?? fail("no job"));
  must(script.do({ type: "Archive", jobs: [jobId("old")], keysForMs: hourMs }));
  must(script.do({ type: "Retry", job: jobId("old"), task: null, archived: old }));
  script.started("old", 2);
  script.finished("old", 0, 2);
  must(script.do({ type: "Archive", jobs: [jobId("old")], keysForMs: 1_000 }));
  pass(script, 2_000);
}

/** What fails on one worker has done well elsewhere. */
function tellQuarantine(script: Script): void {
  const bad = workerId("b");
  for (let round = 0; round < 12; round++) {
    const id = `round${round}`;
    const constraints = [on(round === 0 ? "c" : bad)];
    const once = { ...retry, attemptsMax: 1 };
    must(script.submit(job([template("work", { constraints, retry: once })]), id));
    const task = script.state.tasks.get(taskId(jobId(id), "work")) ?? fail("no task");
    const attempt = liveAttempt(task);
    if (attempt === null) break;
    script.report(attempt, null);
    pass(script, 10);
    script.report(attempt, { kind: "exited", exitCode: attempt.worker === bad ? 1 : 0 });
  }
  must(script.do({ type: "LiftQuarantine", worker: bad }));
}

function tellClosings(script: Script): void {
  const a = workerId("a");
  must(script.submit(job([template("last", { constraints: [on("a")] })]), "drained"));
  script.started("last");
  must(script.do({ type: "Drain", worker: a, deadlineMs: 500, force: true, thenStop: false }));
  pass(script, 1_000);
  script.finished("last", 0);
  must(script.do({ type: "Undrain", worker: a }));
  script.join("d");
  const idle = workerId("d");
  must(script.do({ type: "Drain", worker: idle, deadlineMs: null, force: false, thenStop: true }));
  pass(script, 100);
  const window = { fromMs: script.nowMs + hourMs, toMs: script.nowMs + 2 * hourMs, everyMs: null };
  must(script.do({ type: "ScheduleMaintenance", worker: a, window }));
  const { id } = script.state.workers.get(a)?.maintenance[0] ?? fail("no window");
  must(script.do({ type: "RemoveMaintenance", worker: a, window: id }));
}

/** One worker comes back with what it ran; of another's somebody vouches that it has stopped. */
function tellLosses(script: Script): void {
  for (const name of ["a", "c"]) {
    must(script.submit(job([template(`on-${name}`, { constraints: [on(name)] })]), `on-${name}`));
    script.started(`on-${name}`);
  }
  const gone = script.state.workers.get(workerId("c"))?.incarnation ?? fail("no worker");
  must(script.do({ type: "WorkerDisconnected", incarnation: gone }));
  script.lastHeard.set(workerId("b"), script.nowMs + 20_000);
  script.tick(20_000);
  const [back, lost] = [taskId(jobId("on-a"), "on-a"), taskId(jobId("on-c"), "on-c")];
  const startedAtMs = script.nowMs - 20_000;
  const worker = script.state.workers.get(workerId("a")) ?? fail("no worker");
  const live = [...worker.live.keys()].map((attempt) => ({ attempt, startedAtMs, pid: 1 }));
  const { facts, incarnation } = worker;
  const session = { ...incarnation, session: "s2" };
  const nothing = { epochSeen: 1, unacknowledged: [] };
  script.lastHeard.set(workerId("a"), script.nowMs);
  must(
    script.do({ type: "WorkerHello", hello: { incarnation: session, facts, live, ...nothing } }),
  );
  must(script.do({ type: "Resolve", task: lost, as: "failed" }));
  must(script.do({ type: "Cancel", job: jobId("on-a"), task: back, reason: "late" }));
}

function tellCertificates(script: Script): void {
  const lifeMs = hourMs;
  must(script.do({ type: "IssueLocalCertificate", serial: "0c", lifeMs }));
  const secretHash = "1".repeat(64);
  const token = { token: "t3", secretHash };
  must(script.do({ type: "IssueToken", ...token, role: "worker", name: "e", ttlMs: 60_000 }));
  must(script.do({ type: "RedeemToken", ...token, serial: "0d", lifeMs }));
  must(script.do({ type: "RevokeAccess", target: "e", role: null }));
}

const on = (worker: string) => ({
  label: "almanac.worker",
  operator: "in" as const,
  values: [worker],
});

/** Everybody is heard. */
function pass(script: Script, forwardMs: number): void {
  for (const worker of script.state.workers.keys()) {
    script.lastHeard.set(worker, script.nowMs + forwardMs);
  }
  script.tick(forwardMs);
}

function must({ ok, ...reply }: { readonly ok: boolean }): void {
  if (!ok) fail(JSON.stringify(reply));
}

function fail(why: string): never {
  throw new Error(why);
}
