/**
 * Where a join token comes from: the command line, which other users of the machine can see, a file,
 * or the environment.
 */
import { readFileSync } from "node:fs";
import { Option } from "@commander-js/extra-typings";
import type { JoinRole } from "../core/identity.js";
import { fail, ok, type Result } from "../core/result.js";
import { CommandFailure, failure, messageOf } from "./failure.js";

const tokenVariable = "ALMANAC_JOIN_TOKEN";

/** Tokens are some 120 characters; whoever names another file is told so. */
const charactersMax = 4_096;

export interface GivenToken {
  /** As a user calls it. */
  readonly from: string;
  /** Found there again at the next start, when it is spent. */
  readonly stays: boolean;
  readonly read: () => string;
}

export const tokenFileOption = () =>
  new Option(
    "--token-file <file>",
    `a file with the token, \`-\`: standard input; or in ${tokenVariable}`,
  );

/** The command line comes before the environment. null: none was given. */
export function givenToken(
  argument: string | undefined,
  file: string | undefined,
): GivenToken | null {
  if (argument !== undefined && file !== undefined) {
    const message = "is given beside --token-file: one of them is enough";
    throw failure("invalid_argument", `a token ${message}`, [{ field: "--token-file", message }]);
  }
  const variable = process.env[tokenVariable];
  // What is started from here on, supervisor and tasks, is not told.
  delete process.env[tokenVariable];
  if (argument !== undefined) {
    return { from: "the command line", stays: false, read: () => argument };
  }
  if (file !== undefined) {
    const read = (): string => readFileSync(file === "-" ? 0 : file, "utf8");
    return { from: file === "-" ? "standard input" : file, stays: file !== "-", read };
  }
  if (variable === undefined || variable === "") return null;
  return { from: tokenVariable, stays: true, read: () => variable };
}

export function readToken({ from, read }: GivenToken): Result<string> {
  let text: string;
  try {
    text = read().trim();
  } catch (error) {
    return fail("invalid_argument", `the token cannot be read: ${messageOf(error)}`, [
      { field: "--token-file", message: "must be a file that can be read" },
    ]);
  }
  if (text.length <= charactersMax) return ok(text);
  return fail("invalid_argument", `what ${from} holds is too long for a token`);
}

/** For commands that do nothing without one. */
export function neededToken(given: GivenToken | null, role: JoinRole): string {
  if (given === null) {
    const message = `made by \`almanac token create --${role} NAME\` on the master's machine`;
    throw failure("invalid_argument", `no token was given: it is ${message}`, [
      { field: "token", message: `give it as argument, by --token-file or in ${tokenVariable}` },
    ]);
  }
  const read = readToken(given);
  if (!read.ok) throw new CommandFailure(read.error);
  return read.value;
}
