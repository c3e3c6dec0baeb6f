/** The master's secrets in a directory of their own: keys, rotation, crashes, damage, who may what. */
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { assert, type Result } from "../../core/result.js";
import { createMemoryJournal } from "../journal/memory.js";
import { defaultSettings, genesis } from "../pure/genesis.js";
import type { SecretNeeds } from "../pure/secrets.js";
import type { State } from "../pure/state.js";
import { keyOf, newKey } from "../secrets/keys.js";
import { masterClock } from "./clock.js";
import { Engine } from "./engine.js";
import { revealTo } from "./reveal.js";
import { openSecrets, type Secrets, type SecretsOptions } from "./secrets.js";
import type { WorkerStream } from "./sessions.js";

let directory = "";
let engine: Engine;
let open: Secrets | null = null;
const log = pino({ level: "silent" });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "almanac-secrets-"));
  engine = engineOf(genesis());
  await engine.execute({ type: "BeginEpoch", epoch: 1, settings: defaultSettings }, "master");
});
afterEach(async () => {
  await open?.stop();
  await engine.stop();
  await rm(directory, { recursive: true, force: true });
});

const engineOf = (state: State): Engine =>
  new Engine({
    state,
    journal: createMemoryJournal(),
    log,
    clock: masterClock(),
    onFatal: (error) => {
      throw error;
    },
  });

/** As at the start of a master with this state on this disk. */
async function start(keys: SecretsOptions["keys"] = null): Promise<Secrets> {
  await open?.stop();
  open = await openSecrets({ engine, dataDirectory: directory, keys, log });
  return open;
}

const ownKey = (): string => join(directory, "secrets", "key");
const values = (): string => join(directory, "secrets", "values");
const keyFile = (...keys: readonly { readonly bytes: Buffer }[]) => {
  const path = join(directory, "keys");
  const text = keys.map(({ bytes }) => `${bytes.toString("base64")}\n`).join("");
  writeFileSync(path, text, { mode: 0o600 });
  return { kind: "file", path } as const;
};

function value<T>(result: Result<T>): T {
  assert(result.ok, JSON.stringify(result));
  return result.value;
}
const errorOf = (result: Result<unknown>) => (result.ok ? null : result.error);
const set = (secrets: Secrets, name: string, text: string, namespace = "default") =>
  secrets.set({ namespace, name, value: Buffer.from(text) }, "ada");

function needsOf(namespace: string, name: string): SecretNeeds {
  const version = engine.state.secrets.get(`${namespace}\0${name}`)?.version ?? 0;
  return { namespace, asked: { env: { V: name }, files: {} }, uses: [{ name, version }] };
}

/** What an attempt that is launched now would be given, or why it is not. */
function given(secrets: Secrets, name: string, namespace = "default"): string {
  const { env, unavailable } = secrets.reveal(needsOf(namespace, name));
  if (unavailable !== "") return `unavailable: ${unavailable}`;
  return Buffer.from(env[0]?.valueBase64 ?? "", "base64").toString();
}

