import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeImage } from "../../testing/guest-images.js";
import { createDiskUse, type DiskPolicy, openImageDisk, openUserDisk } from "./disks.js";
import { findImage, type MachineImage } from "./images.js";
import { closeDisks } from "./machine.js";
import { createImageVerifier } from "./sums.js";

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "almanac-images-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const text = (words: string): Buffer => Buffer.from(words);

function found(store: string, name: string): MachineImage {
  const image = findImage(store, name);
  if (!image.ok) throw new Error(image.error);
  return image.value;
}

describe("an image", () => {
  test("with a disk boots by the kernel beside it, or by its own loader", () => {
    writeImage(root, "loader", { "disk.qcow2": text("disk") });
    writeImage(root, "kernel", {
      "disk.raw": text("disk"),
      kernel: text("kernel"),
      cmdline: text("root=LABEL=x\n ro\n"),
    });
    expect(found(root, "loader")).toMatchObject({ kind: "disk", format: "qcow2", kernel: null });
    expect(found(root, "kernel")).toMatchObject({
      kind: "disk",
      format: "raw",
      kernel: { initramfs: null },
      kernelOptions: "root=LABEL=x ro",
    });
  });

  test("is found nowhere but in the store", () => {
    const outside = mkdtempSync(join(root, "outside-"));
    const store = join(root, "store");
    writeImage(outside, "image", { "disk.raw": text("disk") });
    mkdirSync(store);
    symlinkSync(join(outside, "image"), join(store, "link"));
    for (const name of ["../loader", "link", "."]) {
      expect(findImage(store, name)).toMatchObject({ ok: false });
    }
  });

  test("is what its sums say, or it is not booted", async () => {
    const directory = writeImage(root, "summed", { "disk.raw": text("disk") });
    const verifier = createImageVerifier();
    const verify = () => verifier.verify(found(root, "summed"));
    const first = await verify();
    expect(first).toMatchObject({ ok: true });
    expect(await verify()).toEqual(first);
    // In its place, of the same size.
    writeFileSync(join(directory, "disk.raw"), "disc");
    const changed = "image summed: disk.raw is not what its SHA256SUMS says";
    expect(await verify()).toEqual({ ok: false, error: changed });
    writeFileSync(join(directory, "kernel"), "kernel");
    expect(await verify()).toMatchObject({
      error: "image summed: kernel is not in its SHA256SUMS",
    });
    rmSync(join(directory, "SHA256SUMS"));
    expect(await verify()).toMatchObject({
      error: `image summed: no SHA256SUMS: cd ${directory} && sha256sum kernel disk.raw >SHA256SUMS`,
    });
  });
});

describe("a disk of the user's", () => {
  const policy = (writableDisks = true): DiskPolicy => ({ disks: root, writableDisks });
  const refusal = (name: string, writable = false, given = policy()): string => {
    const result = openUserDisk(given, { name, writable });
    if (result.ok) closeDisks({ disk: result.value });
    return result.ok ? "" : result.error;
  };

  test("is had only as the worker allows", () => {
    writeFileSync(join(root, "data.raw"), "data");
    expect(refusal("data.raw", false, { disks: null, writableDisks: true })).toMatch(/kvm\.disks/);
    expect(refusal("data.raw", true, policy(false))).toMatch(/writableDisks is off/);
    expect(refusal("data.raw", false, policy(false))).toBe("");
    expect(refusal("data.raw", true)).toBe("");
  });

  test("is a plain file of the directory, named as such", () => {
    symlinkSync("/etc/passwd", join(root, "link.raw"));
    execFileSync("mkfifo", [join(root, "pipe.raw")]);
    mkdirSync(join(root, "directory.raw"));
    for (const name of [
      "../data.raw",
      "/etc/passwd",
      "a/b.raw",
      "a,readonly=off.raw",
      "data",
      "",
    ]) {
      expect(refusal(name)).toMatch(/no file name/);
    }
    expect(refusal("link.raw")).toMatch(/a link/);
    expect(refusal("pipe.raw")).toMatch(/is not a file/);
    expect(refusal("directory.raw")).toMatch(/is not a file/);
    expect(refusal("gone.raw")).toMatch(/not there/);
  });

  test("names no other file of the host", () => {
    const header = (change: (data: Buffer) => void): Buffer => {
      const data = Buffer.alloc(104);
      data.write("QFI\xfb", "latin1");
      data.writeUInt32BE(3, 4);
      change(data);
      return data;
    };
    const cases: [string, Buffer, RegExp][] = [
      ["plain", header(() => undefined), /^$/],
      ["backing", header((data) => data.writeBigUInt64BE(104n, 8)), /backing file/],
      ["external", header((data) => data.writeBigUInt64BE(4n, 72)), /data in another file/],
      ["encrypted", header((data) => data.writeUInt32BE(1, 32)), /encrypted/],
      ["version", header((data) => data.writeUInt32BE(4, 4)), /version 4/],
      ["raw", Buffer.alloc(104), /not a qcow2/],
      ["empty", Buffer.alloc(0), /not a qcow2/],
    ];
    for (const [name, data, words] of cases) {
      writeFileSync(join(root, `${name}.qcow2`), data);
      expect(refusal(`${name}.qcow2`)).toMatch(words);
    }
  });

  test("is read by many or written by one", () => {
    const use = createDiskUse();
    writeFileSync(join(root, "used.raw"), "data");
    const take = (writable: boolean) => {
      const disk = openUserDisk(policy(), { name: "used.raw", writable });
      if (!disk.ok) throw new Error(disk.error);
      const taken = use.take(disk.value, "used.raw");
      closeDisks({ disk: disk.value });
      return taken;
    };
    const readers = [take(false), take(false)];
    expect(readers.map(({ ok }) => ok)).toEqual([true, true]);
    expect(take(true)).toMatchObject({ error: "kvm.disk: used.raw is read by another task" });
    for (const reader of readers) if (reader.ok) reader.value();
    const writer = take(true);
    expect(writer.ok).toBe(true);
    expect(take(false)).toMatchObject({
      error: "kvm.disk: used.raw is written to by another task",
    });
    if (writer.ok) writer.value();
    expect(take(false).ok).toBe(true);
  });
});

test("an image's disk is opened for reading only", () => {
  writeFileSync(join(root, "image.raw"), "data");
  const disk = openImageDisk(join(root, "image.raw"), "raw");
  if (!disk.ok) throw new Error(disk.error);
  expect(() => writeFileSync(disk.value.fd, "changed")).toThrow(/EBADF/);
  closeDisks({ disk: disk.value });
});
