/** Where the master's keys for secrets are: a file, the environment, or neither. */
import type { MasterOptions } from "../../master/shell/master-options.js";
import { failure } from "../failure.js";

/** The keys themselves, as they would stand in the file. */
export const secretKeyVariable = "ALMANAC_SECRET_KEY";

/** Nothing that is started from here on is told. */
export function secretKeysOf(file: string | null): NonNullable<MasterOptions["secretKeys"]> | null {
  const text = process.env[secretKeyVariable] ?? "";
  delete process.env[secretKeyVariable];
  if (text === "") return file === null ? null : { kind: "file", path: file };
  if (file === null) return { kind: "environment", variable: secretKeyVariable, text };
  const message = `is given beside ${secretKeyVariable}: one of them is enough`;
  throw failure("invalid_argument", `master.secretKeyFile ${message}`, [
    { field: "master.secretKeyFile", message },
  ]);
}