describe("secrets", () => {
  it("are set, given, replaced and removed", async () => {
    const secrets = await start();
    expect(value(await set(secrets, "a", "one"))).toBe(1);
    expect(given(secrets, "a")).toBe("one");
    expect(value(await set(secrets, "a", "two"))).toBe(2);
    expect(given(secrets, "a")).toBe("two");
    expect(readdirSync(values())).toEqual(["2.secret"]);
    value(await secrets.remove({ namespace: "default", name: "a" }, "ada"));
    expect(given(secrets, "a")).toMatch(
      /^unavailable: namespace default had no secret `a` any more/,
    );
    expect(readdirSync(values())).toEqual([]);
    expect(errorOf(await secrets.remove({ namespace: "default", name: "a" }, "ada"))?.code).toBe(
      "not_found",
    );
  });

  it("of one namespace are not those of another", async () => {
    const secrets = await start();
    await set(secrets, "a", "mine", "mine");
    await set(secrets, "a", "yours", "yours");
    expect([given(secrets, "a", "mine"), given(secrets, "a", "yours")]).toEqual(["mine", "yours"]);
    expect(given(secrets, "a")).toMatch(/^unavailable: /);
    expect(secrets.list("mine").map(({ namespace }) => namespace)).toEqual(["mine"]);
    expect(secrets.list("")).toHaveLength(2);
    // Not even the file of one opens as the other's.
    const [first, second] = [...engine.state.secrets.values()].map(({ version }) => version);
    const text = readFileSync(join(values(), `${first}.secret`), "utf8");
    const disguised = text
      .replace('"mine"', '"yours"')
      .replace(/"version":\d+/, `"version":${second}`);
    writeFileSync(join(values(), `${second}.secret`), disguised);
    expect(given(secrets, "a", "yours")).toMatch(/is damaged on the disk, or was changed there$/);
  });

  it("are listed by version, key and who set them, and never with a value", async () => {
    const secrets = await start();
    await set(secrets, "a", "a value that nobody sees");
    const [view] = secrets.list("");
    expect(view).toMatchObject({ name: "a", version: 1, setBy: "ada", trouble: "" });
    expect(view?.keyId).toMatch(/^[0-9a-f]{16}$/);
    expect(JSON.stringify(secrets.list(""))).not.toContain("nobody sees");
  });

  it("are there after a restart, and what a crash left between disk and journal is not", async () => {
    let secrets = await start();
    await set(secrets, "a", "one");
    // Written, and the master died before the journal knew; and one half written.
    writeFileSync(join(values(), "2.secret"), readFileSync(join(values(), "1.secret")));
    writeFileSync(join(values(), "3.secret.new"), "{");
    secrets = await start();
    expect(given(secrets, "a")).toBe("one");
    expect(readdirSync(values())).toEqual(["1.secret"]);
    expect(value(await set(secrets, "a", "two"))).toBe(2);
    expect(given(secrets, "a")).toBe("two");
  });

  it("are set one after another, however many ask at once", async () => {
    const secrets = await start();
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, i) => set(secrets, `s${i % 10}`, `value ${i}`)),
    );
    expect(all.map(value)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    for (let i = 0; i < 10; i++) expect(given(secrets, `s${i}`)).toBe(`value ${40 + i}`);
    expect(readdirSync(values())).toHaveLength(10);
  });

  it("are set by people alone, and whoever may not leaves nothing on the disk", async () => {
    const secrets = await start();
    const order = { namespace: "default", name: "a", value: Buffer.from("x") };
    for (const principal of ["worker w", "planner p"]) {
      expect(errorOf(await secrets.set(order, principal))?.code).toBe("permission_denied");
      expect(errorOf(await secrets.rotate(principal))?.code).toBe("permission_denied");
    }
    expect([readdirSync(values()), readdirSync(join(directory, "secrets"))]).toEqual([
      [],
      ["values"],
    ]);
  });
});

describe("the key", () => {
  it("of the master's own is made at the first need, for its owner alone", async () => {
    const secrets = await start();
    expect(readdirSync(join(directory, "secrets"))).toEqual(["values"]);
    await set(secrets, "a", "one");
    expect(statSync(ownKey()).mode & 0o777).toBe(0o600);
  });

  it("is refused where others may read it: the master does not start", async () => {
    const secrets = await start();
    await set(secrets, "a", "one");
    chmodSync(ownKey(), 0o640);
    await expect(start()).rejects.toMatchObject({
      name: "SecretTrouble",
      code: "permission_denied",
      message: `the key file ${ownKey()} is open to others (mode 0640): chmod 600 it`,
    });
  });

  it("that is lost is named; nothing is sealed with another one unseen", async () => {
    let secrets = await start();
    await set(secrets, "a", "one");
    const [{ keyId = "" } = {}] = secrets.list("");
    const kept = readFileSync(ownKey());
    rmSync(ownKey());
    secrets = await start();
    const sealed = `is sealed with key ${keyId}, which is not among this master's keys`;
    expect(given(secrets, "a")).toContain(sealed);
    expect(secrets.list("")[0]).toMatchObject({ keyId, trouble: expect.stringContaining(sealed) });
    expect(errorOf(await set(secrets, "b", "two"))).toMatchObject({
      code: "failed_precondition",
      message: `key ${keyId} is gone: put it back, or remove the secrets that are sealed with it`,
    });
    writeFileSync(ownKey(), kept, { mode: 0o600 });
    expect(given(await start(), "a")).toBe("one");
  });

  it("comes from the environment where that is told", async () => {
    const key = newKey();
    const text = key.bytes.toString("base64");
    const secrets = await start({ kind: "environment", variable: "KEY", text });
    await set(secrets, "a", "one");
    expect(secrets.list("")[0]?.keyId).toBe(key.id);
    expect(readdirSync(join(directory, "secrets"))).toEqual(["values"]);
  });
});

