/** What attempts' secrets become on a worker, and what is left of them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digest } from "../ipc/paths.js";
import { newAttempt } from "../testing/launches.js";
import { maskOf } from "./mask.js";
import { createSecretPlaces, giveSecretFiles, secretFilesIn } from "./places.js";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const file = (path: string, text: string) => ({ path, valueBase64: base64(text) });

describe("secret files", () => {
  let data = "";
  let root = "";
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), "almanac-data-"));
    root = mkdtempSync("/dev/shm/almanac-test-");
  });
  afterEach(() => {
    for (const path of [data, root]) rmSync(path, { recursive: true, force: true });
  });

  const made = async (attempt = newAttempt()) => {
    const places = createSecretPlaces(data, root);
    const result = await places.make(attempt, [file("token", "value"), file("tls/key", "key")]);
    if (!result.ok) throw new Error(result.error);
    return { places, attempt, directory: result.value };
  };
  const modeOf = (path: string): number => statSync(path).mode & 0o777;

  it("lie in memory, to be read by their user alone", async () => {
    const { directory } = await made();
    const files = secretFilesIn(directory);
    expect(readFileSync(join(files, "token"), "utf8")).toBe("value");
    expect(readFileSync(join(files, "tls/key"), "utf8")).toBe("key");
    expect([modeOf(join(files, "token")), modeOf(join(files, "tls/key"))]).toEqual([0o400, 0o400]);
    expect([modeOf(files), modeOf(join(files, "tls"))]).toEqual([0o700, 0o700]);
    expect(existsSync(join(data, "attempts"))).toBe(false);
  });

  it("are open in a mount of their own where nobody can be told apart, and closed outside", async () => {
    const { directory } = await made();
    await giveSecretFiles(directory, null);
    expect(modeOf(join(secretFilesIn(directory), "tls/key"))).toBe(0o444);
    expect(modeOf(directory)).toBe(0o700);
  });

  it("go with their attempt", async () => {
    const { places, attempt, directory } = await made();
    await places.remove(attempt);
    expect(existsSync(directory)).toBe(false);
    await places.remove(attempt);
  });

  it("leave nothing behind when the supervisor goes", async () => {
    const { places, attempt, directory } = await made();
    await places.close();
    expect(existsSync(directory)).toBe(true);
    await places.remove(attempt);
    await places.close();
    expect(existsSync(join(directory, ".."))).toBe(false);
  });

  it("of attempts that nobody has taken up go at the next start", async () => {
    const [kept, left] = [await made(), await made()];
    await createSecretPlaces(data, root).keepOnly([kept.attempt]);
    expect([existsSync(kept.directory), existsSync(left.directory)]).toEqual([true, false]);
  });

  it("are not put where somebody else has laid a link", async () => {
    const uid = process.getuid?.() ?? 0;
    symlinkSync(data, join(root, `almanac-${uid}-${digest(data)}`));
    const refused = await createSecretPlaces(data, root).make(newAttempt(), [file("a", "b")]);
    expect(refused.ok).toBe(false);
    expect(existsSync(join(data, "attempts"))).toBe(false);
  });

  it("are not put on a disk", async () => {
    const refused = await createSecretPlaces(data, "/").make(newAttempt(), []);
    expect(refused).toEqual({
      ok: false,
      error: "the task's secrets have no place here: / is no file system in memory",
    });
  });
});

describe("words about an attempt", () => {
  const mask = maskOf({
    env: [{ name: "TOKEN", valueBase64: base64("s3cret value") }],
    files: [file("key", 'first line\nit\'s "quoted"\n'), file("short", "abc")],
    unavailable: "",
  });

  it.each([
    "s3cret value",
    base64("s3cret value"),
    base64("s3cret value").replace(/=+$/, ""),
    "first line",
    'it\'s "quoted"',
    'it\'s \\"quoted\\"',
  ])("have no value in any of its forms: %j", (form) => {
    expect(mask(`cannot run x ${form} y`)).toBe("cannot run x *** y");
  });

  it("stay as they are otherwise, and where a value is shorter than a word", () => {
    expect(mask("program abc: not found")).toBe("program abc: not found");
  });
});
