import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type KeyRing, newKey } from "./keys.js";
import { openValueStore, type ValueStore } from "./value-store.js";

let directory = "";
let store: ValueStore;
const [key, other] = [newKey(), newKey()];
const keys: KeyRing = [key];
const value = Buffer.from("canary-3b9f2d71");
const of = { namespace: "default", name: "token", version: 7 };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "almanac-values-"));
  store = await openValueStore(directory);
  await store.put(of, value, key);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const fileOf = (version: number): string => join(directory, `${version}.secret`);

describe("the store of values", () => {
  it("gives back what was put in, after a restart as well", async () => {
    expect(store.get(of, keys)).toEqual(value);
    const again = await openValueStore(directory);
    expect(again.get(of, keys)).toEqual(value);
    expect(again.keyIdOf(of)).toBe(key.id);
  });

  it("keeps any bytes, the largest value too", async () => {
    const bytes = Buffer.from(Array.from({ length: 64 * 1024 }, (_, i) => (i * 7) % 256));
    await store.put({ ...of, version: 8 }, bytes, key);
    expect(store.get({ ...of, version: 8 }, keys)).toEqual(bytes);
  });

  it("writes no value in the clear, and files for their owner alone", async () => {
    const text = readFileSync(fileOf(7), "latin1");
    for (const form of [value.toString(), value.toString("base64"), value.toString("hex")]) {
      expect(text).not.toContain(form);
    }
    expect((await stat(fileOf(7))).mode & 0o777).toBe(0o600);
  });

  it("seals the same value differently each time", async () => {
    const before = readFileSync(fileOf(7), "utf8");
    await store.put(of, value, key);
    expect(readFileSync(fileOf(7), "utf8")).not.toBe(before);
  });

  it("names the key that is lost", () => {
    const message = `secret token of namespace default (version 7) is sealed with key ${key.id}, which is not among this master's keys`;
    for (const without of [null, [other]] as const) {
      expect(() => store.get(of, without)).toThrow(
        expect.objectContaining({ code: "failed_precondition", message }),
      );
    }
  });

  it("says which value is not there", () => {
    expect(() => store.get({ ...of, version: 9 }, keys)).toThrow(
      "secret token of namespace default (version 9) has no value on this master's disk: set it again",
    );
  });

  it.each([
    ["name", { ...of, name: "other" }],
    ["namespace", { ...of, namespace: "else" }],
  ])("opens a value under no other %s", (_, wrong) => {
    expect(() => store.get(wrong, keys)).toThrow(/is damaged on the disk, or was changed there/);
  });

  it("opens no value in another's place, and no older one in a newer one's", async () => {
    await store.put({ ...of, version: 8 }, Buffer.from("the next"), key);
    await copyFile(fileOf(7), fileOf(8));
    expect(() => store.get({ ...of, version: 8 }, keys)).toThrow(/was changed there/);
  });

  it("notices every byte that is changed", async () => {
    const whole = readFileSync(fileOf(7));
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(fileOf(7), changed);
      expect(() => store.get(of, keys), `byte ${at}`).toThrow(/key|damaged|format/);
    }
  });

  it("notices what is cut short, and what is no such file at all", async () => {
    const whole = readFileSync(fileOf(7));
    for (const text of [whole.subarray(0, -9), "", "{}", "[1]", "null", "not json"]) {
      await writeFile(fileOf(7), text);
      expect(() => store.get(of, keys)).toThrow(/is damaged on the disk, or was changed there/);
    }
  });

  it("refuses a format of later times by its number", async () => {
    const text = readFileSync(fileOf(7), "utf8");
    await writeFile(fileOf(7), text.replace('"formatVersion":1', '"formatVersion":2'));
    expect(() => store.get(of, keys)).toThrow(/has format 2; this master knows 1/);
  });

  it("is sealed with another key, once", async () => {
    const both: KeyRing = [other, key];
    expect(await store.reseal(of, both)).toBe(true);
    expect(await store.reseal(of, both)).toBe(false);
    expect(store.get(of, [other])).toEqual(value);
    expect(() => store.get(of, keys)).toThrow(other.id);
  });

  it("forgets what nobody can ask for, and what a crash has left unfinished", async () => {
    await store.put({ ...of, version: 8 }, value, key);
    await writeFile(`${fileOf(9)}.new`, "half of it");
    await writeFile(join(directory, "notes.txt"), "an operator's");
    expect(await store.keepOnly(new Set([8]))).toBe(2);
    expect((await readdir(directory)).sort()).toEqual(["8.secret", "notes.txt"]);
  });
});
