/** What comes out of a machine: archives as tar(1) makes them, and as a hostile guest would. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TaskOutput } from "../../../core/data.js";
import { endOfOutputs, receiveOutputs } from "./receive.js";
import { tarOf } from "./tar.js";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "almanac-receive-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const output = (path: string, maxBytes = 10_000): TaskOutput => ({
  path,
  maxBytes,
  required: true,
  sizeBytes: null,
});

const end = Buffer.from(endOfOutputs.padEnd(512));

/** In portions that fit to nothing. */
async function* inPortions(data: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += 1_000) yield data.subarray(at, at + 1_000);
}

const receive = (archive: Buffer, outputs: readonly TaskOutput[] = [output("**")]) =>
  receiveOutputs({
    stream: inPortions(archive),
    directory: join(directory, "received"),
    outputs,
  });

const received = (path: string): string => readFileSync(join(directory, "received", path), "utf8");

function filled(files: Readonly<Record<string, string>>): string {
  const top = join(directory, "work");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(top, name)), { recursive: true });
    writeFileSync(join(top, name), text);
  }
  return top;
}

const long = `${"d".repeat(90)}/${"e".repeat(90)}/${"f".repeat(90)}`;

interface Fields {
  readonly type?: string;
  readonly size?: number | Buffer;
  readonly data?: string;
}

/** Written apart from the reader: as POSIX has it. */
function entry(name: string, { type = "0", data = "", size = data.length }: Fields): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write("0000644\0", 100);
  if (typeof size === "number") block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  else size.copy(block, 124);
  block.write(`        ${type}`, 148);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const content = Buffer.alloc(Math.ceil(data.length / 512) * 512);
  content.write(data);
  return Buffer.concat([block, content]);
}