describe("a rotation of the key", () => {
  it("seals everything anew with a key of its own, and forgets the one before", async () => {
    let secrets = await start();
    await set(secrets, "a", "one");
    await set(secrets, "b", "two");
    const before = readFileSync(ownKey(), "utf8").trim();
    const { keyId, values: count } = value(await secrets.rotate("ada"));
    expect(count).toBe(2);
    expect(keyId).not.toBe(keyOf(Buffer.from(before, "base64")).id);
    expect(secrets.list("").map((view) => view.keyId)).toEqual([keyId, keyId]);
    expect(readFileSync(ownKey(), "utf8")).not.toContain(before);
    secrets = await start();
    expect([given(secrets, "a"), given(secrets, "b")]).toEqual(["one", "two"]);
  });

  it("takes the first key of an operator's file, also where the one before has left it", async () => {
    const [old, fresh] = [newKey(), newKey()];
    const secrets = await start(keyFile(old));
    await set(secrets, "a", "one");
    keyFile(fresh);
    expect(value(await secrets.rotate("ada"))).toEqual({ keyId: fresh.id, values: 1 });
    expect(given(await start(keyFile(fresh)), "a")).toBe("one");
  });

  it("that was cut off anywhere is carried on by the next: each value opens at every moment", async () => {
    let secrets = await start();
    for (let i = 0; i < 5; i++) await set(secrets, `s${i}`, `value ${i}`);
    const before = new Map(readdirSync(values()).map((n) => [n, readFileSync(join(values(), n))]));
    const key = readFileSync(ownKey(), "utf8");
    value(await secrets.rotate("ada"));
    // As after a crash in the middle: both keys are in the file, some values are under the old one.
    writeFileSync(ownKey(), readFileSync(ownKey(), "utf8") + key, { mode: 0o600 });
    for (const name of ["2.secret", "4.secret"]) {
      writeFileSync(join(values(), name), before.get(name) ?? "");
    }
    secrets = await start();
    for (let i = 0; i < 5; i++) expect(given(secrets, `s${i}`)).toBe(`value ${i}`);
    expect(value(await secrets.rotate("ada")).values).toBe(5);
    for (let i = 0; i < 5; i++) expect(given(secrets, `s${i}`)).toBe(`value ${i}`);
    expect(readFileSync(ownKey(), "utf8").trim().split("\n")).toHaveLength(1);
  });

  it("stops nobody: values are set and given while it goes on", async () => {
    const secrets = await start();
    const names = Array.from({ length: 12 }, (_, i) => `s${i}`);
    for (const name of names) await set(secrets, name, `value of ${name}`);
    let rotating = true;
    const rotations = (async () => {
      for (let i = 0; i < 3; i++) value(await secrets.rotate("ada"));
      rotating = false;
    })();
    let reads = 0;
    const writes: Promise<Result<number>>[] = [];
    while (rotating) {
      for (const name of names) expect(given(secrets, name)).toBe(`value of ${name}`);
      const name = names[reads++ % names.length] ?? "";
      if (writes.length < 12) writes.push(set(secrets, name, `value of ${name}`));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await rotations;
    expect((await Promise.all(writes)).filter(({ ok }) => !ok)).toEqual([]);
    for (const name of names) expect(given(secrets, name)).toBe(`value of ${name}`);
    expect(new Set(secrets.list("").map(({ keyId }) => keyId)).size).toBe(1);
    expect(reads).toBeGreaterThan(10);
  });

  it("says which value it could not open, and seals the others", async () => {
    const secrets = await start();
    await set(secrets, "bad", "one");
    await set(secrets, "good", "two");
    writeFileSync(join(values(), "1.secret"), "{}");
    expect(errorOf(await secrets.rotate("ada"))?.message).toBe(
      "1 values were sealed anew, but secret bad of namespace default (version 1) is damaged on the disk, or was changed there",
    );
    expect(given(secrets, "good")).toBe("two");
    expect(given(await start(), "good")).toBe("two");
    await set(secrets, "bad", "set again");
    expect(value(await secrets.rotate("ada")).values).toBe(2);
    expect(given(secrets, "bad")).toBe("set again");
  });
});

describe("values leave", () => {
  const streamFrom = (peer: string) => ({ getPeer: () => peer }) as WorkerStream;

  it("for this machine, or for whoever a certificate names", async () => {
    const secrets = await start();
    await set(secrets, "a", "one");
    const ask = (tls: boolean, peer: string) =>
      revealTo(secrets, tls)(needsOf("default", "a"), streamFrom(peer));
    for (const peer of ["127.0.0.1:5000", "[::1]:5000", "::ffff:127.0.0.1:5000"]) {
      expect(ask(false, peer).env).toHaveLength(1);
    }
    for (const peer of ["192.0.2.7:5000", "[2001:db8::1]:5000", "unknown", ""]) {
      expect(ask(false, peer)).toEqual({
        env: [],
        files: [],
        unavailable: "secrets travel over mutual TLS and loopback only",
      });
      expect(ask(true, peer).env).toHaveLength(1);
    }
  });
});
