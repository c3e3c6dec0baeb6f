/** Tokens and certificates as decisions: once, in time, for one name, and the same on replay. */
import { describe, expect, it } from "vitest";
import type { JoinRole } from "../../core/identity.js";
import { workerId } from "../../core/ids.js";
import { workerFacts } from "../../core/testing/jobs.js";
import { certificateTrouble } from "./access.js";
import { authorize } from "./authorize.js";
import type { Command } from "./commands.js";
import { Script } from "./testing/script.js";

const hourMs = 3_600_000;

const issue = (script: Script, token: string, role: JoinRole, name: string, ttlMs = hourMs) =>
  script.do({ type: "IssueToken", token, secretHash: `hash of ${token}`, role, name, ttlMs });

const redeem = (script: Script, token: string, serial: string, secretHash = `hash of ${token}`) =>
  script.do({ type: "RedeemToken", token, secretHash, serial, lifeMs: 10 * hourMs });

const trouble = (script: Script, name: string, serial: string) =>
  certificateTrouble(script.state, { role: "worker", name }, serial, script.nowMs)?.message ?? null;

describe("a token", () => {
  it("gives one certificate, of the role and name it was made for", () => {
    const script = new Script();
    issue(script, "t", "worker", "blue");
    expect(redeem(script, "t", "S1")).toEqual({
      ok: true,
      value: { kind: "certify", role: "worker", name: "blue" },
    });
    expect(redeem(script, "t", "S2")).toMatchObject({ error: { code: "permission_denied" } });
    expect(trouble(script, "blue", "S1")).toBeNull();
    expect(trouble(script, "blue", "S2")).toContain("revoked");
  });

  it("is not spent by whoever does not know its secret", () => {
    const script = new Script();
    issue(script, "t", "worker", "blue");
    expect(redeem(script, "t", "S1", "another")).toMatchObject({
      error: { message: expect.stringContaining("wrong") },
    });
    expect(redeem(script, "t", "S1")).toMatchObject({ ok: true });
  });

  it("is good until its time has come, and not a moment longer", () => {
    const script = new Script();
    issue(script, "early", "worker", "blue", 1_000);
    issue(script, "late", "worker", "green", 1_000);
    script.nowMs += 999;
    expect(redeem(script, "early", "S1")).toMatchObject({ ok: true });
    script.nowMs += 1;
    expect(redeem(script, "late", "S2")).toMatchObject({
      error: { message: expect.stringContaining("expired") },
    });
  });

  it.each(["", "a b", "../up", "x".repeat(129)])("is made for no name like %j", (name) => {
    expect(issue(new Script(), "t", "worker", name)).toMatchObject({
      error: { code: "invalid_argument" },
    });
  });

  it.each(["master", "local", "anonymous"])("is made for no person called %s", (name) => {
    expect(issue(new Script(), "t", "user", name)).toMatchObject({ ok: false });
    expect(issue(new Script(), "t", "worker", name)).toMatchObject({ ok: true });
  });
});

describe("a certificate", () => {
  it("is good for its own holder, and until it expires", () => {
    const script = new Script();
    issue(script, "t", "worker", "blue");
    redeem(script, "t", "S1");
    expect(trouble(script, "green", "S1")).toContain("revoked");
    script.nowMs += 10 * hourMs;
    expect(trouble(script, "blue", "S1")).toContain("expired");
  });

  it("stays good beside the one that renews it, for that may be lost on the way", () => {
    const script = new Script();
    issue(script, "t", "worker", "blue");
    redeem(script, "t", "S1");
    script.do({ type: "RenewCertificate", previous: "S1", serial: "S2", lifeMs: hourMs });
    expect([trouble(script, "blue", "S1"), trouble(script, "blue", "S2")]).toEqual([null, null]);
  });

  it("cannot be renewed without end", () => {
    const script = new Script();
    issue(script, "t", "worker", "blue");
    redeem(script, "t", "S1");
    const renewals = Array.from({ length: 20 }, (_, index) =>
      script.do({ type: "RenewCertificate", previous: "S1", serial: `R${index}`, lifeMs: hourMs }),
    );
    expect(renewals.at(-1)).toMatchObject({ error: { code: "limit_exceeded" } });
  });

  it("that is barred takes all of its holder's with it, and none of another's", () => {
    const script = new Script();
    for (const name of ["blue", "green"]) {
      issue(script, `token of ${name}`, "worker", name);
      redeem(script, `token of ${name}`, `S ${name}`);
    }
    script.do({ type: "RenewCertificate", previous: "S blue", serial: "S2", lifeMs: hourMs });
    issue(script, "open", "worker", "blue");
    expect(script.do({ type: "RevokeAccess", target: "blue", role: null })).toMatchObject({
      value: { tokensRevoked: 1, certificatesBarred: 2 },
    });
    expect(trouble(script, "blue", "S2")).toContain("revoked");
    expect(trouble(script, "green", "S green")).toBeNull();
    expect(redeem(script, "open", "S3")).toMatchObject({ ok: false });
    const renewal = { type: "RenewCertificate", previous: "S2", serial: "S4", lifeMs: 1 } as const;
    expect(script.do(renewal)).toMatchObject({ error: { code: "permission_denied" } });
  });
});

describe("a worker", () => {
  const script = new Script();
  issue(script, "t", "worker", "blue");
  redeem(script, "t", "S1");
  const hello = (worker: string, facts = worker): Command => ({
    type: "WorkerHello",
    hello: {
      incarnation: { worker: workerId(worker), boot: "b", session: "s" },
      facts: workerFacts(facts),
      epochSeen: 0,
      live: [],
      unacknowledged: [],
    },
  });
  const may = (principal: string, command: Command): boolean =>
    authorize(principal, command, script.state) === null;

  it("speaks for itself alone, under its own name", () => {
    expect(may("worker blue", hello("blue"))).toBe(true);
    expect(may("worker blue", hello("green"))).toBe(false);
    expect(may("worker blue", hello("blue", "green"))).toBe(false);
    expect(may("blue", hello("blue"))).toBe(false);
  });

  it("gives no command of a person, and renews no certificate but its own", () => {
    const revoke: Command = { type: "RevokeAccess", target: "green", role: null };
    expect(may("worker blue", revoke)).toBe(false);
    expect(may("planner blue", revoke)).toBe(false);
    expect(may("alice", revoke)).toBe(true);
    const renewal: Command = { type: "RenewCertificate", previous: "S1", serial: "S2", lifeMs: 1 };
    expect(may("worker blue", renewal)).toBe(true);
    expect(may("worker green", renewal)).toBe(false);
    expect(may("blue", renewal)).toBe(false);
  });
});
