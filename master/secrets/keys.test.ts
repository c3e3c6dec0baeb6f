import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keyOf, newKey, readKeys, writeKeys } from "./keys.js";

let directory = "";
let path = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "almanac-keys-"));
  path = join(directory, "key");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const written = async (text: string, mode = 0o600): Promise<void> => {
  await writeFile(path, text);
  await chmod(path, mode);
};
const one = Buffer.alloc(32, 1);
const two = Buffer.alloc(32, 2);

describe("keys for secrets", () => {
  it("are read from a file, one a line, in base64 or hexadecimal", async () => {
    await written(`${one.toString("base64")}\n${two.toString("hex")}\n`);
    const keys = await readKeys({ kind: "file", path });
    expect(keys?.map(({ id }) => id)).toEqual([keyOf(one).id, keyOf(two).id]);
  });

  it("are read from the environment, between commas", async () => {
    const text = `${one.toString("base64")},${two.toString("base64url")}`;
    const keys = await readKeys({ kind: "environment", variable: "KEY", text });
    expect(keys?.map(({ bytes }) => bytes)).toEqual([one, two]);
  });

  it("are known by ids that tell nothing of them", () => {
    const { id } = keyOf(one);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(one.toString("hex")).not.toContain(id);
  });

  it.each([0o604, 0o640, 0o666, 0o620])("are refused in a file of mode %o", async (mode) => {
    await written(one.toString("base64"), mode);
    const octal = mode.toString(8).padStart(4, "0");
    const message = `the key file ${path} is open to others (mode ${octal}): chmod 600 it`;
    for (const kind of ["file", "own"] as const) {
      await expect(readKeys({ kind, path })).rejects.toMatchObject({
        code: "permission_denied",
        message,
      });
    }
  });

  it.each([
    ["too short", Buffer.alloc(31).toString("base64")],
    ["too long", Buffer.alloc(33).toString("base64")],
    ["words", "correct horse battery staple"],
  ])("are refused where they are none: %s", async (_, text) => {
    await written(text);
    const refused = await readKeys({ kind: "file", path }).catch((error: Error) => error.message);
    expect(refused).toBe(`${path}: key 1 must be 32 bytes as base64 or hexadecimal digits`);
  });

  it("must be there where an operator says so, and need not where they are ours", async () => {
    await expect(readKeys({ kind: "file", path })).rejects.toMatchObject({
      code: "failed_precondition",
      message: `the key file ${path} cannot be read`,
    });
    expect(await readKeys({ kind: "own", path })).toBeNull();
    await written("\n\n");
    await expect(readKeys({ kind: "own", path })).rejects.toThrow(`${path} holds no key`);
  });

  it("are written for their owner alone, and read as they were", async () => {
    const ring = [newKey(), newKey()] as const;
    await writeKeys(path, ring);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readKeys({ kind: "own", path })).toEqual(ring);
    expect((await readFile(path, "utf8")).split("\n")).toHaveLength(3);
  });
});