describe("archives", () => {
  test("of tar(1) are unpacked, one behind the other, with what is no output left out", async () => {
    const top = filled({
      "out/a": "one\n",
      "out/b": "x".repeat(1_500),
      other: "no",
      [long]: "deep",
    });
    const one = execFileSync("tar", ["-cf", "-", "./out/a", "./other"], { cwd: top });
    const two = execFileSync("tar", ["-cf", "-", "./out/b", `./${long}`], {
      cwd: top,
    });
    const outputs = [output("out/"), output("d*/**")];
    expect(await receive(Buffer.concat([one, two, end]), outputs)).toEqual({ kind: "whole" });
    expect(received("out/a")).toBe("one\n");
    expect(received("out/b")).toBe("x".repeat(1_500));
    expect(received(long)).toBe("deep");
    expect(existsSync(join(directory, "received/other"))).toBe(false);
  });

  test("as we make them are unpacked by tar(1) and by us alike", async () => {
    const top = filled({ "in/a": "one\n", "in/run": "#!/bin/sh\n", empty: "", [long]: "deep" });
    execFileSync("chmod", ["+x", join(top, "in/run")]);
    const chunks: Buffer[] = [];
    for await (const chunk of tarOf(top)) chunks.push(chunk);
    const archive = Buffer.concat(chunks);
    const theirs = join(directory, "theirs");
    mkdirSync(theirs);
    execFileSync("tar", ["-xf", "-", "-C", theirs], { input: archive });
    execFileSync("diff", ["-r", top, theirs]);
    expect(statSync(join(theirs, "in/run")).mode & 0o777).toBe(0o755);
    expect(await receive(Buffer.concat([archive, end]))).toEqual({ kind: "whole" });
    execFileSync("diff", ["-r", top, join(directory, "received")]);
    expect(statSync(join(directory, "received/in/run")).mode & 0o777).toBe(0o755);
  });

  const huge = Buffer.from("800000ffffffffffffffffff", "hex");
  const tooLong = "n".repeat(5_000);
  const hostile: [string, Buffer, string][] = [
    ["a name that climbs", entry("../evil", { data: "x" }), "must not climb"],
    ["one that climbs later", entry("./out/../../evil", { data: "x" }), "must not climb"],
    ["an absolute name", entry("/etc/evil", { data: "x" }), "must be relative"],
    ["an empty name", entry("", { data: "x" }), "must not be empty"],
    ["a symbolic link", entry("out", { type: "2" }), "is a symbolic link"],
    ["a hard link", entry("out", { type: "1" }), "has another name as well"],
    ["a device", entry("out", { type: "3" }), "is a device"],
    ["a disk", entry("out", { type: "4" }), "is a device"],
    ["a fifo", entry("out", { type: "6" }), "is a fifo"],
    ["a type of its own", entry("out", { type: "S" }), "is of a kind that is not taken"],
    ["a file that says it is a directory", entry("out/", { data: "x" }), "is of a kind"],
    ["a directory with content", entry("out/", { type: "5", data: "x" }), "content of its own"],
    ["a size beyond numbers", entry("out", { size: huge }), "has more than"],
    ["a large size", entry("out", { size: 8 ** 11 - 1 }), "may have 10000 in all"],
    ["the same file twice", Buffer.concat([entry("a", {}), entry("a", {})]), "was sent twice"],
    [
      "a file as a directory",
      Buffer.concat([entry("a", {}), entry("a/b", {})]),
      "lies below a file",
    ],
    ["a long name of GNU", entry("././@LongLink", { type: "L", data: tooLong }), "a name has more"],
    [
      "a long name that climbs",
      Buffer.concat([entry("././@LongLink", { type: "L", data: "../evil\0" }), entry("evil", {})]),
      "must not climb",
    ],
    ["names of pax", entry("PaxHeaders/x", { type: "x", data: "16 path=../evil\n" }), "of a kind"],
    ["rubbish", Buffer.alloc(4_096, "rubbish "), "as no archive"],
  ];
  test.each(hostile)(
    "with %s are refused, and nothing is written elsewhere",
    async (_what, archive, words) => {
      const result = await receive(Buffer.concat([archive, Buffer.alloc(1_024), end]));
      expect(result).toEqual({ kind: "refused", message: expect.stringContaining(words) });
      expect(readdirSync(directory)).toEqual(["received"]);
      expect(existsSync("/etc/evil")).toBe(false);
    },
  );

  test("have to come whole", async () => {
    const whole = Buffer.concat([
      entry("a", { data: "x".repeat(2_000) }),
      Buffer.alloc(1_024),
      end,
    ]);
    for (const bytes of [0, 100, 512, 1_000, 2_600, whole.length - 1]) {
      rmSync(join(directory, "received"), { recursive: true, force: true });
      expect(await receive(whole.subarray(0, bytes))).toEqual({ kind: "cut_off" });
    }
  });

  test("have as many bytes and files as the outputs allow, all together", async () => {
    const two = Buffer.concat([
      entry("a", { data: "x".repeat(600) }),
      entry("b", { data: "y".repeat(600) }),
    ]);
    expect(await receive(two, [output("*", 1_000)])).toEqual({
      kind: "refused",
      message: "`b` has 600 bytes, and `*` may have 1000 in all (maxBytes)",
    });
    rmSync(join(directory, "received"), { recursive: true });
    const many = Buffer.concat(Array.from({ length: 1_001 }, (_, index) => entry(`${index}`, {})));
    expect(await receive(many)).toEqual({
      kind: "refused",
      message: "more than 1000 files match the outputs",
    });
  });

  test("without an end are not read for ever", async () => {
    async function* zeros(): AsyncGenerator<Buffer> {
      for (;;) yield Buffer.alloc(1 << 20);
    }
    const options = { directory: join(directory, "received"), outputs: [output("**")] };
    expect(await receiveOutputs({ stream: zeros(), ...options })).toMatchObject({
      kind: "refused",
    });
  });

  test("go into no directory that is there already", async () => {
    mkdirSync(join(directory, "received"));
    expect(await receive(end)).toMatchObject({ kind: "refused" });
  });
});
