/** `almanac secret`: values that tasks are given by name. None is ever printed, or an argument. */
import { createReadStream } from "node:fs";
import type { ErrorCode } from "../../core/result.js";
import { secretLimits } from "../../core/secrets.js";
import { failure, messageOf, unwrap } from "../failure.js";
import { note, printJson, printLines, screenOf } from "../output.js";
import { renderSecrets, secretJson } from "../render/secrets.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";

type Commands = ReturnType<Program["command"]>;

const namespaceDefault = "default";

export function addSecret(program: Program): void {
  const secret = program
    .command("secret")
    .description("values that tasks are given by name: kept sealed, and never shown");
  addSet(secret);
  secret
    .command("list")
    .description("the secrets and the versions of their values, without the values")
    .option("--namespace <name>", "of this namespace alone", "")
    .action(async ({ namespace }, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const views = unwrap(await client.secrets(namespace));
        if (json) return printJson(views.map(secretJson));
        printLines(quiet ? views.map(({ name }) => name) : renderSecrets(views, screenOf()));
      });
    });
  secret
    .command("remove")
    .description("remove a secret; what runs keeps what it was given")
    .argument("<name>", "the secret's name")
    .option("--namespace <name>", "whose secret it is", namespaceDefault)
    .action(async (name, { namespace }, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        unwrap(await client.removeSecret(namespace, name));
        if (json) return printJson({ namespace, name });
        if (!quiet) printLines([`${name} removed`]);
      });
    });
  secret
    .command("rotate")
    .description("read the master's keys anew, and seal every value with the first of them")
    .action(async (_options, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const { keyId, values } = unwrap(await client.rotateSecretKey());
        if (json) return printJson({ keyId, values });
        printLines([quiet ? keyId : `${values} values sealed anew, with key ${keyId}`]);
      });
    });
}

function addSet(secret: Commands): void {
  secret
    .command("set")
    .description("set a secret to what comes on standard input, or stands in a file")
    .argument("<name>", "letters, digits, `_`, `.` and `-`")
    .option("--namespace <name>", "of the jobs that may name it", namespaceDefault)
    .option("--file <path>", "the file with the value; `-`: standard input", "-")
    .option("--keep-newline", "a line's end at the end of the value belongs to it", false)
    .action(async (name, { namespace, file, keepNewline }, command) => {
      const value = await readValue(file, keepNewline);
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const version = unwrap(await client.setSecret(namespace, name, value));
        if (json) return printJson({ namespace, name, version });
        printLines([quiet ? String(version) : `${name} set, version ${version}`]);
      });
    });
}

/** `echo` and editors end what they write with a line's end, which is seldom meant. */
async function readValue(path: string, keepNewline: boolean): Promise<Uint8Array> {
  const read = await readBounded(path);
  const last = read.subarray(-2).toString("latin1");
  const end = keepNewline ? 0 : (/\r?\n$/.exec(last)?.[0].length ?? 0);
  const value = read.subarray(0, read.length - end);
  const { valueBytes } = secretLimits;
  if (value.length === 0) throw refusal("invalid_argument", { message: "must not be empty" });
  if (value.length <= valueBytes) return value;
  const message = `must have at most ${valueBytes} bytes`;
  throw refusal("limit_exceeded", { message, limit: valueBytes });
}

/** As a stream, because a pipe may not have its bytes yet; little more of it than may be. */
async function readBounded(path: string): Promise<Buffer> {
  const isStandard = path === "-";
  if (isStandard && process.stdin.isTTY) note("type the value, then Ctrl-D; it shows as you type");
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of isStandard ? process.stdin : createReadStream(path)) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > secretLimits.valueBytes + 2) break;
    }
  } catch (error) {
    const from = isStandard ? "standard input" : path;
    throw failure(
      "invalid_argument",
      `the value cannot be read from ${from}: ${messageOf(error)}`,
      [{ field: "--file", message: "must be a file that can be read" }],
    );
  }
  return Buffer.concat(chunks);
}

const refusal = (code: ErrorCode, { message, limit }: { message: string; limit?: number }) =>
  failure(code, `the value ${message}`, [
    { field: "value", message, ...(limit !== undefined && { limit }) },
  ]);
