/**
 * Secrets between wire and core/secrets.ts. Errors name fields, and never hold what stood in them:
 * that may be a value.
 */
import { relativePathProblem } from "../../core/data.js";
import { ok, type Result } from "../../core/result.js";
import {
  type LaunchSecrets,
  type SecretFile,
  type SecretUse,
  type SecretVariable,
  type SecretView,
  secretLimits,
  type TaskSecrets,
} from "../../core/secrets.js";
import { validateSecretName } from "../../core/validate-secrets.js";
import { Violations } from "../../core/violations.js";
import type * as job from "../gen/almanac/v1/job.js";
import type * as wire from "../gen/almanac/v1/secret.js";
import type * as worker from "../gen/almanac/v1/worker.js";
import {
  entriesOf,
  finish,
  identifier,
  integer,
  list,
  newScope,
  note,
  noteLimit,
  noteViolation,
  type Scope,
  textRecord,
} from "./decoding.js";

/** Which secret is meant. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

export interface SecretOrder extends SecretName {
  readonly value: Uint8Array;
}

/** What a rotation has come to. */
export interface Rotation {
  /** Every value is sealed with this key now. */
  readonly keyId: string;
  /** Values that were sealed anew. */
  readonly values: number;
}

export const encodeTaskSecrets = ({ env, files }: TaskSecrets): job.TaskSecrets => ({
  env: entriesOf(env),
  files: entriesOf(files),
});

/** Far more than there may be is not read at all. */
export function decodeTaskSecrets(scope: Scope, message: job.TaskSecrets): TaskSecrets {
  const count = message.env.size + message.files.size;
  if (count > secretLimits.perTask) {
    const must = `must be at most ${secretLimits.perTask}, but are ${count}`;
    noteLimit(scope, "secrets", must, secretLimits.perTask);
    return { env: {}, files: {} };
  }
  return {
    env: textRecord(scope, "secrets", message.env),
    files: textRecord(scope, "secretFiles", message.files),
  };
}

export const encodeSecretUses = (uses: readonly SecretUse[] = []): job.SecretUse[] =>
  uses.map(({ name, version }) => ({ name, version }));

export const decodeSecretUses = (
  scope: Scope,
  messages: readonly job.SecretUse[],
): { readonly secrets?: readonly SecretUse[] } =>
  messages.length === 0 ? {} : { secrets: list(scope, "secrets", messages, readUse) };

const readUse = (scope: Scope, message: job.SecretUse): SecretUse => ({
  name: message.name,
  version: integer(scope, "version", message.version),
});

export const encodeLaunchSecrets = (secrets: LaunchSecrets): worker.LaunchSecrets => ({
  env: secrets.env.map(({ name, valueBase64 }) => ({ name, value: bytesOf(valueBase64) })),
  files: secrets.files.map(({ path, valueBase64 }) => ({ path, value: bytesOf(valueBase64) })),
  unavailable: secrets.unavailable,
});

export const decodeLaunchSecrets = (
  scope: Scope,
  message: worker.LaunchSecrets,
): LaunchSecrets => ({
  env: list(scope, "env", message.env, readVariable),
  files: list(scope, "files", message.files, readFile),
  unavailable: message.unavailable,
});

const readVariable = (scope: Scope, message: worker.SecretVariable): SecretVariable => ({
  name: identifier(scope, "name", message.name),
  valueBase64: base64Of(message.value),
});

function readFile(scope: Scope, message: worker.SecretFile): SecretFile {
  const problem = relativePathProblem(message.path);
  if (problem !== null) note(scope, "path", problem);
  return { path: message.path, valueBase64: base64Of(message.value) };
}

const bytesOf = (base64: string): Buffer => Buffer.from(base64, "base64");
const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

export const encodeSecretOrder = ({
  namespace,
  name,
  value,
}: SecretOrder): wire.SetSecretRequest => ({
  namespace,
  name,
  value: Buffer.from(value),
});

export function decodeSecretOrder(message: wire.SetSecretRequest): Result<SecretOrder> {
  const scope = newScope();
  const named = readName(scope, message);
  const { value } = message;
  const { valueBytes } = secretLimits;
  if (value.length === 0) note(scope, "value", "must not be empty");
  if (value.length > valueBytes) {
    noteLimit(scope, "value", `must have at most ${valueBytes} bytes`, valueBytes);
  }
  return finish(scope, "secret", { ...named, value });
}

export function decodeSecretName(message: wire.RemoveSecretRequest): Result<SecretName> {
  const scope = newScope();
  return finish(scope, "secret", readName(scope, message));
}

function readName(scope: Scope, { namespace, name }: SecretName): SecretName {
  const found = new Violations();
  validateSecretName(name, "name", found);
  validateSecretName(namespace, "namespace", found);
  for (const violation of found.list) noteViolation(scope, violation);
  return { namespace, name };
}

export const encodeSecretViews = (views: readonly SecretView[]): wire.ListSecretsResponse => ({
  secrets: views.map((view) => ({ ...view })),
});

export function decodeSecretViews(
  message: wire.ListSecretsResponse,
): Result<readonly SecretView[]> {
  const scope = newScope();
  const views = list(scope, "secrets", message.secrets, (at, view) => ({
    ...view,
    version: integer(at, "version", view.version),
    setAtMs: integer(at, "setAtMs", view.setAtMs),
  }));
  return finish(scope, "malformed list of secrets", views, "internal");
}

export const decodeRotation = ({ keyId, values }: wire.RotateSecretKeyResponse): Result<Rotation> =>
  ok({ keyId, values });
