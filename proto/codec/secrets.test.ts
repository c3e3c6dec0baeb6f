import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LaunchSecrets, SecretUse, TaskSecrets } from "../../core/secrets.js";
import * as job from "../gen/almanac/v1/job.js";
import * as wire from "../gen/almanac/v1/secret.js";
import * as worker from "../gen/almanac/v1/worker.js";
import { finish, newScope } from "./decoding.js";
import {
  decodeLaunchSecrets,
  decodeSecretName,
  decodeSecretOrder,
  decodeSecretUses,
  decodeSecretViews,
  decodeTaskSecrets,
  encodeLaunchSecrets,
  encodeSecretOrder,
  encodeSecretUses,
  encodeSecretViews,
  encodeTaskSecrets,
} from "./secrets.js";

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
const bytes = fc.uint8Array({ maxLength: 64 });
const valueBase64 = bytes.map((value) => Buffer.from(value).toString("base64"));

const launchSecrets: fc.Arbitrary<LaunchSecrets> = fc.record({
  env: fc.array(fc.record({ name, valueBase64 }), { maxLength: 4 }),
  files: fc.array(fc.record({ path: name, valueBase64 }), { maxLength: 4 }),
  unavailable: fc.string(),
});
const taskSecrets: fc.Arbitrary<TaskSecrets> = fc.record({
  env: fc.dictionary(name, name, { maxKeys: 4, noNullPrototype: true }),
  files: fc.dictionary(name, name, { maxKeys: 4, noNullPrototype: true }),
});
const uses: fc.Arbitrary<readonly SecretUse[]> = fc.array(fc.record({ name, version: fc.nat() }), {
  maxLength: 4,
  minLength: 1,
});

describe("secrets come through the wire as they were", () => {
  it("with their values, whatever bytes those are", () => {
    fc.assert(
      fc.property(launchSecrets, (secrets) => {
        const sent = worker.LaunchSecrets.encode(encodeLaunchSecrets(secrets)).finish();
        const scope = newScope();
        const back = decodeLaunchSecrets(scope, worker.LaunchSecrets.decode(sent));
        expect(finish(scope, "launch", back)).toEqual({ ok: true, value: secrets });
      }),
    );
  });

  it("by name, in a task", () => {
    fc.assert(
      fc.property(taskSecrets, (secrets) => {
        const sent = job.TaskSecrets.encode(encodeTaskSecrets(secrets)).finish();
        const scope = newScope();
        const back = decodeTaskSecrets(scope, job.TaskSecrets.decode(sent));
        expect(finish(scope, "task", back)).toEqual({ ok: true, value: secrets });
      }),
    );
  });

  it("by version, in a view of an attempt", () => {
    fc.assert(
      fc.property(uses, (secrets) => {
        const back = decodeSecretUses(newScope(), encodeSecretUses(secrets));
        expect(back).toEqual({ secrets });
      }),
    );
    expect(decodeSecretUses(newScope(), encodeSecretUses())).toEqual({});
  });

  it("as they are set and listed", () => {
    const order = { namespace: "default", name: "token", value: new Uint8Array([0, 255, 10]) };
    const sent = wire.SetSecretRequest.encode(encodeSecretOrder(order)).finish();
    const back = decodeSecretOrder(wire.SetSecretRequest.decode(sent));
    expect(back.ok && { ...back.value, value: new Uint8Array(back.value.value) }).toEqual(order);
    const view = { namespace: "n", name: "a", version: 3, setAtMs: 5, setBy: "ada" };
    const views = [{ ...view, keyId: "0123456789abcdef", trouble: "lost" }];
    expect(decodeSecretViews(encodeSecretViews(views))).toEqual({ ok: true, value: views });
  });
});

describe("what is malformed is refused by its field, without a word of a value", () => {
  const canary = "canary-72aa01";
  const order = (change: Partial<wire.SetSecretRequest>): wire.SetSecretRequest => ({
    namespace: "default",
    name: "token",
    value: Buffer.from(canary),
    ...change,
  });

  it.each([
    ["name", { name: "" }],
    ["name", { name: "two words" }],
    ["name", { name: "x".repeat(129) }],
    ["namespace", { namespace: "../up" }],
    ["value", { value: Buffer.alloc(0) }],
    ["value", { value: Buffer.alloc(64 * 1024 + 1, canary) }],
  ] as const)("%s %#", (field, change) => {
    const refused = decodeSecretOrder(order(change));
    expect(refused.ok ? null : refused.error.violations.map((one) => one.field)).toEqual([field]);
    expect(JSON.stringify(refused)).not.toContain(canary);
  });

  it("at the limit of a value, and one past it", () => {
    expect(decodeSecretOrder(order({ value: Buffer.alloc(64 * 1024) })).ok).toBe(true);
    const refused = decodeSecretOrder(order({ value: Buffer.alloc(64 * 1024 + 1) }));
    expect(refused).toMatchObject({
      error: { code: "limit_exceeded", violations: [{ field: "value", limit: 65_536 }] },
    });
  });

  it("of names to remove", () => {
    expect(decodeSecretName({ namespace: "", name: "a" }).ok).toBe(false);
    expect(decodeSecretName({ namespace: "n", name: "a" }).ok).toBe(true);
  });

  it("of tasks: reserved keys, and far too many", () => {
    const decode = (env: Map<string, string>) => {
      const scope = newScope("templates[0]");
      decodeTaskSecrets(scope, { env, files: new Map() });
      return scope.faults.violations.map(({ field }) => field);
    };
    expect(decode(new Map([["__proto__", "s"]]))).toEqual(["templates[0].secrets.__proto__"]);
    const many = new Map(Array.from({ length: 33 }, (_, i) => [`S${i}`, "s"]));
    expect(decode(many)).toEqual(["templates[0].secrets"]);
  });

  it("of launches: no path that leads elsewhere", () => {
    const scope = newScope();
    const files = [{ path: "../up", value: Buffer.from(canary) }];
    decodeLaunchSecrets(scope, { env: [], files, unavailable: "" });
    expect(scope.faults.violations.map(({ field }) => field)).toEqual(["files[0].path"]);
    expect(JSON.stringify(scope.faults)).not.toContain(canary);
  });
});
