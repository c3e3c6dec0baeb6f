/**
 * A small life of a cluster that touches every kind of entity: jobs with edges, retries and
 * cancellations, workers that are lost and drained, plans, tokens and certificates. Golden journals
 * hold its events, so it is only ever added to by writing a new golden one.
 */
import { jobId, workerId } from "../../../core/ids.js";
import { job, resources, template } from "../../../core/testing/jobs.js";
import type { JournalRecord } from "../../journal/journal.js";
import type { Recorded } from "../../pure/events.js";
import { Script } from "../../pure/testing/script.js";

export function tellStory(): readonly Recorded[] {
  const script = new Script({
    pools: [
      { name: "licence", capacity: 2 },
      { name: "fuel", capacity: 12, consumable: true },
    ],
    silenceLimitMs: 5_000,
  });
  for (const name of ["a", "b", "c"]) script.join(name, { capacity: resources(2_000, 2 ** 30) });
  tellJobs(script);
  tellOperations(script);
  tellAccess(script);
  return script.events;
}

function tellJobs(script: Script): void {
  const once = { attemptsMax: 3, backoffMs: 100, backoffMaxMs: 1_000 };
  const work = job(
    [
      template("build", { retry: once, pools: { licence: 1 } }),
      template("test", { pools: { fuel: 2 } }),
      template("report", { resources: resources(500) }),
    ],
    ["build -> test", "test -done> report"],
  );
  script.submit(work, "work");
  script.started("build");
  script.tick(400);
  script.finished("build", 1);
  script.tick(1_000);
  script.finished("build", 0, 2);
  script.started("test");
  script.tick(2_000);
  script.finished("test", 0);
  script.finished("report");
  script.submit(job([template("long", { onLost: { kind: "keep" } })]), "long");
  script.submit(job([template("x", { gang: "g" }), template("y", { gang: "g" })]), "gang");
  script.submit(job([template("odd", { metadata: { note: "héllo \u{1f600}" } })]), "unicode");
  script.do({ type: "Cancel", job: jobId("unicode"), task: null, reason: "not needed" });
}

function tellOperations(script: Script): void {
  const a = workerId("a");
  const b = workerId("b");
  script.do({ type: "Cordon", worker: b });
  script.do({ type: "Uncordon", worker: b });
  script.do({ type: "Drain", worker: b, deadlineMs: 60_000, force: false, thenStop: true });
  const fromMs = script.nowMs + 90_000;
  const window = { fromMs, toMs: fromMs + 7_000, everyMs: 86_400_000 };
  script.do({ type: "ScheduleMaintenance", worker: a, window });
  script.lastHeard.set(workerId("c"), script.nowMs + 20_000);
  script.tick(20_000);
  script.tick(10_000);
  script.do({ type: "Retry", job: jobId("unicode"), task: null });
  script.join("a", { capacity: resources(2_000, 2 ** 30) }, "s2", "b2");
  script.tick(1_000);
}

function tellAccess(script: Script): void {
  const secretHash = "0".repeat(64);
  const token = { secretHash, role: "worker" as const, name: "d", ttlMs: 60_000 };
  script.do({ type: "IssueToken", token: "t1", ...token });
  script.do({ type: "IssueToken", token: "t2", ...token });
  script.do({ type: "RedeemToken", token: "t1", secretHash, serial: "0a", lifeMs: 1_000_000 });
  script.do({ type: "RenewCertificate", previous: "0a", serial: "0b", lifeMs: 1_000_000 });
  script.do({ type: "RevokeAccess", target: "t2", role: null });
}

/** What one command brought about stands in one batch, as the engine writes it. */
export function batchesOf(events: readonly Recorded[]): JournalRecord[][] {
  const batches = new Map<number, JournalRecord[]>();
  for (const event of events) {
    const batch = batches.get(event.causationId) ?? [];
    batch.push({ sequence: event.seq, payload: JSON.stringify(event) });
    batches.set(event.causationId, batch);
  }
  return [...batches.values()];
}
